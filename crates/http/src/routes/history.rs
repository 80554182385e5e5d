//! `GET /api/v1/{object}/{id}/changes`

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tessera_kernel::{FieldChange, Problem};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::target::Target;
use crate::{Api, reply};

pub(super) async fn changes(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    uri: Uri,
) -> Result<Response, Refusal> {
    let (def, id) = (target.def, target.id()?);
    caller.actor.require(def.name, "read")?;
    let after = after(&uri)?;
    let value = api
        .read(&caller.actor, move |tx| {
            let head = tx.head(def, id)?;
            let changes: Vec<Value> =
                tx.changes(id, after)?.iter().map(FieldChange::to_json).collect();
            Ok::<_, Problem>(json!({
                "id": id.to_string(),
                "version": head.version,
                "created_at": head.created_at.to_string(),
                "created_by": head.created_by,
                "items": changes,
            }))
        })
        .await?;
    Ok(reply::json(StatusCode::OK, &value))
}

/// `?after=version`: only what changed since.
fn after(uri: &Uri) -> Result<i64, Refusal> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|error| Refusal::malformed(format!("the query string: {error}")))?;
    let mut after = 0;
    for (name, value) in pairs {
        if name != "after" {
            return Err(Problem::invalid(name, "is not known here; there is: after").into());
        }
        after = value.parse().map_err(|_| Problem::invalid("after", "must be a version"))?;
    }
    Ok(after)
}
