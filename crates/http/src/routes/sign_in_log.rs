//! `GET /api/v1/sign-in-log`: who signed in or tried to, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tessera_identity::{SignIn, SignInQuery};
use tessera_kernel::{Cell, FieldProblem, Instant, ObjectId, Problem, ProblemKind};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::{Api, cursor, parameters, reply};

/// Entries of a page without `limit`, and at most.
const ROWS: u32 = 50;
const MOST_ROWS: u32 = 200;

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Refusal> {
    let (mut query, list) = asked(&uri)?;
    let rows = query.limit;
    // One more tells whether there is another page.
    query.limit += 1;
    let actor = api.current(&caller.actor).await?;
    let mut entries = api.identity(move |identity| identity.sign_ins(&actor, &query)).await??;
    let more = entries.len() > rows as usize;
    entries.truncate(rows as usize);
    let last = entries.last().filter(|_| more);
    let next = last.map(|entry| cursor::encode(&list, &Cell::Null, &Cell::Uuid(entry.id.0)));
    let items: Vec<Value> = entries.iter().map(SignIn::to_json).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "items": items, "next": next })))
}

/// The query, and the name of the list that its cursors belong to.
fn asked(uri: &Uri) -> Result<(SignInQuery, String), Refusal> {
    let pairs = parameters::known(uri, &["user", "outcome", "since", "limit", "cursor"])?;
    let given = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, v)| v);
    let list = format!("{:?}", ["user", "outcome", "since"].map(given));
    let (mut query, mut problems) = (SignInQuery { limit: ROWS, ..Default::default() }, vec![]);
    for (name, value) in &pairs {
        let rule = match name.as_str() {
            "user" => match value.parse::<ObjectId>() {
                Ok(user) => {
                    query.user = Some(user);
                    continue;
                }
                Err(_) => "must be the id of a user".to_string(),
            },
            "since" => match Instant::parse(value) {
                Ok(since) => {
                    query.since = Some(since);
                    continue;
                }
                Err(error) => error.to_string(),
            },
            "limit" => match value.parse::<u32>().ok().filter(|n| (1..=MOST_ROWS).contains(n)) {
                Some(limit) => {
                    query.limit = limit;
                    continue;
                }
                None => format!("must be 1 to {MOST_ROWS}"),
            },
            "cursor" => match cursor::decode(&list, value) {
                Some((Cell::Null, Cell::Uuid(id))) => {
                    query.before = Some(ObjectId(id));
                    continue;
                }
                _ => "is no cursor of this list: send the `next` of the page before".to_string(),
            },
            _ => {
                query.outcome = Some(value.clone());
                continue;
            }
        };
        problems.push(FieldProblem::new(name.clone(), rule));
    }
    if problems.is_empty() {
        return Ok((query, list));
    }
    let detail = FieldProblem::summary(&problems);
    let mut problem = Problem::new(ProblemKind::Invalid, "invalid_query", detail);
    problem.fields = problems;
    Err(problem.into())
}
