//! Why an installation can't be opened.

use std::path::PathBuf;

use tessera_customizing::Diagnostics;
use tessera_kernel::{Fault, StoreError};

/// Why an installation can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// The URL names no database.
    #[error("`{0}` is no database: give sqlite:PATH, like sqlite:tessera.db")]
    Url(String),
    /// PostgreSQL is not supported yet.
    #[error("`{0}`: this version works on SQLite only: give sqlite:PATH")]
    Engine(String),
    /// There is no such database.
    #[error("there is no database {}: `tessera serve` makes one", .0.display())]
    NoDatabase(PathBuf),
    /// There is no such folder of customizing.
    #[error("there is no folder {} with customizing", .0.display())]
    NoFolder(PathBuf),
    /// Customizing is wrong; one line per finding.
    #[error("customizing is wrong:\n{0}")]
    Customizing(Diagnostics),
    /// The engine.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database.
    #[error(transparent)]
    Fault(#[from] Fault),
}
