//! `Idempotency-Key`: a repeated call has its effect once.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
pub(crate) use tessera_installation::idempotency::Kept;
use tessera_installation::idempotency::{self, Answer, recall, remember};
use tessera_kernel::{Problem, Tx};

use crate::refusal::Refusal;

/// Most characters of a key.
const LONGEST: usize = 128;

/// A key with a hash of the request that it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    key: String,
    request: String,
}

impl Key {
    /// The key of a request, if it has one. `target` is its path with its query.
    pub(crate) fn of(
        headers: &HeaderMap,
        method: &Method,
        target: &str,
        body: &[u8],
    ) -> Result<Option<Self>, Refusal> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().unwrap_or("").trim();
        if key.is_empty() || key.len() > LONGEST {
            let rule = "Idempotency-Key must be 1 to 128 printable ASCII characters";
            return Err(Refusal::malformed(rule));
        }
        let request = hash(&[method.as_str().as_bytes(), target.as_bytes(), body]);
        Ok(Some(Self { key: key.to_string(), request }))
    }

    /// The same, with the target as it was written.
    pub(crate) fn of_parts(parts: &Parts, body: &[u8]) -> Result<Option<Self>, Refusal> {
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        Self::of(&parts.headers, &parts.method, target, body)
    }

    /// The key of one record of a bulk call. It holds a character that no header can hold, so
    /// that no caller's own key is ever taken for it.
    pub(crate) fn of_record(&self, position: usize) -> Self {
        let position = position.to_string();
        let record = hash(&[self.key.as_bytes(), self.request.as_bytes(), position.as_bytes()]);
        Self { key: format!("record\n{record}"), request: self.request.clone() }
    }

    /// Binds the key to its request before anything is done: for calls whose parts are done in
    /// commands of their own. Refused where the key belongs to another request.
    pub(crate) fn claim(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        if recall(tx, &self.key, &self.request)?.is_none() {
            let answer = Answer { status: 200, body: Value::Null.to_string() };
            remember(tx, &self.key, &self.request, &answer)?;
        }
        Ok(())
    }
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs a verb once per key, where there is one; answers its value and whether it is that of an
/// earlier call.
pub(crate) fn once(
    tx: &mut Tx<'_>,
    key: Option<&Key>,
    kept: Kept,
    run: impl FnOnce(&mut Tx<'_>) -> Result<Value, Problem>,
) -> Result<(Value, bool), Problem> {
    match key {
        Some(Key { key, request }) => idempotency::once(tx, key, request, kept, run),
        None => Ok((run(tx)?, false)),
    }
}
