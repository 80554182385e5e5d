//! Operation: health, figures, documentation.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use tessera_events::Webhook;
use tessera_kernel::{Object as _, Predicate, Problem};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::{Api, metadata, openapi};

/// The process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// Database and writer answer, and the server is not about to stop.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> Result<&'static str, Refusal> {
    if !api.is_ready() {
        return Err(Refusal::unavailable("stopping", "the server is about to stop"));
    }
    api.check_health().await?;
    Ok("ok\n")
}

/// Figures for Prometheus. They tell amounts, never contents; which webhook is behind only to
/// whoever may read every webhook.
pub(super) async fn metrics(
    State(api): State<Arc<Api>>,
    caller: Result<Caller, Refusal>,
) -> Result<Response, Refusal> {
    let figures = api.figures().await?;
    let mut gauges = Vec::new();
    let every = |caller: Caller| *caller.actor.rows(Webhook::def(), "read") == Predicate::Always;
    let reads = caller.is_ok_and(every);
    for (queue, behind) in figures.behind(reads) {
        let series = format!("tessera_events_behind{{queue=\"{queue}\"}}");
        gauges.push((series, "Events after a queue's offset, counted up to 10000.", behind));
    }
    let help = "Events given up, counted up to 10000.";
    gauges.push(("tessera_dead_letters".into(), help, figures.dead));
    let help = "Bytes of the database on disk.";
    gauges.push(("tessera_database_bytes".into(), help, figures.size));
    if let Some(memory) = resident_memory() {
        let help = "Resident memory of the process.";
        gauges.push(("process_resident_memory_bytes".into(), help, memory));
    }
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(CONTENT_TYPE, text)], api.metrics.text(&gauges)).into_response())
}

/// Bytes that the process has in memory, where the system tells (Linux).
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// OpenAPI 3.1: all of it to whoever is not known, for it tells nothing of this installation; else what
/// the caller may do and see.
pub(super) async fn openapi(
    State(api): State<Arc<Api>>,
    caller: Result<Caller, Refusal>,
) -> Result<Response, Refusal> {
    let actor = caller.ok().map(|caller| caller.actor).filter(|actor| actor.access().is_some());
    let Some(actor) = actor else { return Ok(document(api.documents().await?.0)) };
    let value = api
        .read(&actor, |tx| {
            let registry = &tx.environment().registry;
            Ok::<_, Problem>(openapi::document_for(registry, tx.extensions(), tx.actor()))
        })
        .await?;
    Ok(document(value.to_string().into()))
}

/// What a user interface needs: what the caller may do and see.
pub(super) async fn metadata(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Response, Refusal> {
    if caller.actor.access().is_none() {
        return Ok(document(api.documents().await?.1));
    }
    let value = api
        .read(&caller.actor, |tx| {
            let environment = tx.environment();
            let (registry, catalogues) = (&environment.registry, &environment.catalogues);
            let types = (registry, tx.extensions());
            Ok::<_, Problem>(metadata::document(types, catalogues, Some(tx.actor())))
        })
        .await?;
    Ok(document(value.to_string().into()))
}

fn document(bytes: axum::body::Bytes) -> Response {
    let json = HeaderValue::from_static("application/json");
    let cached = HeaderValue::from_static("private, max-age=60");
    (StatusCode::OK, [(CONTENT_TYPE, json), (CACHE_CONTROL, cached)], bytes).into_response()
}
