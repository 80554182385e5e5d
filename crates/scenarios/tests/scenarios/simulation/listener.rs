//! Somebody who listens to every event, and notes in the database what was heard.

use std::sync::LazyLock;

use tessera_kernel::{
    Cell, ColumnDef, ColumnType, Direction, Event, Fault, Module, OUTBOX, ObjectId, Problem,
    ProblemKind, RowBuffer, Select, Subscriber, TableDef, Tx,
};

/// The events that were heard.
static HEARD: LazyLock<TableDef> = LazyLock::new(|| {
    TableDef::new("simulation_heard", vec![ColumnDef::required("event", ColumnType::Uuid)], 1)
});

const NAME: &str = "simulation.listener";

/// The listener as a module.
pub(crate) fn module() -> Module {
    Module {
        name: "simulation",
        owner: "platform",
        help: "Listens to every event.",
        tables: vec![&HEARD],
        subscribers: vec![Subscriber { name: NAME, events: &["*"], handle: hear }],
        ..Module::default()
    }
}

/// Refuses what comes behind something later.
fn hear(tx: &mut Tx<'_>, event: &Event) -> Result<(), Problem> {
    let newest = Select::from(&HEARD, &[0]).order_by(0, Direction::Descending).limit(1);
    if let Some(last) = ids(tx, &newest)?.first().filter(|last| **last >= event.id) {
        let message = format!("{} comes after {last}", event.id);
        return Err(Problem::new(ProblemKind::Internal, "simulation.order", message));
    }
    Ok(tx
        .connection()
        .insert(&HEARD, &RowBuffer(vec![Cell::Uuid(event.id.0)]))
        .map_err(Fault::from)?)
}

/// What differs between what happened and what was heard, but for what was given up.
pub(crate) fn differences(tx: &mut Tx<'_>) -> Result<Option<String>, Fault> {
    let given_up = tessera_events::dead_letters(tx, Some(NAME))?;
    let mut happened = ids(tx, &Select::from(&OUTBOX, &[0]))?;
    happened.retain(|event| given_up.iter().all(|letter| letter.event != *event));
    let heard = ids(tx, &Select::from(&HEARD, &[0]))?;
    let unheard = happened.iter().find(|event| !heard.contains(event));
    let invented = heard.iter().find(|event| !happened.contains(event));
    Ok(match (unheard, invented) {
        (Some(event), _) => Some(format!("nobody heard of the event {event}")),
        (_, Some(event)) => Some(format!("the event {event} was heard and not kept")),
        _ => None,
    })
}

fn ids(tx: &mut Tx<'_>, query: &Select) -> Result<Vec<ObjectId>, Fault> {
    let mut found = Vec::new();
    tx.select(query, &mut |row| {
        found.extend(row.uuid()?.map(ObjectId));
        Ok(())
    })?;
    Ok(found)
}

/// How often an event of this name was told of an object.
pub(crate) fn count(tx: &mut Tx<'_>, name: &str, object: ObjectId) -> Result<usize, Fault> {
    let query = Select::from(&OUTBOX, &[0])
        .equals(2, Cell::Text(name.to_string()))
        .equals(3, Cell::Uuid(object.0));
    ids(tx, &query).map(|found| found.len())
}
