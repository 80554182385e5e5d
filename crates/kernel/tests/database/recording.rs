//! An engine that notes every write and every read of rows that the kernel asks for.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tessera_kernel::{
    CellRef, Connection, Fault, Guard, Job, Select, Statistics, Store, StoreError, TableDef,
    Verdict, Visit, WriteRow,
};
use tessera_store_sqlite::SqliteStore;

/// Writes in order, like `insert loan_item`, and the tables of the reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    writes: Arc<Mutex<Vec<String>>>,
    reads: Arc<Mutex<Vec<String>>>,
}

impl Log {
    /// The change set of each command has tests of its own.
    fn note(&self, what: &str, table: &TableDef) {
        if table.name == "change_set" {
            return;
        }
        self.writes.lock().unwrap().push(format!("{what} {}", table.name));
    }

    /// What was written since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.writes.lock().unwrap())
    }

    fn note_read(&self, table: &TableDef) {
        self.reads.lock().unwrap().push(table.name.clone());
    }

    /// What was read since the last call.
    pub(crate) fn take_reads(&self) -> Vec<String> {
        std::mem::take(&mut *self.reads.lock().unwrap())
    }
}

pub(crate) struct Recording {
    pub(crate) engine: SqliteStore,
    pub(crate) log: Log,
}

impl Store for Recording {
    fn submit(&self, job: Box<dyn Job>) {
        self.engine.submit(Box::new(Recorded { job, log: self.log.clone() }));
    }

    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.engine.read(read)
    }

    fn migrate(&self, tables: &[&'static TableDef]) -> Result<(), StoreError> {
        self.engine.migrate(tables)
    }

    fn extend(&self, tables: &[&'static TableDef]) -> Result<(), StoreError> {
        self.engine.extend(tables)
    }

    fn backup(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        self.engine.backup(to, progress)
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.engine.size()
    }

    fn statistics(&self) -> Statistics {
        self.engine.statistics()
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.engine.check()
    }
}

struct Recorded {
    job: Box<dyn Job>,
    log: Log,
}

impl Job for Recorded {
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        self.job.run(&mut Noting { connection, log: &self.log })
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.job.finished(outcome);
    }
}

struct Noting<'c> {
    connection: &'c mut dyn Connection,
    log: &'c Log,
}

impl Connection for Noting<'_> {
    fn insert(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        self.log.note("insert", table);
        self.connection.insert(table, row)
    }

    fn replace(
        &mut self,
        table: &'static TableDef,
        row: &dyn WriteRow,
    ) -> Result<bool, StoreError> {
        self.log.note("replace", table);
        self.connection.replace(table, row)
    }

    fn set(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        guard: Option<(usize, CellRef<'_>)>,
        columns: &[(usize, CellRef<'_>)],
    ) -> Result<bool, StoreError> {
        self.log.note("set", table);
        self.connection.set(table, key, guard, columns)
    }

    fn delete(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
    ) -> Result<usize, StoreError> {
        self.log.note("delete", table);
        self.connection.delete(table, prefix)
    }

    fn rows(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.log.note_read(table);
        self.connection.rows(table, prefix, visit)
    }

    fn select(&mut self, query: &Select, visit: &mut Visit<'_>) -> Result<(), Fault> {
        self.connection.select(query, visit)
    }

    fn adjust(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError> {
        self.log.note("adjust", table);
        self.connection.adjust(table, key, deltas, guard)
    }

    fn hold(&mut self, table: &'static TableDef, key: &[CellRef<'_>]) -> Result<(), StoreError> {
        self.connection.hold(table, key)
    }

    fn is_isolated(&self) -> bool {
        self.connection.is_isolated()
    }

    fn row_held(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.log.note_read(table);
        self.connection.row_held(table, key, visit)
    }
}
