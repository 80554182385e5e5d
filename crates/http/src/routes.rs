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
mod passkey;
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

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::around::around;
use crate::operation::{Operation, Policy};
use crate::refusal::Refusal;
use crate::{Api, parameters, reply};

/// An operation with what answers it.
struct Route {
    operation: Operation,
    answer: MethodRouter<Arc<Api>>,
}

impl Route {
    /// A path that takes no parameters in its query.
    fn new<T: 'static>(
        (method, path): (Method, &'static str),
        name: &'static str,
        policy: Policy,
        handler: impl Handler<T, Arc<Api>>,
    ) -> Self {
        let mut route = Self::asked((method, path), name, policy, handler);
        route.answer = route.answer.layer(from_fn(parameters::none));
        route
    }

    /// A path whose handler reads the parameters of its query.
    fn asked<T: 'static>(
        (method, path): (Method, &'static str),
        name: &'static str,
        policy: Policy,
        handler: impl Handler<T, Arc<Api>>,
    ) -> Self {
        let filter = match method {
            Method::POST => MethodFilter::POST,
            Method::PATCH => MethodFilter::PATCH,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        let answer = on(filter, handler);
        Self { operation: Operation { method, path, name, policy }, answer }
    }
}

fn get(path: &'static str) -> (Method, &'static str) {
    (Method::GET, path)
}

fn post(path: &'static str) -> (Method, &'static str) {
    (Method::POST, path)
}

fn patch(path: &'static str) -> (Method, &'static str) {
    (Method::PATCH, path)
}

fn delete(path: &'static str) -> (Method, &'static str) {
    (Method::DELETE, path)
}

/// What there is of every object type.
fn of_objects() -> Vec<Route> {
    let (all, one) = ("/api/v1/{object}", "/api/v1/{object}/{id}");
    let read = Policy::Object(&["read"]);
    let by_number = "/api/v1/{object}/by-number/{number}";
    let change = Policy::Object(&["change"]);
    let create = Policy::Object(&["create"]);
    let many = Policy::Object(&["create", "mass_change"]);
    vec![
        Route::asked(get(all), "list", read, list::list),
        Route::new(post(all), "create", create, create::create),
        Route::asked(post("/api/v1/{object}/bulk"), "bulk", many, bulk::bulk),
        Route::new(get(by_number), "read", read, read::by_number),
        Route::new(get(one), "read", read, read::read),
        Route::new(post(one), "act", Policy::Verb, action::of_collection),
        Route::new(patch(one), "change", change, change::change),
        Route::new(delete(one), "delete", Policy::Object(&["delete"]), delete::delete),
        Route::new(post("/api/v1/{object}/{id}/{action}"), "act", Policy::Verb, action::of_object),
        Route::new(post("/api/v1/{object}/{id}/restore"), "restore", change, restore::restore),
        Route::asked(get("/api/v1/{object}/{id}/changes"), "changes", read, history::changes),
        Route::asked(get("/api/v1/{object}/{id}/history"), "history", read, past::of_object),
        Route::asked(get("/api/v1/{object}/{id}/as-of"), "as_of", read, past::as_of),
    ]
}

/// How somebody becomes known, and what is theirs.
fn of_callers() -> Vec<Route> {
    use Policy::{Known, Open};
    let session = "/api/v1/session";
    let own = "/api/v1/session/password";
    let (passkey, begun) = ("/api/v1/session/passkey", "/api/v1/session/passkey/begin");
    vec![
        Route::new(get(session), "session.use", Known, session::show),
        Route::new(post(session), "session.use", Open, session::sign_in),
        Route::new(delete(session), "session.use", Known, session::sign_out),
        Route::new(post(own), "session.password", Known, password::change_own),
        Route::new(post(begun), "session.begin_passkey", Open, passkey::begin_sign_in),
        Route::new(post(passkey), "session.passkey", Open, passkey::sign_in),
        Route::new(post("/api/v1/setup"), "setup.use", Open, setup::set_up),
        Route::new(post("/api/v1/password-reset"), "password-reset.use", Open, password::reset),
        Route::new(get("/api/v1/oidc"), "oidc.list", Open, oidc::providers),
        Route::new(get("/api/v1/oidc/{provider}/start"), "oidc.start", Open, oidc::start),
        Route::asked(
            get("/api/v1/oidc/{provider}/callback"),
            "oidc.callback",
            Open,
            oidc::callback,
        ),
        Route::new(get("/api/v1/metadata"), "metadata.read", Known, system::metadata),
        // It answers what the caller may read, object by object.
        Route::asked(get("/api/v1/history"), "history.search", Known, past::of_all),
    ]
}

/// Credentials of users.
fn of_users() -> Vec<Route> {
    use Policy::{Of, Own};
    let sessions = "/api/v1/user/{id}/sessions";
    let (totp, confirm) = ("/api/v1/user/{id}/totp", "/api/v1/user/{id}/totp/confirm");
    let codes = "/api/v1/user/{id}/recovery-codes";
    let (accounts, tokens) = ("/api/v1/user/{id}/accounts", "/api/v1/user/{id}/tokens");
    let (ends, enrols) = (Own("end_sessions"), Own("enrol_second_factor"));
    let (unlock, link) = ("/api/v1/user/{id}/unlock", "/api/v1/user/{id}/reset-link");
    let sets = Of("user", "set_password");
    let binds = Of("user", "bind_account");
    let reads = Own("read_sessions");
    let (logs, makes) = (Own("read_sign_ins"), Of("user", "create_token"));
    let log = "/api/v1/sign-in-log";
    let one = "/api/v1/user/{id}/sessions/{session}";
    let removes = Own("remove_second_factor");
    vec![
        Route::asked(get(log), "sign-in-log.list", logs, sign_in_log::list),
        Route::new(post("/api/v1/user/{id}/password"), "user.set_password", sets, password::set),
        Route::new(post(link), "user.reset_link", sets, password::create_reset_link),
        Route::new(post(unlock), "user.unlock", Of("user", "change"), user::unlock),
        Route::new(get(sessions), "user.sessions", reads, user::sessions),
        Route::new(delete(sessions), "user.end_sessions", ends, user::end_sessions),
        Route::new(delete(one), "user.end_session", ends, user::end_session),
        Route::new(get(totp), "user.totp", reads, second_factor::show),
        Route::new(post(totp), "user.enrol_totp", enrols, second_factor::enrol),
        Route::new(delete(totp), "user.remove_totp", removes, second_factor::remove),
        Route::new(post(confirm), "user.confirm_totp", enrols, second_factor::confirm),
        Route::new(post(codes), "user.recovery_codes", enrols, second_factor::renew_recovery_codes),
        Route::new(get(accounts), "user.accounts", Own("read_accounts"), oidc::accounts),
        Route::new(post(accounts), "user.bind_account", binds, oidc::bind),
        Route::new(
            post("/api/v1/user/{id}/accounts/remove"),
            "user.unbind_account",
            binds,
            oidc::unbind,
        ),
        Route::new(get(tokens), "user.tokens", Own("read_tokens"), token::list),
        Route::new(post(tokens), "user.create_token", makes, token::create),
        Route::new(
            delete("/api/v1/user/{id}/tokens/{token}"),
            "user.revoke_token",
            Own("revoke_token"),
            token::revoke,
        ),
    ]
}

/// Passkeys of users.
fn of_passkeys() -> Vec<Route> {
    use Policy::Own;
    let (all, begun) = ("/api/v1/user/{id}/passkeys", "/api/v1/user/{id}/passkeys/begin");
    let one = "/api/v1/user/{id}/passkeys/{passkey}";
    let (enrols, removes) = (Own("enrol_second_factor"), Own("remove_second_factor"));
    vec![
        Route::new(get(all), "user.passkeys", Own("read_sessions"), passkey::list),
        Route::new(post(begun), "user.begin_passkey", enrols, passkey::begin),
        Route::new(post(all), "user.finish_passkey", enrols, passkey::finish),
        Route::new(delete(one), "user.remove_passkey", removes, passkey::remove),
    ]
}

/// What is there for operation.
fn of_the_server() -> Vec<Route> {
    use Policy::Open;
    let reads = Policy::Of("webhook", "read");
    let (tries, dead) = ("/api/v1/webhook/{id}/deliveries", "/api/v1/webhook/{id}/dead-letters");
    vec![
        Route::new(get(tries), "webhook.deliveries", reads, webhook::deliveries),
        Route::new(get(dead), "webhook.dead_letters", reads, webhook::dead_letters),
        Route::asked(get("/api/openapi.json"), "/api/openapi.json", Open, system::openapi),
        Route::asked(get("/livez"), "/livez", Open, system::live),
        Route::asked(get("/readyz"), "/readyz", Open, system::ready),
        Route::asked(get("/metrics"), "/metrics", Open, system::metrics),
        Route::asked(get("/"), "/", Open, page::index),
        Route::asked(get("/page.js"), "/page.js", Open, page::script),
        Route::asked(get("/page.css"), "/page.css", Open, page::style),
    ]
}

fn routes() -> impl Iterator<Item = Route> {
    [of_objects(), of_callers(), of_users(), of_passkeys(), of_the_server()].into_iter().flatten()
}

static OPERATIONS: LazyLock<Vec<Operation>> =
    LazyLock::new(|| routes().map(|route| route.operation).collect());

/// Everything that the API offers.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter()
}

/// The API as a service.
pub fn router(api: Arc<Api>) -> Router {
    let add =
        |router: Router<Arc<Api>>, route: Route| router.route(route.operation.path, route.answer);
    routes()
        .fold(Router::new(), add)
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
