//! `Idempotency-Key`: a repeated call has its effect once.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
pub(crate) use tessera_installation::idempotency::Kept;
use tessera_installation::idempotency::{self, recall};
use tessera_kernel::{Actor, Problem, ProblemKind, Tx};

use crate::Api;
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
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs a verb in a command, once per key where there is one; answers its value and whether it is that
/// of an earlier call.
///
/// A call that comes in twice at once, perhaps through two servers, runs twice until one of the two is
/// kept. The other is refused then: for the key, or for what the first one did. So whoever is refused looks
/// whether there is an answer by now, also where the connection broke and nobody knew what became of the
/// command.
pub(crate) async fn once(
    api: &Api,
    actor: &Actor,
    key: Option<Key>,
    kept: Kept,
    mut run: impl FnMut(&mut Tx<'_>) -> Result<Value, Problem> + Send + 'static,
) -> Result<(Value, bool), Problem> {
    let Some(Key { key, request }) = key else {
        return Ok((api.command(actor, run).await?, false));
    };
    let (own_key, own_request) = (key.clone(), request.clone());
    let outcome = api
        .command(actor, move |tx| idempotency::once(tx, &own_key, &own_request, kept, |tx| run(tx)))
        .await;
    let Err(problem) = outcome else { return outcome };
    match api.read(actor, move |tx| recall(tx, &key, &request)).await {
        Ok(Some(answer)) => Ok((answer.value()?, true)),
        Err(other) if problem.kind == ProblemKind::Conflict => Err(other),
        _ => Err(problem),
    }
}
