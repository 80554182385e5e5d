//! Which installation a command works on.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tessera_installation::archive::ArchiveOptions;
use tessera_installation::{Installation, InstallationError, Location, Options};

/// How long an import collects commands for a commit.
const IMPORT_COMMIT: Duration = Duration::from_millis(100);

/// Which installation a command works on.
#[derive(Clone, Debug, Args)]
pub(crate) struct DatabaseArguments {
    /// The database: sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE. The environment
    /// keeps a password from those who see the list of processes.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TESSERA_DB",
        hide_env_values = true,
        default_value = "sqlite:tessera.db"
    )]
    pub(crate) db: String,
    /// Folder of the installation's own customizing [default: beside the database file, if there is
    /// one; none with a server]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) config: Option<PathBuf>,
}

impl DatabaseArguments {
    /// Where it is.
    pub(crate) fn location(&self) -> Result<Location, InstallationError> {
        self.db.parse()
    }

    /// Opens it to read and write; makes the database where there is none.
    pub(crate) fn create(&self) -> Result<Installation, InstallationError> {
        self.create_archived(None)
    }

    /// The same, archiving every commit.
    pub(crate) fn create_archived(
        &self,
        archive: Option<ArchiveOptions>,
    ) -> Result<Installation, InstallationError> {
        let mut options = Options::creating(&self.db).config_folder(self.config.clone());
        options.engine.archive = archive;
        Installation::open(options)
    }

    /// Opens it for an import; makes the database where there is none. Nobody waits for a single
    /// record, so commits may be large; a record counts on those before it.
    pub(crate) fn create_for_import(&self) -> Result<Installation, InstallationError> {
        let mut options = Options::creating(&self.db).config_folder(self.config.clone());
        options.engine.batch_time = IMPORT_COMMIT;
        options.in_order = true;
        Installation::open(options)
    }

    /// Opens it to read and write.
    pub(crate) fn write(&self) -> Result<Installation, InstallationError> {
        Installation::open(Options::writing(&self.db).config_folder(self.config.clone()))
    }

    /// Opens it to read, also beside a server.
    pub(crate) fn read(&self) -> Result<Installation, InstallationError> {
        Installation::open(Options::reading(&self.db).config_folder(self.config.clone()))
    }
}
