//! Every surface for every role and object type: nobody comes to know what their roles withhold.
//!
//! The walk is made from the table of operations, the registry and the definitions of objects: an object type, a
//! verb or an operation that comes is walked without a line here.

mod input;
mod secrets;
mod walk;
mod webhooks;
mod world;

use axum::http::Method;
use tessera_http::Policy;

use self::walk::{Walk, walked};
use self::world::{Kind, World, call};

/// Roles that walk everything. Those that may hand over what is beyond others come last.
const WALKED: [&str; 8] =
    ["read_only", "nobody", "own", "team", "team_tree", "business_line", "hidden", "masked"];

#[tokio::test]
async fn no_surface_tells_what_a_role_withholds() {
    let world = World::make().await;
    let (mut found, mut calls) = (Vec::new(), 0);
    let before = versions(&world).await;
    for role in WALKED {
        let seat = world.seat(role);
        world.hand_over().await;
        let mut walk = Walk::new(&world, seat);
        walk.all().await;
        calls += walk.calls;
        found.extend(walk.found);
        if role == "read_only" {
            assert_eq!(versions(&world).await, before, "who only reads changed something");
        }
        let (told, heard) = webhooks::walk(&world, seat, false);
        found.extend(told);
        assert_eq!(heard == 0, role == "nobody", "{role} hears of {heard} events");
    }
    let shown = found[..found.len().min(60)].join("\n");
    assert!(found.is_empty(), "{} leaks:\n{shown}", found.len());
    assert!(calls > 8_000, "only {calls} calls");
}

/// A walk is worth what it finds: each surface in turn forgets to ask, and answers as to an administrator.
#[tokio::test]
async fn a_surface_that_forgets_to_ask_is_found() {
    let world = World::make().await;
    let mut missed = Vec::new();
    for operation in walked().filter(|operation| tells(operation)) {
        for role in ["own", "business_line"] {
            let seat = world.seat(role);
            let is_secret = |kind: &Kind| seat.secrets.ids.contains(&kind.secret.id);
            let mut deletable = world.kinds.iter().filter(|kind| kind.entry.delete.is_some());
            if operation.name == "delete" && !deletable.any(is_secret) {
                continue;
            }
            let mut walk = Walk::new(&world, seat);
            walk.planted = Some(operation);
            walk.operation(operation).await;
            if walk.found.is_empty() {
                missed.push(format!("{role} {} {}", operation.method, operation.path));
            }
        }
    }
    for role in WALKED.iter().filter(|role| **role != "read_only") {
        if webhooks::walk(&world, world.seat(role), true).0.is_empty() {
            missed.push(format!("{role} webhook"));
        }
    }
    assert!(missed.is_empty(), "leaks are not found at: {missed:?}");
}

/// Whether an operation tells of objects that were there before. Others tell of the caller, or nothing that roles
/// withhold.
fn tells(operation: &tessera_http::Operation) -> bool {
    let by_type = matches!(operation.policy, Policy::Object(_) | Policy::Verb);
    by_type || operation.name == "history.search"
}

/// Versions of the objects that the walk is about.
async fn versions(world: &World) -> Vec<i64> {
    let mut versions = Vec::new();
    for kind in &world.kinds {
        for thing in [&kind.own, &kind.secret] {
            let path = format!("/api/v1/{}/{}", kind.def.name, thing.id);
            let answer = call(world, &world.server.token, (&Method::GET, &path), &[], "").await;
            versions.push(answer.expect(200).json()["version"].as_i64().unwrap());
        }
    }
    versions
}
