//! A database file, which one server serves.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::database::{Database, furnish};
use crate::front::Witness;
use crate::log_file::Place;

/// A furnished file that others are copied from.
pub(crate) struct Template(TempDir);

impl Template {
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        furnish(&url(&folder.path().join(NAME)));
        Self(folder)
    }

    fn copy_into(&self, folder: &Path) {
        // No process has it open, so that the file is all of it.
        std::fs::copy(self.0.path().join(NAME), folder.join(NAME)).unwrap();
    }
}

const NAME: &str = "faults.db";

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// A database file.
pub(crate) struct DatabaseFile {
    folder: PathBuf,
    /// The folder, where it is only for this file.
    _own: Option<TempDir>,
    /// Where its log stood when the last answer was heard.
    acknowledged: Arc<Mutex<Option<Place>>>,
}

impl DatabaseFile {
    /// One in a folder of its own.
    pub(crate) fn copy_of(template: &Template) -> Self {
        let own = tempfile::tempdir().unwrap();
        let mut file = Self::copy_to(template, own.path().to_path_buf());
        file._own = Some(own);
        file
    }

    /// One in this folder.
    pub(crate) fn copy_to(template: &Template, folder: PathBuf) -> Self {
        template.copy_into(&folder);
        Self { folder, _own: None, acknowledged: Arc::default() }
    }

    /// Where its log stood when the last answer was heard, which every answer before it belongs to.
    pub(crate) fn acknowledged(&self) -> Option<Place> {
        *self.acknowledged.lock().unwrap()
    }

    /// Waits, not for long, until something was written that is not committed yet.
    pub(crate) fn wait_for_commit(&self) {
        let (start, log, index) = (Instant::now(), self.beside("-wal"), self.beside("-shm"));
        while start.elapsed() < Duration::from_millis(500) {
            if Place::now(&index).is_some_and(|place| place.is_passed(&log)) {
                break;
            }
        }
    }

    /// The bytes of the file and its log, while no server has them open.
    pub(crate) fn content(&self) -> [Vec<u8>; 2] {
        ["", "-wal"].map(|suffix| std::fs::read(self.beside(suffix)).unwrap_or_default())
    }

    /// Puts other bytes in their place, while no server has them open.
    pub(crate) fn replace(&self, [file, log]: &[Vec<u8>; 2]) {
        // What was remembered of the log goes with it; there may be nothing.
        let _ = std::fs::remove_file(self.beside("-shm"));
        std::fs::write(self.path(), file).unwrap();
        std::fs::write(self.beside("-wal"), log).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.beside("")
    }

    /// The path of a file that goes with the database.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.folder.join(format!("{NAME}{suffix}"))
    }
}

impl Database for DatabaseFile {
    fn url(&self) -> String {
        url(&self.path())
    }

    fn witness(&self) -> Option<Witness> {
        let (index, acknowledged) = (self.beside("-shm"), self.acknowledged.clone());
        Some(Box::new(move || {
            // Looked at under the lock: the last to note is the last to have looked.
            let mut noted = acknowledged.lock().unwrap();
            *noted = Place::now(&index);
        }))
    }
}
