//! `POST /api/v1/{object}`

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tessera_kernel::json::{check, split_number};
use tessera_kernel::{Actor, ObjectDef, ObjectEntry, ObjectId, Problem, Tx};

use super::mark_replayed;
use crate::caller::Caller;
use crate::idempotent::{Kept, Key, once};
use crate::refusal::Refusal;
use crate::target::Target;
use crate::{Api, body, reply, shown};

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    request: Request,
) -> Result<Response, Refusal> {
    let (entry, def) = (target.entry, target.def);
    maker(&api, &entry, def)?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.body).await?;
    let value = body::object(&parts.headers, &bytes, false)?;
    check_input(&api, &entry, def, &value)?;
    let key = Key::of_parts(&parts, &bytes)?;
    let minimal = wants_minimal(&parts.headers);
    let kept = Kept { status: 201, secret: None };
    let (value, replayed) = once(&api, &caller.actor, key, kept, move |tx| {
        let id = make(tx, &entry, def, &value)?;
        if minimal {
            return head(tx, def, id);
        }
        let value = (entry.get)(tx, id)?;
        shown::answer(tx, value)
    })
    .await?;
    let value = replay(&api, &caller.actor, value, replayed).await?;
    let mut response = reply::object(StatusCode::CREATED, def, &value);
    mark_replayed(&mut response, replayed);
    Ok(response)
}

/// Makes an object under the rights of the actor.
pub(super) fn make(
    tx: &mut Tx<'_>,
    entry: &ObjectEntry,
    def: &'static ObjectDef,
    body: &Value,
) -> Result<ObjectId, Problem> {
    if let Some(mask) = tx.actor().mask(def) {
        mask.check(body)?;
    }
    if let Some(input) = entry.create_input {
        let input = tx.extensions().input(def.name, input());
        tx.check_input(&input, body, (def.name, "create"))?;
    }
    let id = entry.make(tx, body)?;
    tx.permit_made(def.name, "create")?;
    Ok(id)
}

/// An answer that was given before, as the actor may see it now.
pub(super) async fn replay(
    api: &Api,
    actor: &Actor,
    value: Value,
    replayed: bool,
) -> Result<Value, Problem> {
    if !replayed || actor.access().is_none() {
        return Ok(value);
    }
    api.read(actor, move |tx| shown::answer(tx, value)).await
}

/// How objects of this type are made, or the verbs that make them.
pub(super) fn maker(api: &Api, entry: &ObjectEntry, def: &ObjectDef) -> Result<(), Refusal> {
    entry.create.map(drop).ok_or_else(|| {
        let actions = api.db.environment().registry.actions();
        let verbs: Vec<String> = actions
            .filter(|action| action.object == def.name)
            .filter(|action| action.target == tessera_kernel::ActionTarget::Collection)
            .map(|action| format!("POST /api/v1/{}/{}", def.name, action.name))
            .collect();
        let detail = if verbs.is_empty() {
            format!("{} comes into being through other objects", def.name)
        } else {
            format!("{} is made by: {}", def.name, verbs.join(", "))
        };
        Refusal::method("GET, HEAD", detail)
    })
}

/// Reports every finding about a body before anything is queued.
pub(super) fn check_input(
    api: &Api,
    entry: &ObjectEntry,
    def: &ObjectDef,
    body: &Value,
) -> Result<(), Problem> {
    match entry.create_input {
        Some(input) => {
            let extensions = api.db.environment().extensions.get();
            Ok(check(&extensions.input(def.name, input()), body)?)
        }
        None => {
            let (_, body) = split_number(body)?;
            Ok(check(def.composite, &body)?)
        }
    }
}

/// Whether the caller wants the head only: `Prefer: return=minimal` (RFC 7240).
fn wants_minimal(headers: &HeaderMap) -> bool {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|text| text.split(',').any(|part| part.trim() == "return=minimal"))
}

/// What a new object is known by.
pub(super) fn head(
    tx: &mut Tx<'_>,
    def: &'static ObjectDef,
    id: ObjectId,
) -> Result<Value, Problem> {
    let head = tx.head(def, id)?;
    Ok(json!({
        "id": id.to_string(),
        "type": def.name,
        "number": head.number,
        "version": head.version,
    }))
}
