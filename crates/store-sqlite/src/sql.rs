//! The SQL of the operations on one table.

use std::fmt::Write as _;

use tessera_kernel::{Cell, ColumnDef, ColumnType, IndexDef, TableDef};
use tessera_store_sql::{push_name, push_names, quote};

use crate::statements::{Bound, Operation, Shape};

fn names(columns: &[ColumnDef]) -> impl Iterator<Item = &str> {
    columns.iter().map(|column| column.name.as_str())
}

/// The statement of an operation.
pub(crate) fn statement(shape: &Shape<'_>) -> String {
    let table = shape.table;
    match shape.operation {
        Operation::Insert(rows) => insert(table, rows),
        Operation::Replace => replace(table),
        Operation::Rows(prefix) => rows(table, prefix),
        Operation::Delete(prefix) => delete(table, prefix),
        Operation::Set => set(table, shape.columns, None),
        Operation::SetGuarded(guard) => set(table, shape.columns, Some(guard)),
        Operation::Add(deltas, bound) => add(table, shape.columns.split_at(deltas), bound),
    }
}

/// A job of which a row was refused is undone as a whole: `FAIL` keeps SQLite from noting what to undo
/// of one statement.
fn insert(table: &TableDef, rows: usize) -> String {
    let mut sql = String::from("INSERT OR FAIL INTO ");
    push_name(&mut sql, &table.name);
    sql.push_str(" (");
    push_names(&mut sql, names(&table.columns));
    sql.push_str(") VALUES ");
    let width = table.columns.len();
    for position in 1..=width * rows {
        let before = match (position - 1) % width {
            0 if position == 1 => "(",
            0 => "), (",
            _ => ", ",
        };
        let _ = write!(sql, "{before}?{position}");
    }
    sql.push(')');
    sql
}

fn replace(table: &TableDef) -> String {
    let mut sql = String::from("UPDATE ");
    push_name(&mut sql, &table.name);
    sql.push_str(" SET ");
    // A table of nothing but a key is replaced by itself.
    let first = if table.columns.len() > table.key { table.key } else { 0 };
    for (position, column) in table.columns.iter().enumerate().skip(first) {
        let comma = if position > first { ", " } else { "" };
        let _ = write!(sql, "{comma}{} = ?{}", quote(&column.name), position + 1);
    }
    push_key(&mut sql, table, table.key, 1);
    sql
}

fn set(table: &TableDef, columns: &[usize], guard: Option<usize>) -> String {
    let mut sql = String::from("UPDATE ");
    push_name(&mut sql, &table.name);
    sql.push_str(" SET ");
    for (position, column) in columns.iter().enumerate() {
        let comma = if position > 0 { ", " } else { "" };
        let name = quote(&table.columns[*column].name);
        let _ = write!(sql, "{comma}{name} = ?{}", position + 1);
    }
    push_key(&mut sql, table, table.key, columns.len() + 1);
    if let Some(guard) = guard {
        let name = quote(&table.columns[guard].name);
        let _ = write!(sql, " AND {name} IS ?{}", columns.len() + table.key + 1);
    }
    sql
}

fn add(table: &TableDef, (deltas, guard): (&[usize], &[usize]), bound: Bound) -> String {
    let name = |column: usize| quote(&table.columns[column].name);
    let mut sql = String::from("UPDATE ");
    push_name(&mut sql, &table.name);
    sql.push_str(" SET ");
    for (position, column) in deltas.iter().enumerate() {
        let comma = if position > 0 { ", " } else { "" };
        let _ = write!(sql, "{comma}{0} = {0} + ?{1}", name(*column), position + 1);
    }
    push_key(&mut sql, table, table.key, deltas.len() + 1);
    let amount = match (bound, guard) {
        (Bound::One, [one]) => name(*one),
        (Bound::Negated, [one]) => format!("-{}", name(*one)),
        (Bound::Sum, [one, other]) => format!("{} + {}", name(*one), name(*other)),
        (Bound::Difference, [one, other]) => format!("{} - {}", name(*one), name(*other)),
        _ => return sql,
    };
    let _ = write!(sql, " AND {amount} >= ?{}", deltas.len() + table.key + 1);
    sql
}

fn rows(table: &TableDef, prefix: usize) -> String {
    let mut sql = String::from("SELECT ");
    push_names(&mut sql, names(&table.columns));
    sql.push_str(" FROM ");
    push_name(&mut sql, &table.name);
    push_key(&mut sql, table, prefix, 1);
    if prefix < table.key {
        sql.push_str(" ORDER BY ");
        push_names(&mut sql, names(&table.columns[prefix..table.key]));
    }
    sql
}

fn delete(table: &TableDef, prefix: usize) -> String {
    let mut sql = String::from("DELETE FROM ");
    push_name(&mut sql, &table.name);
    push_key(&mut sql, table, prefix, 1);
    sql
}

/// `WHERE` the leading key columns equal the parameters from `first` on.
fn push_key(sql: &mut String, table: &TableDef, prefix: usize, first: usize) {
    for (position, column) in table.columns.iter().take(prefix).enumerate() {
        let word = if position > 0 { " AND " } else { " WHERE " };
        let _ = write!(sql, "{word}{} = ?{}", quote(&column.name), first + position);
    }
}

/// How SQLite stores a type.
pub(crate) fn storage(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Uuid => "BLOB",
        ColumnType::Text => "TEXT",
        ColumnType::Int | ColumnType::Date | ColumnType::Instant | ColumnType::Bool => "INTEGER",
    }
}

/// A cell as a literal.
pub(crate) fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_string(),
        Cell::Bool(value) => i64::from(*value).to_string(),
        Cell::Int(value) | Cell::Instant(value) => value.to_string(),
        Cell::Date(value) => value.to_string(),
        Cell::Text(value) => format!("'{}'", value.replace('\'', "''")),
        Cell::Uuid(value) => format!("X'{}'", value.simple()),
    }
}

/// `CREATE INDEX`.
pub(crate) fn create_index(table: &TableDef, index: &IndexDef) -> String {
    let mut sql = String::from(if index.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
    push_name(&mut sql, &index.name);
    sql.push_str(" ON ");
    push_name(&mut sql, &table.name);
    sql.push_str(" (");
    push_names(&mut sql, index.columns.iter().map(|at| table.columns[*at].name.as_str()));
    sql.push(')');
    sql
}
