//! `GET /api/v1/{object}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tessera_kernel::Fault;
use tessera_kernel::json::head_row_to_json;

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::target::Target;
use crate::{Api, filter, parameters, reply, shown};

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    uri: Uri,
) -> Result<Response, Refusal> {
    let def = target.def;
    let pairs = parameters::of(&uri)?;
    let list = filter::parse(def, &caller.actor, &pairs)?;
    let value = api
        .read(&caller.actor, move |tx| {
            let actor = tx.actor();
            actor.require(def.name, "read")?;
            let page = tx.list(def, &list.query)?;
            let row = |row| Ok(shown::head_row(actor, def, head_row_to_json(def, row)?));
            let items: Result<Vec<Value>, Fault> =
                page.rows.iter().map(|cells| row(cells)).collect();
            let next = page.next.as_ref().map(|next| list.cursor(next));
            Ok(json!({ "items": items?, "next": next }))
        })
        .await?;
    Ok(reply::json(StatusCode::OK, &value))
}
