//! How far each queue has come.

use std::sync::LazyLock;

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Fault, Instant, OUTBOX, ObjectId, Operator,
    RowBuffer, Select, TableDef, Tx,
};

/// One row per queue.
pub(crate) static SUBSCRIBER_OFFSET: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("subscriber", ColumnType::Text),
        ColumnDef::required("event", ColumnType::Uuid),
        ColumnDef::required("failures", ColumnType::Int),
        ColumnDef::optional("retry_at", ColumnType::Instant),
    ];
    TableDef::new("subscriber_offset", columns, 1)
});

/// Columns of the table that move.
const EVENT: usize = 1;
const FAILURES: usize = 2;
const RETRY_AT: usize = 3;

/// Position of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offset {
    /// The last event done with; nil before the first.
    pub(crate) event: ObjectId,
    /// Failures in a row of the event after it.
    pub(crate) failures: u32,
    /// Not to be tried before.
    pub(crate) retry_at: Option<Instant>,
}

impl Offset {
    /// Done with everything up to an event.
    pub(crate) fn at(event: ObjectId) -> Self {
        Self { event, failures: 0, retry_at: None }
    }

    /// Before the first event.
    pub(crate) fn start() -> Self {
        Self::at(ObjectId(Default::default()))
    }
}

/// The position of a queue; the start where it has none yet.
pub(crate) fn load(tx: &mut Tx<'_>, queue: &str) -> Result<Offset, Fault> {
    let mut offset = Offset::start();
    tx.connection().rows(&SUBSCRIBER_OFFSET, &[CellRef::Text(queue)], &mut |row| {
        row.text()?;
        offset = Offset {
            event: row.uuid()?.map_or(offset.event, ObjectId),
            failures: row.int()?.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
            retry_at: row.instant()?.map(Instant::from_micros),
        };
        Ok(())
    })?;
    Ok(offset)
}

/// Stores the position of a queue.
pub(crate) fn store(tx: &mut Tx<'_>, queue: &str, offset: Offset) -> Result<(), Fault> {
    let row = RowBuffer(vec![
        Cell::Text(queue.to_string()),
        Cell::Uuid(offset.event.0),
        Cell::Int(i64::from(offset.failures)),
        offset.retry_at.map_or(Cell::Null, |at| Cell::Instant(at.as_micros())),
    ]);
    Ok(tx.connection().put(&SUBSCRIBER_OFFSET, &row)?)
}

/// Moves a queue from the event that the caller believes it to stand at. False, and nothing moved,
/// where somebody else moved it meanwhile or there is no such queue (any more): what the caller did
/// in between is then not the queue's business.
pub(crate) fn advance(
    tx: &mut Tx<'_>,
    queue: &str,
    from: ObjectId,
    to: Offset,
) -> Result<bool, Fault> {
    let retry_at = to.retry_at.map_or(CellRef::Null, |at| CellRef::Instant(at.as_micros()));
    let columns = [
        (EVENT, CellRef::Uuid(to.event.0)),
        (FAILURES, CellRef::Int(i64::from(to.failures))),
        (RETRY_AT, retry_at),
    ];
    let (key, guard) = ([CellRef::Text(queue)], (EVENT, CellRef::Uuid(from.0)));
    Ok(tx.connection().set(&SUBSCRIBER_OFFSET, &key, Some(guard), &columns)?)
}

/// The same for a queue that comes into being with its first move.
pub(crate) fn advance_or_begin(
    tx: &mut Tx<'_>,
    queue: &str,
    from: ObjectId,
    to: Offset,
) -> Result<bool, Fault> {
    if advance(tx, queue, from, to)? {
        return Ok(true);
    }
    if from != Offset::start().event || exists(tx, queue)? {
        return Ok(false);
    }
    store(tx, queue, to)?;
    Ok(true)
}

/// Whether there is such a queue.
pub(crate) fn exists(tx: &mut Tx<'_>, queue: &str) -> Result<bool, Fault> {
    let mut found = false;
    tx.connection().rows(&SUBSCRIBER_OFFSET, &[CellRef::Text(queue)], &mut |_| {
        found = true;
        Ok(())
    })?;
    Ok(found)
}

/// The names of all queues.
pub(crate) fn names(tx: &mut Tx<'_>) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    tx.select(&Select::from(&SUBSCRIBER_OFFSET, &[0]), &mut |row| {
        names.extend(row.text()?.map(str::to_string));
        Ok(())
    })?;
    Ok(names)
}

/// Forgets a queue.
pub(crate) fn remove(tx: &mut Tx<'_>, queue: &str) -> Result<(), Fault> {
    tx.connection().delete(&SUBSCRIBER_OFFSET, &[CellRef::Text(queue)])?;
    Ok(())
}

/// Events that are counted for one queue: whoever is further behind is far behind.
pub const MOST_BEHIND: u32 = 10_000;

/// How far a queue is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The queue: a subscriber's name, or `webhook:` and an id.
    pub queue: String,
    /// Events after its offset, at most [`MOST_BEHIND`]; some of them it may not want.
    pub behind: i64,
    /// Failures in a row of its next event.
    pub failures: u32,
}

/// How far each queue is behind.
pub fn lag(tx: &mut Tx<'_>) -> Result<Vec<Lag>, Fault> {
    let mut queues = Vec::new();
    tx.select(&Select::all(&SUBSCRIBER_OFFSET), &mut |row| {
        let queue = row.text()?.unwrap_or_default().to_string();
        let event = row.uuid()?.unwrap_or_default();
        let failures = row.int()?.and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        queues.push((queue, event, failures));
        Ok(())
    })?;
    let mut lags = Vec::with_capacity(queues.len());
    for (queue, event, failures) in queues {
        let query = Select::from(&OUTBOX, &[0])
            .filter(Condition::compare(0, Operator::Gt, Cell::Uuid(event)))
            .limit(MOST_BEHIND);
        let mut behind = 0;
        tx.select(&query, &mut |_| {
            behind += 1;
            Ok(())
        })?;
        lags.push(Lag { queue, behind, failures });
    }
    Ok(lags)
}
