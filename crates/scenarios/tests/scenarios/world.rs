//! An installation of its own, with a clock that stands until it is moved.

use std::path::Path;
use std::sync::Arc;

use proptest::test_runner::Config as ProptestConfig;
use serde_json::Value;
use tessera_installation::{Cluster, Installation, Options};
use tessera_kernel::{
    Actor, Clock as _, Code, Date, Fault, FixedClock, Instant, Object, ObjectId, Problem,
    RandomIds, Ref, Source, Stored, Tx, parse_date,
};
use tessera_store_postgres::{Listener, Options as PostgresOptions, PostgresStore};
use tessera_testing_postgres::{TestDatabase, database, database_like_a_cluster};

use crate::call::Call;

/// The day on which every scenario begins, a Monday.
pub(crate) const START: &str = "2026-03-02";

/// An installation that is thrown away.
pub(crate) struct World {
    pub(crate) installation: Installation,
    clock: Arc<FixedClock>,
    folder: tempfile::TempDir,
    database: Option<TestDatabase>,
}

/// Names the engine that the scenarios are played on: `sqlite` (the usual one), `postgres`, or `cluster`, which is the
/// same spread over a stand-in for a cluster.
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

/// Eight o'clock of a day, in UTC.
pub(crate) fn morning(date: &str) -> Instant {
    Instant::parse(&format!("{date}T08:00:00Z")).unwrap()
}

fn process(
    database: &TestDatabase,
    folder: &tempfile::TempDir,
    clock: Arc<FixedClock>,
    seed: u64,
    listener: Option<Listener>,
) -> Installation {
    let mut options: PostgresOptions = database.url("?writers=16").parse().unwrap();
    options.listener = listener;
    let store = Arc::new(PostgresStore::open(options).unwrap());
    let own = folder.path().join("world.config");
    let own = own.is_dir().then_some(own);
    Installation::on(store, own, clock, Arc::new(RandomIds::seeded(seed))).unwrap()
}

/// A database with an installation that is spread over a cluster.
fn spread(
    database: Option<TestDatabase>,
    folder: &tempfile::TempDir,
    clock: &Arc<FixedClock>,
) -> Option<TestDatabase> {
    let database = database?;
    drop(process(&database, folder, clock.clone(), 1, None));
    let own = folder.path().join("world.config");
    let cluster = Cluster::open(&database.url(""), own.is_dir().then_some(own)).unwrap();
    assert!(cluster.apply(32, &mut |_| ()).unwrap() > 0);
    Some(database)
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
        match std::env::var(ENGINE).as_deref() {
            Ok("postgres") => return Self::on_postgres(database(), (folder, clock), None),
            Ok("cluster") => {
                let database = spread(database_like_a_cluster(), &folder, &clock);
                return Self::on_postgres(database, (folder, clock), None);
            }
            _ => {}
        }
        let url = format!("sqlite:{}", folder.path().join("world.db").display());
        let mut options = Options::creating(&url);
        options.clock = clock.clone();
        options.ids = Arc::new(RandomIds::seeded(1));
        options.engine.sync = false;
        let installation = Installation::open(options).unwrap();
        Self { installation, clock, folder, database: None }
    }

    /// A world on a stand-in for a cluster, with its statements told to somebody; none, aloud, where no server is
    /// named.
    pub(crate) fn on_a_cluster(listener: Listener) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(morning(START)));
        let database = spread(Some(database_like_a_cluster()?), &folder, &clock);
        Some(Self::on_postgres(database, (folder, clock), Some(listener)))
    }

    fn on_postgres(
        database: Option<TestDatabase>,
        (folder, clock): (tempfile::TempDir, Arc<FixedClock>),
        listener: Option<Listener>,
    ) -> Self {
        let database = database.expect("a server for the engine that was asked for");
        let installation = process(&database, &folder, clock.clone(), 1, listener);
        Self { installation, clock, folder, database: Some(database) }
    }

    /// The texts that a query answers, straight from the server, if there is one.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        self.database.as_ref().map_or_else(Vec::new, |database| database.texts(sql))
    }

    /// A world on an installation that is there, with its clock and the folder of its database.
    pub(crate) fn around(
        installation: Installation,
        clock: Arc<FixedClock>,
        folder: tempfile::TempDir,
    ) -> Self {
        Self { installation, clock, folder, database: None }
    }

    /// Another process on the same database; none where the engine has one process only.
    pub(crate) fn beside(&self, number: u64) -> Option<Installation> {
        let database = self.database.as_ref()?;
        Some(process(database, &self.folder, self.clock.clone(), 1 + number, None))
    }

    /// The folder of the database.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The clock.
    pub(crate) fn clock(&self) -> Arc<FixedClock> {
        self.clock.clone()
    }

    /// What the clock shows.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// From now on the clock shows this.
    pub(crate) fn set_clock(&self, now: Instant) {
        self.clock.set(now);
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

    /// Runs a call.
    pub(crate) fn call(&self, call: Call) -> Result<Value, Problem> {
        self.run(move |tx| call.perform(tx))
    }

    /// Makes an object.
    pub(crate) fn create(&self, object: &'static str, body: Value) -> Result<ObjectId, Problem> {
        self.call(Call::create(object, body))
            .map(|answer| answer["id"].as_str().unwrap().parse().unwrap())
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
        self.call(Call::change(id, version, body)).map(drop)
    }

    /// An action of an object.
    pub(crate) fn act<T: Object>(
        &self,
        id: Ref<T>,
        action: &'static str,
        body: Value,
    ) -> Result<Value, Problem> {
        self.call(Call::act(id, action, body))
    }

    /// An action of an object type.
    pub(crate) fn act_on_all<T: Object>(
        &self,
        action: &'static str,
        body: Value,
    ) -> Result<Value, Problem> {
        self.call(Call::act_on_all::<T>(action, body))
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

    /// An object as JSON.
    pub(crate) fn json<T: Object>(&self, id: Ref<T>) -> Value {
        let get = self.installation.db().environment().registry.object(T::NAME).unwrap().get;
        self.read(|tx| get(tx, id.id()))
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
