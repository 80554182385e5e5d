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
        ("POST", []) if object == "setup" => "use",
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
