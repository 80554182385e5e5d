//! Writes that wait to be sent together.

use std::collections::{BTreeMap, BTreeSet};

use tessera_kernel::{Cell, ColumnType, Guard, StoreError, TableDef};

use crate::link::Step;
use crate::placed::bucket_column;
use crate::statement::{Operation, Texts};
use crate::value::Value;

/// Rows that one statement takes at most.
const MOST: usize = 5_000;

/// New rows that a cluster gets one by one. More of them it spreads itself, which takes it longer to begin.
const FEW: usize = 32;

/// Sums to add to the counters of a row, and the least that the guard asks for.
struct Guarded {
    sums: Vec<i64>,
    least: i64,
}

enum Write {
    /// New rows.
    Insert(Vec<Vec<Cell>>),
    /// Rows by key, in place of earlier ones or new.
    Put(BTreeMap<Vec<Cell>, Vec<Cell>>),
    /// Sums to add to counters by key, in the order of keys, so that two commands that add to the
    /// same rows wait for each other and do not die.
    Add(BTreeMap<Vec<Cell>, Vec<i64>>),
    /// The same under a guard that is expected to hold: the columns that are added to, the terms, and
    /// whether the rows may have to be made from zeroes.
    AddGuarded {
        columns: Vec<usize>,
        terms: Vec<(usize, i64)>,
        from_zero: bool,
        rows: BTreeMap<Vec<Cell>, Guarded>,
    },
    /// Rows to hold, by key, expected to be there.
    Hold(BTreeSet<Vec<Cell>>),
    /// Something about the row with a key.
    Keyed(Vec<Cell>, Step),
}

impl Write {
    /// Whether the write is about rows that have these values in these columns.
    fn touches(&self, table: &TableDef, values: &[(usize, Cell)]) -> bool {
        let alike = |cells: &[Cell]| {
            values.iter().all(|(column, value)| cells.get(*column).is_none_or(|cell| cell == value))
        };
        match self {
            Self::Insert(rows) => rows.iter().any(|row| alike(row)),
            // What stood in the other columns before is not known.
            Self::Put(rows) => rows.values().any(|row| alike(&row[..table.key])),
            Self::Add(rows) => rows.keys().any(|key| alike(key)),
            Self::AddGuarded { rows, .. } => rows.keys().any(|key| alike(key)),
            Self::Hold(keys) => keys.iter().any(|key| alike(key)),
            Self::Keyed(key, _) => alike(key),
        }
    }

    /// Whether the command counts on the rows being its own from here on: what it reads next, of
    /// whatever table, must be read behind it.
    fn takes_rows(&self) -> bool {
        matches!(self, Self::AddGuarded { .. } | Self::Hold(_) | Self::Keyed(..))
    }

    /// Whether it takes rows that commands have in common: counters, and what is held for them.
    fn is_wanted_by_others(&self) -> bool {
        matches!(self, Self::Add(_) | Self::AddGuarded { .. } | Self::Hold(_))
    }

    fn steps(self, table: &'static TableDef, texts: &mut Texts, steps: &mut Vec<Step>) {
        let mut push = |sql, values| steps.push(Step { sql, values, table: Some(table) });
        let is_sharded = texts.sharded;
        match self {
            Self::Insert(rows) if rows.len() == 1 || is_sharded && rows.len() <= FEW => {
                for row in rows {
                    push(texts.get(table, Operation::Insert), one_by_one(table, row));
                }
            }
            Self::Insert(rows) => {
                push(texts.get(table, Operation::InsertMany), columns(table, rows));
            }
            Self::Put(rows) if is_sharded => {
                for row in rows.into_values() {
                    push(texts.get(table, Operation::PutOne), one_by_one(table, row));
                }
            }
            Self::Put(rows) => {
                let values = columns(table, rows.into_values().collect());
                push(texts.get(table, Operation::PutMany), values);
            }
            Self::Add(rows) => add_steps(table, rows, texts, steps),
            Self::AddGuarded { columns, terms, from_zero: true, rows } if is_sharded => {
                let operation = Operation::AddOneGuarded(columns.clone(), terms);
                for (key, Guarded { sums, least }) in &rows {
                    let least = Value::int(*least);
                    let values = added_to_one(table, key, &columns, sums).chain([least]).collect();
                    push(texts.get(table, operation.clone()), values);
                }
                sweep_steps(table, rows.keys(), texts, steps);
            }
            Self::AddGuarded { columns, terms, from_zero, rows } => {
                for (bucket, rows) in by_bucket(table, rows.iter().collect(), |row| row.0) {
                    let operation =
                        Operation::AddGuarded(columns.clone(), terms.clone(), from_zero);
                    let keys = key_arrays(table, rows.iter().map(|row| row.0));
                    let sums = sum_arrays(&columns, rows.iter().map(|row| &row.1.sums));
                    let least = rows.iter().map(|row| Cell::Int(row.1.least)).collect();
                    let least = Value::Many(least, ColumnType::Int);
                    let own = if from_zero { None } else { bucket.clone() };
                    push(
                        texts.get(table, operation),
                        keys.iter().cloned().chain(sums).chain([least]).chain(own).collect(),
                    );
                    if table.sparse {
                        let values = keys.into_iter().chain(bucket).collect();
                        push(texts.get(table, Operation::Sweep), values);
                    }
                }
            }
            Self::Hold(keys) => {
                for (bucket, keys) in by_bucket(table, keys.iter().collect(), |key| key) {
                    let values = key_arrays(table, keys.into_iter()).into_iter().chain(bucket);
                    push(texts.get(table, Operation::HoldMany), values.collect());
                }
            }
            Self::Keyed(_, step) => steps.push(step),
        }
    }
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

    /// The last write on a table.
    fn last(&mut self, table: &'static TableDef) -> Option<&mut Write> {
        let found = self.0.iter_mut().rev().find(|(other, _)| std::ptr::eq(*other, table));
        found.map(|(_, write)| write)
    }

    /// The write of a kind that one more row may join, although it stands behind others then: those do
    /// not touch the row.
    fn joined(
        &mut self,
        table: &'static TableDef,
        key: &[Cell],
        is_kind: impl Fn(&Write) -> bool,
    ) -> Option<&mut Write> {
        let values: Vec<(usize, Cell)> = key.iter().cloned().enumerate().collect();
        for (other, write) in self.0.iter_mut().rev() {
            if !std::ptr::eq(*other, table) {
                continue;
            }
            let is_touched = write.touches(table, &values);
            match is_kind(write) {
                // A row is held once, however often that is asked for.
                true if !is_touched || matches!(write, Write::Hold(_)) => return Some(write),
                _ if is_touched => return None,
                _ => {}
            }
        }
        None
    }

    /// Holds a row that is expected to be there.
    pub(crate) fn hold(&mut self, table: &'static TableDef, key: Vec<Cell>) {
        match self.joined(table, &key, |write| matches!(write, Write::Hold(_))) {
            Some(Write::Hold(keys)) => drop(keys.insert(key)),
            _ => self.0.push((table, Write::Hold(BTreeSet::from([key])))),
        }
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
        key: Vec<Cell>,
        deltas: &[(usize, i64)],
    ) -> Result<(), StoreError> {
        if !matches!(self.last(table), Some(Write::Add(_))) {
            self.0.push((table, Write::Add(BTreeMap::new())));
        }
        let Some(Write::Add(rows)) = self.last(table) else { return Ok(()) };
        let counters = rows.entry(key).or_insert_with(|| vec![0; table.columns.len()]);
        for (column, delta) in deltas {
            let sum = counters.get(*column).and_then(|sum| sum.checked_add(*delta));
            counters[*column] = sum.ok_or_else(|| StoreError::too_large(table))?;
        }
        Ok(())
    }

    /// Adds to the counters of a row under a guard that is expected to hold, also on zeroes where
    /// `from_zero`. Two guards on one row are two statements: the outcome of each counts.
    pub(crate) fn add_guarded(
        &mut self,
        table: &'static TableDef,
        key: Vec<Cell>,
        deltas: &[(usize, i64)],
        guard: &Guard,
        from_zero: bool,
    ) {
        let mut added: Vec<usize> = deltas.iter().map(|(column, _)| *column).collect();
        added.sort_unstable();
        let mut sums = vec![0; table.columns.len()];
        deltas.iter().for_each(|(column, delta)| sums[*column] = *delta);
        let row = Guarded { sums, least: guard.least };
        let fits = |write: &Write| match write {
            Write::AddGuarded { columns, terms, from_zero: zero, rows } => {
                (columns, terms, *zero) == (&added, &guard.terms, from_zero) && rows.len() < MOST
            }
            _ => false,
        };
        if let Some(Write::AddGuarded { rows, .. }) = self.joined(table, &key, fits) {
            rows.insert(key, row);
            return;
        }
        let (columns, terms) = (added, guard.terms.clone());
        let rows = BTreeMap::from([(key, row)]);
        self.0.push((table, Write::AddGuarded { columns, terms, from_zero, rows }));
    }

    /// A statement about the row with a key.
    pub(crate) fn keyed(&mut self, table: &'static TableDef, key: Vec<Cell>, step: Step) {
        self.0.push((table, Write::Keyed(key, step)));
    }

    /// Everything that waits, as statements.
    pub(crate) fn take(&mut self, texts: &mut Texts, steps: &mut Vec<Step>) {
        self.take_of(|_| true, texts, steps);
    }

    /// What has to be sent before rows of a table with these values in these columns are read, as
    /// statements: what waits on them, and whatever takes rows, with all that waits on the same tables.
    pub(crate) fn take_before(
        &mut self,
        (table, values): (&'static TableDef, &[(usize, Cell)]),
        texts: &mut Texts,
        steps: &mut Vec<Step>,
    ) {
        let goes = |(other, write): &(&'static TableDef, Write)| {
            write.takes_rows() || std::ptr::eq(*other, table) && write.touches(table, values)
        };
        self.take_of(goes, texts, steps);
    }

    /// All that waits on the tables of which a write goes. Rows that others may want come last, so that they are
    /// held as briefly as can be; in the order in which the command took them, which is that of the business.
    fn take_of(
        &mut self,
        goes: impl Fn(&(&'static TableDef, Write)) -> bool,
        texts: &mut Texts,
        steps: &mut Vec<Step>,
    ) {
        let mut tables: Vec<(&'static TableDef, bool)> = Vec::new();
        for waiting in self.0.iter().filter(|waiting| goes(waiting)) {
            if !tables.iter().any(|(known, _)| std::ptr::eq(*known, waiting.0)) {
                tables.push((waiting.0, false));
            }
        }
        let among = |tables: &[(&'static TableDef, bool)], table: &'static TableDef| {
            tables.iter().position(|(known, _)| std::ptr::eq(*known, table))
        };
        let mut taken: Vec<_> =
            self.0.extract_if(.., |(table, _)| among(&tables, table).is_some()).collect();
        for (table, write) in &taken {
            if write.is_wanted_by_others()
                && let Some(at) = among(&tables, table)
            {
                tables[at].1 = true;
            }
        }
        // The others stay in the order in which they came, as do writes on one table.
        taken.sort_by_key(|(table, _)| among(&tables, table).is_some_and(|at| tables[at].1));
        for (table, write) in taken {
            write.steps(table, texts, steps);
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

/// A row as one value per column.
fn one_by_one(table: &TableDef, row: Vec<Cell>) -> Vec<Value> {
    row.into_iter().zip(&table.columns).map(|(cell, column)| Value::One(cell, column.ty)).collect()
}

/// The key of a row, and what is added to its columns.
fn added_to_one<'r>(
    table: &'r TableDef,
    key: &'r [Cell],
    columns: &'r [usize],
    sums: &'r [i64],
) -> impl Iterator<Item = Value> + 'r {
    let key = key.iter().zip(&table.columns);
    let key = key.map(|(cell, column)| Value::One(cell.clone(), column.ty));
    key.chain(columns.iter().map(|column| Value::int(sums[*column])))
}

/// Rows by their bucket, which a statement on a table that has buckets names once for all its rows.
fn by_bucket<R>(
    table: &TableDef,
    rows: Vec<R>,
    key: impl Fn(&R) -> &Vec<Cell>,
) -> Vec<(Option<Value>, Vec<R>)> {
    let Some(column) = bucket_column(table) else { return vec![(None, rows)] };
    let mut buckets: Vec<(Cell, Vec<R>)> = Vec::with_capacity(1);
    for row in rows {
        let bucket = &key(&row)[column];
        match buckets.iter_mut().find(|(known, _)| known == bucket) {
            Some((_, rows)) => rows.push(row),
            None => buckets.push((bucket.clone(), vec![row])),
        }
    }
    let value = |bucket| Some(Value::One(bucket, ColumnType::Int));
    buckets.into_iter().map(|(bucket, rows)| (value(bucket), rows)).collect()
}

/// Keys as one array per column.
fn key_arrays<'k>(
    table: &TableDef,
    keys: impl Iterator<Item = &'k Vec<Cell>> + Clone,
) -> Vec<Value> {
    let column = |column: usize| {
        let cells = keys.clone().map(|key| key[column].clone()).collect();
        Value::Many(cells, table.columns[column].ty)
    };
    (0..table.key).map(column).collect()
}

/// Sums as one array per column that is added to.
fn sum_arrays<'s>(
    columns: &[usize],
    sums: impl Iterator<Item = &'s Vec<i64>> + Clone,
) -> impl Iterator<Item = Value> {
    columns.iter().map(move |column| {
        let cells = sums.clone().map(|sums| Cell::Int(sums[*column])).collect();
        Value::Many(cells, ColumnType::Int)
    })
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
    if texts.sharded {
        for (key, sums) in &rows {
            let values = added_to_one(table, key, &added, sums).collect();
            let sql = texts.get(table, Operation::AddOne(added.clone()));
            steps.push(Step { sql, values, table: Some(table) });
        }
    } else {
        let keys = key_arrays(table, rows.keys()).into_iter();
        let values = keys.chain(sum_arrays(&added, rows.values())).collect();
        let sql = texts.get(table, Operation::AddMany(added));
        steps.push(Step { sql, values, table: Some(table) });
    }
    sweep_steps(table, rows.keys(), texts, steps);
}

/// Deletes those rows of a sparse table that are all zero.
fn sweep_steps<'k>(
    table: &'static TableDef,
    keys: impl Iterator<Item = &'k Vec<Cell>>,
    texts: &mut Texts,
    steps: &mut Vec<Step>,
) {
    if !table.sparse {
        return;
    }
    for (bucket, keys) in by_bucket(table, keys.collect(), |key| key) {
        let sql = texts.get(table, Operation::Sweep);
        let values = key_arrays(table, keys.into_iter()).into_iter().chain(bucket).collect();
        steps.push(Step { sql, values, table: Some(table) });
    }
}
