//! How far each queue has come.

use std::sync::LazyLock;

use tessera_kernel::{
    Aggregate, Cell, CellRef, ColumnDef, ColumnType, Condition, Fault, Instant, OUTBOX, ObjectId,
    Operator, RowBuffer, Select, TableDef, Tx,
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
    if !tx.connection().replace(&SUBSCRIBER_OFFSET, &row)? {
        tx.connection().insert(&SUBSCRIBER_OFFSET, &row)?;
    }
    Ok(())
}

/// Forgets a queue.
pub(crate) fn remove(tx: &mut Tx<'_>, queue: &str) -> Result<(), Fault> {
    tx.connection().delete(&SUBSCRIBER_OFFSET, &[CellRef::Text(queue)])?;
    Ok(())
}

/// How far a queue is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The queue: a subscriber's name, or `webhook:` and an id.
    pub queue: String,
    /// Events after its offset; some of them it may not want.
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
        let query = Select::from(&OUTBOX, &[])
            .filter(Condition::compare(0, Operator::Gt, Cell::Uuid(event)))
            .aggregate(Aggregate::Count);
        let mut behind = 0;
        tx.select(&query, &mut |row| {
            behind = row.int()?.unwrap_or(0);
            Ok(())
        })?;
        lags.push(Lag { queue, behind, failures });
    }
    Ok(lags)
}
