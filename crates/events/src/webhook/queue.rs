//! The queue of one webhook: sends what is due, in order, and notes every try.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Moment};

use tessera_kernel::{Actor, Database, Event, Fault, Instant, ObjectId, Ref, Source, Tx};

use super::{Delivery, Webhook, delivery, queue_name, secret, signature};
use crate::dead_letter::{self, DeadLetter};
use crate::offset::{self, Offset};
use crate::signal::Signal;
use crate::{EventsSettings, backoff, outbox, told};

/// Events read at a time.
const BATCH: u32 = 50;

/// How long a webhook is served while others wait.
const TURN: Duration = Duration::from_secs(1);

/// What one webhook's queue needs.
pub(super) struct Queue<'s> {
    pub(super) db: &'s Database,
    pub(super) agent: &'s ureq::Agent,
    pub(super) settings: &'s EventsSettings,
    pub(super) signal: &'s Signal,
    pub(super) id: ObjectId,
    /// Other webhooks have something to send and no thread.
    pub(super) others_wait: &'s AtomicBool,
    /// This process is the one that sends.
    pub(super) may_send: &'s AtomicBool,
    /// When this turn began.
    pub(super) started: Moment,
}

/// The answer to one try.
struct Outcome {
    status: Option<u16>,
    error: Option<String>,
    took: Duration,
}

struct Work {
    webhook: Webhook,
    secret: String,
    offset: Offset,
    replays: Vec<(DeadLetter, Option<Event>)>,
    /// Ids of what is next, each with what is to be sent of it.
    events: Vec<(ObjectId, Option<Event>)>,
}

fn system() -> Actor {
    Actor::system(Source::System)
}

impl Queue<'_> {
    /// Sends until nothing is left, something fails, the turn is over or the program stops.
    pub(super) fn drain(&self) -> Result<(), Fault> {
        while !self.is_over() {
            let Some(work) = self.read()? else { break };
            if !self.replay(&work)? || !self.send_batch(&work)? {
                break;
            }
            if work.events.is_empty() {
                break;
            }
        }
        self.prune()
    }

    /// Whether somebody else is to have the thread.
    fn is_over(&self) -> bool {
        let others = self.others_wait.load(Ordering::Relaxed);
        let ours = self.may_send.load(Ordering::Relaxed);
        self.signal.is_stopped() || !ours || (others && self.started.elapsed() >= TURN)
    }

    /// Shortens the delivery log when it is a tenth too long.
    fn prune(&self) -> Result<(), Fault> {
        let (id, kept) = (self.id, self.settings.policy.kept_deliveries);
        let count = self.db.read(&system(), |tx| delivery::count(tx, id))?;
        if count <= i64::from(kept) + i64::from(kept / 10) {
            return Ok(());
        }
        self.db.command(&system(), move |tx| delivery::prune(tx, id, kept))
    }

    /// What there is to do; nothing where the webhook is gone, not active or has to wait.
    fn read(&self) -> Result<Option<Work>, Fault> {
        let due = self.db.read(&system(), |tx| self.due(tx))?;
        let Some((mut work, listener)) = due else { return Ok(None) };
        self.db.read(&listener, |tx| {
            if listener.access().is_some() && tx.actor().access().is_none() {
                // The user may do nothing any more, since a moment ago.
                return Ok(None);
            }
            let told = |event: &mut Option<Event>| {
                if let Some(known) = event {
                    *event = told::told(tx, known)?;
                }
                Ok::<_, Fault>(())
            };
            let replays = work.replays.iter_mut().map(|(_, event)| event);
            replays.chain(work.events.iter_mut().map(|(_, event)| event)).try_for_each(told)?;
            Ok(Some(work))
        })
    }

    /// What is next, and for whom: not yet without what they may not know.
    fn due(&self, tx: &mut Tx<'_>) -> Result<Option<(Work, Actor)>, Fault> {
        let stored = match tx.load(Ref::<Webhook>::new(self.id)) {
            Ok(stored) => stored,
            Err(Fault::Missing { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let Some(listener) = told::listener(tx, &stored)? else { return Ok(None) };
        let (webhook, queue) = (stored.value, queue_name(self.id));
        let offset = offset::load(tx, &queue)?;
        if !webhook.target.active || offset.retry_at.is_some_and(|at| at > tx.now()) {
            return Ok(None);
        }
        let mut replays = Vec::new();
        for letter in dead_letter::dead_letters(tx, Some(&queue))? {
            if letter.replay {
                let event = outbox::event(tx, letter.event)?;
                replays.push((letter, event));
            }
        }
        let events = outbox::after(tx, offset.event, BATCH)?;
        let wanted =
            events.into_iter().map(|event| (event.id, webhook.wants(&event.name).then_some(event)));
        let events = wanted.collect();
        let secret = secret::load(tx, self.id)?;
        Ok(Some((Work { webhook, secret, offset, replays, events }, listener)))
    }

    /// Tries dead letters again, once each; false where one failed.
    fn replay(&self, work: &Work) -> Result<bool, Fault> {
        for (letter, event) in &work.replays {
            let Some(event) = event else {
                let letter = DeadLetter { replay: false, ..letter.clone() };
                self.db.command(&system(), move |tx| {
                    if offset::exists(tx, &letter.queue)? {
                        dead_letter::store(tx, &letter)?;
                    }
                    Ok::<_, Fault>(())
                })?;
                continue;
            };
            let outcome = self.send(work, event);
            let failures = letter.failures + 1;
            let arrived = outcome.error.is_none();
            let note = self.note(event, failures, &outcome);
            let (id, queue) = (self.id, letter.queue.clone());
            let letter = DeadLetter {
                failures,
                error: outcome.error.unwrap_or_default(),
                replay: false,
                ..letter.clone()
            };
            self.db.command(&system(), move |tx| {
                if !offset::exists(tx, &queue)? {
                    // The webhook was deleted meanwhile, with everything that belongs to it.
                    return Ok(());
                }
                delivery::note(tx, id, &note)?;
                if arrived {
                    return dead_letter::remove(tx, &queue, letter.event);
                }
                dead_letter::store(tx, &DeadLetter { at: tx.now(), ..letter.clone() })
            })?;
            if !arrived {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends a batch; false where the queue has to wait.
    fn send_batch(&self, work: &Work) -> Result<bool, Fault> {
        let mut failures = work.offset.failures;
        let mut done = work.offset.event;
        for event in work.events.iter().filter_map(|(_, event)| event.as_ref()) {
            if self.is_over() {
                return Ok(false);
            }
            let outcome = self.send(work, event);
            if !self.record(event, outcome, done, failures)? {
                return Ok(false);
            }
            (failures, done) = (0, event.id);
        }
        match work.events.last() {
            Some((last, _)) if *last > done => {
                let (queue, offset) = (queue_name(self.id), Offset::at(*last));
                self.db.command(&system(), move |tx| offset::advance(tx, &queue, done, offset))
            }
            _ => Ok(true),
        }
    }

    /// Notes a try and moves the offset; false where the event has to wait for its next try, and
    /// where the queue does not stand at `done` any more: it was told to replay, or is gone.
    fn record(
        &self,
        event: &Event,
        outcome: Outcome,
        done: ObjectId,
        failures: u32,
    ) -> Result<bool, Fault> {
        let (id, queue, event_id) = (self.id, queue_name(self.id), event.id);
        let failures = failures + 1;
        let note = self.note(event, failures, &outcome);
        let given_up = failures >= self.settings.webhook.attempts;
        let wait = backoff::delay(&self.settings.webhook, failures);
        let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
        let error = outcome.error;
        if let Some(error) = &error {
            tracing::warn!(webhook = %id, event = %event_id, failures, error, "a webhook failed");
        }
        self.db.command(&system(), move |tx| {
            let tried_again = error.is_some() && !given_up;
            let to = if tried_again {
                let retry_at = Instant::from_micros(tx.now().as_micros().saturating_add(wait));
                Offset { event: done, failures, retry_at: Some(retry_at) }
            } else {
                Offset::at(event_id)
            };
            let moved = offset::advance(tx, &queue, done, to)?;
            if moved || offset::exists(tx, &queue)? {
                delivery::note(tx, id, &note)?;
            }
            if let (true, true, Some(error)) = (moved, given_up, &error) {
                let (queue, at, error) = (queue.clone(), tx.now(), error.clone());
                let letter =
                    DeadLetter { queue, event: event_id, at, failures, error, replay: false };
                dead_letter::store(tx, &letter)?;
            }
            Ok(moved && !tried_again)
        })
    }

    fn note(&self, event: &Event, attempt: u32, outcome: &Outcome) -> Delivery {
        Delivery {
            event: event.id,
            name: event.name.clone(),
            at: self.db.environment().clock.now(),
            attempt,
            status: outcome.status,
            millis: u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
            error: outcome.error.clone(),
        }
    }

    fn send(&self, work: &Work, event: &Event) -> Outcome {
        let body = event.body();
        let timestamp = self.db.environment().clock.now().as_micros() / 1_000_000;
        let started = Moment::now();
        let answer = self
            .agent
            .post(&work.webhook.target.url)
            .header("content-type", "application/json")
            .header("tessera-event", &event.name)
            .header("tessera-delivery", event.id.to_string())
            .header("tessera-signature", signature::sign(&work.secret, timestamp, body.as_bytes()))
            .send(&body);
        let took = started.elapsed();
        match answer {
            Ok(answer) => {
                let status = answer.status();
                let error = (!status.is_success()).then(|| format!("it answered {status}"));
                Outcome { status: Some(status.as_u16()), error, took }
            }
            Err(error) => Outcome { status: None, error: Some(error.to_string()), took },
        }
    }
}
