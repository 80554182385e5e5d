//! The copy of the database from which a log goes on, made beside the running commits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tessera_kernel::StoreError;

use super::folder;
use crate::backup;
use crate::error::store_error;

/// What a copy is made of: a snapshot of the database, and where it goes.
pub(crate) struct Source {
    snapshot: Connection,
    folder: PathBuf,
    number: u64,
}

impl Source {
    /// Holds the database as it is now.
    pub(crate) fn hold(
        snapshot: Connection,
        folder: &Path,
        number: u64,
    ) -> Result<Self, StoreError> {
        backup::hold(&snapshot).map_err(|error| store_error(&error))?;
        Ok(Self { snapshot, folder: folder.to_path_buf(), number })
    }

    /// Makes the copy; nothing where it is told to stop.
    pub(crate) fn copy(&self, stop: &AtomicBool) -> Result<(), StoreError> {
        // Its name follows from its content.
        let partial = backup::partial(&folder::log_path(&self.folder, self.number))?;
        let path = partial.path().to_path_buf();
        let go_on = &mut |_, _| !stop.load(Ordering::Relaxed);
        let copied = backup::copy_snapshot(&self.snapshot, &path, go_on);
        if !copied.map_err(|error| store_error(&error))? {
            return Ok(());
        }
        let sum = folder::read(&path, &mut |_| Ok(()))?;
        backup::settle(partial, &folder::copy_path(&self.folder, self.number, sum))
    }
}

/// A copy that is being made. Dropping it gives it up.
pub(crate) struct Copier {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Copier {
    /// Starts the copy; `afterwards` runs where it was made.
    pub(crate) fn start(
        source: Source,
        afterwards: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let copy = move || match source.copy(&stopped) {
            Ok(()) => afterwards(),
            // The log goes on from the copy before it, so that nothing is lost.
            Err(error) => tracing::error!(%error, "the archive has no new copy of the database"),
        };
        let thread = std::thread::Builder::new().name("tessera-archive".to_string()).spawn(copy)?;
        Ok(Self { stop, thread: Some(thread) })
    }

    pub(crate) fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the copy for the archive panicked");
        }
    }
}
