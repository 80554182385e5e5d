//! Events that a queue refused too often.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Fault, Instant, ObjectId, RowBuffer, Select, TableDef, Tx,
};

/// One row per queue and event.
pub(crate) static DEAD_LETTER: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("subscriber", ColumnType::Text),
        ColumnDef::required("event", ColumnType::Uuid),
        ColumnDef::required("at", ColumnType::Instant),
        ColumnDef::required("failures", ColumnType::Int),
        ColumnDef::required("error", ColumnType::Text),
        ColumnDef::required("replay", ColumnType::Bool),
    ];
    TableDef::new("dead_letter", columns, 2)
});

/// An event that a queue refused too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue: a subscriber's name, or `webhook:` and an id.
    pub queue: String,
    /// The event.
    pub event: ObjectId,
    /// When it was given up.
    pub at: Instant,
    /// How often it was tried.
    pub failures: u32,
    /// What the last try met.
    pub error: String,
    /// It is to be tried again.
    pub replay: bool,
}

impl DeadLetter {
    /// The dead letter as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "event": self.event.to_string(),
            "at": self.at.to_string(),
            "failures": self.failures,
            "error": self.error,
            "replay": self.replay,
        })
    }
}

/// The dead letters of a queue, or of all, oldest event first within a queue.
pub fn dead_letters(tx: &mut Tx<'_>, queue: Option<&str>) -> Result<Vec<DeadLetter>, Fault> {
    let mut query = Select::all(&DEAD_LETTER);
    if let Some(queue) = queue {
        query = query.equals(0, Cell::Text(queue.to_string()));
    }
    let mut letters = Vec::new();
    tx.select(&query, &mut |row| {
        letters.push(DeadLetter {
            queue: row.text()?.unwrap_or_default().to_string(),
            event: ObjectId(row.uuid()?.unwrap_or_default()),
            at: Instant::from_micros(row.instant()?.unwrap_or_default()),
            failures: row.int()?.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
            error: row.text()?.unwrap_or_default().to_string(),
            replay: row.bool()?.unwrap_or(false),
        });
        Ok(())
    })?;
    letters.sort_by(|a, b| (&a.queue, a.event).cmp(&(&b.queue, b.event)));
    Ok(letters)
}

/// How many dead letters there are, counted up to `most`.
pub fn count_dead_letters(tx: &mut Tx<'_>, most: u32) -> Result<u64, Fault> {
    let mut count = 0;
    tx.select(&Select::from(&DEAD_LETTER, &[1]).limit(most), &mut |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// Keeps (or replaces) a dead letter.
pub(crate) fn store(tx: &mut Tx<'_>, letter: &DeadLetter) -> Result<(), Fault> {
    let error: String = letter.error.chars().take(500).collect();
    let row = RowBuffer(vec![
        Cell::Text(letter.queue.clone()),
        Cell::Uuid(letter.event.0),
        Cell::Instant(letter.at.as_micros()),
        Cell::Int(i64::from(letter.failures)),
        Cell::Text(error),
        Cell::Bool(letter.replay),
    ]);
    Ok(tx.connection().put(&DEAD_LETTER, &row)?)
}

/// A dead letter arrived after all.
pub(crate) fn remove(tx: &mut Tx<'_>, queue: &str, event: ObjectId) -> Result<(), Fault> {
    tx.connection().delete(&DEAD_LETTER, &[CellRef::Text(queue), CellRef::Uuid(event.0)])?;
    Ok(())
}

/// Forgets the dead letters of a queue.
pub(crate) fn remove_all(tx: &mut Tx<'_>, queue: &str) -> Result<(), Fault> {
    tx.connection().delete(&DEAD_LETTER, &[CellRef::Text(queue)])?;
    Ok(())
}
