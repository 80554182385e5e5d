//! Query strings.

use axum::extract::{Query, Request};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tessera_kernel::{FieldProblem, Problem, ProblemKind};

use crate::refusal::Refusal;

/// The parameters of a query string, in order. None may stand twice: which of them counts would be
/// a guess.
pub(crate) fn of(uri: &Uri) -> Result<Vec<(String, String)>, Refusal> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|error| Refusal::malformed(format!("the query string: {error}")))?;
    let mut problems = Vec::new();
    for (position, (name, _)) in pairs.iter().enumerate() {
        if pairs[..position].iter().any(|(earlier, _)| earlier == name) {
            problems.push(FieldProblem::new(name, "is given twice: give it once"));
        }
    }
    accept(pairs, problems)
}

/// The same where only these are known.
pub(crate) fn known(uri: &Uri, known: &[&str]) -> Result<Vec<(String, String)>, Refusal> {
    let pairs = of(uri)?;
    let strange = pairs.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    let rule = match known {
        [] => "is not known here: there are no parameters".to_string(),
        _ => format!("is not known here; there are: {}", known.join(", ")),
    };
    let problems = strange.map(|(name, _)| FieldProblem::new(name, rule.clone())).collect();
    accept(pairs, problems)
}

fn accept(
    pairs: Vec<(String, String)>,
    problems: Vec<FieldProblem>,
) -> Result<Vec<(String, String)>, Refusal> {
    if problems.is_empty() {
        return Ok(pairs);
    }
    let detail = FieldProblem::summary(&problems);
    let mut problem = Problem::new(ProblemKind::Invalid, "invalid_query", detail);
    problem.fields = problems;
    Err(problem.into())
}

/// Around paths that take no parameters.
pub(crate) async fn none(request: Request, next: Next) -> Response {
    match known(request.uri(), &[]) {
        Ok(_) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}
