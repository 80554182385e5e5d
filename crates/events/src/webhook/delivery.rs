//! The delivery log: every try to reach a webhook.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tessera_kernel::{
    Aggregate, Cell, CellRef, ColumnDef, ColumnType, Direction, Fault, Instant, ObjectId,
    RowBuffer, Select, TableDef, Tx,
};

/// One row per try; its key grows with time.
pub(crate) static WEBHOOK_DELIVERY: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("webhook", ColumnType::Uuid),
        ColumnDef::required("id", ColumnType::Uuid),
        ColumnDef::required("event", ColumnType::Uuid),
        ColumnDef::required("name", ColumnType::Text),
        ColumnDef::required("at", ColumnType::Instant),
        ColumnDef::required("attempt", ColumnType::Int),
        ColumnDef::optional("status", ColumnType::Int),
        ColumnDef::required("millis", ColumnType::Int),
        ColumnDef::optional("error", ColumnType::Text),
    ];
    TableDef::new("webhook_delivery", columns, 2)
});

/// One try to reach a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event.
    pub event: ObjectId,
    /// Its name.
    pub name: String,
    /// When.
    pub at: Instant,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// HTTP status; none where there was no answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// What went wrong.
    pub error: Option<String>,
}

impl Delivery {
    /// The delivery as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "event": self.event.to_string(),
            "name": self.name,
            "at": self.at.to_string(),
            "attempt": self.attempt,
            "status": self.status,
            "millis": self.millis,
            "error": self.error,
        })
    }
}

/// The last tries to reach a webhook, newest first.
pub fn deliveries(tx: &mut Tx<'_>, webhook: ObjectId, limit: u32) -> Result<Vec<Delivery>, Fault> {
    let query = Select::all(&WEBHOOK_DELIVERY)
        .equals(0, Cell::Uuid(webhook.0))
        .order_by(1, Direction::Descending)
        .limit(limit);
    let mut deliveries = Vec::new();
    tx.select(&query, &mut |row| {
        row.uuid()?;
        row.uuid()?;
        deliveries.push(Delivery {
            event: ObjectId(row.uuid()?.unwrap_or_default()),
            name: row.text()?.unwrap_or_default().to_string(),
            at: Instant::from_micros(row.instant()?.unwrap_or_default()),
            attempt: row.int()?.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
            status: row.int()?.and_then(|status| u16::try_from(status).ok()),
            millis: row.int()?.and_then(|millis| u64::try_from(millis).ok()).unwrap_or(0),
            error: row.text()?.map(str::to_string),
        });
        Ok(())
    })?;
    Ok(deliveries)
}

/// Notes a try.
pub(super) fn note(tx: &mut Tx<'_>, webhook: ObjectId, delivery: &Delivery) -> Result<(), Fault> {
    let error = delivery.error.as_ref().map(|error| error.chars().take(500).collect());
    let row = RowBuffer(vec![
        Cell::Uuid(webhook.0),
        Cell::Uuid(tx.new_id().0),
        Cell::Uuid(delivery.event.0),
        Cell::Text(delivery.name.clone()),
        Cell::Instant(delivery.at.as_micros()),
        Cell::Int(i64::from(delivery.attempt)),
        delivery.status.map_or(Cell::Null, |status| Cell::Int(i64::from(status))),
        Cell::Int(i64::try_from(delivery.millis).unwrap_or(i64::MAX)),
        error.map_or(Cell::Null, Cell::Text),
    ]);
    Ok(tx.connection().insert(&WEBHOOK_DELIVERY, &row)?)
}

/// How many tries are in the log.
pub(super) fn count(tx: &mut Tx<'_>, webhook: ObjectId) -> Result<i64, Fault> {
    let query = Select::from(&WEBHOOK_DELIVERY, &[])
        .equals(0, Cell::Uuid(webhook.0))
        .aggregate(Aggregate::Count);
    let mut count = 0;
    tx.select(&query, &mut |row| {
        count = row.int()?.unwrap_or(0);
        Ok(())
    })?;
    Ok(count)
}

/// Deletes what is older than the newest `kept` tries.
pub(super) fn prune(tx: &mut Tx<'_>, webhook: ObjectId, kept: u32) -> Result<(), Fault> {
    let query = Select::from(&WEBHOOK_DELIVERY, &[1])
        .equals(0, Cell::Uuid(webhook.0))
        .order_by(1, Direction::Descending);
    let (mut seen, mut old) = (0, Vec::new());
    tx.select(&query, &mut |row| {
        let id = row.uuid()?;
        seen += 1;
        if seen > kept {
            old.extend(id);
        }
        Ok(())
    })?;
    for id in old {
        tx.connection()
            .delete(&WEBHOOK_DELIVERY, &[CellRef::Uuid(webhook.0), CellRef::Uuid(id)])?;
    }
    Ok(())
}

/// Forgets the tries to reach a webhook.
pub(super) fn remove_all(tx: &mut Tx<'_>, webhook: ObjectId) -> Result<(), Fault> {
    tx.connection().delete(&WEBHOOK_DELIVERY, &[CellRef::Uuid(webhook.0)])?;
    Ok(())
}
