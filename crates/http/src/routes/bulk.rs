//! `POST /api/v1/{object}/bulk`

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tessera_kernel::{Actor, FieldProblem, ObjectDef, ObjectEntry, Problem, ProblemKind};

use super::create::{check_input, head, make, maker};
use super::mark_replayed;
use crate::caller::Caller;
use crate::idempotent::{Kept, Key, once};
use crate::refusal::Refusal;
use crate::target::Target;
use crate::{Api, body, parameters, reply};

/// Findings that the answer to an atomic call names; the rest is counted.
const MOST_FINDINGS: usize = 100;

/// A record that its field rules accept, or what is wrong with it.
type Record = Result<Value, Problem>;

pub(super) async fn bulk(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    request: Request,
) -> Result<Response, Refusal> {
    maker(&api, &target.entry, target.def)?;
    let atomic = is_atomic(request.uri())?;
    let (parts, content) = request.into_parts();
    let bytes = body::bytes(content, api.limits.bulk_body).await?;
    // Without `atomic` it is the same call as with `atomic=false`.
    let named = format!("{}?atomic={atomic}", parts.uri.path());
    let key = Key::of(&parts.headers, &parts.method, &named, &bytes)?;
    let (entry, def, most) = (target.entry, target.def, api.limits.bulk_records);
    let checking = api.clone();
    let records = api
        .at_length(move || {
            let records = records(&parts.headers, &bytes, most)?;
            let checked = records.into_iter().map(|record| {
                let value = record?;
                check_input(&checking, &entry, def, &value)?;
                Ok(value)
            });
            Ok::<Vec<Record>, Refusal>(checked.collect())
        })
        .await??;
    if atomic {
        together(&api, &caller.actor, (entry, def), records, key).await
    } else {
        one_by_one(&api, &caller.actor, (entry, def), records, key).await
    }
}

/// `?atomic=true`
fn is_atomic(uri: &Uri) -> Result<bool, Refusal> {
    match parameters::known(uri, &["atomic"])?.first().map(|(_, value)| value.as_str()) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::invalid("atomic", "must be true or false").into()),
    }
}

/// The records of a JSON array or of NDJSON. A line that is no JSON is a record that is refused.
fn records(headers: &HeaderMap, bytes: &[u8], most: usize) -> Result<Vec<Record>, Refusal> {
    let records: Vec<Record> = if body::is_type(headers, &["application/x-ndjson"]) {
        let lines = bytes.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
            .take(most + 1)
            .map(body::parse)
            .collect()
    } else if body::is_type(headers, &["application/json"]) {
        match body::parse(bytes)? {
            Value::Array(records) => records.into_iter().map(Ok).collect(),
            _ => return Err(Problem::invalid("", "must be a JSON array").into()),
        }
    } else {
        return Err(Refusal::media_type("application/json or application/x-ndjson"));
    };
    if records.len() > most {
        let detail = format!("a bulk call takes at most {most} records: send several calls");
        return Err(Problem::new(ProblemKind::TooLarge, "too_many_records", detail).into());
    }
    Ok(records)
}

/// Each record in a command of its own; all are queued at once, in order, and share commits.
async fn one_by_one(
    api: &Arc<Api>,
    actor: &Actor,
    (entry, def): (ObjectEntry, &'static ObjectDef),
    records: Vec<Record>,
    key: Option<Key>,
) -> Result<Response, Refusal> {
    if key.is_some() {
        // Whether it is another request's is known before anything is done.
        let kept = Kept { status: 200, secret: None };
        once(api, actor, key.clone(), kept, |_| Ok(Value::Null)).await?;
    }
    let mut pending = Vec::with_capacity(records.len());
    for (position, record) in records.into_iter().enumerate() {
        let value = match record {
            Ok(value) => value,
            Err(problem) => {
                pending.push(Err(problem));
                continue;
            }
        };
        let key = key.as_ref().map(|key| key.of_record(position));
        let (api, actor) = (api.clone(), actor.clone());
        pending.push(Ok(tokio::spawn(async move {
            once(&api, &actor, key, Kept { status: 201, secret: None }, move |tx| {
                let id = make(tx, &entry, def, &value)?;
                head(tx, def, id)
            })
            .await
        })));
    }
    let (mut results, mut created) = (Vec::with_capacity(pending.len()), 0_usize);
    for outcome in pending {
        let outcome = match outcome {
            Ok(task) => task.await.unwrap_or_else(|error| {
                Err(Problem::new(ProblemKind::Unavailable, "unavailable", error.to_string()))
            }),
            Err(problem) => Err(problem),
        };
        results.push(match outcome {
            Ok((mut value, _)) => {
                created += 1;
                value["status"] = 201.into();
                value
            }
            Err(problem) => {
                let (status, problem) = Refusal::from(problem).body();
                json!({ "status": status, "problem": problem })
            }
        });
    }
    let failed = results.len() - created;
    let answer = json!({ "created": created, "failed": failed, "results": results });
    Ok(reply::json(StatusCode::OK, &answer))
}

/// Every record in one command: all of them, or none.
async fn together(
    api: &Api,
    actor: &Actor,
    (entry, def): (ObjectEntry, &'static ObjectDef),
    records: Vec<Record>,
    key: Option<Key>,
) -> Result<Response, Refusal> {
    let (mut values, mut findings) = (Vec::with_capacity(records.len()), Vec::new());
    for (position, record) in records.into_iter().enumerate() {
        match record {
            Ok(value) => values.push(value),
            Err(problem) => note(&mut findings, position, problem)?,
        }
    }
    if !findings.is_empty() {
        return Err(refused(findings).into());
    }
    let kept = Kept { status: 200, secret: None };
    let (value, replayed) = once(api, actor, key, kept, move |tx| {
        let (mut results, mut findings) = (Vec::with_capacity(values.len()), Vec::new());
        for (position, value) in values.iter().enumerate() {
            match make(tx, &entry, def, value) {
                Ok(id) => results.push(head(tx, def, id)?),
                Err(problem) => note(&mut findings, position, problem)?,
            }
        }
        if !findings.is_empty() {
            return Err(refused(findings));
        }
        Ok(json!({ "created": results.len(), "failed": 0, "results": results }))
    })
    .await?;
    let mut response = reply::json(StatusCode::OK, &value);
    mark_replayed(&mut response, replayed);
    Ok(response)
}

/// Notes what is wrong with a record; what is not the record's fault ends the call.
fn note(
    findings: &mut Vec<FieldProblem>,
    position: usize,
    problem: Problem,
) -> Result<(), Problem> {
    if matches!(problem.kind, ProblemKind::Internal | ProblemKind::Unavailable) {
        return Err(problem);
    }
    if problem.fields.is_empty() {
        findings.push(FieldProblem::new(format!("[{position}]"), problem.detail));
    }
    for field in problem.fields {
        let path = match field.path.as_str() {
            "" => format!("[{position}]"),
            inner => format!("[{position}].{inner}"),
        };
        findings.push(FieldProblem::new(path, field.message));
    }
    Ok(())
}

fn refused(mut findings: Vec<FieldProblem>) -> Problem {
    let detail = format!("nothing was done: {}", FieldProblem::summary(&findings));
    findings.truncate(MOST_FINDINGS);
    let mut problem = Problem::new(ProblemKind::Invalid, "invalid", detail);
    problem.fields = findings;
    problem
}
