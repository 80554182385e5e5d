//! Queries in the server's SQL.

use std::fmt::Write as _;

use tessera_kernel::{Aggregate, Bucket, Cell, ColumnDef, ColumnType, Condition, Operator, Select};
use tessera_store_sql::{Dialect, Parameter, render};

use crate::link::Step;
use crate::placed::{BUCKET, on_server};
use crate::value::Value;

/// PostgreSQL's SQL.
struct Postgres;

impl Dialect for Postgres {
    const FALSE: &'static str = "false";
    const TRUE: &'static str = "true";
    const DIFFERS: &'static str = " IS DISTINCT FROM ";
    const COVERED: &'static str = "";
    const MERGES: bool = false;
    const LISTED: usize = 1;

    fn parameter(sql: &mut String, position: usize) {
        let _ = write!(sql, "${position}");
    }

    fn one_of(sql: &mut String, position: usize, _ty: ColumnType) {
        let _ = write!(sql, " = ANY(${position})");
    }

    fn order(column: &ColumnDef, descending: bool) -> &'static str {
        match (descending, column.required) {
            (false, true) => "",
            (false, false) => " NULLS FIRST",
            (true, true) => " DESC",
            (true, false) => " DESC NULLS LAST",
        }
    }

    fn aggregate(aggregate: Aggregate, ty: ColumnType) -> (&'static str, &'static str) {
        match (aggregate, ty) {
            (Aggregate::Count, _) => ("count(", ")"),
            // A sum of bigint is numeric; one that does not fit is refused by the conversion.
            (Aggregate::Sum(_), _) => ("coalesce(sum(", "), 0)::bigint"),
            // The server has neither for these types.
            (Aggregate::Max(_), ColumnType::Uuid) => ("max(", "::text)::uuid"),
            (Aggregate::Min(_), ColumnType::Uuid) => ("min(", "::text)::uuid"),
            (Aggregate::Max(_), ColumnType::Bool) => ("bool_or(", ")"),
            (Aggregate::Min(_), ColumnType::Bool) => ("bool_and(", ")"),
            (Aggregate::Max(_), _) => ("max(", ")"),
            (Aggregate::Min(_), _) => ("min(", ")"),
        }
    }
}

/// A query with its values, and the bucket of its rows, if it is known.
pub(crate) fn step(select: &Select, bucket: Option<Bucket>) -> Step {
    let mut sql = String::with_capacity(256);
    let own = bucket.map(|bucket| (BUCKET, i64::from(bucket.number())));
    let parameters = render::<Postgres>(select, own, &mut sql);
    let values = parameters.into_iter().map(|parameter| match parameter {
        Parameter::Cell(cell, ty) => Value::One(cell.clone(), ty),
        Parameter::Text(text) => Value::One(Cell::Text(text), ColumnType::Text),
        Parameter::Limit(rows) => Value::int(i64::from(rows)),
        Parameter::Own(value) => Value::int(value),
        Parameter::Many(cells, ty) => Value::Many(cells.into_iter().cloned().collect(), ty),
    });
    let values = values.collect();
    Step { sql: sql.into(), values, table: Some(on_server(select.table)) }
}

/// The columns, of the table as modules know it, that the rows of a query have one value in, with it.
pub(crate) fn values(select: &Select) -> Vec<(usize, Cell)> {
    let one = |condition: &Condition| match (condition.operator, &*condition.values) {
        (Operator::Eq, [value]) if *value != Cell::Null => Some((condition.column, value.clone())),
        _ => None,
    };
    select.conditions.iter().filter_map(one).collect()
}
