//! The authenticator app and the recovery codes of a user.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use tessera_kernel::Record;

use super::user::Ids;
use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::{Api, body, reply};

/// A code of an app.
#[derive(Record)]
pub(crate) struct TotpCode {
    /// Six digits.
    #[field(max = 6)]
    pub(crate) code: String,
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let state = api.identity(move |identity| identity.totp(&actor, user)).await??;
    let value = json!({
        "confirmed_at": state.confirmed_at.map(|at| at.to_string()),
        "recovery_codes": state.recovery_codes,
    });
    Ok(reply::json(StatusCode::OK, &value))
}

pub(super) async fn enrol(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let told = api.identity(move |identity| identity.enrol_totp(&actor, user)).await??;
    let value = json!({ "seed": told.seed, "uri": told.uri, "svg": told.svg });
    Ok(reply::json(StatusCode::CREATED, &value))
}

pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
    request: Request,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let (parts, content) = request.into_parts();
    let TotpCode { code } = body::record(&parts, content, api.limits.body).await?;
    let actor = api.current(&caller.actor).await?;
    let codes = api.identity(move |identity| identity.confirm_totp(&actor, user, &code)).await??;
    Ok(reply::json(StatusCode::OK, &json!({ "recovery_codes": codes })))
}

pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<StatusCode, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    api.identity(move |identity| identity.remove_totp(&actor, user)).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn renew_recovery_codes(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let codes = api.identity(move |identity| identity.renew_recovery_codes(&actor, user)).await??;
    Ok(reply::json(StatusCode::CREATED, &json!({ "recovery_codes": codes })))
}
