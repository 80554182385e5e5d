//! Connections that are lent to reads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tessera_kernel::{ReadMode, StoreError};

/// The connections that nobody uses at the moment.
struct Idle<R> {
    ordinary: Vec<R>,
    /// For reads that must not wait behind long ones.
    reserved: Option<R>,
}

/// A pool of readers.
pub struct Pool<R> {
    idle: Mutex<Idle<R>>,
    returned: Condvar,
}

impl<R> Pool<R> {
    /// A pool of these, and of one that only urgent reads get.
    pub fn new(ordinary: Vec<R>, reserved: R) -> Self {
        let idle = Idle { ordinary, reserved: Some(reserved) };
        Self { idle: Mutex::new(idle), returned: Condvar::new() }
    }

    /// Lends a reader to `work`; waits while all of them are in use. It comes back also after a panic,
    /// when `after_panic` has looked after it.
    ///
    /// # Errors
    ///
    /// [`given_up`] where none came back by the deadline.
    pub fn lend<T>(
        &self,
        mode: ReadMode,
        work: impl FnOnce(&mut R) -> T,
        after_panic: impl FnOnce(&mut R),
    ) -> Result<T, StoreError> {
        let (mut reader, is_reserved) = self.take(mode)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut reader)));
        if outcome.is_err() {
            after_panic(&mut reader);
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

    fn idle(&self) -> MutexGuard<'_, Idle<R>> {
        // The list is whole at any moment, also after a panic elsewhere.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader, and whether it is the reserved one.
    fn take(&self, mode: ReadMode) -> Result<(R, bool), StoreError> {
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
pub fn given_up() -> StoreError {
    StoreError::Unavailable("the read took too long and was given up".to_string())
}
