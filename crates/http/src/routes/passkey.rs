//! Passkeys of a user, and signing in by one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use tessera_identity::Passkey;

use super::session::{device, welcome};
use super::user::Ids;
use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::{Api, body, reply};

/// Bytes of what a device answers.
const ANSWER: usize = 16 * 1024;

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let passkeys = api.identity(move |identity| identity.passkeys(&actor, user)).await??;
    let items: Vec<Value> = passkeys.iter().map(Passkey::to_json).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn begin(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let (actor, site) = (api.current(&caller.actor).await?, api.public_url.clone());
    let options =
        api.identity(move |identity| identity.begin_passkey(&actor, user, &site)).await??;
    Ok(reply::json(StatusCode::CREATED, &options))
}

/// The body is what `PublicKeyCredential.toJSON()` yields, with a `name` beside it.
pub(super) async fn finish(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let user = ids.get("id", "user")?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, ANSWER).await?;
    let credential = body::object(&parts.headers, &bytes, false)?;
    let name = credential["name"].as_str().unwrap_or_default().to_string();
    let (actor, site) = (api.current(&caller.actor).await?, api.public_url.clone());
    api.identity(move |identity| {
        identity.finish_passkey(&actor, user, (&name, &credential), &site)
    })
    .await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<StatusCode, Refusal> {
    let (user, passkey) = (ids.get("id", "user")?, ids.text("passkey").to_string());
    let actor = api.current(&caller.actor).await?;
    api.identity(move |identity| identity.remove_passkey(&actor, user, &passkey)).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn begin_sign_in(State(api): State<Arc<Api>>) -> Result<Response, Refusal> {
    let site = api.public_url.clone();
    let options = api.identity(move |identity| identity.begin_passkey_sign_in(&site)).await??;
    Ok(reply::json(StatusCode::CREATED, &options))
}

pub(super) async fn sign_in(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.stranger_body).await?;
    let credential = body::object(&parts.headers, &bytes, false)?;
    let (device, site) = (device(&api, &parts), api.public_url.clone());
    let signed_in = api
        .identity(move |identity| identity.finish_passkey_sign_in(&credential, &site, &device))
        .await??;
    Ok(welcome(&api, &signed_in))
}
