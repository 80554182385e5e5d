//! Moving the write-ahead log into the database file.
//!
//! A thread of its own does the bulk of it beside the running commits. When it is through, the
//! writer moves the little that was committed meanwhile and starts the log over, so that the log
//! stays small under any load and no commit waits for the bulk.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tessera_kernel::StoreError;

use crate::archive;
use crate::error::store_error;
use crate::file;
use crate::options::Options;

/// How long the writer waits for readers that still use a log of its usual size before it goes on
/// with it. For a log of twice the size it waits twice as long, so that readers who follow one another
/// closely do not let it grow for ever.
const READERS: Duration = Duration::from_millis(10);
/// However long the log, it waits no more than so many times that: a report that reads for minutes
/// must not stop the others.
const MOST: u32 = 20;

thread_local! {
    /// Pages in the log after the last commit of this thread.
    static FRAMES: Cell<u32> = const { Cell::new(0) };
}

/// The writer's side.
pub(crate) struct Checkpoints {
    limit: u32,
    /// The log stays where it is at the end.
    keeps_log: bool,
    next: u32,
    running: bool,
    signal: Option<SyncSender<()>>,
    finished: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread.
    pub(crate) fn start(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let connection = file::writing(path, options)?;
        let page_size = file::page_size(&connection).map_err(|error| store_error(&error))?;
        let limit = options.checkpoint_frames(page_size);
        let (signal, signals) = sync_channel(1);
        let finished = Arc::new(AtomicBool::new(false));
        let finish = finished.clone();
        let thread = std::thread::Builder::new()
            .name("tessera-checkpoint".to_string())
            .spawn(move || serve(&connection, &signals, &finish))
            .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
        let (thread, keeps_log, signal) = (Some(thread), options.archive.is_some(), Some(signal));
        Ok(Self { limit, keeps_log, next: limit, running: false, signal, finished, thread })
    }

    /// Counts the log's pages on the connection of this thread, and archives them.
    pub(crate) fn watch(connection: &Connection) {
        connection.wal_hook(Some(|_, frames| {
            FRAMES.set(u32::try_from(frames).unwrap_or(0));
            archive::committed(frames)
        }));
    }

    /// Called by the writer between two batches.
    pub(crate) fn after_commit(&mut self, connection: &Connection) {
        if self.running {
            if self.finished.swap(false, Ordering::Acquire) {
                self.running = false;
                self.start_over(connection);
            }
        } else if FRAMES.get() >= self.next
            && let Some(signal) = &self.signal
        {
            self.running = signal.try_send(()).is_ok();
        }
    }

    fn start_over(&mut self, connection: &Connection) {
        let patience = READERS * (FRAMES.get() / self.limit.max(1)).clamp(1, MOST);
        let restarted = connection
            .busy_timeout(patience)
            .and_then(|()| checkpoint(connection, "RESTART"))
            .and_then(|done| connection.busy_timeout(file::PATIENCE).map(|()| done));
        match restarted {
            Ok(true) => {
                FRAMES.set(0);
                self.next = self.limit;
            }
            Ok(false) => self.next = FRAMES.get().saturating_add(self.limit),
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be moved");
                self.next = FRAMES.get().saturating_add(self.limit);
            }
        }
    }

    /// Moves the whole log, unless it is to stay, and ends the thread.
    pub(crate) fn finish(mut self, connection: &Connection) {
        drop(self.signal.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the checkpoint thread panicked");
        }
        if self.keeps_log {
            return;
        }
        if let Err(error) = checkpoint(connection, "TRUNCATE") {
            tracing::warn!(%error, "the write-ahead log could not be moved at the end");
        }
    }
}

fn serve(connection: &Connection, signals: &Receiver<()>, finished: &AtomicBool) {
    while signals.recv().is_ok() {
        if let Err(error) = checkpoint(connection, "PASSIVE") {
            tracing::warn!(%error, "the write-ahead log could not be moved");
        }
        finished.store(true, Ordering::Release);
    }
}

/// Moves the log; false where somebody still uses it.
fn checkpoint(connection: &Connection, mode: &str) -> Result<bool, rusqlite::Error> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let busy: i64 = connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
    Ok(busy == 0)
}
