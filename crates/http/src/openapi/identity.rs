//! Paths of signing in and of credentials.

use serde_json::{Map, Value, json};
use tessera_kernel::{Record as _, schema};

use super::{body, id, operation, parameter, put, with, with_body};
use crate::routes::{
    AccountInput, ChangedPassword, Credentials, NewPassword, ResetPassword, Setup, TokenInput,
    TotpCode,
};

const TAG: &str = "identity";

type Paths = Map<String, Value>;

/// Adds all of them.
pub(super) fn add(paths: &mut Paths) {
    add_sessions(paths);
    add_passwords(paths);
    add_tokens(paths);
    add_second_factors(paths);
    add_passkeys(paths);
    add_providers(paths);
    add_log(paths);
}

/// An answer that is some object.
fn any() -> Value {
    json!({ "type": "object" })
}

fn record(fields: &'static [tessera_kernel::FieldDef]) -> Value {
    body(&schema::record(fields, true), true)
}

/// An operation for whoever is not known yet.
fn for_strangers(mut operation: Value) -> Value {
    operation["security"] = json!([]);
    operation
}

fn add_sessions(paths: &mut Paths) {
    let sign_in = operation(TAG, "session.create", "Signs in.", "201", Some(&any()));
    let sign_in = with_body(for_strangers(sign_in), record(Credentials::FIELDS));
    put(paths, "/api/v1/session", "post", sign_in);
    let who = operation(TAG, "session.get", "Who am I?", "200", Some(&any()));
    put(paths, "/api/v1/session", "get", who);
    let sign_out = operation(TAG, "session.delete", "Signs out.", "204", None);
    put(paths, "/api/v1/session", "delete", sign_out);
    let all = "/api/v1/user/{id}/sessions";
    let help = "Lists the sessions of a user: one's own, or as an administrator anybody's.";
    let list = operation(TAG, "user.sessions", help, "200", Some(&any()));
    put(paths, all, "get", with(list, vec![id()]));
    let help = "Signs a user out everywhere.";
    let end = operation(TAG, "user.end_sessions", help, "200", Some(&any()));
    put(paths, all, "delete", with(end, vec![id()]));
    let end = operation(TAG, "user.end_session", "Ends a session of a user.", "204", None);
    let end = with(end, vec![id(), parameter("session", "path", "Id of the session.")]);
    put(paths, "/api/v1/user/{id}/sessions/{session}", "delete", end);
    let help = "Lets a user in again who was locked or guessed too often.";
    let unlock = operation(TAG, "user.unlock", help, "204", None);
    put(paths, "/api/v1/user/{id}/unlock", "post", with(unlock, vec![id()]));
}

fn add_passwords(paths: &mut Paths) {
    let help = "Makes the first administrator with the one-time secret that the server printed.";
    let setup = operation(TAG, "setup.create", help, "201", Some(&any()));
    put(paths, "/api/v1/setup", "post", with_body(for_strangers(setup), record(Setup::FIELDS)));
    let help = "Sets the password of a user and ends their sessions.";
    let password = with(operation(TAG, "user.set_password", help, "204", None), vec![id()]);
    let password = with_body(password, record(NewPassword::FIELDS));
    put(paths, "/api/v1/user/{id}/password", "post", password);
    let help = "Sets one's own password, ends all sessions, and opens one anew.";
    let own = operation(TAG, "session.change_password", help, "201", Some(&any()));
    let own = with_body(own, record(ChangedPassword::FIELDS));
    put(paths, "/api/v1/session/password", "post", own);
    let help = "Makes a link by which a user sets their password, once, within a day.";
    let link = operation(TAG, "user.create_reset_link", help, "201", Some(&any()));
    put(paths, "/api/v1/user/{id}/reset-link", "post", with(link, vec![id()]));
    let help = "Sets the password of the user of a link, and ends their sessions.";
    let reset = operation(TAG, "password_reset.create", help, "204", None);
    let reset = with_body(for_strangers(reset), record(ResetPassword::FIELDS));
    put(paths, "/api/v1/password-reset", "post", reset);
}

fn add_tokens(paths: &mut Paths) {
    let help = "Makes an API token and tells its secret: this once.";
    let token = with(operation(TAG, "user.create_token", help, "201", Some(&any())), vec![id()]);
    let token = with_body(token, record(TokenInput::FIELDS));
    put(paths, "/api/v1/user/{id}/tokens", "post", token);
    let tokens = operation(TAG, "user.tokens", "Lists a user's tokens.", "200", Some(&any()));
    put(paths, "/api/v1/user/{id}/tokens", "get", with(tokens, vec![id()]));
    let revoke = operation(TAG, "user.revoke_token", "Revokes a token.", "204", None);
    let revoke = with(revoke, vec![id(), parameter("token", "path", "Id of the token.")]);
    put(paths, "/api/v1/user/{id}/tokens/{token}", "delete", revoke);
}

fn add_second_factors(paths: &mut Paths) {
    let totp = "/api/v1/user/{id}/totp";
    let help = "Since when codes of an authenticator app are asked for, and how many recovery codes there are.";
    let show = operation(TAG, "user.totp", help, "200", Some(&any()));
    put(paths, totp, "get", with(show, vec![id()]));
    let help =
        "Begins to enrol an authenticator app: tells its seed, also as a QR code, this once.";
    let enrol = operation(TAG, "user.enrol_totp", help, "201", Some(&any()));
    put(paths, totp, "post", with(enrol, vec![id()]));
    let help = "Removes the authenticator app and the recovery codes.";
    let remove = operation(TAG, "user.remove_totp", help, "204", None);
    put(paths, totp, "delete", with(remove, vec![id()]));
    let help = "Confirms the app by a code; answers recovery codes, this once.";
    let confirm = operation(TAG, "user.confirm_totp", help, "200", Some(&any()));
    let confirm = with_body(with(confirm, vec![id()]), record(TotpCode::FIELDS));
    put(paths, &format!("{totp}/confirm"), "post", confirm);
    let help = "Makes new recovery codes; earlier ones end.";
    let renew = operation(TAG, "user.renew_recovery_codes", help, "201", Some(&any()));
    put(paths, "/api/v1/user/{id}/recovery-codes", "post", with(renew, vec![id()]));
}

fn add_passkeys(paths: &mut Paths) {
    let all = "/api/v1/user/{id}/passkeys";
    let list = operation(TAG, "user.passkeys", "Lists a user's passkeys.", "200", Some(&any()));
    put(paths, all, "get", with(list, vec![id()]));
    let help = "Begins to make a passkey: the argument of `navigator.credentials.create`.";
    let begin = operation(TAG, "user.begin_passkey", help, "201", Some(&any()));
    put(paths, &format!("{all}/begin"), "post", with(begin, vec![id()]));
    let help = "Keeps a passkey: the device's answer as JSON, with a `name` beside it.";
    let finish = operation(TAG, "user.finish_passkey", help, "204", None);
    let finish = with_body(with(finish, vec![id()]), body(&any(), true));
    put(paths, all, "post", finish);
    let remove = operation(TAG, "user.remove_passkey", "Removes a passkey.", "204", None);
    let remove = with(remove, vec![id(), parameter("passkey", "path", "Id of the passkey.")]);
    put(paths, &format!("{all}/{{passkey}}"), "delete", remove);
    let help = "Begins to sign in by a passkey: the argument of `navigator.credentials.get`.";
    let begin = operation(TAG, "session.begin_passkey", help, "201", Some(&any()));
    put(paths, "/api/v1/session/passkey/begin", "post", for_strangers(begin));
    let help = "Signs in by a passkey: the device's answer as JSON.";
    let sign_in = operation(TAG, "session.passkey", help, "201", Some(&any()));
    let sign_in = with_body(for_strangers(sign_in), body(&any(), true));
    put(paths, "/api/v1/session/passkey", "post", sign_in);
}

fn add_providers(paths: &mut Paths) {
    let help = "Lists the identity providers.";
    let list = operation(TAG, "oidc.list", help, "200", Some(&any()));
    put(paths, "/api/v1/oidc", "get", for_strangers(list));
    let provider = || parameter("provider", "path", "Code of the provider.");
    for (path, help) in [
        ("start", "Sends the browser to the page of an identity provider."),
        ("callback", "Where the provider sends the browser back to; signs in."),
    ] {
        let step = operation(TAG, &format!("oidc.{path}"), help, "303", None);
        let step = with(for_strangers(step), vec![provider()]);
        put(paths, &format!("/api/v1/oidc/{{provider}}/{path}"), "get", step);
    }
    let accounts = "/api/v1/user/{id}/accounts";
    let help = "Lists the accounts of identity providers that are bound to a user.";
    let list = operation(TAG, "user.accounts", help, "200", Some(&any()));
    put(paths, accounts, "get", with(list, vec![id()]));
    for (path, name, help) in [
        ("", "bind_account", "Binds an account of an identity provider to a user."),
        ("/remove", "unbind_account", "Takes an account from a user, and signs them out."),
    ] {
        let change = operation(TAG, &format!("user.{name}"), help, "204", None);
        let change = with_body(with(change, vec![id()]), record(AccountInput::FIELDS));
        put(paths, &format!("{accounts}{path}"), "post", change);
    }
}

fn add_log(paths: &mut Paths) {
    let help = "Lists who signed in or tried to, newest first: one's own with `user`, or as an \
                administrator everybody's.";
    let log = operation(TAG, "sign_in_log.list", help, "200", Some(&any()));
    let parameters = vec![
        parameter("user", "query", "Id of a user."),
        parameter(
            "outcome",
            "query",
            "`signed_in`, `code_needed`, `passkey_needed`, `wrong` or `locked`.",
        ),
        parameter("since", "query", "Only what happened at or after this instant."),
        parameter("limit", "query", "Entries per page, 1 to 200."),
        parameter("cursor", "query", "The `next` of the page before."),
    ];
    put(paths, "/api/v1/sign-in-log", "get", with(log, parameters));
}
