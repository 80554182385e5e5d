//! Paths.

mod action;
mod bulk;
mod change;
mod create;
mod delete;
mod history;
mod list;
mod oidc;
mod page;
mod password;
mod past;
mod read;
mod restore;
mod second_factor;
mod session;
mod setup;
mod sign_in_log;
mod system;
mod token;
mod user;
mod webhook;

pub(crate) use oidc::AccountInput;
pub(crate) use password::{ChangedPassword, NewPassword, ResetPassword};
pub(crate) use second_factor::TotpCode;
pub(crate) use session::Credentials;
pub(crate) use setup::Setup;
pub(crate) use token::TokenInput;

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
        .route("/session/password", post(password::change_own))
        .route("/setup", post(setup::set_up))
        .route("/password-reset", post(password::reset))
        .route("/metadata", get(system::metadata))
        .route("/user/{id}/password", post(password::set))
        .route("/user/{id}/reset-link", post(password::create_reset_link))
        .route("/user/{id}/unlock", post(user::unlock))
        .route("/user/{id}/sessions", get(user::sessions).delete(user::end_sessions))
        .route("/user/{id}/sessions/{session}", delete(user::end_session))
        .route(
            "/user/{id}/totp",
            get(second_factor::show).post(second_factor::enrol).delete(second_factor::remove),
        )
        .route("/user/{id}/totp/confirm", post(second_factor::confirm))
        .route("/user/{id}/recovery-codes", post(second_factor::renew_recovery_codes))
        .route("/user/{id}/accounts", get(oidc::accounts).post(oidc::bind))
        .route("/user/{id}/accounts/remove", post(oidc::unbind))
        .route("/oidc", get(oidc::providers))
        .route("/oidc/{provider}/start", get(oidc::start))
        .route("/user/{id}/tokens", get(token::list).post(token::create))
        .route("/user/{id}/tokens/{token}", delete(token::revoke))
        .route("/webhook/{id}/deliveries", get(webhook::deliveries))
        .route("/webhook/{id}/dead-letters", get(webhook::dead_letters))
        .route_layer(from_fn(parameters::none));
    let objects = plain
        .route("/{object}", get(list::list))
        .route("/sign-in-log", get(sign_in_log::list))
        .route("/oidc/{provider}/callback", get(oidc::callback))
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
