//! What happens around every request: an id, a time limit, figures, headers for safety.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tessera_kernel::{Fault, Problem};

use crate::Api;
use crate::admission::admit;
use crate::operation::{self, Operation};
use crate::refusal::{Internal, Refusal};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every answer. Pages of this server run nothing that does not come from it.
const SAFETY: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
];

tokio::task_local! {
    /// The id of the request that is worked on.
    static REQUEST: String;
}

/// The id of the request that is worked on; empty outside of one.
pub(crate) fn request() -> String {
    REQUEST.try_with(Clone::clone).unwrap_or_default()
}

/// The outermost layer.
pub(crate) async fn around(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let registry = &api.db.environment().registry;
    let operation = Operation::of(request.method(), request.extensions());
    let operation = operation::name(operation, registry, request.uri().path());
    let told = id.to_str().unwrap_or_default().to_string();
    let mut response = REQUEST.scope(told, run(&api, request, next)).await;
    let (took, status) = (started.elapsed(), response.status().as_u16());
    api.metrics.answered(&operation, status, took);
    log(&id, &operation, status, took.as_micros(), &mut response);
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    for (name, value) in SAFETY {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// The caller's id of the request if it is harmless, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    if let Some(given) = headers.get(REQUEST_ID).filter(harmless) {
        return given.clone();
    }
    let id = uuid::Uuid::now_v7().simple().to_string();
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

async fn run(api: &Arc<Api>, request: Request, next: Next) -> Response {
    let (request, _admission) = match admit(api, request).await {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal.into_response(),
    };
    let limit = api.limits.request_time;
    match tokio::time::timeout(limit, unpanicked(next.run(request))).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "this took too long; whether it was done is not known: look, or send it \
                          again with the same Idempotency-Key";
            Refusal::unavailable("timeout", detail).into_response()
        }
    }
}

/// A panic of a handler is an answer, not the end of the connection.
async fn unpanicked(work: impl Future<Output = Response>) -> Response {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => {
                let problem: Problem = Fault::Panicked(panic_text(&*panic)).into();
                Poll::Ready(Refusal::from(problem).into_response())
            }
        }
    })
    .await
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn log(id: &HeaderValue, operation: &str, status: u16, micros: u128, response: &mut Response) {
    let request = id.to_str().unwrap_or("");
    match response.extensions_mut().remove::<Internal>() {
        Some(Internal(detail)) => {
            tracing::error!(request, operation, status, micros, detail, "a request failed");
        }
        None if status >= 500 => tracing::warn!(request, operation, status, micros, "refused"),
        None => tracing::debug!(request, operation, status, micros, "answered"),
    }
}
