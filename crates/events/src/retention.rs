//! Events that nobody waits for any more are deleted after a time.

use tessera_kernel::{
    Actor, Aggregate, Cell, CellRef, Condition, Database, Direction, Fault, OUTBOX, Operator,
    Select, Source, Tx,
};

use crate::offset::{self, SUBSCRIBER_OFFSET};
use crate::webhook::{Webhook, is_webhook, queue_name};
use crate::{EventsSettings, dead_letter};

/// Events deleted in one command, so that nobody waits long behind it.
const BATCH: u32 = 1_000;

/// Deletes events that are older than customizing keeps them and that every queue is done with.
/// Answers how many. A queue that stands still keeps what it has not seen, however old.
pub fn prune(db: &Database) -> Result<usize, Fault> {
    db.command(&Actor::system(Source::System), forget_the_deleted)?;
    let mut pruned = 0;
    loop {
        let batch = db.command(&Actor::system(Source::System), prune_batch)?;
        pruned += batch;
        if batch < BATCH as usize {
            return Ok(pruned);
        }
    }
}

/// Forgets the queues of webhooks that are not there: nobody would ever move them on.
fn forget_the_deleted(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let webhooks: Vec<String> =
        tx.all::<Webhook>()?.into_iter().map(|webhook| queue_name(webhook.id())).collect();
    for queue in offset::names(tx)? {
        if is_webhook(&queue) && !webhooks.contains(&queue) {
            offset::remove(tx, &queue)?;
            dead_letter::remove_all(tx, &queue)?;
        }
    }
    Ok(())
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
