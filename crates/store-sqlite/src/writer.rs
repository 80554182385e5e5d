//! The thread that writes: takes what is queued, runs it in one transaction, commits, answers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tessera_kernel::{Job, Statistics, StoreError, Verdict};

use crate::archive::{self, Archive};
use crate::checkpoint::Checkpoints;
use crate::error::store_error;
use crate::lock::WriteLock;
use crate::options::Options;
use crate::session::Session;
use crate::statements::Texts;

/// Work on the writer's connection between two batches.
type Task = Box<dyn FnOnce(&Connection) + Send>;

enum Message {
    Job(Box<dyn Job>),
    Task(Task),
}

/// The queue of the writer's thread. Dropping it finishes what is queued.
pub(crate) struct Writer {
    sender: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

/// What the writer has done.
#[derive(Default)]
struct Counters {
    commands: AtomicU64,
    commits: AtomicU64,
}

impl Writer {
    /// Starts the thread, which lets go of the lock at its end.
    pub(crate) fn start(
        connection: Connection,
        checkpoints: Checkpoints,
        archive: Option<Archive>,
        lock: WriteLock,
        options: &Options,
    ) -> Result<Self, StoreError> {
        let (sender, receiver) = channel();
        let limits = (options.batch_jobs.max(1), options.batch_time);
        let counters = Arc::new(Counters::default());
        let counted = counters.clone();
        let thread = std::thread::Builder::new()
            .name("tessera-writer".to_string())
            .spawn(move || {
                archive::attach(archive);
                serve(&connection, checkpoints, &receiver, limits, &counted);
                archive::attach(None);
                drop(connection);
                drop(lock);
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
        Ok(Self { sender: Some(sender), thread: Some(thread), counters })
    }

    /// Queues a job.
    pub(crate) fn submit(&self, job: Box<dyn Job>) {
        let unsent = match &self.sender {
            Some(sender) => sender.send(Message::Job(job)).err().map(|error| error.0),
            None => Some(Message::Job(job)),
        };
        if let Some(Message::Job(job)) = unsent {
            job.finished(Err(stopped()));
        }
    }

    /// What the writer has done.
    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            commands: self.counters.commands.load(Ordering::Relaxed),
            commits: self.counters.commits.load(Ordering::Relaxed),
            repeats: 0,
            ..Statistics::default()
        }
    }

    /// Runs `work` on the writer's connection, outside of any transaction, and waits for it.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (answer, answers) = channel();
        let task: Task = Box::new(move |connection| {
            let outcome = archive::ready().and_then(|()| work(connection));
            // Nobody waits where the caller is gone.
            let _ = answer.send(archive::complete().and(outcome));
        });
        let sender = self.sender.as_ref().ok_or_else(stopped)?;
        sender.send(Message::Task(task)).map_err(|_| stopped())?;
        answers.recv().map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.sender.take());
        let Some(thread) = self.thread.take() else { return };
        // The last owner may be a job; its own thread can't wait for itself.
        let is_own = thread.thread().id() == std::thread::current().id();
        if !is_own && thread.join().is_err() {
            tracing::error!("the writer panicked");
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped".to_string())
}

fn serve(
    connection: &Connection,
    mut checkpoints: Checkpoints,
    queue: &Receiver<Message>,
    limits: (usize, Duration),
    counters: &Counters,
) {
    Checkpoints::watch(connection);
    let mut texts = Texts::default();
    match Session::writing(connection, &mut texts) {
        Ok(session) => {
            let mut batches =
                Batches { session, queue, limits, counters, done: Vec::new(), apart: 0 };
            let mut carried = None;
            while let Some(message) = carried.take().or_else(|| queue.recv().ok()) {
                match message {
                    Message::Job(job) => carried = batches.run(job),
                    Message::Task(task) => run_task(connection, task),
                }
                checkpoints.after_commit(connection);
            }
        }
        Err(error) => refuse_all(queue, &store_error(&error)),
    }
    checkpoints.finish(connection);
}

fn refuse_all(queue: &Receiver<Message>, error: &StoreError) {
    for message in queue {
        if let Message::Job(job) = message {
            answer(job, Err(error.clone()));
        }
    }
}

fn run_task(connection: &Connection, task: Task) {
    if catch_unwind(AssertUnwindSafe(|| task(connection))).is_err() {
        tracing::error!("a task of the writer panicked");
    }
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "the transaction of a task could not be rolled back");
    }
}

struct Batches<'w> {
    session: Session<'w>,
    queue: &'w Receiver<Message>,
    limits: (usize, Duration),
    counters: &'w Counters,
    done: Vec<(Box<dyn Job>, Result<(), StoreError>)>,
    /// Batches from now on whose jobs have savepoints.
    apart: u32,
}

/// After a batch that a job spoilt: where one is undone, others soon may be.
const APART: u32 = 100;

impl Batches<'_> {
    /// Runs this job and those that are queued behind it, commits, answers. Answers the message
    /// that it took from the queue but that belongs to no batch.
    ///
    /// Savepoints cost a tenth of the time, since SQLite keeps each page as it was before: jobs have none until one
    /// of them that has written is to be undone. Then the batch begins anew, with savepoints.
    fn run(&mut self, first: Box<dyn Job>) -> Option<Message> {
        let apart = self.apart > 0;
        self.apart = self.apart.saturating_sub(1);
        if let Err(error) = archive::ready().and_then(|()| self.session.begin(apart)) {
            answer(first, Err(error));
            return None;
        }
        let carried = self.run_all(first);
        if self.session.is_spoilt() {
            self.run_again();
        }
        let committed = self.session.commit();
        let committed = archive::complete().and(committed);
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.counters.commands.fetch_add(self.done.len() as u64, Ordering::Relaxed);
        for (job, outcome) in self.done.drain(..) {
            answer(job, committed.clone().and(outcome));
        }
        carried
    }

    /// Runs jobs as long as there are some, and as the batch may grow.
    fn run_all(&mut self, first: Box<dyn Job>) -> Option<Message> {
        let (most, time) = self.limits;
        let started = Instant::now();
        let (mut job, mut carried) = (first, None);
        loop {
            let outcome = run_job(&mut self.session, &mut *job);
            self.done.push((job, outcome));
            let over = self.session.is_lost() || self.session.is_spoilt();
            if over || self.done.len() >= most || started.elapsed() >= time {
                break;
            }
            match self.queue.try_recv() {
                Ok(Message::Job(next)) => job = next,
                Ok(task) => {
                    carried = Some(task);
                    break;
                }
                Err(_) => break,
            }
        }
        carried
    }

    /// Runs the jobs of a spoilt batch once more, so that each can be undone alone. One that has been alone is undone
    /// with the batch.
    fn run_again(&mut self) {
        let begun = self.session.begin(true);
        if let ([_], Ok(())) = (&self.done[..], &begun) {
            return;
        }
        self.apart = APART;
        for (job, outcome) in &mut self.done {
            *outcome = match &begun {
                Ok(()) => run_job(&mut self.session, &mut **job),
                Err(error) => Err(error.clone()),
            };
        }
    }
}

fn run_job(session: &mut Session<'_>, job: &mut dyn Job) -> Result<(), StoreError> {
    match catch_unwind(AssertUnwindSafe(|| job.run(session))) {
        Ok(Verdict::Keep) => session.keep(),
        Ok(Verdict::Undo) => {
            session.undo();
            Ok(())
        }
        Err(panic) => {
            session.undo();
            let message = panic_message(&*panic);
            tracing::error!(message, "a command panicked");
            Err(StoreError::Engine(format!("the command panicked: {message}")))
        }
    }
}

fn answer(job: Box<dyn Job>, outcome: Result<(), StoreError>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job.finished(outcome))) {
        tracing::error!(message = panic_message(&*panic), "an answer panicked");
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
