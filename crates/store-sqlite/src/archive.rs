//! An archive of every commit, from which the database of any moment is made again.
//!
//! The writer's thread reads the pages of each commit from SQLite's write-ahead log right after the
//! commit and before anybody is answered, and adds them with their time to a log of the archive, which
//! is synced. As this happens within the commit's statement, the write-ahead log can't start over before
//! what it has is in the archive.
//!
//! The archive is a chain of logs. Beside a log there is a copy of the database from which it goes on,
//! made anew once a day while work goes on, so that a restore reads a day at most. After a restart the
//! chain goes on where the write-ahead log still has the last frame of the archive, by salts and
//! checksum. Else something may have been written that the archive has not: it begins anew, with a copy.

mod copier;
mod folder;
mod log;
mod options;
mod restore;
mod state;
mod wal;

use std::cell::RefCell;
use std::ffi::c_int;
use std::path::{Path, PathBuf};

use rusqlite::ffi;
use tessera_kernel::{Instant, StoreError};

pub use options::ArchiveOptions;
pub use restore::{Restored, restore};
pub(crate) use state::Archive;

/// Why an archive can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file is not as it was written.
    #[error("{} is damaged at byte {offset}: {what}{}", path.display(), up_to(before))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, in bytes.
        offset: u64,
        /// What is wrong.
        what: &'static str,
        /// Time of the last commit before it, if it is of a log.
        before: Option<Instant>,
    },
    /// A file is not there.
    #[error("{} has not all files of the number {number:06}: a log and the copy that it begins with", folder.display())]
    Missing {
        /// The archive.
        folder: PathBuf,
        /// The number that its files begin with.
        number: u64,
    },
    /// There is nothing of that time.
    #[error("{} has nothing of that time{}", folder.display(), begins(first))]
    Nothing {
        /// The archive.
        folder: PathBuf,
        /// When it begins, if it has anything.
        first: Option<Instant>,
    },
}

fn begins(first: &Option<Instant>) -> String {
    first.map_or_else(|| ": it is empty".to_string(), |first| format!(": it begins at {first}"))
}

fn up_to(before: &Option<Instant>) -> String {
    before.map_or_else(String::new, |before| format!("; the moments up to {before} are whole"))
}

impl ArchiveError {
    fn file(path: &Path, error: std::io::Error) -> Self {
        Self::File { path: path.to_path_buf(), error }
    }

    fn damaged(path: &Path, offset: u64, what: &'static str) -> Self {
        Self::Damaged { path: path.to_path_buf(), offset, what, before: None }
    }
}

impl From<ArchiveError> for StoreError {
    fn from(error: ArchiveError) -> Self {
        Self::Unavailable(format!("the archive can't be used: {error}"))
    }
}

thread_local! {
    /// The archive of the writer that this thread is; SQLite's hook finds it here.
    static ARCHIVE: RefCell<Option<Archive>> = const { RefCell::new(None) };
}

/// Archives from now on what this thread commits.
pub(crate) fn attach(archive: Option<Archive>) {
    ARCHIVE.set(archive);
}

/// Called by SQLite after each commit, which fails where this does.
pub(crate) fn committed(frames: c_int) -> rusqlite::Result<()> {
    let frames = u32::try_from(frames).unwrap_or(0);
    let added = with(|archive| archive.committed(frames));
    added.map_err(|error| {
        let failure = ffi::Error::new(ffi::SQLITE_IOERR);
        rusqlite::Error::SqliteFailure(failure, Some(error.to_string()))
    })
}

/// Whether more can be committed: the archive has everything, and room for more.
pub(crate) fn ready() -> Result<(), StoreError> {
    with(Archive::ready)
}

/// Whether the archive has everything that was committed.
pub(crate) fn complete() -> Result<(), StoreError> {
    with(|archive| archive.complete())
}

fn with(work: impl FnOnce(&mut Archive) -> Result<(), StoreError>) -> Result<(), StoreError> {
    ARCHIVE.with_borrow_mut(|archive| archive.as_mut().map_or(Ok(()), work))
}
