//! Reading bodies.

use std::collections::BTreeSet;
use std::fmt;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use tessera_kernel::json::parse_record;
use tessera_kernel::{Problem, ProblemKind, Record};

use crate::refusal::Refusal;

/// The bytes of a body, at most so many.
pub(crate) async fn bytes(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Refusal::too_large(limit))
        }
        Err(error) => Err(Refusal::malformed(format!("the body can't be read: {error}"))),
    }
}

/// Whether the body is said to be of one of these types.
pub(crate) fn is_type(headers: &HeaderMap, allowed: &[&str]) -> bool {
    let Some(ty) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = ty.split(';').next().unwrap_or("").trim();
    allowed.iter().any(|allowed| essence.eq_ignore_ascii_case(allowed))
}

/// A JSON object from bytes; an empty body is an empty object where that is allowed.
pub(crate) fn object(
    headers: &HeaderMap,
    bytes: &[u8],
    may_be_empty: bool,
) -> Result<Value, Refusal> {
    if may_be_empty && bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    if !is_type(headers, &["application/json", "application/merge-patch+json"]) {
        return Err(Refusal::media_type("application/json"));
    }
    let value = parse(bytes)?;
    if !value.is_object() {
        return Err(Problem::invalid("", "must be a JSON object").into());
    }
    Ok(value)
}

/// The record in the body of a request, of at most so many bytes.
pub(crate) async fn record<R: Record>(
    parts: &Parts,
    content: Body,
    limit: usize,
) -> Result<R, Refusal> {
    let bytes = bytes(content, limit).await?;
    Ok(parse_record(&object(&parts.headers, &bytes, false)?)?)
}

/// JSON from bytes; says where it is broken, and refuses a name that stands twice in an object.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let broken = |error: &serde_json::Error| {
        let detail = format!("this is no JSON that the API takes: {error}");
        Problem::new(ProblemKind::Malformed, "malformed", detail)
    };
    serde_json::from_slice::<Unambiguous>(bytes).map_err(|error| broken(&error))?;
    serde_json::from_slice(bytes).map_err(|error| broken(&error))
}

/// JSON in which no object has a name twice. Most parsers take the last of them silently.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unambiguous, A::Error> {
        while items.next_element::<Unambiguous>()?.is_some() {}
        Ok(Unambiguous)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unambiguous, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("`{name}` stands twice in one object")));
            }
            names.insert(name);
            members.next_value::<Unambiguous>()?;
        }
        Ok(Unambiguous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().detail
    }

    #[test]
    fn broken_json_is_reported_with_line_and_column() {
        assert!(message("{\n  \"a\": ,\n}").contains("line 2 column"));
        assert!(message("{\"a\": 1").contains("line 1 column 7"));
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_at_any_depth() {
        assert!(message(r#"{"a": {"b": 1, "c": 2, "b": 3}}"#).contains("`b` stands twice"));
        parse(br#"{"a": [{"b": 1.50}, {"b": -2}], "b": null, "c": true}"#).unwrap();
    }

    #[test]
    fn numbers_keep_every_digit() {
        let value = parse(b"{\"a\": 0.1000000000000000000001}").unwrap();
        assert_eq!(value.to_string(), "{\"a\":0.1000000000000000000001}");
    }

    #[test]
    fn nesting_without_end_is_refused() {
        assert!(message(&"[".repeat(10_000)).contains("recursion"));
    }
}
