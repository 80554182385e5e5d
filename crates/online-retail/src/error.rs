//! Why an import can't be done at all. What is wrong with a row is in the report instead.

use std::path::PathBuf;

use tessera_kernel::{Fault, Problem};

/// Why an import can't be done.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file can't be read, or unpacked. Nothing was booked.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The first line does not name the columns. Nothing was booked.
    #[error("the first line must name the columns; there is no column `{column}`")]
    Column {
        /// The column.
        column: &'static str,
    },
    /// The organisation that sells is not in customizing. Nothing was booked.
    #[error("customizing lacks what the import sells from: {0}")]
    Organisation(String),
    /// The database has master data with numbers of the file. Nothing was booked.
    #[error(
        "the database has {object} {number} already, so the file, or a part of it, may have been \
         imported: import it into a database without it"
    )]
    Exists {
        /// Object type.
        object: &'static str,
        /// Number.
        number: String,
    },
    /// Master data or opening stock can't be made, without which nothing can be booked.
    #[error("what the import rests on can't be made: {0}")]
    Base(#[from] Problem),
    /// The database gave up. The chains booked before are whole.
    #[error("booking stopped at invoice {invoice}: {problem}")]
    Stopped {
        /// The first invoice that was not booked.
        invoice: String,
        /// Why.
        problem: Problem,
    },
    /// The database.
    #[error(transparent)]
    Fault(#[from] Fault),
}
