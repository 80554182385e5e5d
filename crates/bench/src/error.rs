//! What can stop a benchmark.

use tessera_kernel::{Fault, Problem};

/// Errors of the benchmark.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The installation does not open.
    #[error(transparent)]
    Installation(#[from] tessera_installation::InstallationError),
    /// The database is somebody else's.
    #[error(
        "the database has partners or products that the benchmark did not make: give it an empty one"
    )]
    Occupied,
    /// A step was refused.
    #[error("a step was refused: {0}")]
    Refused(#[from] Problem),
    /// The database.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The engine.
    #[error(transparent)]
    Store(#[from] tessera_kernel::StoreError),
    /// Files and sockets.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The server answered something else than expected.
    #[error("the server answered {status} to {request}: {body}")]
    Answer {
        /// Request.
        request: String,
        /// Status.
        status: u16,
        /// Body.
        body: String,
    },
}
