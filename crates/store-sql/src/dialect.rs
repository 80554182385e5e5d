//! Where the engines' SQL differs.

use tessera_kernel::{Aggregate, ColumnDef, ColumnType};

/// The SQL of one engine.
pub trait Dialect {
    /// What is never true.
    const FALSE: &'static str;
    /// What is always true.
    const TRUE: &'static str;
    /// Compares so that an empty value differs from every other, with spaces around it.
    const DIFFERS: &'static str;
    /// What stands before a column that no index is to be chosen by.
    const COVERED: &'static str;
    /// Queries joined by `UNION ALL` are read side by side where all are in one order, as far as the limit asks for.
    const MERGES: bool;
    /// More values than these are handed over as one array.
    const LISTED: usize;

    /// Adds parameter `position` (from 1).
    fn parameter(sql: &mut String, position: usize);

    /// Adds, behind a column, the test whether it is one of the values in parameter `position`,
    /// an array of values of type `ty`.
    fn one_of(sql: &mut String, position: usize, ty: ColumnType);

    /// What stands behind a column in `ORDER BY`, so that an empty value comes before every other.
    fn order(column: &ColumnDef, descending: bool) -> &'static str;

    /// What stands before and behind the column of a figure.
    fn aggregate(aggregate: Aggregate, ty: ColumnType) -> (&'static str, &'static str);
}
