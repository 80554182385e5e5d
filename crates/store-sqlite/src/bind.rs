//! Rows in and out of prepared statements, without a vector in between.

use rusqlite::types::{Null, ValueRef};
use rusqlite::{Row, Statement, ToSql};
use tessera_kernel::{CellRef, Fault, RowSink, RowSource};
use uuid::Uuid;

/// Binds the columns that a row writes to the parameters 1, 2, 3 … of a statement.
pub(crate) struct Binder<'s, 'c> {
    statement: &'s mut Statement<'c>,
    bound: usize,
    failure: Option<rusqlite::Error>,
}

impl<'s, 'c> Binder<'s, 'c> {
    /// Starts at the first parameter.
    pub(crate) fn new(statement: &'s mut Statement<'c>) -> Self {
        Self { statement, bound: 0, failure: None }
    }

    /// How many parameters were bound.
    pub(crate) fn bound(&self) -> usize {
        self.bound
    }

    /// What went wrong, if anything did.
    pub(crate) fn finish(self) -> Result<(), rusqlite::Error> {
        self.failure.map_or(Ok(()), Err)
    }

    fn bind(&mut self, value: impl ToSql) {
        self.bound += 1;
        if let Err(failure) = self.statement.raw_bind_parameter(self.bound, value) {
            self.failure.get_or_insert(failure);
        }
    }
}

impl RowSink for Binder<'_, '_> {
    fn null(&mut self) {
        self.bind(Null);
    }
    fn bool(&mut self, value: bool) {
        self.bind(value);
    }
    fn int(&mut self, value: i64) {
        self.bind(value);
    }
    fn text(&mut self, value: &str) {
        self.bind(value);
    }
    fn uuid(&mut self, value: Uuid) {
        self.bind(&value.as_bytes()[..]);
    }
    fn date(&mut self, value: i32) {
        self.bind(value);
    }
    fn instant(&mut self, value: i64) {
        self.bind(value);
    }
    fn refuse(&mut self, why: &str) {
        self.bound += 1;
        self.failure.get_or_insert(rusqlite::Error::ToSqlConversionFailure(why.into()));
    }
}

/// Binds one cell to parameter `position` (from 1).
pub(crate) fn bind_cell(
    statement: &mut Statement<'_>,
    position: usize,
    cell: CellRef<'_>,
) -> Result<(), rusqlite::Error> {
    match cell {
        CellRef::Null => statement.raw_bind_parameter(position, Null),
        CellRef::Bool(value) => statement.raw_bind_parameter(position, value),
        CellRef::Int(value) | CellRef::Instant(value) => {
            statement.raw_bind_parameter(position, value)
        }
        CellRef::Text(value) => statement.raw_bind_parameter(position, value),
        CellRef::Uuid(value) => statement.raw_bind_parameter(position, &value.as_bytes()[..]),
        CellRef::Date(value) => statement.raw_bind_parameter(position, value),
    }
}

/// Binds cells to the parameters from `first` on.
pub(crate) fn bind_cells(
    statement: &mut Statement<'_>,
    first: usize,
    cells: &[CellRef<'_>],
) -> Result<(), rusqlite::Error> {
    cells
        .iter()
        .enumerate()
        .try_for_each(|(offset, cell)| bind_cell(statement, first + offset, *cell))
}

/// Reads the columns of a row of an answer from left to right.
pub(crate) struct RowReader<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r, 's> RowReader<'r, 's> {
    /// Starts at the first column.
    pub(crate) fn new(row: &'r Row<'s>) -> Self {
        Self { row, next: 0 }
    }

    fn value(&mut self, wanted: &str) -> Result<ValueRef<'r>, Fault> {
        let column = self.next;
        self.next += 1;
        self.row.get_ref(column).map_err(|_| {
            Fault::corrupt(format!("an answer of {column} columns was read for its {wanted}"))
        })
    }

    fn integer(&mut self, wanted: &str) -> Result<Option<i64>, Fault> {
        match self.value(wanted)? {
            ValueRef::Integer(value) => Ok(Some(value)),
            ValueRef::Null => Ok(None),
            other => Err(self.misfit(wanted, other)),
        }
    }

    #[cold]
    fn misfit(&self, wanted: &str, found: ValueRef<'_>) -> Fault {
        let column = self.row.as_ref().column_name(self.next - 1).unwrap_or("?").to_string();
        Fault::corrupt(format!("column {column} holds {}, not {wanted}", found.data_type()))
    }
}

impl RowSource for RowReader<'_, '_> {
    fn bool(&mut self) -> Result<Option<bool>, Fault> {
        match self.integer("a truth value")? {
            None => Ok(None),
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            Some(other) => Err(self.misfit("a truth value", ValueRef::Integer(other))),
        }
    }

    fn int(&mut self) -> Result<Option<i64>, Fault> {
        self.integer("an integer")
    }

    fn text(&mut self) -> Result<Option<&str>, Fault> {
        match self.value("text")? {
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(Fault::corrupt("stored text is not UTF-8")),
            },
            ValueRef::Null => Ok(None),
            other => Err(self.misfit("text", other)),
        }
    }

    fn uuid(&mut self) -> Result<Option<Uuid>, Fault> {
        match self.value("an id")? {
            ValueRef::Blob(bytes) => match Uuid::from_slice(bytes) {
                Ok(id) => Ok(Some(id)),
                Err(_) => Err(self.misfit("an id", ValueRef::Blob(bytes))),
            },
            ValueRef::Null => Ok(None),
            other => Err(self.misfit("an id", other)),
        }
    }

    fn date(&mut self) -> Result<Option<i32>, Fault> {
        let Some(days) = self.integer("a date")? else { return Ok(None) };
        match i32::try_from(days) {
            Ok(days) => Ok(Some(days)),
            Err(_) => Err(self.misfit("a date", ValueRef::Integer(days))),
        }
    }

    fn instant(&mut self) -> Result<Option<i64>, Fault> {
        self.integer("an instant")
    }
}
