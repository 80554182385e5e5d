//! A save writes what changed and nothing else.

use tessera_kernel::{Cell, Object, Query, TimeConstraint, head_column, put_timed};

use crate::sample::{
    Loan, LoanHeader, LoanReminder, LoanReturn, Member, MemberFee, day, euro, item, loan, member,
    pieces, valid,
};
use crate::town::Town;

#[test]
fn an_insert_writes_one_row_per_record_and_the_head() {
    let town = Town::new();
    let borrower = town.member();
    town.log.take();
    town.insert(loan(borrower, "2024-06-01"));
    let mut written = town.log.take();
    written.retain(|write| !write.ends_with("number_range"));
    assert_eq!(
        written,
        [
            "insert loan_header",
            "insert loan_item",
            "insert loan_item",
            "insert loan_item",
            "insert loan_return",
            "insert loan_return",
            "insert loan",
        ]
    );
}

#[test]
fn one_changed_item_is_one_row_the_head_and_one_change_document() {
    let town = Town::new();
    let id = town.loan();
    town.log.take();
    assert!(town.change(id, |loan| loan.items[1].title = "Ulysses".into()).unwrap());
    assert_eq!(town.log.take(), ["set loan", "replace loan_item", "insert change_document"]);
    assert_eq!(town.load(id).items[1].title, "Ulysses");
}

#[test]
fn records_that_come_and_go_are_inserted_and_deleted() {
    let town = Town::new();
    let id = town.loan();
    town.log.take();
    town.change(id, |loan| {
        loan.items.remove(0);
        loan.items.push(item(4, "Middlemarch"));
        loan.returns[0] = LoanReturn { item: 2, part: 2, copies: pieces(1) };
        loan.reminder = Some(LoanReminder { reminded: Some(day("2024-06-02")) });
    })
    .unwrap();
    assert_eq!(
        town.log.take(),
        [
            "set loan",
            "insert loan_reminder",
            "delete loan_item",
            "insert loan_item",
            "delete loan_return",
            "insert loan_return",
            "insert change_document",
            "insert change_document",
            "insert change_document",
            "insert change_document",
            "insert change_document",
        ]
    );
    let loaded = town.load(id);
    assert_eq!(loaded.items.iter().map(|item| item.item).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(
        loaded.returns.iter().map(|part| (part.item, part.part)).collect::<Vec<_>>(),
        [(2, 1), (2, 2)]
    );
}

#[test]
fn nothing_changed_or_only_the_order_writes_nothing() {
    let town = Town::new();
    let id = town.loan();
    town.log.take();
    assert!(!town.change(id, |_| {}).unwrap());
    assert!(!town.change(id, |loan| loan.items.reverse()).unwrap());
    assert_eq!(town.log.take(), Vec::<String>::new());
    assert_eq!(town.load(id).head.version, 1);
}

#[test]
fn an_object_can_be_saved_again_and_again() {
    let town = Town::new();
    let id = town.loan();
    town.command(move |tx| {
        let mut stored = tx.load(id)?;
        for number in 4..8 {
            stored.items.push(item(number, "Persuasion"));
            assert!(tx.save(&mut stored)?);
            assert!(!tx.save(&mut stored)?);
        }
        assert_eq!(stored.head.version, 5);
        Ok(())
    })
    .unwrap();
    assert_eq!(town.load(id).head.version, 5);
    assert_eq!(town.load(id).items.len(), 7);
}

fn head_row(town: &Town, id: tessera_kernel::Ref<Loan>) -> Vec<Cell> {
    let query = Query::default().limit(1_000);
    let page = town.read(|tx| tx.list(Loan::def(), &query));
    page.rows.into_iter().find(|row| row[head_column::ID] == Cell::Uuid(id.id().0)).unwrap()
}

#[test]
fn list_fields_in_the_head_follow_their_segments() {
    let town = Town::new();
    let id = town.loan();
    let column = |name: &str| Loan::def().head.position(name).unwrap();
    let (remark, reminded) = (column("remark"), column("reminded"));
    assert_eq!(head_row(&town, id)[remark], Cell::Null);
    town.change(id, |loan| {
        loan.header.remark = Some("late".into());
        loan.reminder = Some(LoanReminder { reminded: Some(day("1970-01-11")) });
    })
    .unwrap();
    let row = head_row(&town, id);
    assert_eq!((&row[remark], &row[reminded]), (&Cell::Text("late".into()), &Cell::Date(10)));
    assert_eq!(row[head_column::VERSION], Cell::Int(2));
    town.change(id, |loan| loan.reminder = None).unwrap();
    let row = head_row(&town, id);
    assert_eq!((&row[remark], &row[reminded]), (&Cell::Text("late".into()), &Cell::Null));
}

#[test]
fn an_edit_moves_version_head_and_change_document_on() {
    let town = Town::new();
    let id = town.loan();
    town.log.take();
    let before = town
        .command(move |tx| {
            tx.edit(id, |header: &mut LoanHeader| {
                header.remark = Some("edited".into());
                std::mem::replace(&mut header.due, day("1970-01-02"))
            })
        })
        .unwrap();
    assert_eq!(before, day("2024-06-01"));
    assert_eq!(
        town.log.take(),
        ["set loan", "replace loan_header", "insert change_document", "insert change_document"]
    );
    let row = head_row(&town, id);
    let column = |name: &str| Loan::def().head.position(name).unwrap();
    assert_eq!(row[head_column::VERSION], Cell::Int(2));
    assert_eq!(row[column("due")], Cell::Date(1));
    assert_eq!(row[column("remark")], Cell::Text("edited".into()));
    let loaded = town.load(id);
    assert_eq!((loaded.head.version, loaded.header.due), (2, day("1970-01-02")));
    assert_eq!(town.read(|tx| tx.changes(id.id(), 1)).len(), 2);
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let town = Town::new();
    let id = town.loan();
    town.log.take();
    town.command(move |tx| tx.edit(id, |header: &mut LoanHeader| header.due = day("2024-06-01")))
        .unwrap();
    assert_eq!(town.log.take(), Vec::<String>::new());
}

#[test]
fn an_edit_between_load_and_save_makes_the_save_stale() {
    let town = Town::new();
    let id = town.loan();
    let outcome = town.command(move |tx| {
        let mut stored = tx.load(id)?;
        tx.edit(id, |header: &mut LoanHeader| header.remark = Some("first".into()))?;
        stored.items[0].title = "Ulysses".into();
        tx.save(&mut stored)
    });
    assert!(matches!(outcome, Err(tessera_kernel::Fault::Stale { expected: 1, found: 2, .. })));
    assert_eq!(town.load(id).head.version, 1);
}

#[test]
fn a_new_period_writes_the_record_it_ends_and_itself() {
    let town = Town::new();
    let id = town.member();
    town.log.take();
    town.change(id, |member: &mut Member| {
        let fee = MemberFee { valid: valid("2025-01-01", "9999-12-31"), fee: euro(1_500) };
        put_timed(&mut member.fees, fee, TimeConstraint::ExactlyOne);
    })
    .unwrap();
    assert_eq!(
        town.log.take(),
        [
            "set member",
            "replace member_fee",
            "insert member_fee",
            "insert change_document",
            "insert change_document",
        ]
    );
    let fees = town.load(id).value.fees;
    assert_eq!(fees[0].valid, valid("2020-01-01", "2024-12-31"));
    assert_eq!((fees[1].valid.from, fees[1].fee), (day("2025-01-01"), euro(1_500)));
    assert_eq!(town.load(id).addresses, member("", "").addresses);
}
