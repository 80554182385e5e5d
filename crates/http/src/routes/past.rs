//! What was: `GET /api/v1/{object}/{id}/history`, `GET /api/v1/{object}/{id}/as-of` and `GET /api/v1/history`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tessera_kernel::{
    Cell, Fault, FieldProblem, FoundChange, HistoryQuery, Instant, ObjectDef, ObjectId, Problem,
    ProblemKind, Tx, VersionChange,
};

use crate::caller::Caller;
use crate::readable::{Named, Names, Reader, may_read, references};
use crate::refusal::Refusal;
use crate::target::Target;
use crate::{Api, cursor, parameters, reply, shown};

/// Versions of a page without `limit`, and at most.
const VERSIONS: u32 = 50;
const MOST_VERSIONS: u32 = 200;

/// The history of one object, as people read it.
pub(super) async fn of_object(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    uri: Uri,
) -> Result<Response, Refusal> {
    let (def, id) = (target.def, target.id()?);
    let list = format!("{}/{id}/history", def.name);
    let mut asked = Asked::read(&uri, &["limit", "cursor", "language"])?;
    let (limit, language) = (asked.limit(), asked.text("language"));
    let below =
        asked.parsed("cursor", "is no cursor of this history", |text| {
            match cursor::decode(&list, text) {
                Some((Cell::Int(below), _)) => Some(below),
                _ => None,
            }
        });
    asked.finish()?;
    let value = api
        .read(&caller.actor, move |tx| {
            tx.permit(def, id, "read")?;
            let history = tx.history_of(def, id, below, limit)?;
            let mut named = Named::default();
            history.versions.iter().for_each(|it| references(def, &it.changes, &mut named));
            let names = Names::find(tx, &named)?;
            let language = language.as_deref().unwrap_or("en");
            let reader = Reader { actor: tx.actor(), language, names };
            let versions = history.versions.iter().map(|version| reader.version(def, version));
            let next =
                history.next.map(|below| cursor::encode(&list, &Cell::Int(below), &Cell::Null));
            Ok::<_, Problem>(json!({
                "id": id.to_string(),
                "type": def.name,
                "number": history.head.number,
                "version": history.head.version,
                "items": versions.collect::<Vec<Value>>(),
                "next": next,
            }))
        })
        .await?;
    Ok(reply::json(StatusCode::OK, &value))
}

/// An object as it was.
pub(super) async fn as_of(
    State(api): State<Arc<Api>>,
    caller: Caller,
    target: Target,
    uri: Uri,
) -> Result<Response, Refusal> {
    let (def, id) = (target.def, target.id()?);
    let mut asked = Asked::read(&uri, &["version", "at"])?;
    let version = asked.parsed("version", "must be a version: 1 or more", |text| {
        text.parse::<i64>().ok().filter(|version| *version > 0)
    });
    let at = asked.moment("at");
    if asked.problems.is_empty() && version.is_some() == at.is_some() {
        asked.problems.push(FieldProblem::new("version", "give either `version` or `at`"));
    }
    asked.finish()?;
    let value = api
        .read(&caller.actor, move |tx| {
            tx.permit(def, id, "read")?;
            let version = match (version, at) {
                (Some(version), _) => version,
                (None, Some(at)) => tx.version_at(def, id, at)?.ok_or_else(|| Fault::Missing {
                    object: def.name,
                    id: format!("{id} at {at}: it was made later"),
                })?,
                // One of both was given.
                (None, None) => 1,
            };
            let state = tx.state_of(def, id, version)?;
            // What a field can't hold any more is told with its value.
            let withheld = tx.actor().mask(def).is_some();
            let unknown = if withheld { Vec::new() } else { state.unknown };
            let object = shown::answer(tx, state.value)?;
            Ok::<_, Problem>(json!({ "object": object, "unknown": unknown }))
        })
        .await?;
    Ok(reply::json(StatusCode::OK, &value))
}

/// Parameters of the search.
const SEARCH: [&str; 14] = [
    "actor", "source", "via", "request", "from", "until", "type", "object", "field", "old", "new",
    "limit", "cursor", "language",
];

/// The history of all objects that the caller may read.
pub(super) async fn of_all(
    State(api): State<Arc<Api>>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Refusal> {
    let extensions = api.extensions().await?;
    let objects = api.db.environment().registry.objects();
    let readable: Vec<&'static ObjectDef> = objects
        .map(|entry| extensions.told((entry.def)()))
        .filter(|def| may_read(&caller.actor, def.name))
        .collect();
    let mut asked = Asked::read(&uri, &SEARCH)?;
    let (list, language) = (asked.list(), asked.text("language"));
    let query = search(&mut asked, &readable, &list);
    asked.finish()?;
    let value = api
        .read(&caller.actor, move |tx| {
            let may_see = |kind: &str| readable.iter().any(|def| def.name == kind);
            let found = tx.search_history(&query, &may_see)?;
            let items = items(tx, &readable, found.rows, language.as_deref().unwrap_or("en"))?;
            let next = found.next.map(|(set, passed)| {
                let passed = i64::try_from(passed).unwrap_or(i64::MAX);
                cursor::encode(&list, &Cell::Uuid(set.0), &Cell::Int(passed))
            });
            Ok::<_, Problem>(json!({ "items": items, "next": next }))
        })
        .await?;
    Ok(reply::json(StatusCode::OK, &value))
}

/// What is looked for.
fn search(asked: &mut Asked, readable: &[&'static ObjectDef], list: &str) -> HistoryQuery {
    let kind = asked.parsed("type", "is no object type that you may read", |text| {
        readable.iter().any(|def| def.name == text).then(|| text.to_string())
    });
    let after =
        asked.parsed("cursor", "is no cursor of this search", |text| {
            match cursor::decode(list, text) {
                Some((Cell::Uuid(set), Cell::Int(passed))) => {
                    Some((ObjectId(set), usize::try_from(passed).ok()?))
                }
                _ => None,
            }
        });
    HistoryQuery {
        actor: asked.text("actor"),
        source: asked.text("source"),
        via: asked.text("via"),
        request: asked.text("request"),
        from: asked.moment("from"),
        until: asked.moment("until"),
        kind,
        object: asked.parsed("object", "must be an id, a UUID", |text| text.parse().ok()),
        field: asked.text("field"),
        old: asked.text("old"),
        new: asked.text("new"),
        after,
        limit: asked.limit() as usize,
    }
}

/// What was found, as people read it.
fn items(
    tx: &mut Tx<'_>,
    readable: &[&'static ObjectDef],
    rows: Vec<FoundChange>,
    language: &str,
) -> Result<Vec<Value>, Fault> {
    let def_of = |kind: &str| readable.iter().copied().find(|def| def.name == kind);
    let mut named = Named::default();
    for row in &rows {
        let Some(def) = def_of(&row.touched.kind) else { continue };
        named.entry(def.name).or_default().push(row.touched.id);
        references(def, &row.changes, &mut named);
    }
    let names = Names::find(tx, &named)?;
    let reader = Reader { actor: tx.actor(), language, names };
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(def) = def_of(&row.touched.kind) else { continue };
        let id = row.touched.id;
        let mut item = reader.version(def, &VersionChange::from(row));
        item["type"] = def.name.into();
        item["id"] = id.to_string().into();
        item["name"] = reader.names.of(id).into();
        items.push(item);
    }
    Ok(items)
}

/// A query string on its way into a question.
struct Asked {
    pairs: Vec<(String, String)>,
    problems: Vec<FieldProblem>,
}

impl Asked {
    fn read(uri: &Uri, known: &[&str]) -> Result<Self, Refusal> {
        Ok(Self { pairs: parameters::known(uri, known)?, problems: Vec::new() })
    }

    /// What a cursor belongs to.
    fn list(&self) -> String {
        let mut filters: Vec<&(String, String)> =
            self.pairs.iter().filter(|(name, _)| !matches!(&**name, "cursor" | "limit")).collect();
        filters.sort();
        format!("history|{filters:?}")
    }

    fn text(&self, wanted: &str) -> Option<String> {
        let found = self.pairs.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    }

    fn parsed<R>(
        &mut self,
        name: &str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<R>,
    ) -> Option<R> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.problems.push(FieldProblem::new(name, rule));
        }
        parsed
    }

    fn moment(&mut self, name: &str) -> Option<Instant> {
        let rule = "must be a moment, like 2026-03-29T09:30:00Z";
        self.parsed(name, rule, |text| Instant::parse(text).ok())
    }

    fn limit(&mut self) -> u32 {
        let rule = format!("must be 1 to {MOST_VERSIONS}");
        let parse = |text: &str| text.parse().ok().filter(|n| (1..=MOST_VERSIONS).contains(n));
        self.parsed("limit", &rule, parse).unwrap_or(VERSIONS)
    }

    fn finish(self) -> Result<(), Refusal> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let detail = FieldProblem::summary(&self.problems);
        let mut problem = Problem::new(ProblemKind::Invalid, "invalid_query", detail);
        problem.fields = self.problems;
        Err(problem.into())
    }
}
