//! Events and the outbox: what happened, written in the same commit as the change.

use std::sync::LazyLock;

use serde_json::Value;

use crate::{
    CellRef, ColumnDef, ColumnType, Fault, Instant, ObjectId, Problem, RowSource, TableDef, Tx,
};

/// The outbox. Its key grows in commit order on one writer.
pub static OUTBOX: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Uuid),
        ColumnDef::required("at", ColumnType::Instant),
        ColumnDef::required("name", ColumnType::Text),
        ColumnDef::required("object", ColumnType::Uuid),
        ColumnDef::required("actor", ColumnType::Text),
        ColumnDef::required("payload", ColumnType::Text),
    ];
    TableDef::new("outbox", columns, 1)
});

/// An event that a module tells.
#[derive(Clone, Copy, Debug)]
pub struct EventDef {
    /// Name: the object type, a dot, what happened to it.
    pub name: &'static str,
    /// When it is told, in a sentence.
    pub help: &'static str,
}

impl EventDef {
    /// An event of this name.
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help }
    }
}

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Id; a consumer that saw it once skips it the next time.
    pub id: ObjectId,
    /// When.
    pub at: Instant,
    /// Name, like `sales_document.created`.
    pub name: String,
    /// To what.
    pub object: ObjectId,
    /// By whom.
    pub actor: String,
    /// What the module tells about it.
    pub payload: Value,
}

impl Event {
    /// Reads an outbox row.
    pub fn read(row: &mut dyn RowSource) -> Result<Self, Fault> {
        let missing = || Fault::corrupt("an outbox row is incomplete");
        Ok(Self {
            id: ObjectId(row.uuid()?.ok_or_else(missing)?),
            at: Instant::from_micros(row.instant()?.ok_or_else(missing)?),
            name: row.text()?.ok_or_else(missing)?.to_string(),
            object: ObjectId(row.uuid()?.ok_or_else(missing)?),
            actor: row.text()?.ok_or_else(missing)?.to_string(),
            payload: serde_json::from_str(row.text()?.ok_or_else(missing)?)
                .map_err(|error| Fault::corrupt(format!("an event's payload: {error}")))?,
        })
    }

    /// The event as JSON, as webhooks send it.
    pub fn to_json(&self) -> Value {
        serde_json::json!({
            "id": self.id.to_string(),
            "at": self.at.to_string(),
            "name": self.name,
            "object": self.object.to_string(),
            "actor": self.actor,
            "payload": self.payload,
        })
    }
}

/// A module's reaction to events. It runs in a command of its own, which also moves its durable
/// offset: what it writes to the database is applied exactly once, what it does outside at least
/// once.
#[derive(Clone, Copy, Debug)]
pub struct Subscriber {
    /// Unique name; the offset is kept under it.
    pub name: &'static str,
    /// Names of the events that it wants; a trailing `*` takes every event that starts so.
    pub events: &'static [&'static str],
    /// Reacts.
    pub handle: fn(&mut Tx<'_>, &Event) -> Result<(), Problem>,
}

impl Subscriber {
    /// Whether it wants events of this name.
    pub fn wants(&self, name: &str) -> bool {
        self.events.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == *wanted,
        })
    }
}

impl Tx<'_> {
    /// Tells that something happened; subscribers hear of it after the commit. Its module lists the
    /// event in its table of contents.
    pub fn emit(&mut self, name: &str, object: ObjectId, payload: &Value) -> Result<(), Fault> {
        self.writable()?;
        debug_assert!(
            self.environment.registry.events().any(|event| event.name == name),
            "no module lists the event {name}"
        );
        let id = self.new_id();
        let payload = payload.to_string();
        let row = [
            CellRef::Uuid(id.0),
            CellRef::Instant(self.now().as_micros()),
            CellRef::Text(name),
            CellRef::Uuid(object.0),
            CellRef::Text(self.actor.name()),
            CellRef::Text(&payload),
        ];
        Ok(self.connection.insert(&OUTBOX, &RowOf(&row))?)
    }
}

/// A borrowed row.
pub(crate) struct RowOf<'a>(pub(crate) &'a [CellRef<'a>]);

impl crate::WriteRow for RowOf<'_> {
    fn write(&self, sink: &mut dyn crate::RowSink) {
        for cell in self.0 {
            cell.write(sink);
        }
    }
}
