//! Input that contradicts itself or the stock is refused, and the refusal names its field.

use tessera_kernel::{Date, Decimal, Problem, Quantity, Unit, parse_date};
use tessera_stock::AvailabilityPolicy::Proposal;
use tessera_stock::{
    MovementDraft, MovementLine, NewPlannedReceipt, PlannedReceiptChange, PlannedReceiptKind,
    Receipt, StockError, change_planned_receipt, check_free, create_planned_receipt, post_movement,
    receive_planned_receipt,
};

use crate::fixture::{Fixture, OTHER_PLANT, PLANT, code, may, pieces};

fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

fn half(unit: Unit) -> Quantity {
    Quantity::new(Decimal::new(5, 1), unit).unwrap()
}

#[track_caller]
fn refused<T>(outcome: Result<T, StockError>, path: &str) {
    let problem = Problem::from(outcome.err().expect(path));
    let found: Vec<&str> = problem.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(found, [path], "{problem}");
}

#[test]
fn a_movement_that_can_not_be_posted_names_the_field_of_its_item() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(5)).unwrap();
    let line = fixture.line(1);
    let with = |line: MovementLine| vec![fixture.line(1), line];
    for (movement_type, wrong, path) in [
        ("551", MovementLine { quantity: pieces(9), ..line }, "items[1].quantity"),
        ("551", MovementLine { quantity: pieces(0), ..line }, "items[1].quantity"),
        ("551", MovementLine { quantity: half(Unit::PC), ..line }, "items[1].quantity"),
        ("551", MovementLine { quantity: half(Unit::KG), ..line }, "items[1].quantity"),
        ("551", MovementLine { plant: code("9999"), ..line }, "items[1].plant"),
        (
            "551",
            MovementLine { storage_location: Some(code("X")), ..line },
            "items[1].storage_location",
        ),
        ("551", MovementLine { to_plant: Some(OTHER_PLANT), ..line }, "items[1].to_plant"),
        (
            "551",
            MovementLine { to_storage_location: Some(code("X")), ..line },
            "items[1].to_storage_location",
        ),
    ] {
        let draft = MovementDraft::new(code(movement_type), may(1), with(wrong));
        refused(fixture.run(move |tx| post_movement(tx, draft.clone())), path);
    }
    for wrong in ["0000-01-01", "1899-12-31", "9999-12-31"] {
        let draft = MovementDraft::new(code("561"), day(wrong), vec![line]);
        refused(fixture.run(move |tx| post_movement(tx, draft.clone())), "posting_date");
    }
    assert_eq!(fixture.on_hand(PLANT), pieces(5));
}

#[test]
fn a_planned_receipt_is_of_a_day_in_the_calendar_and_of_whole_units() {
    let fixture = Fixture::new();
    let product = fixture.product;
    let new = |date, quantity| {
        let (kind, reference) = (PlannedReceiptKind::Purchase, None);
        let new = NewPlannedReceipt { kind, product, plant: PLANT, date, quantity, reference };
        fixture.run(move |tx| Ok(create_planned_receipt(tx, new.clone())?.id()))
    };
    for wrong in ["0000-01-01", "0001-01-01", "9999-12-31"] {
        refused(new(day(wrong), pieces(1)), "date");
    }
    refused(new(may(3), half(Unit::PC)), "quantity");
    refused(new(may(3), half(Unit::KG)), "quantity");
    let most = Quantity::of(9_223_372_036_854, Unit::PC);
    refused(new(may(3), Quantity::of(9_223_372_036_854, Unit::BOX)), "quantity");
    new(may(3), most).unwrap();
    refused(new(may(3), most), "quantity");
    let receipt = new(may(4), pieces(3)).unwrap();
    let change = |change: PlannedReceiptChange| {
        fixture.run(move |tx| change_planned_receipt(tx, receipt, &change))
    };
    refused(change(PlannedReceiptChange { date: Some(day("9999-01-01")), quantity: None }), "date");
    let receive = |quantity: Quantity| {
        let receipt_of = Receipt {
            movement_type: code("101"),
            posting_date: may(1),
            quantity: Some(quantity),
            storage_location: None,
            reference_number: None,
        };
        fixture.run(move |tx| receive_planned_receipt(tx, receipt, receipt_of.clone()))
    };
    refused(receive(half(Unit::PC)), "quantity");
    receive(pieces(2)).unwrap();
    let less = PlannedReceiptChange { date: None, quantity: Some(pieces(1)) };
    refused(change(less), "quantity");
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}

#[test]
fn what_nobody_reserved_leaves_only_where_everybody_gets_what_was_promised() {
    let fixture = Fixture::new();
    fixture.post("561", fixture.line(10)).unwrap();
    fixture.reserve(8, 5, Proposal).unwrap();
    let product = fixture.product;
    let free = |count| fixture.run(move |tx| check_free(tx, product, PLANT, pieces(count), may(1)));
    free(2).unwrap();
    assert!(matches!(free(3), Err(StockError::NotCovered { .. })));
}
