//! Opening an installation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tessera_kernel::{
    Actor, Cache, Clock, Database, Environment, Fault, Findings, IdSource, RandomIds, Source,
    Store, SystemClock,
};
use tessera_store_sqlite::{Access, SqliteStore};

use crate::{Composition, InstallationError, Location, compose, verify};

/// How an installation is opened.
pub struct Options {
    /// `sqlite:PATH`.
    pub db_url: String,
    /// Folder of customizing; without it the one beside the database, if there is one.
    pub config_folder: Option<PathBuf>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// How the engine opens the file.
    pub engine: tessera_store_sqlite::Options,
}

impl Options {
    fn new(db_url: &str, engine: tessera_store_sqlite::Options) -> Self {
        Self {
            db_url: db_url.to_string(),
            config_folder: None,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds::system()),
            engine,
        }
    }

    /// Reads and writes; makes the database where there is none.
    pub fn creating(db_url: &str) -> Self {
        Self::new(db_url, tessera_store_sqlite::Options::creating())
    }

    /// Reads and writes a database that is there.
    pub fn writing(db_url: &str) -> Self {
        Self::new(db_url, tessera_store_sqlite::Options::default())
    }

    /// Only reads, beside a process that writes.
    pub fn reading(db_url: &str) -> Self {
        Self::new(db_url, tessera_store_sqlite::Options::reading())
    }

    /// With a folder of customizing.
    #[must_use]
    pub fn config_folder(mut self, folder: Option<PathBuf>) -> Self {
        self.config_folder = folder;
        self
    }
}

/// An open installation.
#[derive(Debug)]
pub struct Installation {
    db: Database,
    location: Option<Location>,
    config_folder: Option<PathBuf>,
}

impl Installation {
    /// Reads customizing, opens the store, makes what its tables lack.
    ///
    /// # Errors
    ///
    /// Wrong customizing (everything at once), a database that is not there, not ours or in use.
    pub fn open(options: Options) -> Result<Self, InstallationError> {
        let location: Location = options.db_url.parse()?;
        let config_folder = match options.config_folder {
            Some(folder) if folder.is_dir() => Some(folder),
            Some(folder) => return Err(InstallationError::NoFolder(folder)),
            None => Some(location.config_folder()).filter(|folder| folder.is_dir()),
        };
        let composition =
            compose(config_folder.as_deref()).map_err(InstallationError::Customizing)?;
        if !options.engine.create && !location.path().exists() {
            return Err(InstallationError::NoDatabase(location.path().to_path_buf()));
        }
        let reads_only = options.engine.access == Access::ReadOnly;
        let store = Arc::new(SqliteStore::open(location.path(), options.engine)?);
        let db = database(store, composition, options.clock, options.ids)?;
        if !reads_only {
            continue_ids(&db)?;
        }
        Ok(Self { db, location: Some(location), config_folder })
    }

    /// The same on an engine that is open already, to read and write.
    ///
    /// # Errors
    ///
    /// Wrong customizing, or a database that does not fit.
    pub fn on(
        store: Arc<dyn Store>,
        config_folder: Option<PathBuf>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, InstallationError> {
        let composition =
            compose(config_folder.as_deref()).map_err(InstallationError::Customizing)?;
        let db = database(store, composition, clock, ids)?;
        continue_ids(&db)?;
        Ok(Self { db, location: None, config_folder })
    }

    /// The database.
    pub fn db(&self) -> &Database {
        &self.db
    }

    /// The database file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        self.location.as_ref().map(Location::path)
    }

    /// The folder of customizing, if there is one.
    pub fn config_folder(&self) -> Option<&Path> {
        self.config_folder.as_deref()
    }

    /// Runs every check of every module, and the engine's own.
    ///
    /// # Errors
    ///
    /// Where the database can't be read at all.
    pub fn verify(&self) -> Result<Findings, Fault> {
        verify(&self.db)
    }
}

fn database(
    store: Arc<dyn Store>,
    composition: Composition,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> Result<Database, InstallationError> {
    let Composition { registry, settings, catalogues, numbering } = composition;
    let cache = Cache::default();
    let environment = Environment { registry, clock, ids, settings, catalogues, numbering, cache };
    Ok(Database::open(store, environment)?)
}

/// Offsets of subscribers stand between events, so a new event's id must be larger than every
/// earlier one's, even if the clock went back since.
fn continue_ids(db: &Database) -> Result<(), Fault> {
    let newest = db.read(&Actor::system(Source::System), |tx| tx.newest_event())?;
    if let Some(newest) = newest {
        db.environment().ids.start_after(newest);
    }
    Ok(())
}
