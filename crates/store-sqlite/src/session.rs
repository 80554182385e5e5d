//! An open transaction of the writer, or an open snapshot of a reader.

use std::time::Instant;

use rusqlite::{CachedStatement, Statement};
use tessera_kernel::{
    CellRef, Connection, Fault, Guard, RowSource, Select, StoreError, TableDef, WriteRow,
};
use tessera_store_sql::given_up;

use crate::bind::{Binder, RowReader, bind_cell, bind_cells};
use crate::error::{store_error, table_error};
use crate::statements::{Bound, Operation, Shape, Statements, Texts};
use crate::{adjust, query};

/// Called once per row.
type Visit<'v> = dyn FnMut(&mut dyn RowSource) -> Result<(), Fault> + 'v;

/// The statements around jobs.
struct Control<'c> {
    begin: CachedStatement<'c>,
    commit: CachedStatement<'c>,
    savepoint: CachedStatement<'c>,
    release: CachedStatement<'c>,
    undo: CachedStatement<'c>,
}

/// Chooses one of them.
type Pick<'c> = for<'s> fn(&'s mut Control<'c>) -> &'s mut CachedStatement<'c>;

/// What modules work on.
pub(crate) struct Session<'c> {
    statements: Statements<'c>,
    /// Columns of the shape that is being looked up.
    columns: Vec<usize>,
    /// SQL of the query that is being looked up.
    text: String,
    /// Only a session that writes has it.
    control: Option<Control<'c>>,
    /// Each job has a savepoint, which it alone can be undone to.
    apart: bool,
    /// The job has written.
    written: bool,
    /// Something is to be undone that can't be undone alone.
    spoilt: bool,
    /// SQLite rolled the whole transaction back after this error.
    lost: Option<StoreError>,
    /// The job was refused something, so that it can only be undone.
    refused: Option<StoreError>,
    /// When a read is given up.
    deadline: Option<Instant>,
}

impl<'c> Session<'c> {
    /// A session that reads, until a deadline if there is one.
    pub(crate) fn reading(
        connection: &'c rusqlite::Connection,
        texts: &'c mut Texts,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            statements: Statements::new(connection, texts),
            columns: Vec::new(),
            text: String::new(),
            control: None,
            apart: false,
            written: false,
            spoilt: false,
            lost: None,
            refused: None,
            deadline,
        }
    }

    /// A session that writes.
    pub(crate) fn writing(
        connection: &'c rusqlite::Connection,
        texts: &'c mut Texts,
    ) -> Result<Self, rusqlite::Error> {
        let control = Control {
            begin: connection.prepare_cached("BEGIN IMMEDIATE")?,
            commit: connection.prepare_cached("COMMIT")?,
            savepoint: connection.prepare_cached("SAVEPOINT job")?,
            release: connection.prepare_cached("RELEASE job")?,
            undo: connection.prepare_cached("ROLLBACK TO job")?,
        };
        Ok(Self { control: Some(control), ..Self::reading(connection, texts, None) })
    }

    fn control(&mut self, pick: Pick<'c>) -> Done {
        let Some(control) = &mut self.control else {
            return Err(StoreError::Engine("a read snapshot can't be written".to_string()));
        };
        let outcome = pick(control).raw_execute();
        outcome.map(drop).map_err(|error| store_error(&error))
    }

    /// Begins the transaction of a batch: with a savepoint for each job (`apart`), or without, which is faster.
    pub(crate) fn begin(&mut self, apart: bool) -> Done {
        self.lost = None;
        (self.apart, self.written, self.spoilt) = (apart, false, false);
        // Open where an earlier one could neither be committed nor rolled back, or was spoilt.
        self.roll_back();
        self.control(|control| &mut control.begin)
    }

    /// Whether SQLite gave the transaction up.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Whether a job is to be undone that had no savepoint: the batch can only begin anew.
    pub(crate) fn is_spoilt(&self) -> bool {
        self.spoilt
    }

    /// Commits the batch. After an error nothing of it is kept.
    pub(crate) fn commit(&mut self) -> Done {
        let outcome = match self.lost.take() {
            Some(lost) => Err(lost),
            None => self.control(|control| &mut control.commit),
        };
        outcome.map_err(|error| {
            self.roll_back();
            match error {
                StoreError::Unavailable(_) => error,
                other => StoreError::Unavailable(other.to_string()),
            }
        })
    }

    /// Ends whatever transaction is open.
    fn roll_back(&mut self) {
        let connection = self.statements.connection();
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the transaction could not be rolled back");
        }
    }

    /// Keeps what the job wrote.
    pub(crate) fn keep(&mut self) -> Done {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        if let Some(refused) = self.refused.clone() {
            self.undo();
            return Err(refused);
        }
        if !std::mem::take(&mut self.written) || !self.apart {
            return Ok(());
        }
        let outcome = self.control(|control| &mut control.release);
        outcome.inspect_err(|error| self.lost = Some(error.clone()))
    }

    /// Undoes what the job wrote, or notes that the batch can't be kept as it is.
    pub(crate) fn undo(&mut self) {
        self.refused = None;
        if self.lost.is_some() || !std::mem::take(&mut self.written) {
            return;
        }
        if !self.apart {
            self.spoilt = true;
            return;
        }
        let undone = self.control(|control| &mut control.undo);
        if let Err(error) = undone.and_then(|()| self.control(|control| &mut control.release)) {
            self.lost = Some(error);
        }
    }

    /// Makes sure that the session can read.
    fn alive(&self) -> Done {
        if self.deadline.is_some_and(|at| Instant::now() >= at) {
            return Err(given_up());
        }
        self.lost.clone().map_or(Ok(()), Err)
    }

    /// Makes sure that the session can write, inside the savepoint of the job if it has one.
    fn writable(&mut self) -> Done {
        self.alive()?;
        if self.written {
            return Ok(());
        }
        if self.apart {
            self.control(|control| &mut control.savepoint)?;
        }
        self.written = true;
        Ok(())
    }

    /// A job that was refused a write can't be kept. Some errors make SQLite roll back everything:
    /// then the job and its batch are lost.
    #[cold]
    fn refuse(&mut self, error: &StoreError) {
        if self.control.is_some() {
            self.refused.get_or_insert_with(|| error.clone());
        }
        self.notice(error);
    }

    #[cold]
    fn notice(&mut self, error: &StoreError) {
        if self.control.is_some() && self.statements.connection().is_autocommit() {
            self.lost.get_or_insert_with(|| error.clone());
        }
    }

    fn write<R>(
        &mut self,
        table: &'static TableDef,
        operation: Operation,
        run: impl FnOnce(&mut Statement<'c>) -> Result<R, rusqlite::Error>,
    ) -> Result<R, StoreError> {
        self.writable()?;
        let shape = Shape { table, operation, columns: &self.columns };
        let outcome = match self.statements.get(&shape) {
            Ok(statement) => run(statement).map_err(|error| table_error(&error, table)),
            Err(error) => Err(error),
        };
        outcome.inspect_err(|error| self.refuse(error))
    }

    /// Adds in one statement where that is exact and the row is there; false says nothing.
    fn add(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError> {
        self.columns.clear();
        let Some((bound, least)) = adjust::bound(table, deltas, guard, &mut self.columns) else {
            return Ok(false);
        };
        let changed = self.write(table, Operation::Add(deltas.len(), bound), |statement| {
            for (position, (_, delta)) in deltas.iter().enumerate() {
                statement.raw_bind_parameter(position + 1, delta)?;
            }
            bind_cells(statement, deltas.len() + 1, key)?;
            if bound != Bound::None {
                statement.raw_bind_parameter(deltas.len() + key.len() + 1, least)?;
            }
            statement.raw_execute()
        })?;
        Ok(changed > 0)
    }

    /// Runs a statement of which the parameters are the columns of these rows.
    fn write_rows(
        &mut self,
        table: &'static TableDef,
        operation: Operation,
        rows: &[&dyn WriteRow],
    ) -> Result<usize, StoreError> {
        self.columns.clear();
        let (width, mut misfit) = (table.columns.len(), None);
        let changed = self.write(table, operation, |statement| {
            let mut binder = Binder::new(statement);
            for (position, row) in rows.iter().enumerate() {
                row.write(&mut binder);
                let count = binder.bound() - position * width;
                if count != width {
                    misfit = Some(count);
                    return Ok(0);
                }
            }
            binder.finish()?;
            statement.raw_execute()
        })?;
        let Some(count) = misfit else { return Ok(changed) };
        let error = misshapen(table, count);
        self.refuse(&error);
        Err(error)
    }
}

/// Rows that one statement adds at most: more of them are no faster.
const MOST_ROWS: usize = 16;

/// The outcome of a step.
type Done = Result<(), StoreError>;

#[cold]
fn misshapen(table: &TableDef, count: usize) -> StoreError {
    StoreError::Engine(format!(
        "a row of {} was written with {count} columns instead of {}",
        table.name,
        table.columns.len()
    ))
}

fn visit_rows(
    statement: &mut Statement<'_>,
    table: &TableDef,
    visit: &mut Visit<'_>,
) -> Result<(), Fault> {
    let mut rows = statement.raw_query();
    loop {
        match rows.next() {
            Ok(Some(row)) => visit(&mut RowReader::new(row))?,
            Ok(None) => return Ok(()),
            Err(error) => return Err(table_error(&error, table).into()),
        }
    }
}

impl Connection for Session<'_> {
    fn insert(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        self.write_rows(table, Operation::Insert(1), &[row]).map(drop)
    }

    fn insert_all(
        &mut self,
        table: &'static TableDef,
        mut rows: &[&dyn WriteRow],
    ) -> Result<(), StoreError> {
        // A power of two at once, so that a few statements do for any number.
        while !rows.is_empty() {
            let (some, rest) = rows.split_at(1 << rows.len().min(MOST_ROWS).ilog2());
            self.write_rows(table, Operation::Insert(some.len()), some)?;
            rows = rest;
        }
        Ok(())
    }

    fn replace(
        &mut self,
        table: &'static TableDef,
        row: &dyn WriteRow,
    ) -> Result<bool, StoreError> {
        self.write_rows(table, Operation::Replace, &[row]).map(|changed| changed > 0)
    }

    fn set(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        guard: Option<(usize, CellRef<'_>)>,
        columns: &[(usize, CellRef<'_>)],
    ) -> Result<bool, StoreError> {
        table.check_key(key, true)?;
        self.columns.clear();
        self.columns.extend(columns.iter().map(|(column, _)| *column));
        let operation = guard.map_or(Operation::Set, |(column, _)| Operation::SetGuarded(column));
        let changed = self.write(table, operation, |statement| {
            for (position, (_, cell)) in columns.iter().enumerate() {
                bind_cell(statement, position + 1, *cell)?;
            }
            bind_cells(statement, columns.len() + 1, key)?;
            if let Some((_, cell)) = guard {
                bind_cell(statement, columns.len() + key.len() + 1, cell)?;
            }
            statement.raw_execute()
        })?;
        Ok(changed > 0)
    }

    fn delete(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
    ) -> Result<usize, StoreError> {
        table.check_key(prefix, false)?;
        self.columns.clear();
        self.write(table, Operation::Delete(prefix.len()), |statement| {
            bind_cells(statement, 1, prefix)?;
            statement.raw_execute()
        })
    }

    fn rows(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.alive()?;
        table.check_key(prefix, false)?;
        let shape = Shape { table, operation: Operation::Rows(prefix.len()), columns: &[] };
        let outcome = self.statements.get(&shape).map_err(Fault::from).and_then(|statement| {
            bind_cells(statement, 1, prefix).map_err(|error| table_error(&error, table))?;
            visit_rows(statement, table, visit)
        });
        if let Err(Fault::Store(error)) = &outcome {
            self.notice(error);
        }
        outcome
    }

    fn select(&mut self, select: &Select, visit: &mut Visit<'_>) -> Result<(), Fault> {
        self.alive()?;
        let table = select.table;
        let outcome = query::prepare(self.statements.connection(), &mut self.text, select)
            .map_err(|error| Fault::from(table_error(&error, table)))
            .and_then(|mut statement| visit_rows(&mut statement, table, visit));
        if let Err(Fault::Store(error)) = &outcome {
            self.notice(error);
        }
        outcome
    }

    fn adjust(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError> {
        table.check_key(key, true)?;
        if self.add(table, key, deltas, guard)? {
            return Ok(true);
        }
        adjust::adjust(self, table, key, deltas, guard).inspect_err(|error| self.refuse(error))
    }
}
