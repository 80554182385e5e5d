//! Writes that wait to be sent together.

use std::collections::BTreeMap;

use tessera_kernel::{Cell, CellRef, ColumnType, StoreError, TableDef};

use crate::link::Step;
use crate::statement::{Operation, Texts};
use crate::value::Value;

/// Rows that one statement takes at most.
const MOST: usize = 5_000;

enum Write {
    /// New rows.
    Insert(Vec<Vec<Cell>>),
    /// Rows by key, in place of earlier ones or new.
    Put(BTreeMap<Vec<Cell>, Vec<Cell>>),
    /// Sums to add to counters by key, in the order of keys, so that two commands that add to the
    /// same rows wait for each other and do not die.
    Add(BTreeMap<Vec<Cell>, Vec<i64>>),
}

/// Writes by table. Those on one table stay in the order in which they came; tables have nothing to
/// do with each other.
#[derive(Default)]
pub(crate) struct Pending(Vec<(&'static TableDef, Write)>);

impl Pending {
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something on this table waits.
    pub(crate) fn touches(&self, table: &'static TableDef) -> bool {
        self.0.iter().any(|(other, _)| std::ptr::eq(*other, table))
    }

    /// The last write on a table.
    fn last(&mut self, table: &'static TableDef) -> Option<&mut Write> {
        let found = self.0.iter_mut().rev().find(|(other, _)| std::ptr::eq(*other, table));
        found.map(|(_, write)| write)
    }

    /// A new row.
    pub(crate) fn insert(&mut self, table: &'static TableDef, row: Vec<Cell>) {
        match self.last(table) {
            Some(Write::Insert(rows)) if rows.len() < MOST => rows.push(row),
            _ => self.0.push((table, Write::Insert(vec![row]))),
        }
    }

    /// A row in place of the one with its key, or a new one.
    pub(crate) fn put(&mut self, table: &'static TableDef, row: Vec<Cell>) {
        let key = row[..table.key].to_vec();
        if let Some(Write::Put(rows)) = self.last(table)
            && rows.len() < MOST
        {
            rows.insert(key, row);
            return;
        }
        self.0.push((table, Write::Put(BTreeMap::from([(key, row)]))));
    }

    /// Adds to the counters of a row.
    pub(crate) fn add(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
    ) -> Result<(), StoreError> {
        let key: Vec<Cell> = key.iter().map(|cell| cell.to_cell()).collect();
        if !matches!(self.last(table), Some(Write::Add(_))) {
            self.0.push((table, Write::Add(BTreeMap::new())));
        }
        let Some(Write::Add(rows)) = self.last(table) else { return Ok(()) };
        let counters = rows.entry(key).or_insert_with(|| vec![0; table.columns.len()]);
        for (column, delta) in deltas {
            let sum = counters.get(*column).and_then(|sum| sum.checked_add(*delta));
            counters[*column] = sum.ok_or_else(|| out_of_range(table))?;
        }
        Ok(())
    }

    /// Everything that waits, as statements.
    pub(crate) fn take(&mut self, texts: &mut Texts, steps: &mut Vec<Step>) {
        for (table, write) in self.0.drain(..) {
            match write {
                Write::Insert(mut rows) if rows.len() == 1 => {
                    let row = rows.pop().unwrap_or_default();
                    let sql = texts.get(table, Operation::Insert);
                    let values = row.into_iter().zip(&table.columns);
                    let values = values.map(|(cell, column)| Value::One(cell, column.ty));
                    steps.push(Step { sql, values: values.collect(), table: Some(table) });
                }
                Write::Insert(rows) => {
                    let sql = texts.get(table, Operation::InsertMany);
                    steps.push(Step { sql, values: columns(table, rows), table: Some(table) });
                }
                Write::Put(rows) => {
                    let sql = texts.get(table, Operation::PutMany);
                    let values = columns(table, rows.into_values().collect());
                    steps.push(Step { sql, values, table: Some(table) });
                }
                Write::Add(rows) => add_steps(table, rows, texts, steps),
            }
        }
    }
}

/// Rows as one array per column.
fn columns(table: &TableDef, rows: Vec<Vec<Cell>>) -> Vec<Value> {
    let mut columns: Vec<Vec<Cell>> =
        table.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (cell, column) in row.into_iter().zip(&mut columns) {
            column.push(cell);
        }
    }
    let types = table.columns.iter().map(|column| column.ty);
    columns.into_iter().zip(types).map(|(cells, ty)| Value::Many(cells, ty)).collect()
}

fn add_steps(
    table: &'static TableDef,
    rows: BTreeMap<Vec<Cell>, Vec<i64>>,
    texts: &mut Texts,
    steps: &mut Vec<Step>,
) {
    let counters = table.key..table.columns.len();
    let changed = |column: &usize| rows.values().any(|deltas| deltas[*column] != 0);
    let changed: Vec<usize> = counters.clone().filter(changed).collect();
    // A counter that is added nothing still comes into being.
    let added = if changed.is_empty() { counters.take(1).collect() } else { changed };
    let keys = (0..table.key).map(|column| {
        let cells = rows.keys().map(|key| key[column].clone()).collect();
        Value::Many(cells, table.columns[column].ty)
    });
    let keys: Vec<Value> = keys.collect();
    let sums = added.iter().map(|column| {
        let cells = rows.values().map(|deltas| Cell::Int(deltas[*column])).collect();
        Value::Many(cells, ColumnType::Int)
    });
    let values = keys.iter().cloned().chain(sums).collect();
    let sql = texts.get(table, Operation::AddMany(added.clone()));
    steps.push(Step { sql, values, table: Some(table) });
    if table.sparse {
        let sql = texts.get(table, Operation::Sweep);
        steps.push(Step { sql, values: keys, table: Some(table) });
    }
}

/// A counter left the 64 bits that it has.
pub(crate) fn out_of_range(table: &TableDef) -> StoreError {
    let table = table.name.replace('_', " ");
    StoreError::OutOfRange(format!("a figure of {table} would be larger than can be stored"))
}
