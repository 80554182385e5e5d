//! Change documents: who changed which field from what to what, and when.

use tessera_kernel::FieldChange;

use crate::sample::{euro, item};
use crate::town::{Town, bob, instant};

fn told(changes: &[FieldChange]) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
    let line = |c: &FieldChange| {
        let (old, new) = (text(&c.old), text(&c.new));
        format!("v{} {} {} {}.{}: {old} -> {new}", c.version, c.actor, c.segment, c.record, c.field)
    };
    changes.iter().map(line).collect()
}

#[test]
fn making_an_object_is_told_by_its_head_alone() {
    let town = Town::new();
    let id = town.loan();
    assert!(town.read(|tx| tx.changes(id.id(), 0)).is_empty());
}

#[test]
fn each_field_has_old_and_new_value_actor_source_and_time() {
    let town = Town::new();
    let id = town.loan();
    town.clock.set(instant("2024-05-02T08:30:00Z"));
    town.database
        .command(&bob(), move |tx| {
            let mut stored = tx.load(id)?;
            stored.header.remark = Some("late".into());
            stored.items[0].deposit = None;
            stored.items[0].title = "Emma, annotated".into();
            stored.items[1].deposit = Some(euro(300));
            stored.items.push(item(9, "Walden"));
            tx.save(&mut stored)
        })
        .map_err(|fault: tessera_kernel::Fault| fault)
        .unwrap();
    let changes = town.read(|tx| tx.changes(id.id(), 0));
    assert_eq!(
        told(&changes),
        [
            r#"v2 bob loan_header .remark: nothing -> "late""#,
            r#"v2 bob loan_item 1.title: "Emma" -> "Emma, annotated""#,
            r#"v2 bob loan_item 1.deposit: {"amount":"2.50","currency":"EUR"} -> nothing"#,
            r#"v2 bob loan_item 2.deposit: {"amount":"2.50","currency":"EUR"} -> {"amount":"3.00","currency":"EUR"}"#,
            r#"v2 bob loan_item 9.: nothing -> {"item":9,"title":"Walden","copies":{"value":"1","unit":"PC"},"deposit":{"amount":"2.50","currency":"EUR"}}"#,
        ]
    );
    assert!(changes.iter().all(|c| c.source == "token" && c.at == instant("2024-05-02T08:30:00Z")));
    let head = town.load(id).head;
    assert_eq!((head.created_by.as_str(), head.changed_by.as_str()), ("ada", "bob"));
    assert_eq!(head.changed_at, instant("2024-05-02T08:30:00Z"));
}

#[test]
fn changes_are_told_from_a_version_on_oldest_first() {
    let town = Town::new();
    let id = town.loan();
    for remark in ["one", "two", "three"] {
        town.change(id, move |loan| loan.header.remark = Some(remark.into())).unwrap();
    }
    assert_eq!(
        told(&town.read(|tx| tx.changes(id.id(), 2))),
        [
            r#"v3 ada loan_header .remark: "one" -> "two""#,
            r#"v4 ada loan_header .remark: "two" -> "three""#,
        ]
    );
}

#[test]
fn an_undone_change_leaves_no_change_document() {
    let town = Town::new();
    let id = town.loan();
    let outcome = town.command(move |tx| {
        let mut stored = tx.load(id)?;
        stored.header.remark = Some("late".into());
        tx.save(&mut stored)?;
        crate::town::undone::<()>()
    });
    assert!(outcome.is_err());
    assert!(town.read(|tx| tx.changes(id.id(), 0)).is_empty());
    assert_eq!(town.load(id).head.version, 1);
}
