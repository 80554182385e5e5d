//! What somebody outside is told of an event: as much as the user may read for whom they hear of it.

use std::sync::Arc;

use serde_json::Value;
use tessera_kernel::{
    Access, Actor, Authority, Cell, Event, Fault, Kind as _, Mask, ObjectDef, ObjectId, Predicate,
    Select, Source, Stored, Tx, UserKind, head_column,
};

use crate::Webhook;

/// Members of a payload by which an object is known.
const NAMES: [&str; 3] = ["id", "number", "version"];

/// The actor for whom a webhook hears of events: the user who is responsible for it. None where they may not do
/// anything any more; then nothing is sent, and what happens meanwhile is when they are back.
///
/// # Errors
///
/// Where the database can't be read.
pub(crate) fn listener(tx: &mut Tx<'_>, webhook: &Stored<Webhook>) -> Result<Option<Actor>, Fault> {
    let head = &webhook.head;
    let user = match head.owner {
        Some(user) => Some(user),
        // Those from before there were owners are of whoever made them.
        None => user_by_login(tx, &head.created_by)?,
    };
    let Some(user) = user else {
        let system = Actor::system(Source::System);
        return Ok((head.created_by == system.name()).then_some(system));
    };
    with_rights_of(tx, user, "webhook")
}

/// The actor for whom a broker hears of events: the user with this login. None where there is no such user, or they
/// may not do anything any more.
///
/// # Errors
///
/// Where the database can't be read.
pub(crate) fn listener_called(tx: &mut Tx<'_>, login: &str) -> Result<Option<Actor>, Fault> {
    match user_by_login(tx, login)? {
        Some(user) => with_rights_of(tx, user, "broker"),
        None => Ok(None),
    }
}

fn with_rights_of(tx: &mut Tx<'_>, user: ObjectId, name: &str) -> Result<Option<Actor>, Fault> {
    let settings = &tx.environment().settings;
    let Some(authority) = settings.get::<Arc<dyn Authority>>().cloned() else { return Ok(None) };
    let access = authority.current(tx, &Arc::new(Access::unknown(user)), true)?;
    Ok(access.map(|access| Actor::with_access(name, Source::System, access)))
}

fn user_by_login(tx: &mut Tx<'_>, login: &str) -> Result<Option<ObjectId>, Fault> {
    let entry = tx.environment().registry.object(UserKind::NAME);
    let Some(head) = entry.map(|entry| (entry.def)().head) else { return Ok(None) };
    let Some(column) = head.position("login") else { return Ok(None) };
    let query =
        Select::from(head, &[head_column::ID]).equals(column, Cell::Text(login.to_string()));
    let mut found = None;
    tx.select(&query, &mut |row| {
        found = row.uuid()?.map(ObjectId);
        Ok(())
    })?;
    Ok(found)
}

/// An event as the actor may know it; none where that is nothing: where they may not read its object. Of an object
/// that is gone nobody knows whose it was, so only who may read every one hears of it.
///
/// # Errors
///
/// Where the database can't be read.
pub fn told(tx: &mut Tx<'_>, event: &Event) -> Result<Option<Event>, Fault> {
    let kind = event.name.split('.').next().unwrap_or_default();
    if !tx.actor().may(kind, "read") {
        return Ok(None);
    }
    // Of what is no object type only who may do everything hears.
    let Some(entry) = tx.environment().registry.object(kind) else {
        return Ok(Some(event.clone()));
    };
    let def = (entry.def)();
    let all = *tx.actor().rows(def, "read") == Predicate::Always;
    if !all && !tx.may_read(def, event.object)? {
        return Ok(None);
    }
    let mut told = event.clone();
    if let (Some(mask), Value::Object(members)) = (tx.actor().mask(def), &mut told.payload) {
        members.retain(|name, _| NAMES.contains(&name.as_str()) || is_shown(def, &mask, name));
    }
    Ok(Some(told))
}

/// Whether a member of a payload is a field, and one that is shown wherever it stands.
fn is_shown(def: &ObjectDef, mask: &Mask, name: &str) -> bool {
    let parts = def.composite.parts.iter().enumerate();
    let has = |part: &tessera_kernel::Part| part.fields.iter().any(|field| field.name == name);
    let mut with = parts.filter(|(_, part)| has(part)).peekable();
    with.peek().is_some() && with.all(|(position, _)| mask.shows(position, name))
}
