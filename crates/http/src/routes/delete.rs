//! `DELETE /api/v1/{object}/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::reply::Expected;
use crate::target::Target;
use crate::{Api, shown};

pub(super) async fn delete(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let (entry, def, id) = (target.entry, target.def, target.id()?);
    let Some(delete) = entry.delete else {
        let allowed = if entry.change.is_some() { "GET, HEAD, PATCH" } else { "GET, HEAD" };
        return Err(Refusal::method(allowed, format!("{} is never deleted", def.name)));
    };
    let version = Expected::of(&headers)?.required()?;
    api.command(&caller.actor, move |tx| {
        tx.permit(def, id, "delete")?;
        delete(tx, id, version, &Value::Null)
            .map_err(|refused| shown::problem(tx, def, id, refused))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
