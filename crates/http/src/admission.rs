//! What a request must have before it is worked on: somebody who is known, its whole body, a
//! permit. Whoever sends slowly, or is nobody, takes no permit from those who work.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequestParts as _, Request};
use axum::http::{Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::Api;
use crate::caller::Caller;
use crate::refusal::Refusal;

/// Who may call a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// Whoever watches the server: answered whatever else is going on.
    Watchers,
    /// Whoever is not known yet: signing in, setting up, setting a password by a link.
    Strangers,
    /// Whoever is known.
    Known,
}

impl Audience {
    fn of(method: &Method, path: &str) -> Self {
        match path {
            "/livez" | "/readyz" | "/metrics" => Self::Watchers,
            "/api/v1/session"
            | "/api/v1/session/passkey"
            | "/api/v1/session/passkey/begin"
            | "/api/v1/setup"
            | "/api/v1/password-reset"
                if method == Method::POST =>
            {
                Self::Strangers
            }
            path if path.starts_with("/api/v1/oidc") => Self::Strangers,
            _ => Self::Known,
        }
    }
}

/// What a request holds while it is worked on.
pub(crate) struct Admission<'a> {
    _permit: Option<SemaphorePermit<'a>>,
    _bytes: Option<OwnedSemaphorePermit>,
}

/// Lets a request in: reads its body, then takes a permit.
pub(crate) async fn admit(
    api: &Arc<Api>,
    request: Request,
) -> Result<(Request, Admission<'_>), Refusal> {
    let audience = Audience::of(request.method(), request.uri().path());
    let (request, bytes) = with_body(api, audience, request).await?;
    let permits = match audience {
        Audience::Watchers => None,
        Audience::Strangers => Some(&api.strangers),
        Audience::Known => Some(&api.requests),
    };
    let permit = permits.map(Semaphore::try_acquire).transpose().map_err(|_| busy())?;
    Ok((request, Admission { _permit: permit, _bytes: bytes }))
}

/// The request with its body read, and the room that the body takes.
async fn with_body(
    api: &Arc<Api>,
    audience: Audience,
    request: Request,
) -> Result<(Request, Option<OwnedSemaphorePermit>), Refusal> {
    let path = request.uri().path();
    if request.body().is_end_stream() || !path.starts_with("/api/v1/") {
        return Ok((request, None));
    }
    let (limit, time) = match audience {
        Audience::Strangers => (api.limits.stranger_body, api.limits.stranger_body_time),
        _ if path.ends_with("/bulk") => (api.limits.bulk_body, api.limits.body_time),
        _ => (api.limits.body, api.limits.body_time),
    };
    let (mut parts, body) = request.into_parts();
    if audience == Audience::Known {
        let caller = Caller::from_request_parts(&mut parts, api).await?;
        parts.extensions.insert(caller);
    }
    let (bytes, room) = read(api, body, limit, time).await?;
    Ok((Request::from_parts(parts, Body::from(bytes)), room))
}

async fn read(
    api: &Api,
    body: Body,
    limit: usize,
    time: Duration,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::too_large(limit));
    }
    match tokio::time::timeout(time, collect(api, body, limit)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Refusal::http(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "The body did not come",
            format!("the whole body must be here within {} seconds", time.as_secs()),
        )),
    }
}

async fn collect(
    api: &Api,
    body: Body,
    limit: usize,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
    let mut body = Limited::new(body, limit);
    let (mut parts, mut room): (Vec<Bytes>, Option<OwnedSemaphorePermit>) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => Refusal::too_large(limit),
            None => Refusal::malformed(format!("the body can't be read: {error}")),
        })?;
        let Ok(part) = frame.into_data() else { continue };
        let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
        let taken = api.bodies.clone().try_acquire_many_owned(size).map_err(|_| busy())?;
        match &mut room {
            Some(room) => room.merge(taken),
            None => room = Some(taken),
        }
        parts.push(part);
    }
    let whole = match parts.len() {
        1 => parts.swap_remove(0),
        _ => parts.concat().into(),
    };
    Ok((whole, room))
}

fn busy() -> Refusal {
    Refusal::unavailable("busy", "too many requests are in work: try again in a second")
}
