//! Recording cycles and replaying their statements.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use tessera_kernel::{Cache, Database, Environment, RandomIds, Store, SystemClock};
use tessera_store_sqlite::floor::{Operation, replay};
use tessera_store_sqlite::{Options, SqliteStore};

use crate::BenchError;
use crate::embedded::Embedded;
use crate::fixture::Fixture;
use crate::load::{Draws, cycle};
use crate::record::{Log, RecordingStore};

/// Cycles that are recorded and replayed.
const CYCLES: usize = 3_000;

/// What the floor makes of the workload.
pub(crate) struct Floor {
    pub(crate) cycles_per_s: f64,
    pub(crate) writes_per_cycle: f64,
}

/// Measures the floor on copies of the database in `folder`.
pub(crate) fn measure(
    store: &dyn Store,
    folder: &Path,
    fixture: &Arc<Fixture>,
    commands_per_commit: f64,
) -> Result<Floor, BenchError> {
    let (recorded, bare) = (folder.join("recorded.db"), folder.join("floor.db"));
    store.backup(&recorded, &mut |_, _| {})?;
    store.backup(&bare, &mut |_, _| {})?;
    let commands = record(&recorded, fixture)?;
    std::fs::remove_file(&recorded)?;
    let per_commit = commands_per_commit.round().max(1.0) as usize;
    let took = replay(&bare, &commands, per_commit)?;
    std::fs::remove_file(&bare)?;
    let writes: usize = commands.iter().map(Vec::len).sum();
    Ok(Floor {
        cycles_per_s: CYCLES as f64 / took.as_secs_f64(),
        writes_per_cycle: writes as f64 / CYCLES as f64,
    })
}

/// Runs cycles on a copy and answers the statements of their commands.
fn record(path: &Path, fixture: &Arc<Fixture>) -> Result<Vec<Vec<Operation>>, BenchError> {
    let log = Log::default();
    let inner: Arc<dyn Store> = Arc::new(SqliteStore::open(path, Options::default())?);
    let store = Arc::new(RecordingStore { inner, log: log.clone() });
    let composition = tessera_installation::compose(None)
        .map_err(tessera_installation::InstallationError::Customizing)?;
    let environment = Environment {
        registry: composition.registry,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::system()),
        settings: composition.settings,
        catalogues: composition.catalogues,
        numbering: composition.numbering,
        cache: Cache::default(),
    };
    let db = Database::open(store, environment)?;
    let mut driver = Embedded::new(&db, fixture);
    let mut draws = Draws::new(usize::MAX / 2);
    for _ in 0..CYCLES {
        cycle(&mut driver, &draws.next(), &mut |_, _| Ok(()))?;
    }
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *log))
}
