//! The pool of connections that read, each in a snapshot of its own.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tessera_kernel::{Connection, Fault, ReadMode, StoreError};

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

/// The connections that nobody uses at the moment.
struct Idle {
    ordinary: Vec<Reader>,
    /// For reads that must not wait behind long ones.
    reserved: Option<Reader>,
}

/// The pool.
pub(crate) struct Readers {
    idle: Mutex<Idle>,
    returned: Condvar,
}

impl Readers {
    /// Opens the connections.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let open =
            || Ok(Reader { connection: file::reading(path, options)?, texts: Texts::default() });
        let ordinary: Result<_, StoreError> = (0..options.readers.max(1)).map(|_| open()).collect();
        let idle = Idle { ordinary: ordinary?, reserved: Some(open()?) };
        Ok(Self { idle: Mutex::new(idle), returned: Condvar::new() })
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

    /// Lends a connection to `work`; it comes back also after a panic.
    fn with<R>(
        &self,
        mode: ReadMode,
        work: impl FnOnce(&mut Reader) -> R,
    ) -> Result<R, StoreError> {
        let (mut reader, is_reserved) = self.take(mode)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut reader)));
        let mut idle = self.idle();
        if is_reserved {
            idle.reserved = Some(reader);
        } else {
            idle.ordinary.push(reader);
        }
        drop(idle);
        // Not each waiting one may have the reserved one.
        self.returned.notify_all();
        Ok(outcome.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        // The list is whole at any moment, also after a panic elsewhere.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection, and whether it is the reserved one.
    fn take(&self, mode: ReadMode) -> Result<(Reader, bool), StoreError> {
        let mut idle = self.idle();
        loop {
            if let Some(reader) = idle.ordinary.pop() {
                return Ok((reader, false));
            }
            if mode.urgent
                && let Some(reader) = idle.reserved.take()
            {
                return Ok((reader, true));
            }
            idle = match mode.deadline {
                None => self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(given_up());
                    }
                    let waited = self.returned.wait_timeout(idle, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// What a read is answered whose time is over.
pub(crate) fn given_up() -> StoreError {
    StoreError::Unavailable("the read took too long and was given up".to_string())
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
