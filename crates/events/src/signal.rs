//! Waking and stopping a thread.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tessera_kernel::Fault;

/// A running thread with its signal; dropping it stops the thread and waits for its end.
pub(crate) struct Running {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts a thread.
    ///
    /// # Errors
    ///
    /// Where there is no thread to be had.
    pub(crate) fn start(
        name: &str,
        run: impl FnOnce(Arc<Signal>) + Send + 'static,
    ) -> Result<Self, Fault> {
        let signal = Arc::new(Signal::default());
        let heard = signal.clone();
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || run(heard))
            .map_err(|error| Fault::corrupt(format!("no thread: {error}")))?;
        Ok(Self { signal, thread: Some(thread) })
    }

    /// There may be something to do.
    pub(crate) fn wake(&self) {
        self.signal.wake();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was logged where it happened.
            let _ = thread.join();
        }
    }
}

#[derive(Default)]
struct State {
    woken: bool,
    stopped: bool,
}

/// Shared by a thread that waits and those who wake it.
#[derive(Default)]
pub(crate) struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

impl Signal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There may be something to do.
    pub(crate) fn wake(&self) {
        self.state().woken = true;
        self.changed.notify_all();
    }

    /// Come to an end.
    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Whether to come to an end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Waits until woken, stopped, or so long.
    pub(crate) fn wait(&self, longest: Duration) {
        let waiting = |state: &mut State| !state.woken && !state.stopped;
        let (mut state, _) = self
            .changed
            .wait_timeout_while(self.state(), longest, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        state.woken = false;
    }

    /// Waits so long, or until stopped.
    pub(crate) fn pause(&self, time: Duration) {
        drop(self.changed.wait_timeout_while(self.state(), time, |state| !state.stopped));
    }
}
