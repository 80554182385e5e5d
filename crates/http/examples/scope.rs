//! What a scope of rows costs: a list of 50 of 1,000,000 partners as somebody sees it who may read all
//! of them, and as somebody who may read those of a tree of teams, in turns in one run.
//!
//! `scope URL [OBJECTS [TEAMS [REST]]]`: a database that is made for it, `sqlite:…` or `postgres://…`, how many teams
//! of a hundred the tree has (13), and how many seconds it rests before the lists (0): a server makes statistics of
//! what it was just given within some 90 s, and plans badly before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tessera_http::{Api, Limits, router};
use tessera_identity::{Identity, TokenRequest};
use tessera_installation::{Installation, Options};
use tessera_kernel::{
    Actor, Cell, ColumnType, Database, Fault, ObjectDef, ObjectId, Problem, RowBuffer, Source,
    head_column,
};
use tower::ServiceExt as _;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Teams that partners belong to.
const TEAMS: u64 = 100;
/// Rows of a command.
const BATCH: u64 = 5_000;
/// Lists of each kind.
const ROUNDS: usize = 1_000;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("name a database that is made for it")?;
    let objects: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let teams: u64 = arguments.next().map_or(Ok(13), |text| text.parse())?;
    let rest: u64 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let installation = Installation::open(Options::creating(&url))?;
    let db = installation.db().clone();
    let top = team(&db, "top", None)?;
    let mut ids = Vec::new();
    for number in 0..TEAMS {
        let parent = (number < teams).then_some(top);
        ids.push(team(&db, &format!("team {number}"), parent)?);
    }
    let entry = *db.environment().registry.object("business_partner").ok_or("no partners")?;
    fill(&db, (entry.def)(), objects, &ids)?;
    std::thread::sleep(Duration::from_secs(rest));
    let identity = Arc::new(Identity::new(db.clone()));
    let all = user(&db, &identity, "all", "all", None)?;
    let tree = user(&db, &identity, "tree", "team_tree", Some(top))?;
    let router = router(Arc::new(Api::new(&installation, identity, Limits::default())));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + 50 {
        for (token, times) in [(&all, &mut without), (&tree, &mut with)] {
            let request = Request::builder()
                .uri("/api/v1/business_partner?limit=50")
                .header("authorization", format!("Bearer {token}"))
                .body(Body::empty())?;
            let started = Instant::now();
            let text = runtime.block_on(async {
                let response = router.clone().oneshot(request).await?;
                Ok::<_, Box<dyn std::error::Error>>(
                    response.into_body().collect().await?.to_bytes(),
                )
            })?;
            let took = started.elapsed();
            let page: Value = serde_json::from_slice(&text)?;
            if page["items"].as_array().map(Vec::len) != Some(50) {
                return Err(format!("this is no page of 50: {page}").into());
            }
            if round >= 50 {
                times.push(took);
            }
        }
    }
    without.sort();
    with.sort();
    tell("without", &without);
    tell("team tree", &with);
    let ratio = |at: usize| with[at].as_micros() * 100 / without[at].as_micros().max(1);
    println!("ratio of medians {}%, of p95 {}%", ratio(ROUNDS / 2), ratio(ROUNDS * 95 / 100));
    Ok(())
}

fn tell(what: &str, times: &[Duration]) {
    let (median, p95) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    println!("{what}: median {} µs, p95 {} µs", median.as_micros(), p95.as_micros());
}

fn make(db: &Database, object: &'static str, body: Value) -> Outcome<ObjectId> {
    let create = db.environment().registry.object(object).and_then(|entry| entry.create);
    let create = create.ok_or("it can't be made")?;
    let system = Actor::system(Source::CommandLine);
    Ok(db.command(&system, move |tx| create(tx, &body) as Result<ObjectId, Problem>)?)
}

fn team(db: &Database, name: &str, parent: Option<ObjectId>) -> Outcome<ObjectId> {
    let parent = parent.map(|id| id.to_string());
    make(db, "team", json!({ "header": { "name": name, "parent": parent } }))
}

/// A user with a role of one line; answers a token.
fn user(
    db: &Database,
    identity: &Identity,
    login: &str,
    scope: &str,
    team: Option<ObjectId>,
) -> Outcome<String> {
    let grant = json!({
        "line": 1, "object_type": "business_partner", "action": "read", "scope": scope,
    });
    let role = make(db, "role", json!({ "header": { "name": login }, "grants": [grant] }))?;
    let teams: Vec<Value> = team.iter().map(|team| json!({ "team": team.to_string() })).collect();
    let user = json!({
        "profile": { "login": login, "name": login },
        "roles": [{ "line": 1, "role": role.to_string() }],
        "teams": teams,
    });
    let user = make(db, "user", user)?;
    let request = TokenRequest::new("scope", 1);
    Ok(identity.create_token(&Actor::system(Source::CommandLine), user, &request)?.secret)
}

/// Head rows, which is what lists read.
fn fill(db: &Database, def: &'static ObjectDef, objects: u64, teams: &[ObjectId]) -> Outcome<()> {
    for first in (0..objects).step_by(usize::try_from(BATCH)?) {
        let teams = teams.to_vec();
        let insert = move |tx: &mut tessera_kernel::Tx<'_>| -> Result<(), Fault> {
            for number in first..(first + BATCH).min(objects) {
                let id = tx.new_id();
                // Spread, but the same in every run.
                let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
                let team = teams[usize::try_from(mixed % TEAMS).unwrap_or(0)];
                let columns = def.head.columns.iter().enumerate();
                let cells = columns.map(|(position, column)| match (position, column.ty) {
                    (head_column::ID, _) => Cell::Uuid(id.0),
                    (head_column::TEAM, _) => Cell::Uuid(team.0),
                    (head_column::NUMBER, _) => Cell::Text(format!("F{number}")),
                    (_, ColumnType::Uuid) => Cell::Null,
                    (_, ColumnType::Text) => Cell::Text(format!("organisation {}", mixed % 1000)),
                    (_, ty) => ty.neutral(),
                });
                tx.connection().insert(def.head, &RowBuffer(cells.collect()))?;
            }
            Ok(())
        };
        db.command(&Actor::system(Source::CommandLine), insert)?;
    }
    Ok(())
}
