//! Which installation a command works on.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tessera_installation::{Installation, InstallationError, Options};

/// How long an import collects commands for a commit.
const IMPORT_COMMIT: Duration = Duration::from_millis(100);

/// Which installation a command works on.
#[derive(Clone, Debug, Args)]
pub(crate) struct DatabaseArguments {
    /// The database.
    #[arg(long, global = true, value_name = "URL", default_value = "sqlite:tessera.db")]
    pub(crate) db: String,
    /// Folder of the installation's own customizing [default: beside the database, if there is one]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) config: Option<PathBuf>,
}

impl DatabaseArguments {
    /// Opens it to read and write; makes the database where there is none.
    pub(crate) fn create(&self) -> Result<Installation, InstallationError> {
        Installation::open(Options::creating(&self.db).config_folder(self.config.clone()))
    }

    /// Opens it for an import; makes the database where there is none. Nobody waits for a single
    /// record, so commits may be large.
    pub(crate) fn create_for_import(&self) -> Result<Installation, InstallationError> {
        let mut options = Options::creating(&self.db).config_folder(self.config.clone());
        options.engine.batch_time = IMPORT_COMMIT;
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
