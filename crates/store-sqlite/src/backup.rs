//! A consistent copy of the database while work goes on.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tempfile::NamedTempFile;
use tessera_kernel::StoreError;

use crate::error::store_error;

/// Pages per step.
const STEP: i32 = 1024;

/// Copies the database that `source` has open to a new file.
pub(crate) fn backup(
    source: &Connection,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), StoreError> {
    if to.exists() {
        return Err(taken(to));
    }
    let partial = partial(to)?;
    copy(source, partial.path(), progress).map_err(|error| store_error(&error))?;
    settle(partial, to)
}

fn taken(to: &Path) -> StoreError {
    StoreError::Unavailable(format!("{} exists already; name a new file", to.display()))
}

/// An empty file beside `to`, which nobody else writes and only its owner reads. It goes where it is
/// not settled.
pub(crate) fn partial(to: &Path) -> Result<NamedTempFile, StoreError> {
    let made = tempfile::Builder::new()
        .prefix(to.file_name().unwrap_or(OsStr::new("copy")))
        .suffix(".partial")
        .tempfile_in(folder(to));
    made.map_err(|error| {
        StoreError::Unavailable(format!("{} can't be made: {error}", to.display()))
    })
}

fn copy(
    source: &Connection,
    partial: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), rusqlite::Error> {
    hold(source)?;
    let outcome = copy_snapshot(source, partial, &mut |done, total| {
        progress(done, total);
        true
    });
    source.execute_batch("COMMIT")?;
    outcome.map(drop)
}

/// Holds the source in one snapshot, so that commits meanwhile don't start the copy anew.
pub(crate) fn hold(source: &Connection) -> Result<(), rusqlite::Error> {
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")
}

/// Copies what is held to an empty file; false where `go_on` ended it before.
pub(crate) fn copy_snapshot(
    source: &Connection,
    partial: &Path,
    go_on: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<bool, rusqlite::Error> {
    let mut copy = Connection::open(partial)?;
    // The file is synced once, below, before it gets its name.
    copy.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")?;
    let backup = Backup::new(source, &mut copy)?;
    loop {
        let step = backup.step(STEP)?;
        let state = backup.progress();
        let total = u64::try_from(state.pagecount).unwrap_or(0);
        if !go_on(total - u64::try_from(state.remaining).unwrap_or(0).min(total), total) {
            return Ok(false);
        }
        match step {
            StepResult::Done => return Ok(true),
            StepResult::More => {}
            _ => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    }
}

/// The copy reaches the disk, then gets its name, unless somebody has taken it meanwhile.
pub(crate) fn settle(partial: NamedTempFile, to: &Path) -> Result<(), StoreError> {
    let unfinished = |error: std::io::Error| {
        StoreError::Unavailable(format!("{} could not be finished: {error}", to.display()))
    };
    partial.as_file().sync_all().map_err(unfinished)?;
    partial.persist_noclobber(to).map_err(|refused| match refused.error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(to),
        _ => unfinished(refused.error),
    })?;
    // A new name is durable when its folder is.
    if cfg!(unix) {
        File::open(folder(to)).and_then(|folder| folder.sync_all()).map_err(unfinished)?;
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
