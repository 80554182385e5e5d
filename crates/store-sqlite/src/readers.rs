//! The pool of connections that read, each in a snapshot of its own.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tessera_kernel::{Connection, Fault, StoreError};

use crate::error::store_error;
use crate::file;
use crate::options::Options;
use crate::session::Session;
use crate::statements::Texts;

struct Reader {
    connection: rusqlite::Connection,
    texts: Texts,
}

/// The connections that nobody uses at the moment.
pub(crate) struct Readers {
    idle: Mutex<Vec<Reader>>,
    returned: Condvar,
}

impl Readers {
    /// Opens the connections.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let open =
            |_| Ok(Reader { connection: file::reading(path, options)?, texts: Texts::default() });
        let idle = (0..options.readers.max(1)).map(open).collect::<Result<_, StoreError>>()?;
        Ok(Self { idle: Mutex::new(idle), returned: Condvar::new() })
    }

    /// Runs `read` in a snapshot; waits while every connection is in use.
    pub(crate) fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.with(|reader| {
            let snapshot = Snapshot::begin(&reader.connection)?;
            let outcome = read(&mut Session::reading(&reader.connection, &mut reader.texts));
            drop(snapshot);
            outcome
        })
    }

    /// Runs `work` on a bare connection.
    pub(crate) fn bare<R>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<R, rusqlite::Error>,
    ) -> Result<R, StoreError> {
        self.with(|reader| work(&reader.connection).map_err(|error| store_error(&error)))
    }

    /// Lends a connection to `work`; it comes back also after a panic.
    fn with<R>(&self, work: impl FnOnce(&mut Reader) -> R) -> R {
        let mut reader = self.take();
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut reader)));
        self.idle().push(reader);
        self.returned.notify_one();
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Reader>> {
        // The list is whole at any moment, also after a panic elsewhere.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Reader {
        let mut idle = self.idle();
        loop {
            if let Some(reader) = idle.pop() {
                return reader;
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
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
