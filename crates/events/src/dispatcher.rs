//! Brings events to the subscribers within the program.

use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use tessera_kernel::{Actor, Database, Event, Fault, ObjectId, Problem, Source, Subscriber};

use crate::dead_letter::{self, DeadLetter};
use crate::lease::Lease;
use crate::offset::{self, Offset};
use crate::signal::{Running, Signal};
use crate::{DeliveryPolicy, EventsSettings, backoff, outbox};

/// How long the thread sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(200);
/// The least time between two rounds without a backlog: what is committed meanwhile is handled
/// together.
const GATHER: Duration = Duration::from_millis(20);
/// Events read at a time.
const BATCH: u32 = 200;
/// Events brought from the database's queue into the outbox at a time.
const TAKEN: u32 = 1_000;

/// The running thread; ends when dropped.
pub struct Dispatcher(Running);

impl Dispatcher {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// Where the offsets can't be read, the settings are missing or there is no thread to be had.
    pub fn start(db: Database) -> Result<Self, Fault> {
        let mut lease = Lease::new(db.clone(), "dispatcher");
        let mut round = Round::new(db)?;
        let run = move |heard: Arc<Signal>| {
            while !heard.is_stopped() {
                if !lease.is_held() {
                    heard.wait(POLL);
                    continue;
                }
                match round.run() {
                    Ok(true) => continue,
                    Ok(false) => heard.pause(GATHER),
                    Err(error) => {
                        tracing::error!(%error, "events can't be dispatched");
                        heard.pause(POLL);
                    }
                }
                heard.wait(POLL);
            }
        };
        Running::start("dispatcher", run).map(Self)
    }

    /// Something was committed.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Handles everything that is due now, on the calling thread: for imports and tests.
    pub fn drain(db: &Database) -> Result<(), Fault> {
        let mut round = Round::new(db.clone())?;
        while round.run()? {}
        Ok(())
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dispatcher")
    }
}

struct Queue {
    subscriber: Subscriber,
    event: ObjectId,
    failures: u32,
    retry_at: Option<Moment>,
}

impl Queue {
    fn is_due(&self) -> bool {
        self.retry_at.is_none_or(|at| at <= Moment::now())
    }
}

/// What became of an event, or of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The queue has moved on.
    Done,
    /// It failed; the queue waits for the next try.
    Waits,
    /// The queue stands elsewhere than believed: another process serves it too. Nothing was done.
    Elsewhere,
}

/// One round after the other over every queue.
struct Round {
    db: Database,
    policy: DeliveryPolicy,
    queues: Vec<Queue>,
}

fn system() -> Actor {
    Actor::system(Source::System)
}

impl Round {
    fn new(db: Database) -> Result<Self, Fault> {
        let settings = db.environment().settings.get::<EventsSettings>();
        let policy = settings
            .ok_or_else(|| Fault::corrupt("the settings of events were not set"))?
            .subscriber
            .clone();
        let subscribers: Vec<Subscriber> =
            db.environment().registry.subscribers().copied().collect();
        let queues = db.read(&system(), |tx| {
            let queues = subscribers.into_iter().map(|subscriber| {
                let Offset { event, failures, .. } = offset::load(tx, subscriber.name)?;
                Ok::<_, Fault>(Queue { subscriber, event, failures, retry_at: None })
            });
            queues.collect::<Result<Vec<_>, Fault>>()
        })?;
        Ok(Self { db, policy, queues })
    }

    /// Handles a batch; whether there is more at once.
    fn run(&mut self) -> Result<bool, Fault> {
        let taken = match self.db.store().is_shared() {
            true => self.db.command(&system(), |tx| tx.take_events(TAKEN))? == TAKEN as usize,
            false => false,
        };
        Ok(self.handle_batch()? || taken)
    }

    fn handle_batch(&mut self) -> Result<bool, Fault> {
        let due: Vec<usize> =
            (0..self.queues.len()).filter(|index| self.queues[*index].is_due()).collect();
        let Some(first) = due.iter().map(|index| self.queues[*index].event).min() else {
            return Ok(false);
        };
        let events = self.db.read(&system(), |tx| outbox::after(tx, first, BATCH))?;
        let Some(last) = events.last().map(|event| event.id) else { return Ok(false) };
        let events: Arc<[Event]> = events.into();
        let (mut idle, mut more) = (Vec::new(), events.len() == BATCH as usize);
        for index in due {
            let queue = &self.queues[index];
            if queue.event >= last {
                continue;
            }
            let wanted: Vec<usize> = (0..events.len())
                .filter(|at| events[*at].id > queue.event)
                .filter(|at| queue.subscriber.wants(&events[*at].name))
                .collect();
            if wanted.is_empty() {
                idle.push(index);
            } else if self.deliver(index, &events, &wanted, last)? == Step::Elsewhere {
                self.catch_up(index)?;
                more = true;
            }
        }
        for index in self.pass(&idle, last)? {
            self.catch_up(index)?;
            more = true;
        }
        Ok(more)
    }

    /// Somebody else serves the queue too: goes on where it stands now.
    fn catch_up(&mut self, index: usize) -> Result<(), Fault> {
        let name = self.queues[index].subscriber.name;
        let Offset { event, failures, .. } =
            self.db.read(&system(), |tx| offset::load(tx, name))?;
        let queue = &mut self.queues[index];
        (queue.event, queue.failures, queue.retry_at) = (event, failures, None);
        Ok(())
    }

    /// Moves queues on that want nothing of a batch; answers those that stand elsewhere.
    fn pass(&mut self, queues: &[usize], last: ObjectId) -> Result<Vec<usize>, Fault> {
        if queues.is_empty() {
            return Ok(Vec::new());
        }
        let from: Vec<(&'static str, ObjectId)> = queues
            .iter()
            .map(|index| (self.queues[*index].subscriber.name, self.queues[*index].event))
            .collect();
        let moved: Vec<bool> = self.db.command(&system(), move |tx| {
            let advance = |(name, from): &(&'static str, ObjectId)| {
                offset::advance_or_begin(tx, name, *from, Offset::at(last))
            };
            from.iter().map(advance).collect::<Result<_, Fault>>()
        })?;
        let mut elsewhere = Vec::new();
        for (index, moved) in queues.iter().zip(moved) {
            match moved {
                true => self.queues[*index].event = last,
                false => elsewhere.push(*index),
            }
        }
        Ok(elsewhere)
    }

    /// Hands a batch to one subscriber: in one command, and one by one where that fails.
    fn deliver(
        &mut self,
        index: usize,
        events: &Arc<[Event]>,
        wanted: &[usize],
        last: ObjectId,
    ) -> Result<Step, Fault> {
        let together = self.queues[index].failures == 0 && wanted.len() > 1;
        if together && let Ok(step) = self.handle(index, events, wanted, last) {
            return Ok(step);
        }
        for at in wanted {
            let step = match self.handle(index, events, &[*at], events[*at].id) {
                Ok(step) => step,
                Err(problem) => self.failed(index, &events[*at], &problem)?,
            };
            if step != Step::Done {
                return Ok(step);
            }
        }
        let elsewhere = self.pass(&[index], last)?;
        Ok(if elsewhere.is_empty() { Step::Done } else { Step::Elsewhere })
    }

    /// Runs the handler in a command that also moves the offset.
    fn handle(
        &mut self,
        index: usize,
        events: &Arc<[Event]>,
        wanted: &[usize],
        until: ObjectId,
    ) -> Result<Step, Problem> {
        let (subscriber, from) = (self.queues[index].subscriber, self.queues[index].event);
        let (events, wanted) = (events.clone(), wanted.to_vec());
        let moved = self.db.command(&system(), move |tx| {
            if !offset::advance_or_begin(tx, subscriber.name, from, Offset::at(until))? {
                return Ok(false);
            }
            for at in &wanted {
                (subscriber.handle)(tx, &events[*at])?;
            }
            Ok::<_, Problem>(true)
        })?;
        if !moved {
            return Ok(Step::Elsewhere);
        }
        let queue = &mut self.queues[index];
        (queue.event, queue.failures, queue.retry_at) = (until, 0, None);
        Ok(Step::Done)
    }

    /// Notes a failure; the event is done with where it was given up.
    fn failed(&mut self, index: usize, event: &Event, problem: &Problem) -> Result<Step, Fault> {
        let (name, from) = (self.queues[index].subscriber.name, self.queues[index].event);
        let failures = self.queues[index].failures + 1;
        tracing::warn!(subscriber = name, event = %event.id, failures, error = %problem, "a subscriber failed");
        if failures < self.policy.attempts {
            let to = Offset { event: from, failures, retry_at: None };
            let moved = self
                .db
                .command(&system(), move |tx| offset::advance_or_begin(tx, name, from, to))?;
            if !moved {
                return Ok(Step::Elsewhere);
            }
            self.queues[index].failures = failures;
            self.queues[index].retry_at =
                Some(Moment::now() + backoff::delay(&self.policy, failures));
            return Ok(Step::Waits);
        }
        let (id, error) = (event.id, problem.to_string());
        let moved = self.db.command(&system(), move |tx| {
            if !offset::advance_or_begin(tx, name, from, Offset::at(id))? {
                return Ok(false);
            }
            let (queue, at, error) = (name.to_string(), tx.now(), error.clone());
            let letter = DeadLetter { queue, event: id, at, failures, error, replay: false };
            dead_letter::store(tx, &letter)?;
            Ok::<_, Fault>(true)
        })?;
        if !moved {
            return Ok(Step::Elsewhere);
        }
        let queue = &mut self.queues[index];
        (queue.event, queue.failures, queue.retry_at) = (id, 0, None);
        Ok(Step::Done)
    }
}
