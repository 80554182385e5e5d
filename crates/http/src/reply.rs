//! Answers in JSON.

use axum::http::header::{CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tessera_kernel::{Fault, ObjectDef, ObjectId, Problem, Tx};

use crate::refusal::Refusal;

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, json)], value.to_string()).into_response()
}

/// A JSON answer that shows an object: with its version as `ETag` and, if it is new, its place.
pub(crate) fn object(status: StatusCode, def: &ObjectDef, value: &Value) -> Response {
    let mut response = json(status, value);
    if value.get("type").and_then(Value::as_str) != Some(def.name) {
        return response;
    }
    if let Some(version) = value.get("version").and_then(Value::as_i64) {
        put(&mut response, ETAG, &etag(version));
    }
    if let (StatusCode::CREATED, Some(id)) = (status, value.get("id").and_then(Value::as_str)) {
        put(&mut response, LOCATION, &format!("/api/v1/{}/{id}", def.name));
    }
    response
}

/// Adds a header; values that can't be one are left out.
pub(crate) fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A version as an entity tag.
pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// What `If-Match` demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// There is no such header.
    Nothing,
    /// `*`: any version.
    Any,
    /// This version.
    Version(i64),
}

impl Expected {
    /// Reads `If-Match`.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(value) = headers.get(IF_MATCH) else { return Ok(Self::Nothing) };
        let text = value.to_str().unwrap_or("").trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let digits = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .and_then(|digits| digits.parse().ok());
        digits.map(Self::Version).ok_or_else(|| {
            Refusal::malformed(
                "If-Match must be the ETag of the object as it was sent, like \"3\", or *",
            )
        })
    }

    /// The version that a change is based on; a must.
    pub(crate) fn required(self) -> Result<Option<i64>, Refusal> {
        match self {
            Self::Nothing => Err(Refusal::precondition_required()),
            Self::Any => Ok(None),
            Self::Version(version) => Ok(Some(version)),
        }
    }

    /// Refuses an object that is not there, and as stale one that has another version, with what
    /// changed since.
    pub(crate) fn check(
        self,
        tx: &mut Tx<'_>,
        def: &'static ObjectDef,
        id: ObjectId,
    ) -> Result<(), Problem> {
        let head = tx.head(def, id)?;
        let expected = match self {
            Self::Version(expected) if expected != head.version => expected,
            _ => return Ok(()),
        };
        Err(Fault::Stale {
            object: def.name,
            number: head.number.unwrap_or_else(|| id.to_string()),
            expected,
            found: head.version,
            changed_by: head.changed_by,
            changed_at: head.changed_at,
            changes: tx.changes(id, expected)?,
        }
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_tag_is_a_version() {
        let of = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            Expected::of(&HeaderMap::from_iter([(IF_MATCH, value)]))
        };
        assert_eq!(of("\"7\"").unwrap(), Expected::Version(7));
        assert_eq!(of("*").unwrap(), Expected::Any);
        // A weak tag never matches here (RFC 9110, 13.1.1).
        assert!(of("W/\"7\"").is_err());
        assert!(of("7").is_err() && of("\"x\"").is_err() && of("").is_err());
        assert_eq!(Expected::of(&HeaderMap::new()).unwrap(), Expected::Nothing);
    }
}
