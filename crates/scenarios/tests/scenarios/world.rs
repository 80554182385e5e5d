//! An installation of its own, with a clock that stands until it is moved.

use std::sync::Arc;

use proptest::test_runner::Config as ProptestConfig;
use serde_json::Value;
use tessera_installation::{Installation, Options};
use tessera_kernel::{
    Actor, Code, Date, Fault, FixedClock, Instant, Object, ObjectId, Problem, RandomIds, Ref,
    Source, Stored, Tx, parse_date,
};
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{TestDatabase, database};

/// The day on which every scenario begins, a Monday.
pub(crate) const START: &str = "2026-03-02";

/// An installation that is thrown away.
pub(crate) struct World {
    pub(crate) installation: Installation,
    clock: Arc<FixedClock>,
    folder: tempfile::TempDir,
    database: Option<TestDatabase>,
}

/// Names the engine that the scenarios are played on: `sqlite` (the usual one) or `postgres`.
const ENGINE: &str = "TESSERA_TEST_ENGINE";

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

pub(crate) fn actor() -> Actor {
    Actor::user("clerk", Source::Session, true)
}

/// Settings of a property test: so many cases unless `PROPTEST_CASES` says otherwise.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let config = ProptestConfig { max_shrink_iters: 400, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases, ..config },
    }
}

fn morning(date: &str) -> Instant {
    Instant::parse(&format!("{date}T08:00:00Z")).unwrap()
}

fn process(
    database: &TestDatabase,
    folder: &tempfile::TempDir,
    clock: Arc<FixedClock>,
    seed: u64,
) -> Installation {
    let options = database.url("?writers=16").parse().unwrap();
    let store = Arc::new(PostgresStore::open(options).unwrap());
    let own = folder.path().join("world.config");
    let own = own.is_dir().then_some(own);
    Installation::on(store, own, clock, Arc::new(RandomIds::seeded(seed))).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// A world whose installation lays its own customizing over the shipped one.
    pub(crate) fn with(customizing: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if !customizing.is_empty() {
            let own = folder.path().join("world.config");
            std::fs::create_dir(&own).unwrap();
            std::fs::write(own.join("own.toml"), customizing).unwrap();
        }
        let clock = Arc::new(FixedClock::at(morning(START)));
        if std::env::var(ENGINE).is_ok_and(|engine| engine == "postgres") {
            return Self::on_postgres(folder, clock);
        }
        let url = format!("sqlite:{}", folder.path().join("world.db").display());
        let mut options = Options::creating(&url);
        options.clock = clock.clone();
        options.ids = Arc::new(RandomIds::seeded(1));
        options.engine.sync = false;
        let installation = Installation::open(options).unwrap();
        Self { installation, clock, folder, database: None }
    }

    fn on_postgres(folder: tempfile::TempDir, clock: Arc<FixedClock>) -> Self {
        let database = database().expect("a server for the engine that was asked for");
        let installation = process(&database, &folder, clock.clone(), 1);
        Self { installation, clock, folder, database: Some(database) }
    }

    /// Another process on the same database; none where the engine has one process only.
    pub(crate) fn beside(&self, number: u64) -> Option<Installation> {
        let database = self.database.as_ref()?;
        Some(process(database, &self.folder, self.clock.clone(), 1 + number))
    }

    /// From now on it is the morning of this day.
    pub(crate) fn on(&self, date: &str) {
        self.clock.set(morning(date));
    }

    /// Runs a command.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        self.run_as(&actor(), run)
    }

    /// Runs a command of somebody.
    pub(crate) fn run_as<R: Send + 'static>(
        &self,
        actor: &Actor,
        mut run: impl FnMut(&mut Tx<'_>) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        let outcome = self.installation.db().command(actor, move |tx| run(tx));
        if let Err(problem) = &outcome {
            let broken = matches!(problem.kind, tessera_kernel::ProblemKind::Internal);
            assert!(!broken, "a refusal was expected, not a fault: {problem}");
        }
        outcome
    }

    /// Reads.
    pub(crate) fn read<R>(&self, run: impl FnOnce(&mut Tx<'_>) -> Result<R, Problem>) -> R {
        self.installation.db().read(&actor(), run).unwrap()
    }

    /// Makes an object.
    pub(crate) fn create(&self, object: &'static str, body: Value) -> Result<ObjectId, Problem> {
        self.run(move |tx| {
            let create = tx.environment().registry.object(object).unwrap().create.unwrap();
            create(tx, &body)
        })
    }

    /// Changes an object.
    pub(crate) fn change<T: Object>(&self, id: Ref<T>, body: Value) -> Result<(), Problem> {
        self.change_version(id, None, body)
    }

    /// Changes the version of an object that somebody saw.
    pub(crate) fn change_version<T: Object>(
        &self,
        id: Ref<T>,
        version: Option<i64>,
        body: Value,
    ) -> Result<(), Problem> {
        self.run(move |tx| {
            let change = tx.environment().registry.object(T::NAME).unwrap().change.unwrap();
            change(tx, id.id(), version, &body)
        })
    }

    /// An action of an object.
    pub(crate) fn act<T: Object>(
        &self,
        id: Ref<T>,
        action: &'static str,
        body: Value,
    ) -> Result<Value, Problem> {
        self.run(move |tx| {
            let action = *tx.environment().registry.action(T::NAME, action).unwrap();
            (action.run)(tx, id.id(), &body)
        })
    }

    /// An action of an object type.
    pub(crate) fn act_on_all<T: Object>(
        &self,
        action: &'static str,
        body: Value,
    ) -> Result<Value, Problem> {
        self.act::<T>(Ref::new(ObjectId(Default::default())), action, body)
    }

    /// An action that only reads.
    pub(crate) fn ask<T: Object>(&self, id: Ref<T>, action: &str, body: &Value) -> Value {
        self.read(|tx| {
            let action = *tx.environment().registry.action(T::NAME, action).unwrap();
            (action.run)(tx, id.id(), body)
        })
    }

    /// An object as it is stored.
    pub(crate) fn load<T: Object>(&self, id: Ref<T>) -> Stored<T> {
        self.read(|tx| Ok(tx.load(id)?))
    }

    /// How many objects there are of a type.
    pub(crate) fn count<T: Object>(&self) -> usize {
        self.read(|tx| Ok(tx.all::<T>()?.len()))
    }

    /// Recomputes every stored aggregate from its documents: nothing may differ.
    #[track_caller]
    pub(crate) fn verify(&self) {
        let differences = self.differences();
        assert!(differences.is_empty(), "verify found:\n{}", differences.join("\n"));
    }

    pub(crate) fn differences(&self) -> Vec<String> {
        let findings: Result<_, Fault> = self.installation.verify();
        findings.unwrap().differences
    }
}
