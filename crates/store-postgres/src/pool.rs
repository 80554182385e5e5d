//! Connections for reads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tessera_kernel::{Connection, Fault, ReadMode, StoreError};

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
struct Idle {
    ordinary: Vec<Reader>,
    /// For reads that must not wait behind long ones.
    reserved: Option<Reader>,
}

/// The pool.
pub(crate) struct Readers {
    options: Arc<Options>,
    idle: Mutex<Idle>,
    returned: Condvar,
}

impl Readers {
    /// Opens none yet.
    pub(crate) fn new(options: Arc<Options>) -> Self {
        let ordinary = (0..options.readers.max(1)).map(|_| Reader::default()).collect();
        let idle = Idle { ordinary, reserved: Some(Reader::default()) };
        Self { options, idle: Mutex::new(idle), returned: Condvar::new() }
    }

    /// Runs `read` in a snapshot; waits while every connection is in use.
    pub(crate) fn read(
        &self,
        mode: ReadMode,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.with(mode, |reader, options| {
            let Reader { link, texts } = reader;
            let (link, _) = live(link, options).map_err(Failure::told)?;
            let mut session = Session::reading(link, texts, mode.deadline);
            let outcome = read(&mut session);
            // A snapshot that can't be ended is on a connection that is found dead the next time.
            let ended = session.roll_back();
            if ended.is_err() {
                reader.link = None;
            }
            outcome
        })?
    }

    /// Lends a connection to `work`.
    pub(crate) fn bare<R>(
        &self,
        work: impl FnOnce(&mut Link) -> Result<R, Failure>,
    ) -> Result<R, StoreError> {
        let quick = ReadMode { urgent: true, ..ReadMode::default() };
        self.with(quick, |reader, options| {
            let (link, _) = live(&mut reader.link, options).map_err(Failure::told)?;
            let outcome = work(link);
            if let Err(Failure::Lost(_)) = &outcome {
                reader.link = None;
            }
            outcome.map_err(Failure::told)
        })?
    }

    /// Lends a reader to `work`; it comes back also after a panic, without its transaction.
    fn with<R>(
        &self,
        mode: ReadMode,
        work: impl FnOnce(&mut Reader, &Options) -> R,
    ) -> Result<R, StoreError> {
        let (mut reader, is_reserved) = self.take(mode)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut reader, &self.options)));
        if outcome.is_err() {
            reader.link = None;
        }
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

    /// A reader, and whether it is the reserved one.
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
