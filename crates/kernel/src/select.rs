//! Queries without a dialect: one table, conditions joined by *and*, keyset or plain limits,
//! sums by group. An engine renders and prepares them.

use crate::{Cell, ColumnType, Predicate, TableDef};

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Different, or empty.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// One of several values.
    In,
    /// No value.
    Empty,
    /// Any value.
    NotEmpty,
    /// Text that starts with the value; letters compare exactly.
    StartsWith,
}

/// One condition on one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Position of the column.
    pub column: usize,
    /// Comparison.
    pub operator: Operator,
    /// Operands: one, several for [`Operator::In`], none for the empty tests.
    pub values: Vec<Cell>,
}

impl Condition {
    /// `column = value`.
    pub fn eq(column: usize, value: Cell) -> Self {
        Self { column, operator: Operator::Eq, values: vec![value] }
    }

    /// A comparison with one operand.
    pub fn compare(column: usize, operator: Operator, value: Cell) -> Self {
        Self { column, operator, values: vec![value] }
    }
}

/// Sort direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A figure over a group of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// Number of rows.
    Count,
    /// Sum of an integer column; 0 for no rows.
    Sum(usize),
    /// Largest value.
    Max(usize),
    /// Smallest value.
    Min(usize),
}

/// One query over one table. With `aggregates`, the answer's columns are `columns` (the group)
/// followed by the aggregates; without, just `columns`.
#[derive(Clone, Debug)]
pub struct Select {
    /// The table.
    pub table: &'static TableDef,
    /// Positions of the columns to answer.
    pub columns: Vec<usize>,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Must hold besides; it never decides which index is used.
    pub scope: Predicate,
    /// Where there are any: only rows of which one of these holds. Each is read in order by an index, and all are
    /// merged; a row of which several hold counts for each towards the limit, and may come for each, one after the
    /// other. The query is in order of its primary key of one column.
    pub branches: Vec<Condition>,
    /// Sort order; a keyset needs it to end in the primary key.
    pub order: Vec<(usize, Direction)>,
    /// Keyset: only rows after these values of the `order` columns.
    pub after: Option<Vec<Cell>>,
    /// At most so many rows.
    pub limit: Option<u32>,
    /// Figures by group.
    pub aggregates: Vec<Aggregate>,
}

impl Select {
    /// Every row of the columns named, in key order of the engine.
    pub fn from(table: &'static TableDef, columns: &[usize]) -> Self {
        Self {
            table,
            columns: columns.to_vec(),
            conditions: Vec::new(),
            scope: Predicate::Always,
            branches: Vec::new(),
            order: Vec::new(),
            after: None,
            limit: None,
            aggregates: Vec::new(),
        }
    }

    /// Every row and column.
    pub fn all(table: &'static TableDef) -> Self {
        let columns: Vec<usize> = (0..table.columns.len()).collect();
        Self::from(table, &columns)
    }

    /// Adds a condition.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Adds `column = value`.
    #[must_use]
    pub fn equals(self, column: usize, value: Cell) -> Self {
        self.filter(Condition::eq(column, value))
    }

    /// Adds a sort column.
    #[must_use]
    pub fn order_by(mut self, column: usize, direction: Direction) -> Self {
        self.order.push((column, direction));
        self
    }

    /// Sets the limit.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Adds a figure.
    #[must_use]
    pub fn aggregate(mut self, aggregate: Aggregate) -> Self {
        self.aggregates.push(aggregate);
        self
    }

    /// Types of the answer's columns.
    pub fn answer_types(&self) -> Vec<ColumnType> {
        let of = |column: &usize| self.table.columns[*column].ty;
        let figures = self.aggregates.iter().map(|aggregate| match aggregate {
            Aggregate::Count | Aggregate::Sum(_) => ColumnType::Int,
            Aggregate::Max(column) | Aggregate::Min(column) => of(column),
        });
        self.columns.iter().map(of).chain(figures).collect()
    }
}
