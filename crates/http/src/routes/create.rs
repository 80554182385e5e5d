//! `POST /api/v1/{object}`

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tessera_kernel::json::{check, split_number};
use tessera_kernel::{CreateObject, ObjectDef, ObjectEntry, ObjectId, Problem, Tx};

use super::mark_replayed;
use crate::caller::Caller;
use crate::idempotent::{Kept, Key, once};
use crate::refusal::Refusal;
use crate::target::Target;
use crate::{Api, body, reply};

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    request: Request,
) -> Result<Response, Refusal> {
    let (entry, def) = (target.entry, target.def);
    let create = maker(&api, &entry, def)?;
    caller.actor.require(def.name, "create")?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.body).await?;
    let value = body::object(&parts.headers, &bytes, false)?;
    check_input(&entry, &value)?;
    let key = Key::of_parts(&parts, &bytes)?;
    let minimal = wants_minimal(&parts.headers);
    let kept = Kept { status: 201, secret: None };
    let (value, replayed) = once(&api, &caller.actor, key, kept, move |tx| {
        let id = create(tx, &value)?;
        if minimal { head(tx, def, id) } else { (entry.get)(tx, id) }
    })
    .await?;
    let mut response = reply::object(StatusCode::CREATED, def, &value);
    mark_replayed(&mut response, replayed);
    Ok(response)
}

/// How objects of this type are made, or the verbs that make them.
pub(super) fn maker(
    api: &Api,
    entry: &ObjectEntry,
    def: &ObjectDef,
) -> Result<CreateObject, Refusal> {
    entry.create.ok_or_else(|| {
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
pub(super) fn check_input(entry: &ObjectEntry, body: &Value) -> Result<(), Problem> {
    match entry.create_input {
        Some(input) => Ok(check(input(), body)?),
        None => {
            let (_, body) = split_number(body)?;
            Ok(check((entry.def)().composite, &body)?)
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
