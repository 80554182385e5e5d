//! Why there is no demo company.

use std::path::PathBuf;

use tessera_kernel::{Fault, Problem};

/// Why there is no demo company.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder of customizing can't be written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A verb refused what the demo company takes for granted.
    #[error("{what}: {problem}")]
    Refused {
        /// What was done.
        what: String,
        /// The refusal.
        problem: Problem,
    },
    /// The database.
    #[error(transparent)]
    Fault(#[from] Fault),
}
