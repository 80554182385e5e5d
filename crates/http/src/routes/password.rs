//! Setting passwords: an administrator's way, one's own, and by a one-time link.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use tessera_kernel::Record;

use super::session::{device, welcome};
use super::user::Ids;
use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::{Api, body, reply};

/// A new password.
#[derive(Record)]
pub(crate) struct NewPassword {
    /// At least as long as the installation asks for, and none of those that are guessed first.
    #[field(max = 512)]
    pub(crate) password: String,
}

/// A new password of one's own.
#[derive(Record)]
pub(crate) struct ChangedPassword {
    /// The password that there is.
    #[field(max = 512)]
    pub(crate) current: String,
    /// The new one.
    #[field(max = 512)]
    pub(crate) password: String,
}

/// A new password by a link.
#[derive(Record)]
pub(crate) struct ResetPassword {
    /// The one-time secret of the link.
    #[field(max = 100)]
    pub(crate) secret: String,
    /// The new password.
    #[field(max = 512)]
    pub(crate) password: String,
}

pub(super) async fn set(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let user = ids.get("id", "user")?;
    let (parts, content) = request.into_parts();
    let NewPassword { password } = body::record(&parts, content, api.limits.body).await?;
    let actor = api.current(&caller.actor).await?;
    api.password(move |identity| identity.set_password(&actor, user, &password)).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn change_own(
    State(api): State<Arc<Api>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, content) = request.into_parts();
    let ChangedPassword { current, password } =
        body::record(&parts, content, api.limits.body).await?;
    let actor = api.current(&caller.actor).await?;
    let device = device(&api, &parts);
    let signed_in = api
        .password(move |identity| identity.change_password(&actor, &current, &password, &device))
        .await??;
    Ok(welcome(&api, &signed_in))
}

pub(super) async fn create_reset_link(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let link = api.identity(move |identity| identity.create_reset_link(&actor, user)).await??;
    let path = format!("/#reset={}", link.secret);
    let value = json!({ "path": path, "expires_at": link.expires_at.to_string() });
    Ok(reply::json(StatusCode::CREATED, &value))
}

pub(super) async fn reset(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let (parts, content) = request.into_parts();
    let ResetPassword { secret, password } =
        body::record(&parts, content, api.limits.stranger_body).await?;
    api.password(move |identity| identity.redeem_reset_link(&secret, &password)).await??;
    Ok(StatusCode::NO_CONTENT)
}
