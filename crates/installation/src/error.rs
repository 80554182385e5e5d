//! Why an installation can't be opened.

use std::path::PathBuf;

use tessera_customizing::Diagnostics;
use tessera_kernel::{Fault, StoreError};

use crate::Location;

/// The forms of a database URL.
const FORMS: &str = "give sqlite:PATH, like sqlite:tessera.db, or \
                     postgres://USER:PASSWORD@HOST:PORT/DATABASE";

/// Why an installation can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// The URL names no database.
    #[error("`{0}` is no database: {FORMS}")]
    Url(String),
    /// The URL of a server is wrong.
    #[error("this URL of a server can't be used, {0}: {FORMS}")]
    ServerUrl(&'static str),
    /// There is no such database.
    #[error("there is no database {0}: `tessera serve` makes one")]
    NoDatabase(Location),
    /// A file can't be spread over a cluster.
    #[error(
        "{0} is a file, which stays on one machine: `tessera copy` it into a database of a PostgreSQL server with \
         Citus first"
    )]
    NoCluster(Location),
    /// The database is somebody else's.
    #[error(
        "{location} has tables of something else, like {table}: give Tessera a database of its own \
         (`createdb`)"
    )]
    Stranger {
        /// The database.
        location: Location,
        /// One of its tables.
        table: String,
    },
    /// The server, or its database, can't be used.
    #[error("{location}: {error}")]
    Server {
        /// The database.
        location: Location,
        /// Why.
        error: StoreError,
    },
    /// A copy goes into an empty database.
    #[error("the target is not empty, it has rows of {}: give the copy a database of its own", .0.replace('_', " "))]
    NotEmpty(String),
    /// The target has a part of another copy.
    #[error(
        "the target has a part of a copy of {0}: finish that, or give this copy another database"
    )]
    OtherCopy(String),
    /// The database has a part of a copy.
    #[error("{location} is an unfinished copy of {from}: run `tessera copy` again, it goes on")]
    Unfinished {
        /// The database.
        location: Location,
        /// Where the copy comes from.
        from: String,
    },
    /// The contents are not the same after a copy.
    #[error(
        "the copy differs from its source, which was written meanwhile or since the copy began: stop \
         every server, and copy into a new database"
    )]
    CopyDiffers,
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

impl InstallationError {
    /// An error of the server at a location.
    pub(crate) fn at(location: &Location, error: StoreError) -> Self {
        Self::Server { location: location.clone(), error }
    }
}
