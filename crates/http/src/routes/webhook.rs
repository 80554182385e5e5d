//! What became of deliveries to a webhook.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use tessera_events::{DeadLetter, Delivery, Webhook, queue_name};
use tessera_kernel::{Kind as _, Object as _, Problem};

use super::user::Ids;
use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::{Api, reply};

/// Tries that are shown.
const SHOWN: u32 = 200;

pub(super) async fn deliveries(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let id = ids.get("id", Webhook::NAME)?;
    let items: Vec<Value> = api
        .read(&caller.actor, move |tx| {
            tx.permit(Webhook::def(), id, "read")?;
            tx.head(Webhook::def(), id)?;
            let tries = tessera_events::deliveries(tx, id, SHOWN)?;
            Ok::<_, Problem>(tries.iter().map(Delivery::to_json).collect())
        })
        .await?;
    Ok(reply::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn dead_letters(
    State(api): State<Arc<Api>>,
    caller: Caller,
    ids: Ids,
) -> Result<Response, Refusal> {
    let id = ids.get("id", Webhook::NAME)?;
    let items: Vec<Value> = api
        .read(&caller.actor, move |tx| {
            tx.permit(Webhook::def(), id, "read")?;
            tx.head(Webhook::def(), id)?;
            let letters = tessera_events::dead_letters(tx, Some(&queue_name(id)))?;
            Ok::<_, Problem>(letters.iter().map(DeadLetter::to_json).collect())
        })
        .await?;
    Ok(reply::json(StatusCode::OK, &json!({ "items": items })))
}
