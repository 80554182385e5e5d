//! `/api/v1/session`: sign in, who am I, sign out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tessera_identity::SignedIn;
use tessera_kernel::json::parse_record;
use tessera_kernel::{Record, Source};

use crate::caller::{self, Caller, SESSION_COOKIE};
use crate::client::{self, Peer};
use crate::refusal::Refusal;
use crate::{Api, body, reply};

/// Seconds that a browser keeps the cookie: as long as the session lasts.
const COOKIE_LASTS: u32 = 12 * 3600;

/// Who signs in.
#[derive(Record)]
pub(crate) struct Credentials {
    /// Login.
    #[field(max = 64)]
    pub(crate) login: String,
    /// Password.
    #[field(max = 512)]
    pub(crate) password: String,
}

pub(super) async fn sign_in(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.stranger_body).await?;
    let value = body::object(&parts.headers, &bytes, false)?;
    let Credentials { login, password } = parse_record(&value)?;
    let peer = parts.extensions.get::<Peer>().copied();
    let from = client::address(peer, &parts.headers, &api.proxies);
    let signed_in =
        api.password(move |identity| identity.sign_in(&login, &password, from)).await??;
    Ok(welcome(&api, &signed_in))
}

/// The answer to whoever signed in, with the cookie.
pub(super) fn welcome(api: &Api, signed_in: &SignedIn) -> Response {
    let value = json!({
        "login": signed_in.login,
        "name": signed_in.name,
        "expires_at": signed_in.expires_at.to_string(),
    });
    let mut response = reply::json(StatusCode::CREATED, &value);
    reply::put(&mut response, SET_COOKIE, &cookie(api, &signed_in.secret, COOKIE_LASTS));
    response
}

pub(super) async fn show(caller: Caller) -> Response {
    let source = match caller.actor.source() {
        Source::Session => "session",
        _ => "token",
    };
    let value = json!({ "login": caller.actor.name(), "source": source });
    reply::json(StatusCode::OK, &value)
}

pub(super) async fn sign_out(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response, Refusal> {
    if caller::cookie(&headers) == Some(caller.secret.as_str()) {
        api.identity(move |identity| identity.sign_out(&caller.secret)).await??;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    reply::put(&mut response, SET_COOKIE, &cookie(&api, "", 0));
    Ok(response)
}

fn cookie(api: &Api, secret: &str, seconds: u32) -> String {
    let secure = if api.secure_cookies { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}
