//! Names of operations, for figures and logs: bounded in number, whatever callers ask for.

use axum::http::Method;
use tessera_kernel::Registry;

/// The operation of a request, like `product.create`; `other` where there is none.
pub(crate) fn name(registry: &Registry, method: &Method, path: &str) -> String {
    let Some(rest) = path.strip_prefix("/api/v1/") else {
        return match path {
            "/livez" | "/readyz" | "/metrics" | "/api/openapi.json" | "/" => path.to_string(),
            _ => "other".to_string(),
        };
    };
    let mut parts = rest.split('/');
    let (object, parts): (&str, Vec<&str>) = (parts.next().unwrap_or(""), parts.collect());
    let known = registry.object(object).is_some();
    let verb = match (method.as_str(), parts.as_slice()) {
        ("POST" | "GET" | "DELETE", []) if object == "session" => "use",
        ("POST", ["password"]) if object == "session" => "password",
        ("POST", []) if object == "setup" || object == "password-reset" => "use",
        ("GET", []) if object == "sign-in-log" || object == "oidc" => "list",
        ("GET", [_, "start"]) if object == "oidc" => "start",
        ("GET", [_, "callback"]) if object == "oidc" => "callback",
        ("GET", []) if object == "metadata" => "read",
        ("GET", []) if object == "history" => "search",
        _ if !known => return "other".to_string(),
        ("GET", []) => "list",
        ("POST", []) => "create",
        ("POST", ["bulk"]) => "bulk",
        ("POST", [_, "restore"]) => "restore",
        ("POST", [action] | [_, action]) => match registry.action(object, action) {
            Some(action) => action.name,
            None => "other",
        },
        ("GET", [_]) | ("GET", ["by-number", _]) => "read",
        ("PATCH", [_]) => "change",
        ("DELETE", [_]) => "delete",
        ("GET", [_, "changes"]) => "changes",
        ("GET", [_, "history"]) => "history",
        ("GET", [_, "as-of"]) => "as_of",
        _ => "other",
    };
    format!("{object}.{verb}")
}

/// The right that a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right<'a> {
    /// None beyond being known.
    Free,
    /// This action on objects of this type.
    Of(&'a str, &'a str),
    /// There is no such operation, or none that this can tell the right of.
    Unknown,
}

/// The right that a request with a credential of a limited scope needs.
pub(crate) fn right<'a>(registry: &'a Registry, method: &Method, path: &'a str) -> Right<'a> {
    let Some(rest) = path.strip_prefix("/api/v1/") else { return Right::Unknown };
    let mut parts = rest.split('/');
    let (object, parts): (&str, Vec<&str>) = (parts.next().unwrap_or(""), parts.collect());
    match (method.as_str(), object, parts.as_slice()) {
        ("GET" | "DELETE", "session", []) | ("GET", "metadata", []) => return Right::Free,
        ("GET", "sign-in-log", []) => return Right::Of("user", "read_sign_ins"),
        (_, "user", [_, kind, ..]) => {
            if let Some(action) = of_credentials(method, kind) {
                return Right::Of("user", action);
            }
        }
        _ => {}
    }
    if registry.object(object).is_none() {
        return Right::Unknown;
    }
    match (method.as_str(), parts.as_slice()) {
        ("GET", [] | [_] | ["by-number", _] | [_, "changes"]) => Right::Of(object, "read"),
        ("GET", [_, "deliveries" | "dead-letters"]) => Right::Of(object, "read"),
        ("POST", [] | ["bulk"]) => Right::Of(object, "create"),
        ("PATCH", [_]) => Right::Of(object, "change"),
        ("DELETE", [_]) => Right::Of(object, "delete"),
        ("POST", [action] | [_, action]) => match registry.action(object, action) {
            Some(action) => Right::Of(action.right.0, action.right.1),
            None => Right::Unknown,
        },
        _ => Right::Unknown,
    }
}

/// The right on users that a request about one's credentials needs.
fn of_credentials(method: &Method, kind: &str) -> Option<&'static str> {
    Some(match (method.as_str(), kind) {
        ("POST", "password" | "reset-link") => "set_password",
        ("POST", "unlock") => "change",
        ("GET", "tokens") => "read_tokens",
        ("POST", "tokens") => "create_token",
        ("DELETE", "tokens") => "revoke_token",
        ("POST", "totp" | "recovery-codes") => "enrol_second_factor",
        ("DELETE", "totp") => "remove_second_factor",
        ("GET", "accounts") => "read_accounts",
        ("POST", "accounts") => "bind_account",
        ("GET", "sessions" | "totp") => "read_sessions",
        ("DELETE", "sessions") => "end_sessions",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_strangers_make_no_names() {
        let registry = Registry::default();
        for path in ["/api/v1/x", "/api/v1/x/y/z", "/favicon.ico", "/api/v1/", ""] {
            assert_eq!(name(&registry, &Method::GET, path), "other", "{path}");
        }
        assert_eq!(name(&registry, &Method::POST, "/api/v1/session"), "session.use");
    }
}
