//! `GET /api/v1/{object}/{id}/changes`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tessera_kernel::{
    Cell, Fault, FieldChange, FieldProblem, ObjectDef, ObjectId, Problem, ProblemKind, Tx,
};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::target::Target;
use crate::{Api, cursor, parameters, reply, shown};

/// Changes of a page without `limit`, and at most.
const ROWS: u32 = 200;
const MOST_ROWS: u32 = 1_000;

pub(super) async fn changes(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    uri: Uri,
) -> Result<Response, Refusal> {
    let (def, id) = (target.def, target.id()?);
    let list = format!("{}/{id}/changes", def.name);
    let Asked { after, limit } = asked(&uri, &list)?;
    let value = api
        .read(&caller.actor, move |tx| {
            let mut value = object(tx, def, id)?;
            let actor = tx.actor();
            let page = tx.changes_page(id, after, limit)?;
            value["items"] = shown::changes(actor, def, &page.rows).into();
            value["next"] = match page.next {
                Some((version, line)) => {
                    cursor::encode(&list, &Cell::Int(version), &Cell::Int(line)).into()
                }
                None => Value::Null,
            };
            Ok::<_, Problem>(value)
        })
        .await?;
    Ok(reply::json(StatusCode::OK, &value))
}

/// What there is to say of the object itself, also where it is deleted.
fn object(tx: &mut Tx<'_>, def: &'static ObjectDef, id: ObjectId) -> Result<Value, Problem> {
    // Whom a deleted one belonged to is gone with it: only who may read every object may read of it.
    tx.permit(def, id, "read")?;
    let missing = match tx.head(def, id) {
        Ok(head) => {
            return Ok(json!({
                "id": id.to_string(),
                "version": head.version,
                "created_at": head.created_at.to_string(),
                "created_by": head.created_by,
            }));
        }
        Err(missing @ Fault::Missing { .. }) => missing,
        Err(fault) => return Err(fault.into()),
    };
    // Its last change is its end; the segment tells what it was.
    let is_one = |change: &FieldChange| {
        let segments = def.composite.parts.iter().filter_map(|part| part.segment);
        change.field.is_empty()
            && change.new.is_none()
            && segments.into_iter().any(|segment| segment.name == change.segment)
    };
    match tx.last_change(id)?.filter(is_one) {
        Some(end) => Ok(json!({
            "id": id.to_string(),
            "version": end.version,
            "deleted_at": end.at.to_string(),
            "deleted_by": end.actor,
        })),
        None => Err(missing.into()),
    }
}

/// Which changes are asked for.
struct Asked {
    /// Those after this version and line.
    after: (i64, i64),
    limit: u32,
}

/// `?after=version`: only what changed since; `limit` and `cursor`: page by page.
fn asked(uri: &Uri, list: &str) -> Result<Asked, Refusal> {
    let pairs = parameters::known(uri, &["after", "limit", "cursor"])?;
    let (mut asked, mut from) = (Asked { after: (0, i64::MAX), limit: ROWS }, None);
    let mut problems = Vec::new();
    for (name, value) in &pairs {
        let rule = match name.as_str() {
            "after" => match value.parse::<i64>().ok().filter(|version| *version >= 0) {
                Some(version) => {
                    asked.after = (version, i64::MAX);
                    continue;
                }
                None => "must be a version: 0 or more".to_string(),
            },
            "limit" => match value.parse::<u32>().ok().filter(|n| (1..=MOST_ROWS).contains(n)) {
                Some(limit) => {
                    asked.limit = limit;
                    continue;
                }
                None => format!("must be 1 to {MOST_ROWS}"),
            },
            _ => match cursor::decode(list, value) {
                Some((Cell::Int(version), Cell::Int(line))) => {
                    from = Some((version, line));
                    continue;
                }
                _ => "is no cursor of these changes: send the `next` of the page before".into(),
            },
        };
        problems.push(FieldProblem::new(name.clone(), rule));
    }
    asked.after = from.unwrap_or(asked.after);
    if problems.is_empty() {
        return Ok(asked);
    }
    let detail = FieldProblem::summary(&problems);
    let mut problem = Problem::new(ProblemKind::Invalid, "invalid_query", detail);
    problem.fields = problems;
    Err(problem.into())
}
