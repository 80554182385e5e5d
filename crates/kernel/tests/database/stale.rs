//! Two people at one object: the slower one is told what the faster one changed.

use serde_json::json;
use tessera_kernel::{Fault, Problem, ProblemKind, Ref, Stored};

use crate::sample::{Loan, item};
use crate::town::{Town, ada, bob, instant};

/// Bob changes the loan after Ada has loaded it.
fn overtaken(town: &Town, id: Ref<Loan>) -> Stored<Loan> {
    let loaded = town.load(id);
    town.clock.set(instant("2024-05-01T11:00:00Z"));
    town.database
        .command(&bob(), move |tx| {
            let mut stored = tx.load(id)?;
            stored.header.remark = Some("from bob".into());
            stored.items.push(item(4, "Ulysses"));
            tx.save(&mut stored)
        })
        .map_err(|fault: Fault| fault)
        .unwrap();
    loaded
}

#[test]
fn a_stale_save_is_refused_with_what_changed_by_whom_and_when() {
    let town = Town::new();
    let id = town.loan();
    let mut loaded = overtaken(&town, id);
    loaded.items[0].title = "Emma, annotated".into();
    let refused = town.command(move |tx| tx.save(&mut loaded.clone())).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "loan L0001 was changed by bob at 2024-05-01T11:00:00Z (version 2, you have 1): load it \
         again and repeat your change"
    );
    let Fault::Stale { changes, .. } = &refused else { panic!("{refused:?}") };
    let fields: Vec<(&str, &str)> =
        changes.iter().map(|c| (c.segment.as_str(), c.field.as_str())).collect();
    assert_eq!(fields, [("loan_header", "remark"), ("loan_item", "")]);
    assert_eq!(town.load(id).items[0].title, "Emma");
}

#[test]
fn it_is_stale_too_where_both_add_the_same_record() {
    let town = Town::new();
    let id = town.loan();
    let mut loaded = overtaken(&town, id);
    loaded.items.push(item(4, "Ulysses, too"));
    let refused = town.command(move |tx| tx.save(&mut loaded.clone())).unwrap_err();
    assert!(matches!(refused, Fault::Stale { expected: 1, found: 2, .. }), "{refused:?}");
}

#[test]
fn a_delete_of_what_changed_is_refused() {
    let town = Town::new();
    let id = town.loan();
    let loaded = overtaken(&town, id);
    let refused = town.command(move |tx| tx.delete(&loaded)).unwrap_err();
    assert!(matches!(refused, Fault::Stale { .. }), "{refused:?}");
    assert_eq!(town.load(id).items.len(), 4);
}

#[test]
fn a_version_that_the_caller_expects_is_compared() {
    let town = Town::new();
    let id = town.loan();
    overtaken(&town, id);
    let check = move |expected: i64| {
        town.database.read(&ada(), |tx| {
            let stored = tx.load(id)?;
            tx.expect_version(&stored, expected)
        })
    };
    assert!(check(2).is_ok());
    assert!(matches!(check(1), Err(Fault::Stale { expected: 1, found: 2, changes, .. })
        if changes.len() == 2));
}

#[test]
fn a_stale_patch_is_a_problem_with_the_changes() {
    let town = Town::new();
    let id = town.member();
    let entry = *town.database.environment().registry.object("member").unwrap();
    let change = |version: i64, name: &'static str| {
        let body = json!({ "general": { "name": name } });
        town.database
            .command(&bob(), move |tx| (entry.change.unwrap())(tx, id.id(), Some(version), &body))
    };
    change(1, "Ada King").unwrap();
    let refused: Problem = change(1, "Ada Byron").unwrap_err();
    assert_eq!((refused.kind, refused.kind.status()), (ProblemKind::Stale, 412));
    let body = refused.to_json();
    assert_eq!(body["type"], "/problems/stale");
    let (change, old, new) = (&body["changes"][0], "Ada Lovelace", "Ada King");
    assert_eq!((&change["actor"], &change["field"]), (&json!("bob"), &json!("name")));
    assert_eq!((&change["old"], &change["new"]), (&json!(old), &json!(new)));
    assert_eq!(town.load(id).general.name, "Ada King");
}
