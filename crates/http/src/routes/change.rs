//! `PATCH /api/v1/{object}/{id}`

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::reply::Expected;
use crate::target::Target;
use crate::{Api, body, reply, shown};

pub(super) async fn change(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    request: Request,
) -> Result<Response, Refusal> {
    let (entry, def, id) = (target.entry, target.def, target.id()?);
    if entry.change.is_none() && def.custom_parts().next().is_none() {
        let allowed = if entry.delete.is_some() { "GET, HEAD, DELETE" } else { "GET, HEAD" };
        return Err(Refusal::method(allowed, format!("{} is changed by its verbs", def.name)));
    }
    let version = Expected::of(request.headers())?.required()?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.body).await?;
    let value = body::object(&parts.headers, &bytes, false)?;
    let value = api
        .command(&caller.actor, move |tx| {
            tx.permit(def, id, "change")?;
            if let Some(mask) = tx.actor().mask(def) {
                mask.check(&value)?;
            }
            entry
                .alter(tx, id, version, &value)
                .map_err(|refused| shown::problem(tx, def, id, refused))?;
            tx.permit_outcome(def, id, "change")?;
            let value = (entry.get)(tx, id)?;
            shown::answer(tx, value)
        })
        .await?;
    if def.name == "user" {
        api.identity.forget();
    }
    Ok(reply::object(StatusCode::OK, def, &value))
}
