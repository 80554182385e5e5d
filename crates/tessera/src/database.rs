//! Which installation a command works on.

use std::path::PathBuf;

use clap::Args;
use tessera_installation::{Installation, InstallationError, Options};

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

    /// Opens it to read and write.
    pub(crate) fn write(&self) -> Result<Installation, InstallationError> {
        Installation::open(Options::writing(&self.db).config_folder(self.config.clone()))
    }

    /// Opens it to read, also beside a server.
    pub(crate) fn read(&self) -> Result<Installation, InstallationError> {
        Installation::open(Options::reading(&self.db).config_folder(self.config.clone()))
    }
}
