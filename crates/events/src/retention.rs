//! Events that nobody waits for any more are deleted after a time.

use hashbrown::HashMap;
use tessera_kernel::{
    Actor, Aggregate, Cell, CellRef, Condition, Database, Direction, Fault, OUTBOX, Operator,
    Select, Source, Tx,
};

use crate::broker::{broker_of, broker_queue};
use crate::offset::{self, SUBSCRIBER_OFFSET};
use crate::webhook::{Webhook, is_webhook, queue_name};
use crate::{EventsSettings, dead_letter, lease};

/// Events deleted in one command, so that nobody waits long behind it.
const BATCH: u32 = 1_000;

/// Deletes what nobody waits for any more, again and again.
#[derive(Debug)]
pub struct Retention {
    db: Database,
    /// The broker to which this process publishes.
    served: Option<&'static str>,
    /// How far the lease of each other broker had come the last time.
    beats: HashMap<String, Option<i64>>,
}

impl Retention {
    /// In a process that publishes to this broker.
    pub fn new(db: Database, served: Option<&'static str>) -> Self {
        Self { db, served, beats: HashMap::new() }
    }

    /// Deletes events that are older than customizing keeps them and that every queue is done with.
    /// Answers how many. A queue that stands still keeps what it has not seen, however old; that of
    /// a broker to which no process published since the last call is forgotten.
    ///
    /// # Errors
    ///
    /// Those of the database; what was deleted before stays deleted.
    pub fn prune(&mut self) -> Result<usize, Fault> {
        let system = Actor::system(Source::System);
        self.db.command(&system, forget_the_deleted)?;
        for broker in self.unserved()? {
            tracing::warn!(broker, "nobody publishes to it any more: its queue is forgotten");
            self.db.command(&system, move |tx| forget(tx, &broker_queue(&broker)))?;
        }
        let mut pruned = 0;
        loop {
            let batch = self.db.command(&system, prune_batch)?;
            pruned += batch;
            if batch < BATCH as usize {
                return Ok(pruned);
            }
        }
    }

    /// Brokers that have a queue which nobody serves: neither this process, nor, where there may be
    /// others, one that renewed its lease since the last call.
    fn unserved(&mut self) -> Result<Vec<String>, Fault> {
        let found = self.db.read(&Actor::system(Source::System), |tx| {
            let mut found = HashMap::new();
            for queue in offset::names(tx)? {
                if let Some(broker) = broker_of(&queue).filter(|name| Some(*name) != self.served) {
                    found.insert(broker.to_string(), lease::beat(tx, broker)?);
                }
            }
            Ok::<_, Fault>(found)
        })?;
        let is_shared = self.db.store().is_shared();
        let stands = |(broker, beat): &(&String, &Option<i64>)| {
            !is_shared || self.beats.get(*broker) == Some(*beat)
        };
        let unserved = found.iter().filter(stands).map(|(broker, _)| broker.clone()).collect();
        self.beats = found;
        Ok(unserved)
    }
}

/// Forgets the queues of webhooks that are not there: nobody would ever move them on.
fn forget_the_deleted(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let webhooks: Vec<String> =
        tx.all::<Webhook>()?.into_iter().map(|webhook| queue_name(webhook.id())).collect();
    for queue in offset::names(tx)? {
        if is_webhook(&queue) && !webhooks.contains(&queue) {
            forget(tx, &queue)?;
        }
    }
    Ok(())
}

fn forget(tx: &mut Tx<'_>, queue: &str) -> Result<(), Fault> {
    offset::remove(tx, queue)?;
    dead_letter::remove_all(tx, queue)
}

fn prune_batch(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let Some(days) = tx.settings::<EventsSettings>()?.kept_days else { return Ok(0) };
    let oldest_kept = tx.now().plus_seconds(-i64::from(days) * 86_400);
    let mut query = Select::from(&OUTBOX, &[0])
        .filter(Condition::compare(1, Operator::Lt, Cell::Instant(oldest_kept.as_micros())))
        .order_by(0, Direction::Ascending)
        .limit(BATCH);
    if let Some(slowest) = slowest(tx)? {
        query = query.filter(Condition::compare(0, Operator::Le, slowest));
    }
    let mut ids = Vec::new();
    tx.select(&query, &mut |row| {
        ids.extend(row.uuid()?);
        Ok(())
    })?;
    for id in &ids {
        tx.connection().delete(&OUTBOX, &[CellRef::Uuid(*id)])?;
    }
    Ok(ids.len())
}

/// The last event that the slowest queue is done with; none where there is no queue.
fn slowest(tx: &mut Tx<'_>) -> Result<Option<Cell>, Fault> {
    let query = Select::from(&SUBSCRIBER_OFFSET, &[]).aggregate(Aggregate::Min(1));
    let mut slowest = None;
    tx.select(&query, &mut |row| {
        slowest = row.uuid()?.map(Cell::Uuid);
        Ok(())
    })?;
    Ok(slowest)
}
