//! Credentials of users. Answers that tell a secret are never kept for `Idempotency-Key`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};
use tessera_identity::{NewToken, Token};
use tessera_kernel::json::parse_record;
use tessera_kernel::{ObjectId, Record};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::target::{id_of, parameters};
use crate::{Api, body, reply};

/// A new password.
#[derive(Record)]
pub(crate) struct NewPassword {
    /// At least 10 characters.
    #[field(max = 512)]
    pub(crate) password: String,
}

/// A token to be made.
#[derive(Record)]
pub(crate) struct TokenInput {
    /// What it is for.
    #[field(max = 80)]
    pub(crate) name: String,
    /// Days that it lasts, at most 3650.
    #[field(default = 90, positive)]
    pub(crate) days: u32,
}

/// Ids of the path.
pub(crate) struct Ids(Vec<(String, String)>);

impl axum::extract::FromRequestParts<Arc<Api>> for Ids {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        Ok(Self(parameters(parts, api).await?))
    }
}

impl Ids {
    /// The id in a parameter of the path.
    pub(crate) fn get(&self, parameter: &str, object: &str) -> Result<ObjectId, Refusal> {
        let found = self.0.iter().find(|(name, _)| name == parameter);
        id_of(object, found.map_or("", |(_, value)| value))
    }
}

pub(super) async fn set_password(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let user = ids.get("id", "user")?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.body).await?;
    let NewPassword { password } = parse_record(&body::object(&parts.headers, &bytes, false)?)?;
    let actor = api.current(&caller.actor).await?;
    api.password(move |identity| identity.set_password(&actor, user, &password)).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn create_token(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
    request: Request,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.body).await?;
    let TokenInput { name, days } = parse_record(&body::object(&parts.headers, &bytes, false)?)?;
    let actor = api.current(&caller.actor).await?;
    let NewToken { token, secret } =
        api.identity(move |identity| identity.create_token(&actor, user, &name, days)).await??;
    let mut value = token.to_json();
    value["secret"] = secret.into();
    Ok(reply::json(StatusCode::CREATED, &value))
}

pub(super) async fn tokens(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let tokens = api.identity(move |identity| identity.tokens(&actor, user)).await??;
    let items: Vec<Value> = tokens.iter().map(Token::to_json).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn revoke_token(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<StatusCode, Refusal> {
    let (user, token) = (ids.get("id", "user")?, ids.get("token", "token")?);
    let actor = api.current(&caller.actor).await?;
    api.identity(move |identity| identity.revoke_token(&actor, user, token)).await??;
    Ok(StatusCode::NO_CONTENT)
}
