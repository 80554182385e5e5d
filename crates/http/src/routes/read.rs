//! `GET /api/v1/{object}/{id}` and `GET /api/v1/{object}/by-number/{number}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tessera_kernel::{
    Actor, Cell, ObjectDef, ObjectEntry, ObjectId, Problem, ProblemKind, Select, Tx, head_column,
};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::target::Target;
use crate::{Api, reply, shown};

pub(super) async fn read(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = target.id()?;
    answer(&api, &caller.actor, (target.entry, target.def), &headers, move |_| Ok(id)).await
}

pub(super) async fn by_number(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (def, number) = (target.def, target.parameter("number").to_string());
    let find = move |tx: &mut Tx<'_>| find(tx, def, &number);
    answer(&api, &caller.actor, (target.entry, target.def), &headers, find).await
}

async fn answer(
    api: &Api,
    actor: &Actor,
    (entry, def): (ObjectEntry, &'static ObjectDef),
    headers: &HeaderMap,
    find: impl FnOnce(&mut Tx<'_>) -> Result<ObjectId, Problem> + Send + 'static,
) -> Result<Response, Refusal> {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(String::from);
    let found = api
        .read(actor, move |tx| {
            let id = find(tx)?;
            tx.permit(def, id, "read")?;
            if let Some(known) = known {
                let version = tx.head(def, id)?.version;
                if is_known(&known, version) {
                    return Ok(Err(version));
                }
            }
            let value = (entry.get)(tx, id)?;
            Ok::<Result<Value, i64>, Problem>(Ok(shown::answer(tx, value)?))
        })
        .await?;
    Ok(match found {
        Ok(value) => reply::object(StatusCode::OK, def, &value),
        Err(version) => {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            reply::put(&mut response, ETAG, &reply::etag(version));
            response
        }
    })
}

fn is_known(header: &str, version: i64) -> bool {
    if header.trim() == "*" {
        return true;
    }
    let tag = reply::etag(version);
    header.split(',').map(|part| part.trim().trim_start_matches("W/")).any(|part| part == tag)
}

fn find(tx: &mut Tx<'_>, def: &'static ObjectDef, number: &str) -> Result<ObjectId, Problem> {
    let query = Select::from(def.head, &[head_column::ID])
        .equals(head_column::NUMBER, Cell::Text(number.to_string()))
        .limit(1);
    let mut found = None;
    tx.select(&query, &mut |row| {
        found = row.uuid()?.map(ObjectId);
        Ok(())
    })?;
    let mut known = None;
    if let Some(id) = found
        && tx.may_read(def, id)?
    {
        known = Some(id);
    }
    known.ok_or_else(|| {
        let shown: String = number.chars().take(60).collect();
        let detail = format!("there is no {} with the number {shown}", def.name);
        Problem::new(ProblemKind::Missing, "missing", detail)
    })
}
