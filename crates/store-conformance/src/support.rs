//! What the cases share.

use std::sync::mpsc::{Receiver, Sender, channel};

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Connection, Fault, Job, RowSource, Select, Store,
    StoreError, TableDef, Verdict, WriteRow,
};

/// A job that keeps what it did when its closure answers `Ok`.
struct Command<F, R> {
    run: F,
    outcome: Option<Result<R, StoreError>>,
    answer: Sender<Result<R, StoreError>>,
}

impl<F, R> Job for Command<F, R>
where
    F: FnMut(&mut dyn Connection) -> Result<R, StoreError> + Send,
    R: Send,
{
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        let outcome = (self.run)(connection);
        let verdict = if outcome.is_ok() { Verdict::Keep } else { Verdict::Undo };
        self.outcome = Some(outcome);
        verdict
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        let no_run = || Err(StoreError::Engine("the job was never run".to_string()));
        let Self { outcome: ran, answer, .. } = *self;
        // A case that has failed already does not wait for it.
        let _ = answer.send(outcome.and_then(|()| ran.unwrap_or_else(no_run)));
    }
}

/// Queues a command; its outcome comes through the channel.
pub(crate) fn submit<R: Send + 'static>(
    store: &dyn Store,
    run: impl FnMut(&mut dyn Connection) -> Result<R, StoreError> + Send + 'static,
) -> Receiver<Result<R, StoreError>> {
    let (answer, answers) = channel();
    store.submit(Box::new(Command { run, outcome: None, answer }));
    answers
}

/// Runs a command and waits until it is durable. It is undone where `run` answers an error.
///
/// # Errors
///
/// What `run` answered, or what the engine reports.
pub fn command<R: Send + 'static>(
    store: &dyn Store,
    run: impl FnMut(&mut dyn Connection) -> Result<R, StoreError> + Send + 'static,
) -> Result<R, StoreError> {
    let lost = |_| Err(StoreError::Engine("the job was never answered".to_string()));
    submit(store, run).recv().unwrap_or_else(lost)
}

/// Runs a command that must succeed.
#[track_caller]
pub(crate) fn done<R: Send + 'static>(
    store: &dyn Store,
    run: impl FnMut(&mut dyn Connection) -> Result<R, StoreError> + Send + 'static,
) -> R {
    match command(store, run) {
        Ok(answer) => answer,
        Err(error) => panic!("the command failed: {error:?}"),
    }
}

/// A table of the database, made there.
#[track_caller]
pub(crate) fn make(store: &dyn Store, table: TableDef) -> &'static TableDef {
    let table: &'static TableDef = Box::leak(Box::new(table));
    if let Err(error) = store.migrate(&[table]) {
        panic!("{} can't be made: {error:?}", table.name);
    }
    table
}

/// A table of required integers `k`, `a`, `b` … with the first `key` as its key.
pub(crate) fn integers(name: &str, columns: &[&str], key: usize) -> TableDef {
    let columns = columns.iter().map(|name| ColumnDef::required(name, ColumnType::Int)).collect();
    TableDef::new(name, columns, key)
}

/// A row of integers.
pub(crate) fn ints(values: &[i64]) -> Vec<Cell> {
    values.iter().map(|value| Cell::Int(*value)).collect()
}

/// A text cell.
pub(crate) fn text(value: &str) -> Cell {
    Cell::Text(value.to_string())
}

/// Cells as a row.
pub(crate) struct Cells<'c>(pub(crate) &'c [Cell]);

impl WriteRow for Cells<'_> {
    fn write(&self, sink: &mut dyn tessera_kernel::RowSink) {
        self.0.write(sink);
    }
}

/// Adds rows.
#[track_caller]
pub(crate) fn fill(store: &dyn Store, table: &'static TableDef, rows: Vec<Vec<Cell>>) {
    done(store, move |connection| {
        rows.iter().try_for_each(|row| connection.insert(table, &Cells(row)))
    });
}

/// Reads the next column as its type says.
pub(crate) fn cell(row: &mut dyn RowSource, ty: ColumnType) -> Result<Cell, Fault> {
    Ok(match ty {
        ColumnType::Uuid => row.uuid()?.map_or(Cell::Null, Cell::Uuid),
        ColumnType::Int => row.int()?.map_or(Cell::Null, Cell::Int),
        ColumnType::Text => row.text()?.map_or(Cell::Null, text),
        ColumnType::Date => row.date()?.map_or(Cell::Null, Cell::Date),
        ColumnType::Instant => row.instant()?.map_or(Cell::Null, Cell::Instant),
        ColumnType::Bool => row.bool()?.map_or(Cell::Null, Cell::Bool),
    })
}

/// Every cell of a row.
fn cells(row: &mut dyn RowSource, types: &[ColumnType]) -> Result<Vec<Cell>, Fault> {
    types.iter().map(|ty| cell(row, *ty)).collect()
}

/// The rows with this key prefix on an open connection.
pub(crate) fn rows_on(
    connection: &mut dyn Connection,
    table: &'static TableDef,
    prefix: &[CellRef<'_>],
) -> Result<Vec<Vec<Cell>>, Fault> {
    let types: Vec<ColumnType> = table.columns.iter().map(|column| column.ty).collect();
    let mut found = Vec::new();
    connection.rows(table, prefix, &mut |row| {
        found.push(cells(row, &types)?);
        Ok(())
    })?;
    Ok(found)
}

/// The rows with this key prefix.
#[track_caller]
pub(crate) fn rows(
    store: &dyn Store,
    table: &'static TableDef,
    prefix: &[CellRef<'_>],
) -> Vec<Vec<Cell>> {
    read(store, |connection| rows_on(connection, table, prefix))
}

/// The answer to a query.
#[track_caller]
pub(crate) fn select(store: &dyn Store, query: &Select) -> Vec<Vec<Cell>> {
    let types = query.answer_types();
    read(store, |connection| {
        let mut found = Vec::new();
        connection.select(query, &mut |row| {
            found.push(cells(row, &types)?);
            Ok(())
        })?;
        Ok(found)
    })
}

/// A read that must succeed.
#[track_caller]
pub(crate) fn read<R>(
    store: &dyn Store,
    mut run: impl FnMut(&mut dyn Connection) -> Result<R, Fault>,
) -> R {
    let mut answer = None;
    let outcome = store.read(&mut |connection| {
        answer = Some(run(connection)?);
        Ok(())
    });
    match (outcome, answer) {
        (Ok(()), Some(answer)) => answer,
        (Ok(()), None) => panic!("the read was not run"),
        (Err(fault), _) => panic!("the read failed: {fault:?}"),
    }
}

/// What an engine refused, of a call that may have other faults too.
pub(crate) fn of_store(fault: Fault) -> StoreError {
    match fault {
        Fault::Store(error) => error,
        other => StoreError::Engine(other.to_string()),
    }
}
