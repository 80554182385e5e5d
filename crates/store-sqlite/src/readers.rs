//! The pool of connections that read, each in a snapshot of its own.

use std::path::Path;
use std::time::Instant;

use tessera_kernel::{Connection, Fault, ReadMode, StoreError};
use tessera_store_sql::Pool;

use crate::error::store_error;
use crate::file;
use crate::options::Options;
use crate::session::Session;
use crate::statements::Texts;

struct Reader {
    connection: rusqlite::Connection,
    texts: Texts,
}

/// How many steps of SQLite's machine lie between two looks at the clock: well below a millisecond.
const STEPS: i32 = 10_000;

/// The pool.
pub(crate) struct Readers(Pool<Reader>);

impl Readers {
    /// Opens the connections.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let open =
            || Ok(Reader { connection: file::reading(path, options)?, texts: Texts::default() });
        let ordinary: Result<_, StoreError> = (0..options.readers.max(1)).map(|_| open()).collect();
        Ok(Self(Pool::new(ordinary?, open()?)))
    }

    /// Runs `read` in a snapshot; waits while every connection is in use.
    pub(crate) fn read(
        &self,
        mode: ReadMode,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.with(mode, |reader| {
            let snapshot = Snapshot::begin(&reader.connection)?;
            let watch = mode.deadline.map(|at| Watch::start(&reader.connection, at));
            let deadline = mode.deadline;
            let outcome =
                read(&mut Session::reading(&reader.connection, &mut reader.texts, deadline));
            drop(watch);
            drop(snapshot);
            outcome
        })?
    }

    /// Runs `work` on a bare connection.
    pub(crate) fn bare<R>(
        &self,
        mode: ReadMode,
        work: impl FnOnce(&rusqlite::Connection) -> Result<R, rusqlite::Error>,
    ) -> Result<R, StoreError> {
        self.with(mode, |reader| work(&reader.connection).map_err(|error| store_error(&error)))?
    }

    /// Lends a connection to `work`; a snapshot that it was in ends on the way out, also of a panic.
    fn with<R>(
        &self,
        mode: ReadMode,
        work: impl FnOnce(&mut Reader) -> R,
    ) -> Result<R, StoreError> {
        self.0.lend(mode, work, |_| {})
    }
}

/// Interrupts a connection at a time, as long as it lives.
struct Watch<'c>(&'c rusqlite::Connection);

impl<'c> Watch<'c> {
    fn start(connection: &'c rusqlite::Connection, at: Instant) -> Self {
        connection.progress_handler(STEPS, Some(move || Instant::now() >= at));
        Self(connection)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.progress_handler(0, None::<fn() -> bool>);
    }
}

/// A read transaction; ends when dropped.
struct Snapshot<'c>(&'c rusqlite::Connection);

impl<'c> Snapshot<'c> {
    fn begin(connection: &'c rusqlite::Connection) -> Result<Self, StoreError> {
        run(connection, "BEGIN DEFERRED").map_err(|error| store_error(&error))?;
        Ok(Self(connection))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if let Err(error) = run(self.0, "COMMIT") {
            tracing::error!(%error, "a read snapshot could not be ended");
        }
    }
}

fn run(connection: &rusqlite::Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}
