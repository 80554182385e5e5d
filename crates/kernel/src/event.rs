//! Events and the outbox: what happened, written in the same commit as the change.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Direction, Fault, Instant, ObjectId, Operator,
    Problem, RowSource, Select, TableDef, Tx,
};

/// The outbox: every event, in the order in which queues hear of them. Its key grows.
///
/// One writer writes it in the order of its commands. Where commands run at once, an id that is
/// drawn first may be kept last, behind the back of whoever has read on; so there they put their
/// events into the database's queue, and [`Tx::take_events`] brings them here, one process at a time.
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

    /// Reads a message of the database's queue.
    fn from_message(id: ObjectId, message: &str) -> Result<Self, Fault> {
        type Message = (i64, String, String, String, Value);
        let broken = |error: &dyn std::fmt::Display| {
            Fault::corrupt(format!("an event in the queue: {error}"))
        };
        let (at, name, object, actor, payload): Message =
            serde_json::from_str(message).map_err(|error| broken(&error))?;
        let object = object.parse().map_err(|_| broken(&"its object is no id"))?;
        Ok(Self { id, at: Instant::from_micros(at), name, object, actor, payload })
    }

    /// What webhooks and a message broker get to read: the event as JSON.
    pub fn body(&self) -> String {
        self.to_json().to_string()
    }

    /// The event as JSON.
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
        self.events.iter().any(|pattern| event_fits(pattern, name))
    }
}

/// Whether an event of this name fits a pattern: its name, or how names begin and `*`.
pub fn event_fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
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
        if self.connection.is_isolated() {
            let id = self.new_id();
            let (at, actor) = (self.now(), self.actor.name().to_string());
            return self.write_event(&Event {
                id,
                at,
                name: name.to_string(),
                object,
                actor,
                payload: payload.clone(),
            });
        }
        let at = self.now().as_micros();
        let message = json!([at, name, object.to_string(), self.actor.name(), payload]);
        Ok(self.connection.enqueue(&message.to_string())?)
    }

    /// Brings up to so many events from the database's queue into the outbox, with ids that follow
    /// those that are there; answers how many. Nothing to do where commands run alone.
    pub fn take_events(&mut self, most: u32) -> Result<usize, Fault> {
        self.writable()?;
        let mut messages = Vec::new();
        self.connection.dequeue(most, &mut |message| {
            messages.push(message.to_string());
            Ok(())
        })?;
        if messages.is_empty() {
            return Ok(0);
        }
        // Only now: nobody else writes the outbox until the end of this command.
        if let Some(newest) = self.newest_event()? {
            self.environment.ids.start_after(newest);
        }
        for message in &messages {
            let event = Event::from_message(self.new_id(), message)?;
            self.write_event(&event)?;
        }
        Ok(messages.len())
    }

    /// The id of the newest event in the outbox.
    pub fn newest_event(&mut self) -> Result<Option<ObjectId>, Fault> {
        let query = Select::from(&OUTBOX, &[0])
            .filter(Condition::compare(0, Operator::Gt, Cell::Uuid(Default::default())))
            .order_by(0, Direction::Descending)
            .limit(1);
        let mut newest = None;
        self.select(&query, &mut |row| {
            newest = row.uuid()?.map(ObjectId);
            Ok(())
        })?;
        Ok(newest)
    }

    fn write_event(&mut self, event: &Event) -> Result<(), Fault> {
        let payload = event.payload.to_string();
        let row = [
            CellRef::Uuid(event.id.0),
            CellRef::Instant(event.at.as_micros()),
            CellRef::Text(&event.name),
            CellRef::Uuid(event.object.0),
            CellRef::Text(&event.actor),
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
