//! API tokens of a user. Answers that tell a secret are never kept for `Idempotency-Key`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use tessera_identity::{NewToken, Token, TokenRequest};
use tessera_kernel::Record;

use super::user::Ids;
use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::{Api, body, reply};

/// A token to be made.
#[derive(Record)]
pub(crate) struct TokenInput {
    /// What it is for.
    #[field(max = 80)]
    pub(crate) name: String,
    /// Days that it lasts, at most 3650.
    #[field(default = 90, positive)]
    pub(crate) days: u32,
    /// What it may do at most, like `product:read,create sales_document:*`, or `*:read` to read
    /// only; without it whatever its user may.
    #[field(max = 2000)]
    pub(crate) scope: Option<String>,
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
    request: Request,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let (parts, content) = request.into_parts();
    let TokenInput { name, days, scope } = body::record(&parts, content, api.limits.body).await?;
    let actor = api.current(&caller.actor).await?;
    let request = TokenRequest { name, days, scope };
    let NewToken { token, secret } =
        api.identity(move |identity| identity.create_token(&actor, user, &request)).await??;
    let mut value = token.to_json();
    value["secret"] = secret.into();
    Ok(reply::json(StatusCode::CREATED, &value))
}

pub(super) async fn list(
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

pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<StatusCode, Refusal> {
    let (user, token) = (ids.get("id", "user")?, ids.get("token", "token")?);
    let actor = api.current(&caller.actor).await?;
    api.identity(move |identity| identity.revoke_token(&actor, user, token)).await??;
    Ok(StatusCode::NO_CONTENT)
}
