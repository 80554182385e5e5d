//! A town with a library: its database, with a clock that stands.

use std::path::Path;
use std::sync::Arc;

use tessera_kernel::{
    Actor, Cache, Catalogues, Database, Environment, Fault, FixedClock, Instant, NumberRange,
    Numbering, Object, RandomIds, Ref, Registry, Settings, Source, Stored, Tx,
};
use tessera_store_sqlite::{Options, SqliteStore};

use crate::recording::{Log, Recording};
use crate::sample::{Loan, Member, code, loan, member, module};

pub(crate) struct Town {
    pub(crate) database: Database,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) log: Log,
    folder: Option<tempfile::TempDir>,
}

pub(crate) fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub(crate) fn ada() -> Actor {
    Actor::user("ada", Source::Session, true)
}

pub(crate) fn bob() -> Actor {
    Actor::user("bob", Source::Token, true)
}

fn range(name: &str, prefix: &str, to: i64, block: i64) -> NumberRange {
    NumberRange { name: name.into(), prefix: prefix.into(), from: 1, to, width: 4, block }
}

fn open(folder: &Path, clock: Arc<FixedClock>, log: Log, seed: u64) -> Database {
    let options = Options { sync: false, ..Options::creating() };
    let engine = SqliteStore::open(&folder.join("library.db"), options).unwrap();
    let mut catalogues = Catalogues::default();
    catalogues.insert("branch", [code("north"), code("south")]);
    catalogues.insert("duty", [code("reader"), code("keeper")]);
    let environment = Environment {
        registry: Registry::new(vec![module()]),
        clock,
        ids: Arc::new(RandomIds::seeded(seed)),
        homes: tessera_kernel::Homes::default(),
        settings: Settings::default(),
        catalogues,
        numbering: Numbering::new([
            range("member", "M", 9_999, 10),
            range("loan", "L", 9_999, 3),
            range("receipt", "R{series}-", 9_999, 1),
            range("short", "", 2, 1),
        ]),
        cache: Cache::default(),
        extensions: tessera_kernel::CurrentExtensions::default(),
    };
    Database::open(Arc::new(Recording { engine, log }), environment).unwrap()
}

impl Town {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(instant("2024-05-01T10:00:00Z")));
        let log = Log::default();
        let database = open(folder.path(), clock.clone(), log.clone(), 1);
        Self { database, clock, log, folder: Some(folder) }
    }

    /// The same database after a restart of the program.
    pub(crate) fn reopened(mut self) -> Self {
        let folder = self.folder.take().unwrap();
        let Self { database, clock, log, .. } = self;
        drop(database);
        let database = open(folder.path(), clock.clone(), log.clone(), 2);
        Self { database, clock, log, folder: Some(folder) }
    }

    pub(crate) fn command<R: Send + 'static>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    ) -> Result<R, Fault> {
        self.database.command(&ada(), run)
    }

    pub(crate) fn read<R>(&self, run: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> R {
        self.database.read(&ada(), run).unwrap()
    }

    pub(crate) fn load<T: Object>(&self, id: Ref<T>) -> Stored<T> {
        self.read(|tx| tx.load(id))
    }

    /// Every object of a type, oldest first.
    pub(crate) fn ids<T: Object>(&self) -> Vec<Ref<T>> {
        self.read(|tx| {
            let ids = tx.all()?;
            Ok(ids)
        })
    }

    pub(crate) fn insert<T: Object>(&self, value: T) -> Stored<T> {
        self.command(move |tx| tx.insert(value.clone())).unwrap()
    }

    /// Changes an object in a command of its own.
    pub(crate) fn change<T: Object>(
        &self,
        id: Ref<T>,
        change: impl Fn(&mut T) + Send + 'static,
    ) -> Result<bool, Fault> {
        self.command(move |tx| {
            let mut stored = tx.load(id)?;
            change(&mut stored);
            tx.save(&mut stored)
        })
    }

    pub(crate) fn member(&self) -> Ref<Member> {
        self.insert(member("Ada Lovelace", "A-1")).id()
    }

    pub(crate) fn loan(&self) -> Ref<Loan> {
        self.loan_of("A-1")
    }

    /// A loan of a member with this card.
    pub(crate) fn loan_of(&self, card: &str) -> Ref<Loan> {
        let member = self.insert(member("Ada Lovelace", card)).id();
        self.insert(loan(member, "2024-06-01")).id()
    }
}

/// Undoes a command after all that it did.
pub(crate) fn undone<R>() -> Result<R, Fault> {
    Err(Fault::corrupt("undone on purpose"))
}
