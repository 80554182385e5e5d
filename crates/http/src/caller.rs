//! Who calls.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use tessera_kernel::{Actor, ObjectId, Problem, ProblemKind};

use crate::operation::{self, Operation};
use crate::refusal::Refusal;
use crate::{Api, around};

/// The cookie of a session.
pub(crate) const SESSION_COOKIE: &str = "tessera_session";

/// Whoever is behind the request's token or session.
#[derive(Clone)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) actor: Actor,
    /// Their user object.
    pub(crate) user: ObjectId,
    /// The secret by which they are known.
    pub(crate) secret: String,
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        // Whoever sent a body was asked before it was read.
        if let Some(caller) = parts.extensions.remove::<Self>() {
            return Ok(caller);
        }
        let secret = match bearer(&parts.headers)? {
            Some(token) => token,
            None => {
                let session = cookie(&parts.headers).ok_or_else(unknown)?;
                if !parts.method.is_safe() && !is_deliberate(&parts.headers) {
                    return Err(forged());
                }
                session
            }
        }
        .to_string();
        let mut caller = match api.identity.recall(&secret) {
            Some(caller) => caller,
            None => {
                let asked = secret.clone();
                let found = api.identity(move |identity| identity.authenticate(&asked)).await??;
                found.ok_or_else(unknown)?
            }
        };
        let registry = &api.db.environment().registry;
        let operation = Operation::of(&parts.method, &parts.extensions);
        let called = (registry, parts.uri.path());
        if operation::permit(operation, called, (&caller.actor, &caller.scope)).is_err() {
            // Perhaps they may since they called last.
            caller.actor = api.current(&caller.actor).await?;
            operation::permit(operation, called, (&caller.actor, &caller.scope))?;
        }
        caller.actor = caller.actor.for_request(&around::request());
        Ok(Self { actor: caller.actor, user: caller.user, secret })
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match token {
        Some(token) if !token.is_empty() => Ok(Some(token)),
        _ => Err(unknown()),
    }
}

/// The session's secret from the cookies.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, SESSION_COOKIE)
}

/// What a cookie with this name has.
pub(crate) fn cookie_named<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
        .filter(|value| !value.is_empty())
}

/// Whether the call is one that a page of another origin can't send without being allowed to
/// first: it bears a header of its own, or a content type that forms can't have.
fn is_deliberate(headers: &HeaderMap) -> bool {
    let json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|ty| ty.trim_start().to_ascii_lowercase().starts_with("application/"))
        && headers.get(CONTENT_TYPE).is_none_or(|ty| {
            !ty.to_str().unwrap_or("").to_ascii_lowercase().contains("x-www-form-urlencoded")
        });
    json || headers.contains_key("x-requested-with")
}

fn unknown() -> Refusal {
    let detail = "send `Authorization: Bearer tsr_…`, or sign in at POST /api/v1/session";
    Problem::new(ProblemKind::Unauthenticated, "unauthenticated", detail).into()
}

fn forged() -> Refusal {
    Refusal::http(
        StatusCode::FORBIDDEN,
        "cross_site",
        "This may come from another site",
        "with a session's cookie, send JSON or the header X-Requested-With",
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )])
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let found = headers("cookie", "a=b; tessera_session=tss_1; c=d");
        assert_eq!(cookie(&found), Some("tss_1"));
        assert_eq!(cookie(&headers("cookie", "xtessera_session=tss_1")), None);
        assert_eq!(cookie(&headers("cookie", "tessera_session=")), None);
    }

    #[test]
    fn what_a_foreign_form_can_send_is_not_deliberate() {
        for ty in ["text/plain", "multipart/form-data; boundary=x"] {
            assert!(!is_deliberate(&headers("content-type", ty)), "{ty}");
        }
        assert!(!is_deliberate(&headers("content-type", "application/x-www-form-urlencoded")));
        assert!(!is_deliberate(&HeaderMap::new()));
        assert!(is_deliberate(&headers("content-type", "application/json; charset=utf-8")));
        assert!(is_deliberate(&headers("x-requested-with", "page")));
    }

    #[test]
    fn a_token_stands_behind_its_scheme() {
        assert_eq!(bearer(&headers("authorization", "bearer tsr_1")).unwrap(), Some("tsr_1"));
        assert!(bearer(&headers("authorization", "Basic YTpi")).is_err());
        assert!(bearer(&HeaderMap::new()).unwrap().is_none());
    }
}
