//! Queries: their SQL, their values, their prepared statements.

use std::fmt::Write as _;
use std::rc::Rc;

use rusqlite::types::{Null, Value};
use rusqlite::{CachedStatement, Connection};
use tessera_kernel::{Aggregate, Cell, CellRef, ColumnDef, ColumnType, Select};
use tessera_store_sql::{Dialect, Parameter, render};

use crate::bind::bind_cell;

/// SQLite's SQL.
struct Sqlite;

impl Dialect for Sqlite {
    const FALSE: &'static str = "0";
    const TRUE: &'static str = "1";
    const DIFFERS: &'static str = " IS NOT ";
    const COVERED: &'static str = "+";
    const MERGES: bool = true;
    const LISTED: usize = 4;

    fn parameter(sql: &mut String, position: usize) {
        let _ = write!(sql, "?{position}");
    }

    fn one_of(sql: &mut String, position: usize, _ty: ColumnType) {
        let _ = write!(sql, " IN (SELECT value FROM rarray(?{position}))");
    }

    fn order(_column: &ColumnDef, descending: bool) -> &'static str {
        if descending { " DESC" } else { "" }
    }

    fn aggregate(aggregate: Aggregate, _ty: ColumnType) -> (&'static str, &'static str) {
        match aggregate {
            Aggregate::Count => ("count(", ")"),
            Aggregate::Sum(_) => ("coalesce(sum(", "), 0)"),
            Aggregate::Max(_) => ("max(", ")"),
            Aggregate::Min(_) => ("min(", ")"),
        }
    }
}

/// Prepares a query with its values bound; `text` is scratch space.
pub(crate) fn prepare<'c>(
    connection: &'c Connection,
    text: &mut String,
    select: &Select,
) -> Result<CachedStatement<'c>, rusqlite::Error> {
    let parameters = render::<Sqlite>(select, None, text);
    let mut statement = connection.prepare_cached(text)?;
    for (position, parameter) in (1..).zip(&parameters) {
        match parameter {
            Parameter::Cell(cell, _) => bind_cell(&mut statement, position, cell.as_ref())?,
            Parameter::Text(text) => bind_cell(&mut statement, position, CellRef::Text(text))?,
            Parameter::Limit(rows) => statement.raw_bind_parameter(position, rows)?,
            Parameter::Own(value) => statement.raw_bind_parameter(position, value)?,
            Parameter::Many(cells, _) => {
                let values: Vec<Value> = cells.iter().map(|cell| value_of(cell)).collect();
                statement.raw_bind_parameter(position, Rc::new(values))?;
            }
        }
    }
    Ok(statement)
}

fn value_of(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::from(Null),
        Cell::Bool(value) => Value::from(*value),
        Cell::Int(value) | Cell::Instant(value) => Value::from(*value),
        Cell::Text(value) => Value::from(value.clone()),
        Cell::Uuid(value) => Value::from(value.as_bytes().to_vec()),
        Cell::Date(value) => Value::from(*value),
    }
}
