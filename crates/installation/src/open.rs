//! Opening an installation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tessera_kernel::{
    Actor, Cache, Clock, CurrentExtensions, Database, Environment, Fault, Findings, IdSource,
    RandomIds, Source, Store, StoreError, SystemClock,
};
use tessera_store_postgres::{Occupant, Options as PostgresOptions, PostgresStore};
use tessera_store_sqlite::{Access, SqliteStore};

use crate::copy::{self, ContentHash, Progress};
use crate::location::ServerUrl;
use crate::{Composition, InstallationError, Location, compose, verify};

/// How an installation is opened.
pub struct Options {
    /// `sqlite:PATH` or `postgres://…`.
    pub db_url: String,
    /// Folder of customizing; without it the one beside the database file, if there is one.
    pub config_folder: Option<PathBuf>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// How SQLite opens the file. Whether it only reads, and whether it makes what is not there,
    /// holds on every engine.
    pub engine: tessera_store_sqlite::Options,
    /// Whether commands run in the order in which they were submitted; an engine with one writer
    /// does so anyway.
    pub in_order: bool,
}

impl Options {
    fn new(db_url: &str, engine: tessera_store_sqlite::Options) -> Self {
        Self {
            db_url: db_url.to_string(),
            config_folder: None,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds::system()),
            engine,
            in_order: false,
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
    /// Wrong customizing (everything at once), a database that is not there, not ours, in use, or a copy
    /// that is not finished.
    pub fn open(options: Options) -> Result<Self, InstallationError> {
        let opened = Self::open_any(options)?;
        match (copy::unfinished(&opened.db)?, opened.location.clone()) {
            (Some(from), Some(location)) => Err(InstallationError::Unfinished { location, from }),
            _ => Ok(opened),
        }
    }

    /// Opens what a copy goes into: an empty database, or the part of a copy that broke off.
    ///
    /// # Errors
    ///
    /// As [`Installation::open`].
    pub fn open_target(options: Options) -> Result<Self, InstallationError> {
        Self::open_any(options)
    }

    fn open_any(options: Options) -> Result<Self, InstallationError> {
        let location: Location = options.db_url.parse()?;
        let config_folder = location.customizing(options.config_folder.clone())?;
        let composition =
            compose(config_folder.as_deref()).map_err(InstallationError::Customizing)?;
        let reads_only = options.engine.access == Access::ReadOnly;
        let db = match &location {
            Location::Sqlite(path) => {
                if !options.engine.create && !path.exists() {
                    return Err(InstallationError::NoDatabase(location));
                }
                let store = Arc::new(SqliteStore::open(path, options.engine)?);
                database(store, composition, options.clock, options.ids)?
            }
            Location::Postgres(server) => {
                let on_server = |error| InstallationError::at(&location, error);
                let store = connect(&location, server, &options)?;
                database(store, composition, options.clock, options.ids).map_err(on_server)?
            }
        };
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
        let installation = Self::of(composition, store, clock, ids)?;
        Ok(Self { config_folder, ..installation })
    }

    /// The same of modules and customizing that are put together already.
    ///
    /// # Errors
    ///
    /// A database that does not fit.
    pub fn of(
        composition: Composition,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, InstallationError> {
        let db = database(store, composition, clock, ids)?;
        continue_ids(&db)?;
        Ok(Self { db, location: None, config_folder: None })
    }

    /// The database.
    pub fn db(&self) -> &Database {
        &self.db
    }

    /// Where the database is, where that was named by a URL.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// The folder of customizing, if there is one.
    pub fn config_folder(&self) -> Option<&Path> {
        self.config_folder.as_deref()
    }

    /// Copies every row into `to`, which was opened by [`Installation::open_target`]; nobody else uses
    /// either meanwhile. Answers how many rows were written by this call, and the content hash that both
    /// have then.
    ///
    /// # Errors
    ///
    /// [`InstallationError::NotEmpty`] and [`InstallationError::OtherCopy`] where the target has
    /// something else; [`InstallationError::CopyDiffers`] where the source changed meanwhile.
    pub fn copy_to(
        &self,
        to: &Self,
        progress: &mut Progress<'_>,
    ) -> Result<(u64, ContentHash), InstallationError> {
        let source = self.location.as_ref().map_or_else(String::new, Location::to_string);
        copy::copy(&self.db, &to.db, &source, progress)
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

/// Opens a database of a server, if it is the installation's or, where one may be made, empty.
fn connect(
    location: &Location,
    server: &ServerUrl,
    options: &Options,
) -> Result<Arc<dyn Store>, InstallationError> {
    let on_server = |error| InstallationError::at(location, error);
    let mut settings: PostgresOptions = server.reveal().parse().map_err(on_server)?;
    if options.in_order {
        settings.writers = 1;
    }
    let store = match options.engine.access {
        Access::ReadOnly => PostgresStore::reading(settings),
        Access::ReadWrite => PostgresStore::open(settings),
    };
    let store = store.map_err(on_server)?;
    expect_ours(location, &store, options.engine.create)?;
    Ok(Arc::new(store))
}

/// Refuses a database that is somebody else's, or empty unless it may be.
pub(crate) fn expect_ours(
    location: &Location,
    store: &PostgresStore,
    may_be_empty: bool,
) -> Result<(), InstallationError> {
    match store.occupant().map_err(|error| InstallationError::at(location, error))? {
        Occupant::Tessera => Ok(()),
        Occupant::Nobody if may_be_empty => Ok(()),
        Occupant::Nobody => Err(InstallationError::NoDatabase(location.clone())),
        Occupant::Stranger(table) => {
            Err(InstallationError::Stranger { location: location.clone(), table })
        }
    }
}

fn database(
    store: Arc<dyn Store>,
    composition: Composition,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> Result<Database, StoreError> {
    Database::open(store, environment(composition, clock, ids))
}

/// What the commands of an installation share.
pub(crate) fn environment(
    composition: Composition,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> Environment {
    let Composition { registry, settings, homes, catalogues, numbering } = composition;
    let (cache, extensions) = (Cache::default(), CurrentExtensions::default());
    Environment { registry, clock, ids, settings, homes, catalogues, numbering, cache, extensions }
}

/// Offsets of subscribers stand between events, so a new event's id must be larger than every
/// earlier one's, even if the clock went back since. The same holds of change sets and their seals.
fn continue_ids(db: &Database) -> Result<(), Fault> {
    let (event, sealed) = db.read(&Actor::system(Source::System), |tx| -> Result<_, Fault> {
        Ok((tx.newest_event()?, tx.sealed_until()?))
    })?;
    for before in [event, sealed].into_iter().flatten() {
        db.environment().ids.start_after(before);
    }
    Ok(())
}
