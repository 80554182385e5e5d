//! Refused requests as problem details (RFC 9457).

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tessera_identity::IdentityError;
use tessera_kernel::{Fault, Problem, ProblemKind};

use crate::around;

/// A refused request.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    body: Value,
    headers: HeaderMap,
    /// What an operator may know and a caller not.
    internal: Option<String>,
}

/// Goes with the response to whoever writes the log.
#[derive(Clone, Debug)]
pub(crate) struct Internal(pub(crate) String);

impl Refusal {
    /// A refusal of the protocol, not of a module.
    pub(crate) fn http(
        status: StatusCode,
        code: &str,
        title: &str,
        detail: impl Into<String>,
    ) -> Self {
        let body = json!({
            "type": format!("/problems/{code}"),
            "title": title,
            "status": status.as_u16(),
            "detail": detail.into(),
        });
        Self(Box::new(Inner { status, body, headers: HeaderMap::new(), internal: None }))
    }

    /// The request can't be understood: 400.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Problem::new(ProblemKind::Malformed, "malformed", detail).into()
    }

    /// There is nothing at this path: 404.
    pub(crate) fn nowhere(detail: impl Into<String>) -> Self {
        Problem::new(ProblemKind::Missing, "missing", detail).into()
    }

    /// The path knows other methods: 405.
    pub(crate) fn method(allowed: &str, detail: impl Into<String>) -> Self {
        let title = "This can't be done here";
        Self::http(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", title, detail)
            .header(ALLOW, allowed)
    }

    /// The body is too large: 413.
    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the body has more than {limit} bytes: send less at a time");
        Problem::new(ProblemKind::TooLarge, "too_large", detail).into()
    }

    /// The body has another type: 415.
    pub(crate) fn media_type(allowed: &str) -> Self {
        let detail = format!("send the body as {allowed}, and say so in Content-Type");
        let title = "This type of body is not understood";
        Self::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", title, detail)
    }

    /// A change must say which version it is based on: 428.
    pub(crate) fn precondition_required() -> Self {
        Self::http(
            StatusCode::PRECONDITION_REQUIRED,
            "precondition_required",
            "Say which version you have seen",
            "send the ETag of the object as If-Match, so that nobody's change is lost",
        )
    }

    /// The server can't just now: 503.
    pub(crate) fn unavailable(code: &str, detail: impl Into<String>) -> Self {
        Problem::new(ProblemKind::Unavailable, code, detail).into()
    }

    /// Adds a header; values that can't be one are left out.
    pub(crate) fn header(mut self, name: axum::http::HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.insert(name, value);
        }
        self
    }

    /// The body, for the answers to single records of a bulk call.
    pub(crate) fn body(self) -> (u16, Value) {
        (self.0.status.as_u16(), self.0.body)
    }
}

impl From<Problem> for Refusal {
    fn from(mut problem: Problem) -> Self {
        let mut internal = None;
        if problem.kind == ProblemKind::Internal {
            let public = "the program failed; the server's log tells more under this request's id";
            internal = Some(std::mem::replace(&mut problem.detail, public.to_string()));
        }
        let status = StatusCode::from_u16(problem.kind.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let inner = Inner { status, body: problem.to_json(), headers: HeaderMap::new(), internal };
        let refusal = Self(Box::new(inner));
        match problem.kind {
            ProblemKind::Unauthenticated => refusal.header(WWW_AUTHENTICATE, "Bearer"),
            ProblemKind::Unavailable => refusal.header(RETRY_AFTER, "1"),
            _ => refusal,
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Problem::from(fault).into()
    }
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        let wait = match &error {
            IdentityError::TooManyTries { seconds, .. } => Some(seconds.to_string()),
            _ => None,
        };
        let refusal = Self::from(Problem::from(error));
        match wait {
            Some(seconds) => refusal.header(RETRY_AFTER, &seconds),
            None => refusal,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Inner { status, mut body, headers, internal } = *self.0;
        let request = around::request();
        if !request.is_empty() {
            body["request"] = request.into();
        }
        let mut response = (status, body.to_string()).into_response();
        response.headers_mut().extend(headers);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(detail) = internal {
            response.extensions_mut().insert(Internal(detail));
        }
        response
    }
}
