//! A consistent copy of the database while work goes on.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tessera_kernel::StoreError;

use crate::error::store_error;
use crate::file::private;
use crate::lock::beside;

/// Pages per step.
const STEP: i32 = 1024;

/// Copies the database that `source` has open to a new file.
pub(crate) fn backup(
    source: &Connection,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), StoreError> {
    let refused = || {
        Err(StoreError::Unavailable(format!("{} exists already; name a new file", to.display())))
    };
    if to.exists() {
        return refused();
    }
    let partial = beside(to, ".partial");
    let outcome = make(&partial)
        .and_then(|()| copy(source, &partial, progress).map_err(|error| store_error(&error)))
        .and_then(|()| if to.exists() { refused() } else { settle(&partial, to) });
    if outcome.is_err() {
        // What is left of it is of no use; that it stays does no harm either.
        let _ = fs::remove_file(&partial);
    }
    outcome
}

/// An empty file for the copy, in place of an earlier one that was given up.
fn make(partial: &Path) -> Result<(), StoreError> {
    let leftover = fs::remove_file(partial);
    tracing::debug!(?leftover, "an earlier copy that was given up");
    let made = private(OpenOptions::new().write(true).create_new(true)).open(partial);
    made.map(drop).map_err(|error| {
        StoreError::Unavailable(format!("{} can't be made: {error}", partial.display()))
    })
}

/// The source is held in one snapshot, so that commits meanwhile don't start the copy anew.
fn copy(
    source: &Connection,
    partial: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), rusqlite::Error> {
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
    let outcome = copy_snapshot(source, partial, progress);
    source.execute_batch("COMMIT")?;
    outcome
}

fn copy_snapshot(
    source: &Connection,
    partial: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), rusqlite::Error> {
    let mut copy = Connection::open(partial)?;
    // The file is synced once, below, before it gets its name.
    copy.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")?;
    let backup = Backup::new(source, &mut copy)?;
    loop {
        let step = backup.step(STEP)?;
        let state = backup.progress();
        let total = u64::try_from(state.pagecount).unwrap_or(0);
        progress(total - u64::try_from(state.remaining).unwrap_or(0).min(total), total);
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    }
}

/// The copy reaches the disk, then gets its name.
fn settle(partial: &Path, to: &Path) -> Result<(), StoreError> {
    let settled = File::open(partial)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(partial, to))
        .and_then(|()| sync_folder(to));
    settled.map_err(|error| {
        StoreError::Unavailable(format!("the copy could not be finished: {error}"))
    })
}

/// A new name is durable when its folder is.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if cfg!(unix) { File::open(folder.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}
