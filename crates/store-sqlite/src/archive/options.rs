//! How a database is archived.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tessera_kernel::{Clock, SystemClock};

/// How a database is archived.
#[derive(Clone)]
pub struct ArchiveOptions {
    /// Where the archive is, or is to be made; best on another disk.
    pub folder: PathBuf,
    /// For how long any moment can be restored; without it nothing is ever removed.
    pub keep: Option<Duration>,
    /// How long a log grows before a new copy of the database is made.
    pub renew: Duration,
    /// Commands are refused while the disk of the folder has fewer bytes free.
    pub reserve: u64,
    /// What a commit's time is taken from.
    pub clock: Arc<dyn Clock>,
}

impl ArchiveOptions {
    /// The usual options.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            keep: None,
            renew: Duration::from_hours(24),
            reserve: 64 * 1024 * 1024,
            clock: Arc::new(SystemClock),
        }
    }
}

impl std::fmt::Debug for ArchiveOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArchiveOptions").field("folder", &self.folder).finish_non_exhaustive()
    }
}
