//! `POST /api/v1/{object}/{action}` and `POST /api/v1/{object}/{id}/{action}`

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tessera_kernel::json::check;
use tessera_kernel::{
    Action, ActionTarget, Actor, Answer, CurrentExtensions, ObjectDef, ObjectId, Problem, Registry,
    Tx,
};

use super::create::replay;
use super::mark_replayed;
use crate::caller::Caller;
use crate::idempotent::{Kept, Key, once};
use crate::refusal::Refusal;
use crate::reply::Expected;
use crate::target::Target;
use crate::{Api, body, reply, shown};

pub(super) async fn of_collection(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    request: Request,
) -> Result<Response, Refusal> {
    let registry = &api.db.environment().registry;
    let action = find(registry, target.def, target.parameter("id"), ActionTarget::Collection)?;
    let nothing = ObjectId(uuid::Uuid::nil());
    run(&api, &caller.actor, action, target.def, nothing, request).await
}

pub(super) async fn of_object(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    request: Request,
) -> Result<Response, Refusal> {
    let registry = &api.db.environment().registry;
    let action = find(registry, target.def, target.parameter("action"), ActionTarget::Object)?;
    let id = target.id()?;
    run(&api, &caller.actor, action, target.def, id, request).await
}

fn find(
    registry: &Registry,
    def: &ObjectDef,
    name: &str,
    target: ActionTarget,
) -> Result<Action, Refusal> {
    let of_object = |action: &&Action| action.object == def.name && action.target == target;
    let found = registry.actions().filter(of_object).find(|action| action.name == name);
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = registry.actions().filter(of_object).map(|a| a.name).collect();
        let shown: String = name.chars().take(60).collect();
        let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
        Refusal::nowhere(format!("{} has no action `{shown}` here; there are: {known}", def.name))
    })
}

/// Runs a verb under the rights of the actor.
fn perform(
    tx: &mut Tx<'_>,
    action: &Action,
    (def, id): (&'static ObjectDef, ObjectId),
    expected: Expected,
    input: &Value,
) -> Result<Value, Problem> {
    let (object, right) = action.right;
    let actor = tx.actor();
    match action.target {
        ActionTarget::Object => {
            tx.permit(def, id, if object == def.name { right } else { "read" })?;
            expected.check(tx, def, id).map_err(|it| shown::problem(tx, def, id, it))?;
        }
        ActionTarget::Collection if action.reads => {
            tx.permit_report((action.input)(), input, action.right)?;
        }
        ActionTarget::Collection => {}
    }
    if action.answer == Answer::Report {
        tx.permit_fields(action)?;
    }
    if let Some(mask) = actor.mask(def) {
        mask.check(input)?;
    }
    let form = tx.extensions().input_of(action);
    tx.check_input(&form, input, action.right)?;
    let rest = if action.makes() { tx.take_custom(def.name, None, input)? } else { None };
    let mut value = (action.run)(tx, id, rest.as_ref().unwrap_or(input))
        .map_err(|it| shown::problem(tx, def, id, it))?;
    tx.expect_custom_taken()?;
    tx.permit_made(object, right)?;
    complete(tx, &mut value)?;
    shown::answer(tx, value)
}

/// Adds the custom parts of the objects that a verb answers with.
fn complete(tx: &mut Tx<'_>, value: &mut Value) -> Result<(), Problem> {
    let object = value["type"].as_str().map(str::to_string);
    if let (Some(object), Some(id)) = (object, value["id"].as_str().and_then(|id| id.parse().ok()))
    {
        return Ok(tx.add_custom(&object, id, value)?);
    }
    match value {
        Value::Object(members) => members.values_mut().try_for_each(|it| complete(tx, it)),
        Value::Array(items) => items.iter_mut().try_for_each(|it| complete(tx, it)),
        _ => Ok(()),
    }
}

async fn run(
    api: &Api,
    actor: &Actor,
    action: Action,
    def: &'static ObjectDef,
    id: ObjectId,
    request: Request,
) -> Result<Response, Refusal> {
    let expected = Expected::of(request.headers())?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.body).await?;
    let value = body::object(&parts.headers, &bytes, true)?;
    let extensions = api.db.environment().extensions.get();
    check(&extensions.input_of(&action), &value)?;
    let key = Key::of_parts(&parts, &bytes)?;
    if action.reads {
        let value =
            api.read(actor, move |tx| perform(tx, &action, (def, id), expected, &value)).await?;
        return Ok(reply::object(StatusCode::OK, def, &value));
    }
    if let Some(prepare) = action.prepare {
        let (db, actor) = (api.db.clone(), actor.clone());
        api.at_length(move || prepare(&db, &actor, id)).await??;
    }
    let kept = Kept { status: 200, secret: action.secret };
    let run = move |tx: &mut Tx<'_>| perform(tx, &action, (def, id), expected, &value);
    let (value, replayed) = once(api, actor, key, kept, run).await?;
    if action.prepare.is_some() && api.db.store().is_shared() {
        tokio::time::sleep(CurrentExtensions::SETTLED).await;
    }
    let value = replay(api, actor, value, replayed).await?;
    let mut response = match value {
        Value::Null => StatusCode::NO_CONTENT.into_response(),
        value => reply::object(StatusCode::OK, def, &value),
    };
    mark_replayed(&mut response, replayed);
    Ok(response)
}
