//! The interface of a storage engine. Modules never see it: they work on a [`crate::Tx`].

use std::path::Path;
use std::time::Instant;

use crate::{Cell, CellRef, Fault, Guard, Homes, RowSource, Select, TableDef, WriteRow, read_cell};

/// What an engine reports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique key has the value already.
    #[error("{table} has a row with this {index} already")]
    Duplicate {
        /// Table.
        table: String,
        /// Index or `primary key`.
        index: String,
    },
    /// A column that always has a value got none.
    #[error("{0} must have a value")]
    Required(String),
    /// A figure is larger than its column, or a text has a character that none can hold.
    #[error("{0}")]
    OutOfRange(String),
    /// The engine can't write now (disk full, read-only, broken connection).
    #[error("the database can't be used: {0}")]
    Unavailable(String),
    /// The database was made by something else or a later version.
    #[error("the database does not fit this program: {0}")]
    Incompatible(String),
    /// Anything else.
    #[error("the database reports: {0}")]
    Engine(String),
}

impl StoreError {
    /// A figure of a table left the 64 bits that it has.
    pub fn too_large(table: &TableDef) -> Self {
        let table = table.name.replace('_', " ");
        Self::OutOfRange(format!("a figure of {table} would be larger than can be stored"))
    }
}

/// Called once per row of an answer.
pub type Visit<'v> = dyn FnMut(&mut dyn RowSource) -> Result<(), Fault> + 'v;

/// Rows that are asked for next: by leading key columns, and whether the row is to be held.
#[derive(Clone, Copy, Debug)]
pub struct Ahead<'k> {
    /// The table.
    pub table: &'static TableDef,
    /// As [`Connection::rows`], or as [`Connection::row_held`] where `held`.
    pub key: &'k [CellRef<'k>],
    /// The row is held.
    pub held: bool,
}

/// One open transaction (or read snapshot) of an engine.
pub trait Connection {
    /// Adds a row; `row` writes every column.
    fn insert(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError>;

    /// Adds rows, in this order.
    fn insert_all(
        &mut self,
        table: &'static TableDef,
        rows: &[&dyn WriteRow],
    ) -> Result<(), StoreError> {
        rows.iter().try_for_each(|row| self.insert(table, *row))
    }

    /// Replaces the non-key columns of the row with the same primary key; `row` writes every
    /// column. False where there is no such row.
    fn replace(&mut self, table: &'static TableDef, row: &dyn WriteRow)
    -> Result<bool, StoreError>;

    /// Replaces the row with the same primary key, or adds it where there is none; `row` writes
    /// every column.
    fn put(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        if self.replace(table, row)? { Ok(()) } else { self.insert(table, row) }
    }

    /// Sets some columns of the row with this primary key, if column `guard.0` equals `guard.1`.
    /// False where no row matches.
    fn set(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        guard: Option<(usize, CellRef<'_>)>,
        columns: &[(usize, CellRef<'_>)],
    ) -> Result<bool, StoreError>;

    /// Deletes the rows whose leading key columns equal `prefix`; answers how many.
    fn delete(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
    ) -> Result<usize, StoreError>;

    /// Visits the rows whose leading key columns equal `prefix`, every column, in key order.
    fn rows(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault>;

    /// Runs a query.
    fn select(&mut self, query: &Select, visit: &mut Visit<'_>) -> Result<(), Fault>;

    /// Adds `deltas` to integer columns of the row with this primary key, making the row from
    /// zeroes where there is none, if `guard` holds for the outcome. False (and no change) where
    /// it would not hold. Atomic against every other transaction; the row stays taken until the
    /// end of this one.
    fn adjust(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError>;

    /// Holds the row with this primary key (there or not) against other transactions until the
    /// end of this one, so that what is read and decided next stays true. An engine with one
    /// writer has nothing to do.
    fn hold(&mut self, _table: &'static TableDef, _key: &[CellRef<'_>]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether what is read twice is the same twice, but for what this transaction wrote itself.
    fn is_isolated(&self) -> bool {
        true
    }

    /// Says which rows are asked for next, in this order, so that a server can be asked for all of them
    /// at once. What is written in between makes the engine forget it. An engine within the program
    /// has nothing to gain.
    fn ahead(&mut self, _asks: &[Ahead<'_>]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Tells commands that begin when this one is kept, in whatever process. Nobody hears it where it
    /// is not.
    fn announce(&mut self, _message: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Counts on this message not being announced by anybody else between the beginning of the command,
    /// when it heard, and its end; where it was, the command is run again. Whoever announces it after all
    /// waits for the end. An engine on which commands run alone has nothing to do.
    fn rely(&mut self, _message: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Visits what was announced by commands kept before this one began, as far as this process has
    /// not heard it; nothing instead of a message where something may have been missed. An engine on
    /// which commands run alone, in one process, has nothing to tell.
    fn announced(&mut self, _hear: &mut dyn FnMut(Option<&str>)) -> Result<(), StoreError> {
        Ok(())
    }

    /// Puts a message at the end of the database's queue. Of two commands that held the same row as
    /// they did, the message of the one that had it first comes first. An engine on which commands
    /// run alone needs no queue.
    fn enqueue(&mut self, _message: &str) -> Result<(), StoreError> {
        Err(StoreError::Engine("this engine has no queue".to_string()))
    }

    /// Takes up to so many messages from the front of the queue, of commands that were kept. Whoever
    /// else takes some waits for the end of this command. False where there is no queue.
    fn dequeue(
        &mut self,
        _most: u32,
        _take: &mut dyn FnMut(&str) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        Ok(false)
    }

    /// Whether what is wrong with a row is perhaps told later than by the call that writes it, at the
    /// latest when the command is to be kept.
    fn refuses_late(&self) -> bool {
        false
    }

    /// Adds to a counter (column, how much) of the row with this primary key, which comes into being with zeroes;
    /// answers what it is then. As with [`Connection::adjust`] the row stays taken until the end: what other
    /// commands want too is taken before it, so that it is not held while they are waited for.
    fn count(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        (column, by): (usize, i64),
    ) -> Result<i64, Fault> {
        self.adjust(table, key, &[(column, by)], None)?;
        let mut counter = Cell::Null;
        self.rows(table, key, &mut |row| {
            for definition in &table.columns[..=column] {
                counter = read_cell(row, definition.ty)?;
            }
            Ok(())
        })?;
        match counter {
            Cell::Int(counter) => Ok(counter),
            _ => Err(Fault::corrupt(format!("column {column} of {} is no counter", table.name))),
        }
    }

    /// The same in a transaction of its own that is kept at once, whatever becomes of this one. None where
    /// commands run alone and have nobody to wait for.
    fn draw(
        &mut self,
        _table: &'static TableDef,
        _key: &[CellRef<'_>],
        _by: (usize, i64),
    ) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }

    /// Whether rows are spread over several nodes, of which one may show what a command wrote a moment later than
    /// another, and than what it announced. Who holds a row waits for it.
    fn is_sharded(&self) -> bool {
        false
    }

    /// Visits the row with this primary key, if it is there, and holds it as [`Connection::hold`]
    /// does.
    fn row_held(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.hold(table, key)?;
        self.rows(table, key, visit)
    }

    /// The same held against changes only: many may hold it so at once.
    fn row_shared(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.row_held(table, key, visit)
    }
}

/// Whether a job's changes stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Commit them.
    Keep,
    /// Leave no trace of them.
    Undo,
}

/// A command on its way through the writer. The engine calls `run` (again, after a serialization
/// failure, or where another one of its batch was undone) and then `finished` exactly once, after the durable commit.
pub trait Job: Send {
    /// Does the work. A panic counts as [`Verdict::Undo`].
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict;
    /// Tells the caller. `Err` when nothing was kept although `run` wanted it, or after a panic.
    fn finished(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// How a read is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadMode {
    /// When it is given up, wherever it is.
    pub deadline: Option<Instant>,
    /// It is short and must not wait behind long ones: who calls, is the database there.
    pub urgent: bool,
}

/// What an engine has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Commands run.
    pub commands: u64,
    /// Durable commits.
    pub commits: u64,
    /// Runs of commands that lost against others, or their connection, and were run again.
    pub repeats: u64,
    /// Commands kept by the number of buckets in which their rows lie: none, one, two, more.
    pub buckets: [u64; 4],
    /// Statements of commands that were kept on rows of any bucket: they ask every node of a sharded server.
    pub scattered: u64,
}

/// A storage engine.
pub trait Store: Send + Sync {
    /// Queues a command; it runs in its own savepoint and is answered after the durable commit.
    fn submit(&self, job: Box<dyn Job>);

    /// Runs `read` on a consistent snapshot, on the calling thread.
    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// The same in another mode; a read that is given up is [`StoreError::Unavailable`].
    fn read_in(
        &self,
        _mode: ReadMode,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.read(read)
    }

    /// Says which places of the organisation live together; before any other call. An engine that keeps
    /// everything in one place has no use for it.
    fn settle(&self, _homes: &Homes) {}

    /// Creates what is missing: tables, columns, indexes. Drops nothing but indexes of these tables
    /// that are no longer defined, and narrows nothing.
    fn migrate(&self, tables: &[&'static TableDef]) -> Result<(), StoreError>;

    /// Creates what is missing of these tables beside those of [`Store::migrate`], while commands run; leaves
    /// everything else alone. Their further columns may be empty.
    fn extend(&self, tables: &[&'static TableDef]) -> Result<(), StoreError>;

    /// Writes a consistent copy of the database to a file that must not exist, calling
    /// `progress(done, total)` now and then.
    fn backup(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError>;

    /// Bytes that the database takes on disk.
    fn size(&self) -> Result<u64, StoreError>;

    /// Whether several processes may work on the database at once.
    fn is_shared(&self) -> bool {
        false
    }

    /// What the engine has done since it was opened.
    fn statistics(&self) -> Statistics {
        Statistics::default()
    }

    /// The engine's own consistency check; answers what is broken.
    fn check(&self) -> Result<Vec<String>, StoreError>;
}
