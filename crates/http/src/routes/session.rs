//! `/api/v1/session`: sign in, who am I, sign out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tessera_identity::{Device, SignedIn};
use tessera_kernel::{Record, Source};

use crate::caller::{self, Caller, SESSION_COOKIE};
use crate::client::{self, Peer};
use crate::refusal::Refusal;
use crate::{Api, body, reply};

/// Who signs in.
#[derive(Record)]
pub(crate) struct Credentials {
    /// Login.
    #[field(max = 64)]
    pub(crate) login: String,
    /// Password.
    #[field(max = 512)]
    pub(crate) password: String,
    /// Code of the authenticator app, or a recovery code, where one is asked for.
    #[field(max = 40)]
    pub(crate) code: Option<String>,
}

pub(super) async fn sign_in(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, content) = request.into_parts();
    let Credentials { login, password, code } =
        body::record(&parts, content, api.limits.stranger_body).await?;
    let device = device(&api, &parts);
    let signed_in = api
        .password(move |identity| identity.sign_in(&login, &password, code.as_deref(), &device))
        .await??;
    Ok(welcome(&api, &signed_in))
}

/// Where a request comes from.
pub(super) fn device(api: &Api, parts: &Parts) -> Device {
    let peer = parts.extensions.get::<Peer>().copied();
    let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    Device {
        address: client::address(peer, &parts.headers, &api.proxies),
        agent: agent.map(str::to_string),
    }
}

/// The answer to whoever signed in, with the cookie.
pub(super) fn welcome(api: &Api, signed_in: &SignedIn) -> Response {
    let value = json!({
        "login": signed_in.login,
        "name": signed_in.name,
        "expires_at": signed_in.expires_at.to_string(),
        "must_enrol": signed_in.must_enrol,
    });
    let mut response = reply::json(StatusCode::CREATED, &value);
    reply::put(&mut response, SET_COOKIE, &cookie(api, signed_in));
    response
}

/// The cookie of whoever signed in.
pub(super) fn cookie(api: &Api, signed_in: &SignedIn) -> String {
    bake(api, &signed_in.secret, signed_in.lasts)
}

pub(super) async fn show(caller: Caller) -> Response {
    let source = match caller.actor.source() {
        Source::Session => "session",
        _ => "token",
    };
    let user = caller.user.to_string();
    let value = json!({ "login": caller.actor.name(), "user": user, "source": source });
    reply::json(StatusCode::OK, &value)
}

pub(super) async fn sign_out(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response, Refusal> {
    let mut further = None;
    if caller::cookie(&headers) == Some(caller.secret.as_str()) {
        let (identity, home) = (api.identity.clone(), format!("{}/", api.public_url));
        let signed_out = move || {
            // Whoever can't be told where to sign out at a provider is signed out here all the same.
            let further = identity.oidc_sign_out(&caller.secret, &home).ok().flatten();
            identity.sign_out(&caller.secret).map(|()| further)
        };
        further = api.at_length(signed_out).await??;
    }
    let mut response = match further {
        Some(address) => reply::json(StatusCode::OK, &json!({ "continue_at": address })),
        None => StatusCode::NO_CONTENT.into_response(),
    };
    reply::put(&mut response, SET_COOKIE, &bake(&api, "", 0));
    Ok(response)
}

fn bake(api: &Api, secret: &str, seconds: i64) -> String {
    let secure = if api.secure_cookies { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}
