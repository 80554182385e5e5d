//! Why a command failed.

use std::path::{Path, PathBuf};

use tessera_finance::FinanceError;
use tessera_http::ServerError;
use tessera_identity::IdentityError;
use tessera_installation::InstallationError;
use tessera_kernel::{Fault, Problem, StoreError};
use tessera_online_retail::ImportError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The installation can't be opened.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// A user or password.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The server can't start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Events can't be published to NATS.
    #[error(transparent)]
    Nats(#[from] tessera_nats::NatsError),
    /// The ledger can't be exported.
    #[error(transparent)]
    Finance(#[from] FinanceError),
    /// A benchmark.
    #[error(transparent)]
    Bench(#[from] tessera_bench::BenchError),
    /// The web shop's sales can't be imported.
    #[error(transparent)]
    OnlineRetail(#[from] ImportError),
    /// The demo company.
    #[error("the demo company can't be made: {0}")]
    Demo(#[from] tessera_demo::DemoError),
    /// A rule.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The database.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The engine.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// What the operator gave can't be used.
    #[error("{0}")]
    Input(String),
}

impl CommandError {
    /// A file that can't be used.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |error| Self::File { path: path.to_path_buf(), error }
    }
}
