//! Recording cycles and replaying their statements.

use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tessera_installation::ServerUrl;
use tessera_kernel::{Cache, Database, Environment, RandomIds, Store, SystemClock};
use tessera_store_postgres::{Floor as PostgresFloor, Options as PostgresOptions, PostgresStore};
use tessera_store_sql::floor::Operation;
use tessera_store_sqlite::floor::replay;
use tessera_store_sqlite::{Options, SqliteStore};

use crate::BenchError;
use crate::embedded::Embedded;
use crate::fixture::{Fixture, PRODUCTS};
use crate::load::{Draws, cycle};
use crate::record::{Log, RecordingStore};

/// Cycles that are recorded and replayed.
const CYCLES: usize = 3_000;
/// On a server so many seconds' worth of cycles, if that is less.
const RECORDED: f64 = 20.0;

/// What the floor makes of the workload.
pub(crate) struct Floor {
    pub(crate) cycles_per_s: f64,
    pub(crate) writes_per_cycle: f64,
}

impl Floor {
    fn of(cycles: usize, writes: usize, took: Duration) -> Self {
        Self {
            cycles_per_s: cycles as f64 / took.as_secs_f64(),
            writes_per_cycle: writes as f64 / cycles as f64,
        }
    }
}

/// Measures the floor of a file on copies of the database in `folder`.
pub(crate) fn of_file(
    store: &dyn Store,
    folder: &Path,
    fixture: &Arc<Fixture>,
    commands_per_commit: f64,
) -> Result<Floor, BenchError> {
    let (recorded, bare) = (folder.join("recorded.db"), folder.join("floor.db"));
    store.backup(&recorded, &mut |_, _| {})?;
    store.backup(&bare, &mut |_, _| {})?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&recorded, Options::default())?);
    let commands = record(store, fixture, 0, CYCLES)?;
    std::fs::remove_file(&recorded)?;
    let per_commit = commands_per_commit.round().max(1.0) as usize;
    let took = replay(&bare, &commands, per_commit)?;
    std::fs::remove_file(&bare)?;
    let writes = commands.iter().map(Vec::len).sum();
    Ok(Floor::of(CYCLES, writes, took))
}

/// Measures the floor of a server, on copies of the tables: as many connections as the store has for
/// commands, each with cycles of its own. As in the store, each command is a commit.
pub(crate) fn of_server(
    server: &ServerUrl,
    fixture: &Arc<Fixture>,
    cycles_per_s: f64,
) -> Result<Floor, BenchError> {
    let options: PostgresOptions = server.reveal().parse()?;
    let clients = options.writers;
    let cycles = CYCLES.min((cycles_per_s * RECORDED) as usize).div_ceil(clients).max(1);
    let composition = tessera_installation::compose(None)
        .map_err(tessera_installation::InstallationError::Customizing)?;
    let floor = PostgresFloor::copy(&options, &composition.homes)?;
    let store: Arc<dyn Store> = Arc::new(PostgresStore::open(options)?);
    let commands = std::thread::scope(|scope| {
        let recorders: Vec<_> = (0..clients)
            .map(|client| {
                let store = store.clone();
                scope.spawn(move || record(store, fixture, client, cycles))
            })
            .collect();
        let joined = recorders.into_iter().map(|recorder| {
            recorder
                .join()
                .unwrap_or_else(|_| Err(std::io::Error::other("a recorder panicked").into()))
        });
        joined.collect::<Result<Vec<_>, BenchError>>()
    })?;
    drop(store);
    let took = floor.replay(&commands)?;
    let writes = commands.iter().flatten().map(Vec::len).sum();
    Ok(Floor::of(cycles * clients, writes, took))
}

/// Runs cycles and answers the statements of their commands.
fn record(
    inner: Arc<dyn Store>,
    fixture: &Arc<Fixture>,
    client: usize,
    cycles: usize,
) -> Result<Vec<Vec<Operation>>, BenchError> {
    let log = Log::default();
    let store = Arc::new(RecordingStore { inner, log: log.clone() });
    let composition = tessera_installation::compose(None)
        .map_err(tessera_installation::InstallationError::Customizing)?;
    let environment = Environment {
        registry: composition.registry,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::system()),
        homes: composition.homes,
        settings: composition.settings,
        catalogues: composition.catalogues,
        numbering: composition.numbering,
        cache: Cache::default(),
        extensions: tessera_kernel::CurrentExtensions::default(),
    };
    let db = Database::open(store, environment)?;
    let mut driver = Embedded::new(&db, fixture);
    let mut draws = Draws::new(usize::MAX / 2 + client, PRODUCTS);
    for _ in 0..cycles {
        cycle(&mut driver, &draws.next(), &mut |_, _| Ok(()))?;
    }
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *log))
}
