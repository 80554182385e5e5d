use std::collections::BTreeSet;

use uuid::Uuid;

use super::*;
use crate::sample::Specimen;
use crate::{Actor, Cell, Currency, Object as _, Source, head_column, parse_date};

fn grant(line: u32, action: &str, allow: bool, rows: Vec<Rows>) -> Grant {
    let (object, action) = (Pattern::of("specimen"), Pattern::of(action));
    Grant { role: "clerk".into(), line, object, action, allow, rows }
}

fn access(grants: Vec<Grant>) -> Access {
    let day = parse_date("2026-01-01").unwrap();
    let draft = AccessDraft { grants, ..AccessDraft::default() };
    Access::new(ObjectId(Uuid::from_u128(1)), (0, day), draft)
}

#[test]
fn what_no_line_allows_is_refused_and_what_one_denies_too() {
    let found = access(vec![grant(1, "*", true, vec![]), grant(2, "delete", false, vec![])]);
    assert!(found.allows("specimen", "read"));
    assert!(!found.allows("specimen", "delete"));
    assert!(!found.allows("product", "read"));
    assert_eq!(*found.rows(Specimen::def(), "read"), Predicate::Always);
    assert_eq!(*found.rows(Specimen::def(), "delete"), Predicate::Never);
}

#[test]
fn a_line_about_no_object_allows_nothing() {
    let found = access(vec![grant(1, "read", true, vec![Rows::Nothing])]);
    assert!(!found.allows("specimen", "read"));
    assert_eq!(*found.rows(Specimen::def(), "read"), Predicate::Never);
}

#[test]
fn what_belongs_to_nobody_is_in_no_scope_of_teams_and_what_is_nowhere_in_every_line() {
    let team = Rows::Teams(vec![ObjectId(Uuid::from_u128(7))].into());
    let codes = BTreeSet::from(["1000".to_string()]);
    let line = Rows::Places(Arc::new(Places { company_codes: codes, ..Places::default() }));
    let of = |rows: Rows| access(vec![grant(1, "read", true, vec![rows])]);
    assert_eq!(*of(team).rows(Specimen::def(), "read"), Predicate::Never);
    assert_eq!(*of(line).rows(Specimen::def(), "read"), Predicate::Always);
}

#[test]
fn a_limit_counts_unless_another_role_allows_the_same_without_one() {
    let euro = Currency::parse("EUR").unwrap();
    let amount = Some(Money::from_minor(10_000, euro));
    let (object, action) = (Pattern::of("specimen"), Pattern::Every);
    let limit = Limit { role: "clerk".into(), line: 1, object, action, amount, discount: None };
    let mut draft = AccessDraft {
        grants: vec![grant(1, "*", true, vec![])],
        limits: vec![limit],
        ..AccessDraft::default()
    };
    let day = parse_date("2026-01-01").unwrap();
    let made = |draft: &AccessDraft| Access::new(ObjectId(Uuid::nil()), (0, day), draft.clone());
    assert_eq!(made(&draft).limits("specimen", "release").len(), 1);
    draft.grants.push(Grant { role: "boss".into(), ..grant(1, "release", true, vec![]) });
    assert!(made(&draft).limits("specimen", "release").is_empty());
    assert_eq!(made(&draft).limits("specimen", "other").len(), 1);
}

#[test]
fn what_takes_every_object_out_needs_the_right_to_all_of_them_and_to_all_their_fields() {
    let whole = |access: Access| {
        let actor = Actor::with_access("ada", Source::Session, Arc::new(access));
        let refused = actor.require_whole(Specimen::def(), "export").err();
        refused.map(|problem| problem.detail).unwrap_or_default()
    };
    let numbered = Predicate::one_of(head_column::NUMBER, vec![Cell::Text("1".into())]);
    let some = Rows::Where("specimen", Arc::new(numbered));
    assert_eq!(whole(access(vec![grant(1, "export", true, vec![])])), "");
    let without = whole(access(vec![grant(1, "read", true, vec![])]));
    assert!(without.starts_with("ada may not export specimen"), "{without}");
    let part = whole(access(vec![grant(1, "export", true, vec![some])]));
    assert!(part.starts_with("ada may not export every specimen"), "{part}");
    let mut draft = access(vec![grant(1, "export", true, vec![])]).draft().clone();
    let part = &Specimen::def().composite.parts[0];
    draft.fields.push(FieldRule {
        role: "clerk".into(),
        line: 1,
        object: Pattern::of("specimen"),
        part: part.name.into(),
        field: Some(part.fields[0].name.into()),
        visibility: Visibility::Masked,
    });
    let day = parse_date("2026-01-01").unwrap();
    let masked = whole(Access::new(ObjectId(Uuid::nil()), (0, day), draft));
    assert!(masked.contains("with all of its fields"), "{masked}");
}
