//! What an object must be before it is stored, whoever made it.

use tessera_kernel::{Fault, ObjectId, Problem, ProblemKind, Ref, StoreError, Tx};

use crate::sample::{
    Loan, LoanHeader, Member, MemberDuty, MemberFee, code, euro, item, loan, member, valid,
};
use crate::town::{Town, ada};

fn findings<R: std::fmt::Debug>(outcome: Result<R, Fault>) -> Vec<(String, String)> {
    match outcome {
        Err(Fault::Invalid(problems)) => {
            problems.into_iter().map(|p| (p.path, p.message)).collect()
        }
        other => panic!("not refused as invalid: {other:?}"),
    }
}

fn finding(path: &str, message: &str) -> Vec<(String, String)> {
    vec![(path.to_string(), message.to_string())]
}

#[test]
fn a_key_that_stands_there_twice_is_named_on_insert_and_on_save() {
    let town = Town::new();
    let borrower = town.member();
    let twice = finding("items[3]", "2 stands there twice");
    let mut value = loan(borrower, "2024-06-01");
    value.items.push(item(2, "Ulysses"));
    assert_eq!(findings(town.command(move |tx| tx.insert(value.clone()))), twice);
    let id = town.insert(loan(borrower, "2024-06-01")).id();
    assert_eq!(findings(town.change(id, |loan| loan.items.push(item(2, "Ulysses")))), twice);
    let mut value = member("Grace", "G-1");
    value.addresses.push(value.addresses[0].clone());
    assert_eq!(
        findings(town.command(move |tx| tx.insert(value.clone()))),
        finding("addresses[2]", "home stands there twice")
    );
}

#[test]
fn a_gap_is_refused_under_constraint_1() {
    let town = Town::new();
    let fees = |to: &str| MemberFee { valid: valid("2020-01-01", to), fee: euro(1) };
    let mut value = member("Grace", "G-1");
    value.fees = vec![fees("2020-12-31")];
    assert_eq!(
        findings(town.command(move |tx| tx.insert(value.clone()))),
        finding("fees", "the last record ends on 2020-12-31: it must end on 9999-12-31")
    );
    let id = town.member();
    let gap = town.change(id, |member| {
        member.fees[0].valid = valid("2020-01-01", "2020-12-31");
        let next = MemberFee { valid: valid("2021-02-01", "9999-12-31"), fee: euro(2) };
        member.fees.push(next);
    });
    assert_eq!(
        findings(gap),
        finding(
            "fees",
            "there is a gap between 2020-12-31 and 2021-02-01: exactly one record must be valid \
             at any time"
        )
    );
    assert_eq!(town.load(id).value, member("Ada Lovelace", "A-1"));
}

#[test]
fn an_overlap_is_refused_under_constraint_2_by_key() {
    let town = Town::new();
    let duty =
        |kind: &str, from: &str, to: &str| MemberDuty { duty: code(kind), valid: valid(from, to) };
    let id = town.member();
    town.change(id, move |member| {
        member.duties.push(duty("keeper", "2021-01-01", "2021-12-31"));
        member.duties.push(duty("reader", "2021-09-01", "2021-12-31"));
    })
    .unwrap();
    let overlap = town.change(id, move |member| {
        member.duties.push(duty("reader", "2021-06-30", "2021-07-31"));
    });
    assert_eq!(
        findings(overlap),
        finding(
            "duties",
            "2021-01-01 to 2021-06-30 overlaps 2021-06-30 to 2021-07-31: at most one record may \
             be valid at any time"
        )
    );
}

#[test]
fn a_number_with_more_decimals_than_are_stored_is_refused_with_its_row() {
    let town = Town::new();
    let mut value = member("Grace", "G-1");
    value.general.carries = Some("0.1234567".parse().unwrap());
    let copy = value.clone();
    assert!(town.command(move |tx| tx.insert(copy.clone())).is_err());
    let id = town.member();
    let carries = value.general.carries;
    assert!(town.change(id, move |member| member.general.carries = carries).is_err());
    assert_eq!(town.load(id).value, member("Ada Lovelace", "A-1"));
    assert_eq!(town.ids::<Member>().len(), 1);
}

#[test]
fn a_unique_field_and_a_number_belong_to_one_object() {
    let town = Town::new();
    let id = town.member();
    let again = town.command(|tx| tx.insert(member("Grace", "A-1")));
    let Err(Fault::Store(duplicate @ StoreError::Duplicate { .. })) = again else {
        panic!("not refused as a duplicate: {again:?}")
    };
    assert_eq!(duplicate.to_string(), "member has a row with this member_by_card already");
    let numbered = town
        .command(|tx| tx.insert_numbered(member("Grace", "G-1"), Some("M0001".into())))
        .unwrap_err();
    let problem = Problem::from(numbered);
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert_eq!(problem.detail, "there is a member with this number already");
    assert_eq!(problem.fields[0].path, "number");
    let other = town.insert(member("Grace", "G-1")).id();
    let taken = town.command(move |tx| {
        let mut stored = tx.load(other)?;
        stored.general.card = "A-1".into();
        tx.save(&mut stored)
    });
    assert!(matches!(taken, Err(Fault::Store(StoreError::Duplicate { .. }))));
    assert_eq!(town.load(id).general.card, "A-1");
    assert_eq!(town.load(other).general.card, "G-1");
}

#[test]
fn an_edit_or_save_of_what_is_gone_says_so() {
    let town = Town::new();
    let nowhere = Ref::<Loan>::new(ObjectId(uuid::Uuid::from_u128(7)));
    let edited = town.command(move |tx| tx.edit(nowhere, |_: &mut LoanHeader| ()));
    assert!(matches!(edited, Err(Fault::Missing { object: "loan", .. })));
    let id = town.member();
    let stored = town.load(id);
    town.command(move |tx| {
        let stored = tx.load(id)?;
        tx.delete(&stored)
    })
    .unwrap();
    let saved = town.command(move |tx| {
        let mut stored = stored.clone();
        stored.general.name = "Grace".into();
        tx.save(&mut stored)
    });
    assert!(matches!(saved, Err(Fault::Missing { object: "member", .. })));
}

#[test]
fn a_read_writes_nothing() {
    let town = Town::new();
    let id = town.loan();
    let refused = |outcome: Result<(), Fault>| {
        assert!(matches!(outcome, Err(Fault::ReadOnly)), "{outcome:?}");
    };
    let read = |run: &mut dyn FnMut(&mut Tx<'_>) -> Result<(), Fault>| {
        refused(town.database.read(&ada(), run));
    };
    read(&mut |tx| tx.insert(member("Grace", "G-1")).map(drop));
    read(&mut |tx| tx.insert_numbered(member("Grace", "G-1"), None).map(drop));
    read(&mut |tx| tx.edit(id, |header: &mut LoanHeader| header.remark = Some("x".into())));
    read(&mut |tx| tx.next_number("loan").map(drop));
    read(&mut |tx| tx.emit("loan.made", id.id(), &serde_json::Value::Null));
    read(&mut |tx| tx.adjust(&crate::sample::SHELF, &[], &[(0, 1)], None).map(drop));
    read(&mut |tx| tx.hold(&crate::sample::SHELF, &[]));
    read(&mut |tx| {
        let mut stored = tx.load(id)?;
        stored.header.remark = Some("x".into());
        tx.save(&mut stored).map(drop)
    });
    read(&mut |tx| {
        let stored = tx.load(id)?;
        tx.delete(&stored)
    });
    assert_eq!(town.load(id).head.version, 1);
}
