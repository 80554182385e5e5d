//! `POST /api/v1/{object}/{id}/restore`: former values as a new change.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use tessera_kernel::json::parse;
use tessera_kernel::{ObjectEntry, ObjectId, Problem, ProblemKind, Restore, Tx};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::reply::Expected;
use crate::target::Target;
use crate::{Api, body, reply, shown};

pub(super) async fn restore(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    request: Request,
) -> Result<Response, Refusal> {
    let (entry, def, id) = (target.entry, target.def, target.id()?);
    let version = Expected::of(request.headers())?.required()?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.body).await?;
    let what: Restore = parse(&body::object(&parts.headers, &bytes, false)?)?;
    let through = format!("restore of version {}", what.header.version);
    let through = match caller.actor.via() {
        Some(via) => format!("{via}, {through}"),
        None => through,
    };
    let actor = caller.actor.clone().through(&through);
    if what.header.dry_run {
        return dry_run(&api, &actor, entry, id, version, what).await;
    }
    let value = api
        .command(&actor, move |tx| {
            restored(tx, &entry, id, version, &what)?;
            let value = (entry.get)(tx, id)?;
            shown::answer(tx, value)
        })
        .await?;
    if def.name == "user" {
        api.identity.forget();
    }
    Ok(reply::object(StatusCode::OK, def, &value))
}

fn restored(
    tx: &mut Tx<'_>,
    entry: &ObjectEntry,
    id: ObjectId,
    version: Option<i64>,
    what: &Restore,
) -> Result<(), Problem> {
    let def = tx.told((entry.def)());
    tx.permit(def, id, "change")?;
    tx.restore(entry, id, version, what).map_err(|refused| shown::problem(tx, def, id, refused))?;
    tx.permit_outcome(def, id, "change")
}

/// Restores, tells what changed, and has everything undone.
async fn dry_run(
    api: &Api,
    actor: &tessera_kernel::Actor,
    entry: ObjectEntry,
    id: ObjectId,
    version: Option<i64>,
    what: Restore,
) -> Result<Response, Refusal> {
    let told: Arc<Mutex<Option<Value>>> = Arc::default();
    let tell = told.clone();
    let outcome: Result<(), Problem> = api
        .command(actor, move |tx| {
            let changes = try_out(tx, &entry, id, version, &what)?;
            *tell.lock().unwrap_or_else(PoisonError::into_inner) = Some(changes);
            // What is refused leaves no trace.
            Err(Problem::new(ProblemKind::Conflict, "dry_run", "only tried"))
        })
        .await;
    let told = told.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (outcome, told) {
        (Err(problem), Some(changes)) if problem.code == "dry_run" => {
            Ok(reply::json(StatusCode::OK, &changes))
        }
        (Err(problem), _) => Err(problem.into()),
        (Ok(()), _) => Ok(reply::json(StatusCode::OK, &json!({ "changes": [] }))),
    }
}

fn try_out(
    tx: &mut Tx<'_>,
    entry: &ObjectEntry,
    id: ObjectId,
    version: Option<i64>,
    what: &Restore,
) -> Result<Value, Problem> {
    let def = tx.told((entry.def)());
    tx.permit(def, id, "change")?;
    let before = tx.head(def, id)?.version;
    restored(tx, entry, id, version, what)?;
    let changes = tx.changes(id, before)?;
    Ok(json!({ "changes": shown::changes(tx.actor(), def, &changes) }))
}
