//! Brings events to a message broker outside, one process at a time.
//!
//! The lease says who publishes, and saves work only. That an event comes once and in order is
//! guarded twice: the broker takes events only behind those that the publisher knew of, and the
//! offset moves only from where the publisher believed it to stand. Whoever begins asks the broker
//! what it has: what a predecessor published without noting it is not published again.

use std::sync::Arc;
use std::time::Duration;

use tessera_kernel::{Actor, Database, Event, Fault, ObjectId, Source};

use crate::broker::{Broker, BrokerError, Published, broker_queue};
use crate::dead_letter::{self, DeadLetter};
use crate::lease::Lease;
use crate::offset::{self, Offset};
use crate::signal::{Running, Signal};
use crate::{DeliveryPolicy, backoff, outbox, told};

/// How long the thread sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(200);
/// The least time between two batches without a backlog.
const GATHER: Duration = Duration::from_millis(20);
/// Events published at a time.
const BATCH: u32 = 200;
/// A broker that is away is not given up: half a second, doubling, up to half a minute.
const PATIENCE: DeliveryPolicy =
    DeliveryPolicy { attempts: u32::MAX, first_delay_ms: 500, longest_delay_ms: 30_000 };

/// The running thread; ends when dropped, after the call that is under way.
pub struct Forwarder(Running);

impl Forwarder {
    /// Starts the thread, for a broker that hears of everything. What happens from now on is published, also where the
    /// broker is away now; where the broker has a queue already, what happened since its last event.
    ///
    /// # Errors
    ///
    /// Where offsets can't be read or there is no thread to be had.
    pub fn start(db: Database, broker: Box<dyn Broker>) -> Result<Self, Fault> {
        Self::start_for(db, broker, None)
    }

    /// The same for a user, by login: the broker hears of what they may read, as a webhook of theirs does. While there
    /// is no such user, or they may not sign in, events wait.
    ///
    /// # Errors
    ///
    /// Where offsets can't be read or there is no thread to be had.
    pub fn start_for(
        db: Database,
        broker: Box<dyn Broker>,
        listener: Option<String>,
    ) -> Result<Self, Fault> {
        let lease = Lease::new(db.clone(), broker.name());
        let mut queue = Queue::new(db, broker, listener);
        queue.begin()?;
        let run = move |signal: Arc<Signal>| run(&mut queue, lease, &signal);
        Running::start("forwarder", run).map(Self)
    }

    /// Something was committed.
    pub fn wake(&self) {
        self.0.wake();
    }
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Forwarder")
    }
}

/// Whoever fails hands the lease on while it waits: another process may reach the broker.
fn run(queue: &mut Queue, mut lease: Lease, signal: &Signal) {
    while !signal.is_stopped() {
        if !lease.is_held() {
            queue.at = None;
            signal.wait(POLL);
            continue;
        }
        match queue.step() {
            Ok(Step::More) => {}
            Ok(Step::Idle) => {
                signal.pause(GATHER);
                signal.wait(POLL);
            }
            Ok(Step::Failed(wait)) => {
                lease.release();
                signal.pause(wait);
            }
            Err(error) => {
                tracing::error!(queue = queue.name, %error, "events can't be published");
                queue.at = None;
                signal.pause(POLL);
            }
        }
    }
}

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There is more to do at once.
    More,
    /// There is nothing to do now.
    Idle,
    /// The broker failed: so long nothing is tried.
    Failed(Duration),
}

struct Queue {
    db: Database,
    broker: Box<dyn Broker>,
    name: String,
    /// Login of the user by whose rights the broker hears of events; none: of everything.
    listener: Option<String>,
    /// That the user may not hear of anything was said.
    is_mute: bool,
    /// The last event that broker and offset have; none where they have to be asked.
    at: Option<ObjectId>,
    failures: u32,
}

fn system() -> Actor {
    Actor::system(Source::System)
}

impl Queue {
    fn new(db: Database, broker: Box<dyn Broker>, listener: Option<String>) -> Self {
        let name = broker_queue(broker.name());
        Self { db, broker, name, listener, is_mute: false, at: None, failures: 0 }
    }

    /// Makes the queue where there is none; it begins now.
    fn begin(&self) -> Result<(), Fault> {
        let name = self.name.clone();
        self.db.command(&system(), move |tx| {
            if offset::exists(tx, &name)? {
                return Ok(());
            }
            let now = tx.newest_event()?.map_or(Offset::start(), Offset::at);
            offset::store(tx, &name, now)
        })
    }

    /// Publishes a batch.
    fn step(&mut self) -> Result<Step, Fault> {
        let at = match self.at {
            Some(at) => at,
            None => match self.broker.open() {
                Ok(told) => match self.find_place(told)? {
                    Some(at) => at,
                    None => return Ok(Step::Idle),
                },
                Err(error) => return self.failed(&error),
            },
        };
        self.at = Some(at);
        let events = self.db.read(&system(), |tx| outbox::after(tx, at, BATCH))?;
        if events.is_empty() {
            return Ok(Step::Idle);
        }
        let ids: Vec<ObjectId> = events.iter().map(|event| event.id).collect();
        let Some(told) = self.told(events)? else { return Ok(Step::Idle) };
        let published = match told.is_empty() {
            true => Published { kept: 0, stopped: None },
            false => self.broker.publish(&told),
        };
        // What the broker is not told is done with, up to the first event that it did not take.
        let next = published.stopped.as_ref().and(told.get(published.kept));
        let next = next.and_then(|next| ids.iter().position(|id| *id == next.id));
        let done = next.unwrap_or(ids.len());
        if let Some(last) = done.checked_sub(1).map(|last| ids[last])
            && !self.advance(at, last)?
        {
            return Ok(Step::Idle);
        }
        match (published.stopped, ids.get(done)) {
            (None, _) if ids.len() == BATCH as usize => Ok(Step::More),
            (None, _) => Ok(Step::Idle),
            (Some(BrokerError::Refused(reason)), Some(event)) => self.give_up(*event, &reason),
            (Some(BrokerError::Overtaken), _) => {
                self.at = None;
                Ok(Step::Idle)
            }
            (Some(error), _) => self.failed(&error),
        }
    }

    /// Events as the broker may know them, without those that it may not; none where its user may not hear of anything
    /// now.
    fn told(&mut self, events: Vec<Event>) -> Result<Option<Vec<Event>>, Fault> {
        let Some(login) = &self.listener else { return Ok(Some(events)) };
        let listener = self.db.read(&system(), |tx| told::listener_called(tx, login))?;
        let told = match listener {
            None => None,
            Some(listener) => self.db.read(&listener, |tx| {
                if tx.actor().access().is_none() {
                    // The user may do nothing any more, since a moment ago.
                    return Ok(None);
                }
                let told = events.iter().filter_map(|event| told::told(tx, event).transpose());
                told.collect::<Result<Vec<Event>, Fault>>().map(Some)
            })?,
        };
        if told.is_none() && !self.is_mute {
            tracing::warn!(
                queue = self.name,
                login,
                "there is no such user, or they may not sign in: events wait"
            );
        }
        self.is_mute = told.is_none();
        Ok(told)
    }

    /// Where to go on, told by the broker and by the offset: whichever is further. What the broker
    /// has and this database has not (another one's, or one from before a backup was restored) says
    /// nothing. None where another process moved the offset at the same time.
    fn find_place(&mut self, told: Option<ObjectId>) -> Result<Option<ObjectId>, Fault> {
        let name = self.name.clone();
        let place = self.db.command(&system(), move |tx| {
            let told = match told {
                Some(id) => outbox::event(tx, id)?.map(|event| event.id),
                None => None,
            };
            let stands = match offset::exists(tx, &name)? {
                true => Some(offset::load(tx, &name)?),
                false => None,
            };
            let at = match stands.map(|offset| offset.event).max(told) {
                Some(at) => at,
                None => tx.newest_event()?.unwrap_or(Offset::start().event),
            };
            let moved = match stands {
                Some(stands) if stands == Offset::at(at) => true,
                Some(stands) => offset::advance(tx, &name, stands.event, Offset::at(at))?,
                None => {
                    offset::store(tx, &name, Offset::at(at))?;
                    true
                }
            };
            Ok::<_, Fault>(moved.then_some(at))
        })?;
        if self.failures > 0 && place.is_some() {
            tracing::info!(queue = self.name, "events are published again");
            self.failures = 0;
        }
        Ok(place)
    }

    /// Notes that everything up to an event is done with; false where the queue stands elsewhere.
    fn advance(&mut self, from: ObjectId, to: ObjectId) -> Result<bool, Fault> {
        let name = self.name.clone();
        let moved = self
            .db
            .command(&system(), move |tx| offset::advance(tx, &name, from, Offset::at(to)))?;
        self.at = moved.then_some(to);
        Ok(moved)
    }

    /// An event that the broker will never take becomes a dead letter.
    fn give_up(&mut self, event: ObjectId, reason: &str) -> Result<Step, Fault> {
        tracing::error!(queue = self.name, %event, reason, "an event is given up");
        let Some(from) = self.at else { return Ok(Step::Idle) };
        let (queue, id, error) = (self.name.clone(), event, reason.to_string());
        let moved = self.db.command(&system(), move |tx| {
            if !offset::advance(tx, &queue, from, Offset::at(id))? {
                return Ok(false);
            }
            let (queue, error, at) = (queue.clone(), error.clone(), tx.now());
            let letter = DeadLetter { queue, event: id, at, failures: 1, error, replay: false };
            dead_letter::store(tx, &letter)?;
            Ok::<_, Fault>(true)
        })?;
        self.at = moved.then_some(id);
        Ok(Step::More)
    }

    /// Notes a failure where `doctor` and metrics look, and waits.
    fn failed(&mut self, error: &BrokerError) -> Result<Step, Fault> {
        self.at = None;
        self.failures = self.failures.saturating_add(1);
        let (name, failures) = (self.name.clone(), self.failures);
        tracing::warn!(queue = name, failures, %error, "events can't be published");
        self.db.command(&system(), move |tx| {
            let stands = offset::load(tx, &name)?;
            offset::advance(tx, &name, stands.event, Offset { failures, ..stands })
        })?;
        Ok(Step::Failed(backoff::delay(&PATIENCE, failures)))
    }
}
