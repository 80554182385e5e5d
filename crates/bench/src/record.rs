//! A store that notes every statement of every command on its way to the engine.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tessera_kernel::{
    Ahead, Cell, CellRef, Connection, Fault, Guard, Homes, Job, OUTBOX, RowBuffer, Select,
    Statistics, Store, StoreError, TableDef, Verdict, Visit, WriteRow,
};
use tessera_store_sql::floor::Operation;
use uuid::Uuid;

/// The statements of each command, in order.
pub(crate) type Log = Arc<Mutex<Vec<Vec<Operation>>>>;

/// Passes everything on to an engine and keeps what writes.
pub(crate) struct RecordingStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) log: Log,
}

impl Store for RecordingStore {
    fn submit(&self, job: Box<dyn Job>) {
        self.inner.submit(Box::new(Recorded { job, log: self.log.clone(), kept: None }));
    }

    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.inner.read(read)
    }

    fn settle(&self, homes: &Homes) {
        self.inner.settle(homes);
    }

    fn migrate(&self, tables: &[&'static TableDef]) -> Result<(), StoreError> {
        self.inner.migrate(tables)
    }

    fn extend(&self, tables: &[&'static TableDef]) -> Result<(), StoreError> {
        self.inner.extend(tables)
    }

    fn backup(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        self.inner.backup(to, progress)
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.inner.size()
    }

    fn statistics(&self) -> Statistics {
        self.inner.statistics()
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.inner.check()
    }
}

struct Recorded {
    job: Box<dyn Job>,
    log: Log,
    /// The statements of the last run, if it is to be kept.
    kept: Option<Vec<Operation>>,
}

impl Job for Recorded {
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        let mut recording = RecordingConnection { inner: connection, operations: Vec::new() };
        let verdict = self.job.run(&mut recording);
        let operations = std::mem::take(&mut recording.operations);
        self.kept = (verdict == Verdict::Keep).then_some(operations);
        verdict
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        // A run that lost against others was repeated: only the last one counts.
        if let (Some(operations), Ok(())) = (self.kept, &outcome) {
            self.log.lock().unwrap_or_else(PoisonError::into_inner).push(operations);
        }
        self.job.finished(outcome);
    }
}

struct RecordingConnection<'c> {
    inner: &'c mut dyn Connection,
    operations: Vec<Operation>,
}

fn owned(cells: &[CellRef<'_>]) -> Vec<Cell> {
    cells.iter().map(|cell| cell.to_cell()).collect()
}

impl Connection for RecordingConnection<'_> {
    fn insert(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        self.operations.push(Operation::Insert { table, row: RowBuffer::of(row).0 });
        self.inner.insert(table, row)
    }

    fn replace(
        &mut self,
        table: &'static TableDef,
        row: &dyn WriteRow,
    ) -> Result<bool, StoreError> {
        self.operations.push(Operation::Replace { table, row: RowBuffer::of(row).0 });
        self.inner.replace(table, row)
    }

    fn put(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        self.operations.push(Operation::Put { table, row: RowBuffer::of(row).0 });
        self.inner.put(table, row)
    }

    fn set(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        guard: Option<(usize, CellRef<'_>)>,
        columns: &[(usize, CellRef<'_>)],
    ) -> Result<bool, StoreError> {
        self.operations.push(Operation::Set {
            table,
            key: owned(key),
            columns: columns.iter().map(|(column, cell)| (*column, cell.to_cell())).collect(),
        });
        self.inner.set(table, key, guard, columns)
    }

    fn delete(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
    ) -> Result<usize, StoreError> {
        self.operations.push(Operation::Delete { table, prefix: owned(prefix) });
        self.inner.delete(table, prefix)
    }

    fn rows(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.inner.rows(table, prefix, visit)
    }

    fn select(&mut self, query: &Select, visit: &mut Visit<'_>) -> Result<(), Fault> {
        self.inner.select(query, visit)
    }

    fn adjust(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError> {
        let (key_cells, deltas_kept) = (owned(key), deltas.to_vec());
        let adjusted = self.inner.adjust(table, key, deltas, guard)?;
        if adjusted {
            self.operations.push(Operation::Adjust { table, key: key_cells, deltas: deltas_kept });
        }
        Ok(adjusted)
    }

    fn count(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        by: (usize, i64),
    ) -> Result<i64, Fault> {
        let counter = self.inner.count(table, key, by)?;
        self.operations.push(Operation::Adjust { table, key: owned(key), deltas: vec![by] });
        Ok(counter)
    }

    fn hold(&mut self, table: &'static TableDef, key: &[CellRef<'_>]) -> Result<(), StoreError> {
        self.inner.hold(table, key)
    }

    fn ahead(&mut self, asks: &[Ahead<'_>]) -> Result<(), StoreError> {
        self.inner.ahead(asks)
    }

    fn announce(&mut self, message: &str) -> Result<(), StoreError> {
        self.inner.announce(message)
    }

    fn rely(&mut self, message: &str) -> Result<(), StoreError> {
        self.inner.rely(message)
    }

    fn announced(&mut self, hear: &mut dyn FnMut(Option<&str>)) -> Result<(), StoreError> {
        self.inner.announced(hear)
    }

    /// The floor writes the event where it stands in the end.
    fn enqueue(&mut self, message: &str) -> Result<(), StoreError> {
        static EVENTS: AtomicU64 = AtomicU64::new(1);
        let id = u128::from(EVENTS.fetch_add(1, Ordering::Relaxed));
        let row = vec![
            Cell::Uuid(Uuid::from_u128(id)),
            Cell::Instant(0),
            Cell::Text(String::new()),
            Cell::Uuid(Uuid::nil()),
            Cell::Text(String::new()),
            Cell::Text(message.to_string()),
        ];
        self.operations.push(Operation::Insert { table: &OUTBOX, row });
        self.inner.enqueue(message)
    }

    fn dequeue(
        &mut self,
        most: u32,
        take: &mut dyn FnMut(&str) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        self.inner.dequeue(most, take)
    }

    fn is_isolated(&self) -> bool {
        self.inner.is_isolated()
    }

    fn refuses_late(&self) -> bool {
        self.inner.refuses_late()
    }

    fn row_held(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.inner.row_held(table, key, visit)
    }
}
