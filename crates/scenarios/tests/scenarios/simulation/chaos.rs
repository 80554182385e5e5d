//! A store that fails as it is told: in the middle of a command, at a commit before or after it took
//! effect, or by a panic. What it then really kept it notes, for the checks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use tessera_kernel::{
    CellRef, Connection, Fault, Guard, Homes, Job, ReadMode, RowSource, Select, Store, StoreError,
    TableDef, Verdict, WriteRow,
};
use tessera_store_sqlite::SqliteStore;

/// What a panic that was wanted says.
pub(crate) const WANTED: &str = "a panic that the simulation wanted";

/// What goes wrong with the next batch of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The statement of this number of the first command fails.
    Statement(u32),
    /// The statement of this number of the first command panics.
    Panic(u32),
    /// The commit fails and nothing is kept.
    CommitLost,
    /// The commit takes effect, and nobody hears of it.
    CommitUnheard,
}

#[derive(Default)]
struct State {
    trouble: Option<Trouble>,
    /// Jobs that wait for the end of their batch.
    gathered: Option<Vec<Box<dyn Job>>>,
    /// Whether each command was kept, in the order in which they were submitted.
    kept: Vec<bool>,
}

/// See the module.
pub(crate) struct Chaos {
    inner: SqliteStore,
    state: Arc<Mutex<State>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken() -> StoreError {
    StoreError::Unavailable("the simulation wanted it so".to_string())
}

impl Chaos {
    pub(crate) fn over(inner: SqliteStore) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// What goes wrong with the next batch.
    pub(crate) fn arm(&self, trouble: Option<Trouble>) {
        lock(&self.state).trouble = trouble;
    }

    /// From now on commands wait for [`Chaos::release`].
    pub(crate) fn gather(&self) {
        let mut state = lock(&self.state);
        (state.gathered, state.kept) = (Some(Vec::new()), Vec::new());
    }

    /// Runs what was gathered in one batch.
    pub(crate) fn release(&self) {
        let (jobs, trouble) = {
            let mut state = lock(&self.state);
            (state.gathered.take().unwrap_or_default(), state.trouble.take())
        };
        self.run(jobs, trouble);
    }

    /// Whether each command of the last batch was kept.
    pub(crate) fn kept(&self) -> Vec<bool> {
        lock(&self.state).kept.clone()
    }

    fn run(&self, jobs: Vec<Box<dyn Job>>, trouble: Option<Trouble>) {
        if trouble == Some(Trouble::CommitLost) {
            let state = self.state.clone();
            return self.inner.submit(Box::new(Lost { jobs, state }));
        }
        let (open, closed) = mpsc::channel();
        self.inner.submit(Box::new(Gate(closed)));
        let mut trouble = trouble;
        for job in jobs {
            let state = self.state.clone();
            let (verdict, refused) = (Verdict::Undo, false);
            self.inner.submit(Box::new(Troubled { job, trouble, verdict, refused, state }));
            // Only a commit is a matter of all of them.
            trouble = trouble.filter(|trouble| *trouble == Trouble::CommitUnheard);
        }
        drop(open);
    }
}

/// Holds the writer until the whole batch is queued.
struct Gate(mpsc::Receiver<()>);

impl Job for Gate {
    fn run(&mut self, _connection: &mut dyn Connection) -> Verdict {
        // It ends by the sender being dropped.
        let _ = self.0.recv();
        Verdict::Keep
    }

    fn finished(self: Box<Self>, _outcome: Result<(), StoreError>) {}
}

/// A batch whose commit fails: each command sees what those before it did, and nothing stays.
struct Lost {
    jobs: Vec<Box<dyn Job>>,
    state: Arc<Mutex<State>>,
}

impl Job for Lost {
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        for job in &mut self.jobs {
            // What was refused would have to be undone by itself: the batch ends with it.
            if job.run(connection) == Verdict::Undo {
                break;
            }
        }
        Verdict::Undo
    }

    fn finished(self: Box<Self>, _outcome: Result<(), StoreError>) {
        lock(&self.state).kept.extend(self.jobs.iter().map(|_| false));
        for job in self.jobs {
            job.finished(Err(broken()));
        }
    }
}

/// A command with what goes wrong with it.
struct Troubled {
    job: Box<dyn Job>,
    trouble: Option<Trouble>,
    verdict: Verdict,
    /// It was refused a write: whatever it says, it is undone.
    refused: bool,
    state: Arc<Mutex<State>>,
}

impl Job for Troubled {
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        let (fails_at, panics) = match self.trouble {
            Some(Trouble::Statement(number)) => (Some(number), false),
            Some(Trouble::Panic(number)) => (Some(number), true),
            _ => (None, false),
        };
        let mut shaky = Shaky { connection, fails_at, panics, refused: false };
        let verdict = self.job.run(&mut shaky);
        self.refused = shaky.refused;
        self.verdict = if self.refused { Verdict::Undo } else { verdict };
        self.verdict
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        let kept = outcome.is_ok() && self.verdict == Verdict::Keep;
        lock(&self.state).kept.push(kept);
        let outcome = match self.trouble {
            Some(Trouble::CommitUnheard) => Err(broken()),
            _ if self.refused => outcome.and(Err(broken())),
            _ => outcome,
        };
        self.job.finished(outcome);
    }
}

/// A connection whose statement of a number fails, or panics.
struct Shaky<'c> {
    connection: &'c mut dyn Connection,
    fails_at: Option<u32>,
    panics: bool,
    refused: bool,
}

impl Shaky<'_> {
    fn read(&mut self) -> Result<(), StoreError> {
        let Some(left) = self.fails_at else { return Ok(()) };
        self.fails_at = left.checked_sub(1);
        if left > 0 {
            return Ok(());
        }
        assert!(!self.panics, "{WANTED}");
        Err(broken())
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.read().inspect_err(|_| self.refused = true)
    }
}

type Visit<'v> = dyn FnMut(&mut dyn RowSource) -> Result<(), Fault> + 'v;

impl Connection for Shaky<'_> {
    fn insert(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        self.write()?;
        self.connection.insert(table, row)
    }

    fn insert_all(
        &mut self,
        table: &'static TableDef,
        rows: &[&dyn WriteRow],
    ) -> Result<(), StoreError> {
        self.write()?;
        self.connection.insert_all(table, rows)
    }

    fn replace(
        &mut self,
        table: &'static TableDef,
        row: &dyn WriteRow,
    ) -> Result<bool, StoreError> {
        self.write()?;
        self.connection.replace(table, row)
    }

    fn set(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        guard: Option<(usize, CellRef<'_>)>,
        columns: &[(usize, CellRef<'_>)],
    ) -> Result<bool, StoreError> {
        self.write()?;
        self.connection.set(table, key, guard, columns)
    }

    fn delete(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
    ) -> Result<usize, StoreError> {
        self.write()?;
        self.connection.delete(table, prefix)
    }

    fn rows(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.read()?;
        self.connection.rows(table, prefix, visit)
    }

    fn select(&mut self, query: &Select, visit: &mut Visit<'_>) -> Result<(), Fault> {
        self.read()?;
        self.connection.select(query, visit)
    }

    fn adjust(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError> {
        self.write()?;
        self.connection.adjust(table, key, deltas, guard)
    }
}

impl Store for Chaos {
    fn submit(&self, job: Box<dyn Job>) {
        let mut state = lock(&self.state);
        if let Some(gathered) = &mut state.gathered {
            return gathered.push(job);
        }
        let trouble = state.trouble.take();
        drop(state);
        self.run(vec![job], trouble);
    }

    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.inner.read(read)
    }

    fn read_in(
        &self,
        mode: ReadMode,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.inner.read_in(mode, read)
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

    fn backup(
        &self,
        to: &std::path::Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), StoreError> {
        self.inner.backup(to, progress)
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.inner.size()
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.inner.check()
    }
}
