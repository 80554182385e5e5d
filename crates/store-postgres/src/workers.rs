//! The threads that run commands, each on a connection of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tessera_kernel::{Job, Statistics, StoreError, Verdict};

use crate::announcements::Announcements;
use crate::aside::Aside;
use crate::error::Failure;
use crate::link::Link;
use crate::options::Options;
use crate::placed::SharedHomes;
use crate::pool::live;
use crate::session::{Answering, Session};
use crate::statement::Texts;

/// How often a command that loses against others is run.
const TRIES: u32 = 30;

type Queue = Arc<Mutex<Receiver<Box<dyn Job>>>>;

/// The queue of the threads. Dropping it finishes what is queued.
pub(crate) struct Workers {
    sender: Option<Sender<Box<dyn Job>>>,
    threads: Vec<JoinHandle<()>>,
    counters: Arc<Counters>,
}

/// What the threads have done.
#[derive(Default)]
struct Counters {
    commands: AtomicU64,
    commits: AtomicU64,
    repeats: AtomicU64,
    buckets: [AtomicU64; 4],
    scattered: AtomicU64,
}

impl Workers {
    /// Starts the threads.
    pub(crate) fn start(options: &Options, homes: &SharedHomes) -> Result<Self, StoreError> {
        let options = Arc::new(options.for_commands());
        let (sender, receiver) = channel();
        let queue: Queue = Arc::new(Mutex::new(receiver));
        let counters = Arc::new(Counters::default());
        let announcements = Arc::new(Announcements::new());
        let aside = Arc::new(Aside::new(options.clone()));
        let mut threads = Vec::with_capacity(options.writers);
        for number in 1..=options.writers.max(1) {
            let (queue, counters, options) = (queue.clone(), counters.clone(), options.clone());
            let (announcements, aside) = (announcements.clone(), aside.clone());
            let texts = Texts::new(homes.clone(), options.sharded);
            let worker = move || {
                let link = None;
                let mut worker = Worker { options, counters, link, texts, announcements, aside };
                while let Some(job) = next(&queue) {
                    worker.serve(job);
                }
            };
            let thread = std::thread::Builder::new()
                .name(format!("tessera-writer-{number}"))
                .spawn(worker)
                .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
            threads.push(thread);
        }
        Ok(Self { sender: Some(sender), threads, counters })
    }

    /// Queues a job.
    pub(crate) fn submit(&self, job: Box<dyn Job>) {
        let unsent = match &self.sender {
            Some(sender) => sender.send(job).err().map(|error| error.0),
            None => Some(job),
        };
        if let Some(job) = unsent {
            job.finished(Err(StoreError::Unavailable("the writers have stopped".to_string())));
        }
    }

    /// What the threads have done.
    pub(crate) fn statistics(&self) -> Statistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            commands: read(&self.counters.commands),
            commits: read(&self.counters.commits),
            repeats: read(&self.counters.repeats),
            buckets: self.counters.buckets.each_ref().map(read),
            scattered: read(&self.counters.scattered),
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        drop(self.sender.take());
        for thread in self.threads.drain(..) {
            // The last owner may be a job; its own thread can't wait for itself.
            let is_own = thread.thread().id() == std::thread::current().id();
            if !is_own && thread.join().is_err() {
                tracing::error!("a writer panicked");
            }
        }
    }
}

fn next(queue: &Queue) -> Option<Box<dyn Job>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// What is to become of a job after a run.
enum Turn {
    /// It is answered.
    Done(Result<(), StoreError>),
    /// It left no trace and is run again.
    Again(Failure),
    /// It left no trace, and was told more than is known: it is run again, waiting for each answer.
    Exactly,
}

struct Worker {
    options: Arc<Options>,
    counters: Arc<Counters>,
    link: Option<Link>,
    texts: Texts,
    announcements: Arc<Announcements>,
    aside: Arc<Aside>,
}

impl Worker {
    /// Runs a job until it is kept or refused, and answers it.
    fn serve(&mut self, mut job: Box<dyn Job>) {
        self.counters.commands.fetch_add(1, Ordering::Relaxed);
        let (since, mut tries, mut answering) = (Instant::now(), 0, Answering::Expected);
        let outcome = loop {
            tries += 1;
            match self.turn(&mut *job, answering) {
                Turn::Done(outcome) => break outcome,
                Turn::Exactly if tries < TRIES => {
                    answering = Answering::Exact;
                    self.counters.repeats.fetch_add(1, Ordering::Relaxed);
                }
                Turn::Exactly => break Err(Failure::Surprise.told()),
                Turn::Again(failure) => {
                    let hopeless = match failure {
                        Failure::Lost(_) => since.elapsed() >= self.options.patience,
                        _ => tries >= TRIES,
                    };
                    if hopeless {
                        break Err(failure.told());
                    }
                    self.counters.repeats.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(?failure, tries, "a command is run again");
                    std::thread::sleep(pause(tries));
                }
            }
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job.finished(outcome))) {
            tracing::error!(message = panic_message(&*panic), "an answer panicked");
        }
    }

    /// Runs a job in a transaction of its own.
    fn turn(&mut self, job: &mut dyn Job, answering: Answering) -> Turn {
        let (link, is_new) = match live(&mut self.link, &self.options) {
            Ok(live) => live,
            Err(failure) => return Turn::Done(Err(failure.told())),
        };
        if is_new {
            self.announcements.reconnected();
        }
        let shared = (&*self.announcements, &*self.aside);
        let mut session = Session::writing(link, &mut self.texts, shared, answering);
        let run = catch_unwind(AssertUnwindSafe(|| job.run(&mut session)));
        let turn = match run {
            Ok(verdict) => end(session, verdict, &self.counters),
            Err(_) if session.has_guessed() => rolled_back(session, Turn::Exactly),
            Err(panic) => {
                let message = panic_message(&*panic).to_string();
                tracing::error!(message, "a command panicked");
                let error = StoreError::Engine(format!("the command panicked: {message}"));
                rolled_back(session, Turn::Done(Err(error)))
            }
        };
        turn.unwrap_or_else(|turn| {
            // The connection is not worth keeping.
            self.link = None;
            turn
        })
    }
}

/// Ends the transaction; `Err` where its connection is lost.
fn end(session: Session<'_>, verdict: Verdict, counters: &Counters) -> Result<Turn, Turn> {
    let has_guessed = session.has_guessed();
    if let Some(failure) = session.failure().cloned() {
        return rolled_back(session, after(failure, verdict, has_guessed));
    }
    if verdict == Verdict::Undo {
        let turn = if has_guessed { Turn::Exactly } else { Turn::Done(Ok(())) };
        return rolled_back(session, turn);
    }
    match session.commit() {
        Ok(reach) => {
            counters.commits.fetch_add(1, Ordering::Relaxed);
            let place = reach.buckets.len().min(counters.buckets.len() - 1);
            counters.buckets[place].fetch_add(1, Ordering::Relaxed);
            counters.scattered.fetch_add(reach.scattered, Ordering::Relaxed);
            Ok(Turn::Done(Ok(())))
        }
        Err(Failure::Lost(why)) => Err(Turn::Done(Err(StoreError::Unavailable(format!(
            "the connection broke during the commit, so it is not known whether it was kept ({why})"
        ))))),
        Err(failure) => Ok(after(failure, verdict, has_guessed)),
    }
}

/// What becomes of a job whose transaction failed.
fn after(failure: Failure, verdict: Verdict, has_guessed: bool) -> Turn {
    match (failure, verdict) {
        (Failure::Surprise, _) => Turn::Exactly,
        (Failure::Refused(_), _) if has_guessed => Turn::Exactly,
        // What the job answers rests on the refusal, which it heard.
        (Failure::Refused(_), Verdict::Undo) => Turn::Done(Ok(())),
        (Failure::Refused(error), Verdict::Keep) => Turn::Done(Err(error)),
        (failure, _) => Turn::Again(failure),
    }
}

/// Leaves no trace; `Err` where the connection is lost: it takes the transaction with it.
fn rolled_back(session: Session<'_>, turn: Turn) -> Result<Turn, Turn> {
    match session.roll_back() {
        Ok(()) => Ok(turn),
        Err(_) => Err(turn),
    }
}

/// Longer and longer, and not the same for all.
fn pause(tries: u32) -> Duration {
    let most = 1_u64 << tries.min(8);
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let noise = clock.map_or(0, |clock| u64::from(clock.subsec_nanos()));
    Duration::from_micros(500 + noise % (most * 1_000))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
