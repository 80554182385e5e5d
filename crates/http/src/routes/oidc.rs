//! Single sign-on: to the provider's page and back, and whose account there is whose user here.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tessera_identity::{ExternalAccount, IdentityError};
use tessera_kernel::Record;

use super::session::{self, device};
use super::user::Ids;
use crate::caller::{self, Caller};
use crate::refusal::Refusal;
use crate::{Api, body, parameters, reply};

/// The cookie of the browser that began.
const STATE_COOKIE: &str = "tessera_oidc";
/// Seconds that it lasts, like the attempt.
const STATE_LASTS: u32 = 600;

/// An account of an identity provider.
#[derive(Record)]
pub(crate) struct AccountInput {
    /// Code of the provider.
    #[field(max = 40)]
    pub(crate) provider: String,
    /// Who they are there: the claim `sub`.
    #[field(max = 255)]
    pub(crate) subject: String,
}

pub(super) async fn providers(State(api): State<Arc<Api>>) -> Result<Response, Refusal> {
    let providers = api.identity.identity_providers()?;
    let shown = |(code, name): &(_, _)| json!({ "code": format!("{code}"), "name": name });
    let items: Vec<Value> = providers.iter().map(shown).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn start(State(api): State<Arc<Api>>, ids: Ids) -> Result<Response, Refusal> {
    let provider = ids.text("provider").to_string();
    let return_to = callback_address(&api, &provider);
    let identity = api.identity.clone();
    let begun = api.at_length(move || identity.start_oidc(&provider, &return_to)).await??;
    let mut response = see_other(&begun.location);
    let cookie = state_cookie(&api, &begun.state, STATE_LASTS);
    reply::put(&mut response, SET_COOKIE, &cookie);
    Ok(response)
}

pub(super) async fn callback(
    State(api): State<Arc<Api>>,
    ids: Ids,
    uri: Uri,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let provider = ids.text("provider").to_string();
    let pairs = parameters::of(&uri)?;
    let given = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, v)| v.clone());
    let state = given("state").filter(|state| began(&parts.headers, state));
    let state = state.ok_or(IdentityError::OidcAttempt)?;
    let Some(code) = given("code") else {
        let error: String = given("error").unwrap_or_default().chars().take(60).collect();
        let reason = format!("it sent the browser back with `{error}`");
        return Err(IdentityError::Provider { name: provider, reason }.into());
    };
    let (device, return_to) = (device(&api, &parts), callback_address(&api, &provider));
    let identity = api.identity.clone();
    let signed_in = api
        .at_length(move || identity.finish_oidc(&provider, (&state, &code), &return_to, &device))
        .await??;
    let mut response = see_other("/");
    reply::put(&mut response, SET_COOKIE, &session::cookie(&api, &signed_in));
    if let Ok(over) = HeaderValue::from_str(&state_cookie(&api, "", 0)) {
        response.headers_mut().append(SET_COOKIE, over);
    }
    Ok(response)
}

/// Whether it is this browser that began the attempt: another site must not sign it in as somebody
/// else.
fn began(headers: &HeaderMap, state: &str) -> bool {
    caller::cookie_named(headers, STATE_COOKIE) == Some(state)
}

fn see_other(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    reply::put(&mut response, LOCATION, location);
    response
}

fn callback_address(api: &Api, provider: &str) -> String {
    format!("{}/api/v1/oidc/{provider}/callback", api.public_url)
}

fn state_cookie(api: &Api, state: &str, seconds: u32) -> String {
    let secure = if api.secure_cookies { "; Secure" } else { "" };
    let path = "Path=/api/v1/oidc; HttpOnly; SameSite=Lax";
    format!("{STATE_COOKIE}={state}; {path}; Max-Age={seconds}{secure}")
}

pub(super) async fn accounts(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let accounts = api.identity(move |identity| identity.accounts(&actor, user)).await??;
    let items: Vec<Value> = accounts.iter().map(ExternalAccount::to_json).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn bind(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let user = ids.get("id", "user")?;
    let AccountInput { provider, subject } = input(&api, request).await?;
    let actor = api.current(&caller.actor).await?;
    api.identity(move |identity| identity.bind_account(&actor, user, &provider, &subject))
        .await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn unbind(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let user = ids.get("id", "user")?;
    let AccountInput { provider, subject } = input(&api, request).await?;
    let actor = api.current(&caller.actor).await?;
    api.identity(move |identity| identity.unbind_account(&actor, user, &provider, &subject))
        .await??;
    Ok(StatusCode::NO_CONTENT)
}

async fn input(api: &Api, request: Request) -> Result<AccountInput, Refusal> {
    let (parts, content) = request.into_parts();
    body::record(&parts, content, api.limits.body).await
}
