//! Sessions of a user, and letting them in again.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};
use tessera_identity::Session;
use tessera_kernel::ObjectId;

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::target::{id_of, parameters};
use crate::{Api, reply};

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
        id_of(object, self.text(parameter))
    }

    /// A parameter of the path as it is.
    pub(crate) fn text(&self, parameter: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| name == parameter);
        found.map_or("", |(_, value)| value)
    }
}

pub(super) async fn sessions(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let sessions = api.identity(move |identity| identity.sessions(&actor, user)).await??;
    let items: Vec<Value> = sessions.iter().map(Session::to_json).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn end_sessions(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    let ended = api.identity(move |identity| identity.end_sessions(&actor, user, None)).await??;
    Ok(reply::json(StatusCode::OK, &json!({ "ended": ended })))
}

pub(super) async fn end_session(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<StatusCode, Refusal> {
    let (user, session) = (ids.get("id", "user")?, ids.text("session").to_string());
    let actor = api.current(&caller.actor).await?;
    api.identity(move |identity| identity.end_sessions(&actor, user, Some(&session))).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn unlock(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<StatusCode, Refusal> {
    let user = ids.get("id", "user")?;
    let actor = api.current(&caller.actor).await?;
    api.identity(move |identity| identity.set_active(&actor, user, true)).await??;
    Ok(StatusCode::NO_CONTENT)
}
