//! Connections for reads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tessera_kernel::{Connection, Fault, StoreError};

use crate::error::Failure;
use crate::link::Link;
use crate::options::Options;
use crate::session::Session;
use crate::statement::Texts;

#[derive(Default)]
struct Reader {
    /// Opened when it is used for the first time, and again after it broke.
    link: Option<Link>,
    texts: Texts,
}

/// The connection, opened where there is none or the one that was there is gone; whether it is new.
pub(crate) fn live<'l>(
    slot: &'l mut Option<Link>,
    options: &Options,
) -> Result<(&'l mut Link, bool), Failure> {
    let mut kept = slot.take();
    let alive = kept.as_mut().is_some_and(Link::is_alive);
    Ok(match kept {
        Some(link) if alive => (slot.insert(link), false),
        _ => (slot.insert(Link::open_patiently(options)?), true),
    })
}

/// The connections that nobody uses at the moment.
pub(crate) struct Readers {
    options: Arc<Options>,
    idle: Mutex<Vec<Reader>>,
    returned: Condvar,
}

impl Readers {
    /// Opens none yet.
    pub(crate) fn new(options: Arc<Options>) -> Self {
        let idle = (0..options.readers.max(1)).map(|_| Reader::default()).collect();
        Self { options, idle: Mutex::new(idle), returned: Condvar::new() }
    }

    /// Runs `read` in a snapshot; waits while every connection is in use.
    pub(crate) fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.with(|reader, options| {
            let Reader { link, texts } = reader;
            let (link, _) = live(link, options).map_err(Failure::told)?;
            let mut session = Session::reading(link, texts);
            let outcome = read(&mut session);
            // A snapshot that can't be ended is on a connection that is found dead the next time.
            let ended = session.roll_back();
            if ended.is_err() {
                reader.link = None;
            }
            outcome
        })
    }

    /// Lends a connection to `work`.
    pub(crate) fn bare<R>(
        &self,
        work: impl FnOnce(&mut Link) -> Result<R, Failure>,
    ) -> Result<R, StoreError> {
        self.with(|reader, options| {
            let (link, _) = live(&mut reader.link, options).map_err(Failure::told)?;
            let outcome = work(link);
            if let Err(Failure::Lost(_)) = &outcome {
                reader.link = None;
            }
            outcome.map_err(Failure::told)
        })
    }

    /// Lends a reader to `work`; it comes back also after a panic, without its transaction.
    fn with<R>(&self, work: impl FnOnce(&mut Reader, &Options) -> R) -> R {
        let mut reader = self.take();
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut reader, &self.options)));
        if outcome.is_err() {
            reader.link = None;
        }
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
