//! `Idempotency-Key`: a repeated call has its effect once.

use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tessera_installation::idempotency::{Answer, recall, remember};
use tessera_kernel::{Fault, Problem, Tx};

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
    /// The key of a request, if it has one.
    pub(crate) fn of(
        headers: &HeaderMap,
        method: &Method,
        uri: &Uri,
        body: &[u8],
    ) -> Result<Option<Self>, Refusal> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().unwrap_or("").trim();
        if key.is_empty() || key.len() > LONGEST {
            let rule = "Idempotency-Key must be 1 to 128 printable ASCII characters";
            return Err(Refusal::malformed(rule));
        }
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        let request = hash(&[method.as_str().as_bytes(), path.as_bytes(), body]);
        Ok(Some(Self { key: key.to_string(), request }))
    }

    /// The key of one record of a bulk call.
    pub(crate) fn of_record(&self, position: usize, record: &Value) -> Self {
        let record = record.to_string();
        Self { key: format!("{}#{position}", self.key), request: hash(&[record.as_bytes()]) }
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

/// Runs a verb once per key; answers its value and whether it is that of an earlier call.
pub(crate) fn once(
    tx: &mut Tx<'_>,
    key: Option<&Key>,
    status: u16,
    run: impl FnOnce(&mut Tx<'_>) -> Result<Value, Problem>,
) -> Result<(Value, bool), Problem> {
    let Some(Key { key, request }) = key else { return Ok((run(tx)?, false)) };
    if let Some(answer) = recall(tx, key, request)? {
        let value = serde_json::from_str(&answer.body)
            .map_err(|error| Fault::corrupt(format!("a kept answer: {error}")))?;
        return Ok((value, true));
    }
    let value = run(tx)?;
    remember(tx, key, request, &Answer { status, body: value.to_string() })?;
    Ok((value, false))
}
