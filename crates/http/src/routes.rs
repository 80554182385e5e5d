//! Paths.

mod action;
mod bulk;
mod change;
mod create;
mod delete;
mod history;
mod list;
mod page;
mod past;
mod read;
mod restore;
mod session;
mod setup;
mod system;
mod user;
mod webhook;

pub(crate) use session::Credentials;
pub(crate) use setup::Setup;
pub(crate) use user::{NewPassword, TokenInput};

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};

use crate::around::around;
use crate::refusal::Refusal;
use crate::{Api, parameters, reply};

/// The API as a service.
pub fn router(api: Arc<Api>) -> Router {
    let plain = Router::new()
        .route("/{object}", post(create::create))
        .route("/{object}/by-number/{number}", get(read::by_number))
        .route(
            "/{object}/{id}",
            get(read::read)
                .post(action::of_collection)
                .patch(change::change)
                .delete(delete::delete),
        )
        .route("/{object}/{id}/{action}", post(action::of_object))
        .route("/{object}/{id}/restore", post(restore::restore))
        .route("/session", get(session::show).post(session::sign_in).delete(session::sign_out))
        .route("/setup", post(setup::set_up))
        .route("/metadata", get(system::metadata))
        .route("/user/{id}/password", post(user::set_password))
        .route("/user/{id}/tokens", get(user::tokens).post(user::create_token))
        .route("/user/{id}/tokens/{token}", delete(user::revoke_token))
        .route("/webhook/{id}/deliveries", get(webhook::deliveries))
        .route("/webhook/{id}/dead-letters", get(webhook::dead_letters))
        .route_layer(from_fn(parameters::none));
    let objects = plain
        .route("/{object}", get(list::list))
        .route("/{object}/bulk", post(bulk::bulk))
        .route("/history", get(past::of_all))
        .route("/{object}/{id}/changes", get(history::changes))
        .route("/{object}/{id}/history", get(past::of_object))
        .route("/{object}/{id}/as-of", get(past::as_of));
    Router::new()
        .nest("/api/v1", objects)
        .route("/api/openapi.json", get(system::openapi))
        .route("/livez", get(system::live))
        .route("/readyz", get(system::ready))
        .route("/metrics", get(system::metrics))
        .route("/", get(page::index))
        .route("/page.js", get(page::script))
        .route("/page.css", get(page::style))
        .fallback(nowhere)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(api.clone(), around))
        .with_state(api)
}

async fn nowhere(uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(200).collect();
    Refusal::nowhere(format!("there is nothing at {path}; /api/openapi.json lists what there is"))
}

async fn no_method(method: Method, uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(200).collect();
    let detail = format!("{path} knows no {method}; the header Allow lists what it knows");
    Refusal::http(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This can't be done here",
        detail,
    )
}

/// Adds the mark of an answer that an earlier call with the same key got.
fn mark_replayed(response: &mut axum::response::Response, replayed: bool) {
    if replayed {
        let name = axum::http::HeaderName::from_static("idempotency-replayed");
        reply::put(response, name, "true");
    }
}
