//! What goes in comes out.

use tessera_kernel::{Cell, Fault, Language, ObjectId, json};

use crate::sample::{
    Level, Loan, LoanHeader, LoanItem, LoanReminder, LoanReturn, Member, MemberAddress, MemberFee,
    code, day, euro, loan, member, pieces,
};
use crate::town::{Town, instant};

#[test]
fn an_object_is_loaded_as_it_was_inserted() {
    let town = Town::new();
    let mut value = member("Grace", "G-1");
    value.general.level = Level::Patron;
    value.general.branch = Some(code("north"));
    value.general.reduction = Some("12.5".parse().map(percentage).unwrap());
    let inserted = town.insert(value.clone());
    let loaded = town.load(inserted.id());
    assert_eq!(loaded.value, value);
    assert_eq!(loaded.head, inserted.head);
}

fn percentage(value: tessera_kernel::Decimal) -> tessera_kernel::Percentage {
    tessera_kernel::Percentage::new(value).unwrap()
}

#[test]
fn every_cardinality_and_item_level_survives() {
    let town = Town::new();
    let mut value = loan(town.member(), "2024-06-01");
    value.reminder = Some(LoanReminder { reminded: Some(day("2024-06-02")) });
    value.header.remark = Some("fragile \u{1F4DA}\nsecond line".into());
    value.items[2].deposit = None;
    let id = town.insert(value.clone()).id();
    assert_eq!(town.load(id).value, value);
}

#[test]
fn records_come_back_in_the_order_of_their_keys() {
    let town = Town::new();
    let mut value = loan(town.member(), "2024-06-01");
    value.items.reverse();
    value.returns.reverse();
    let loaded = town.load(town.insert(value).id());
    assert_eq!(loaded.items.iter().map(|item| item.item).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(loaded.returns.iter().map(|part| part.item).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn the_head_tells_who_made_it_when_and_its_number() {
    let town = Town::new();
    let stored = town.load(town.member());
    assert_eq!(stored.head.version, 1);
    assert_eq!(stored.number(), "M0001");
    assert_eq!(stored.head.created_by, "ada");
    assert_eq!(stored.head.created_at, instant("2024-05-01T10:00:00Z"));
    assert_eq!(stored.head.changed_at, stored.head.created_at);
}

#[test]
fn a_command_sees_what_it_wrote_and_nobody_else_does_before_the_commit() {
    let town = Town::new();
    let database = town.database.clone();
    let id = town
        .command(move |tx| {
            let stored = tx.insert(member("Grace", "G-1"))?;
            assert_eq!(tx.load(stored.id())?.general.name, "Grace");
            let seen = database.read(&crate::town::bob(), |tx| {
                assert!(tx.all::<Member>()?.is_empty(), "a reader saw what was not committed");
                Ok::<_, Fault>(())
            });
            seen?;
            Ok(stored.id())
        })
        .unwrap();
    assert_eq!(town.ids::<Member>(), [id]);
}

#[test]
fn one_segment_is_loaded_alone_and_found_by_an_indexed_field() {
    let town = Town::new();
    let id = town.loan();
    let items = town.read(|tx| tx.segment::<LoanItem>(id.id()));
    assert_eq!(items.len(), 3);
    let header = town.read(|tx| tx.segment_one::<LoanHeader>(id.id()));
    assert_eq!(header.due, day("2024-06-01"));
    let found = town.read(|tx| tx.records_by::<LoanItem>("title", Cell::Text("Walden".into())));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0, found[0].1.item), (id.id(), 3));
    let none = town.read(|tx| tx.segment::<LoanReturn>(ObjectId(uuid(7))));
    assert!(none.is_empty());
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

#[test]
fn objects_are_found_by_list_field_oldest_first() {
    let town = Town::new();
    let borrower = town.member();
    let first = town.insert(loan(borrower, "2024-06-01")).id();
    let second = town.insert(loan(borrower, "2024-07-01")).id();
    let of = Cell::Uuid(borrower.id().0);
    assert_eq!(town.read(|tx| tx.find::<Loan>("member", of)), [first, second]);
    assert_eq!(town.ids::<Loan>(), [first, second]);
    let unknown =
        town.database.read(&crate::town::ada(), |tx| tx.find::<Loan>("colour", Cell::Null));
    assert!(matches!(unknown, Err(Fault::Corrupt(text)) if text.contains("colour")));
}

#[test]
fn what_is_not_there_is_named() {
    let town = Town::new();
    let id = tessera_kernel::Ref::<Loan>::new(ObjectId(uuid(7)));
    let missing = town.database.read(&crate::town::ada(), |tx| tx.load(id)).unwrap_err();
    assert_eq!(missing.to_string(), "there is no loan 00000000-0000-0000-0000-000000000007");
}

#[test]
fn a_stored_object_as_json_can_be_parsed_again() {
    let town = Town::new();
    let stored = town.load(town.member());
    let body = json::stored_to_json(&stored).unwrap();
    assert_eq!(body["number"], "M0001");
    assert_eq!(body["general"]["limit"]["amount"], "50.00");
    let segments = json::composite_to_json(&stored.value).unwrap();
    assert_eq!(json::parse::<Member>(&segments.into()).unwrap(), stored.value);
}

#[test]
fn a_deleted_object_is_gone_with_its_records_and_its_change_document_stays() {
    let town = Town::new();
    let id = town.member();
    town.command(move |tx| {
        let stored = tx.load(id)?;
        tx.delete(&stored)
    })
    .unwrap();
    assert!(matches!(
        town.database.read(&crate::town::ada(), |tx| tx.load(id)),
        Err(Fault::Missing { .. })
    ));
    assert!(town.read(|tx| tx.segment::<MemberAddress>(id.id())).is_empty());
    assert!(town.read(|tx| tx.segment::<MemberFee>(id.id())).is_empty());
    let changes = town.read(|tx| tx.changes(id.id(), 0));
    // That it ended, general data, two addresses, a fee, a duty.
    assert_eq!(changes.len(), 6);
    assert!(changes.iter().all(|change| change.version == 2 && change.new.is_none()));
    town.insert(member("Ada Lovelace", "A-1"));
}

#[test]
fn amounts_and_quantities_keep_currency_and_unit() {
    let town = Town::new();
    let stored = town.load(town.loan());
    assert_eq!(stored.items[0].deposit, Some(euro(250)));
    assert_eq!(stored.items[0].copies, pieces(1));
    assert_eq!(town.load(town.ids::<Member>()[0]).addresses[0].language, german());
}

fn german() -> Language {
    Language::parse("de").unwrap()
}
