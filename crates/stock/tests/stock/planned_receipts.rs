use serde_json::{Value, json};
use tessera_kernel::{Actor, ObjectId, Problem, Ref, Source, Tx};
use tessera_stock::{
    NewPlannedReceipt, PlannedReceipt, PlannedReceiptChange, PlannedReceiptKind,
    PlannedReceiptStatus, Receipt, StockError, cancel_planned_receipt, change_planned_receipt,
    create_planned_receipt, receive_planned_receipt, reverse_movement,
};

use crate::fixture::{Fixture, PLANT, code, may, pieces};

pub(crate) fn announce(fixture: &Fixture, count: i64, day: i8) -> Ref<PlannedReceipt> {
    let new = NewPlannedReceipt {
        kind: PlannedReceiptKind::Purchase,
        product: fixture.product,
        plant: PLANT,
        date: may(day),
        quantity: pieces(count),
        reference: None,
    };
    fixture.run(move |tx| Ok(create_planned_receipt(tx, new.clone())?.id())).unwrap()
}

pub(crate) fn arrived(count: Option<i64>) -> Receipt {
    Receipt {
        movement_type: code("101"),
        posting_date: may(1),
        quantity: count.map(pieces),
        storage_location: None,
        reference_number: None,
    }
}

fn terms(fixture: &Fixture, id: Ref<PlannedReceipt>) -> (i64, PlannedReceiptStatus) {
    let terms = fixture.run(move |tx| Ok(tx.load(id)?.value.terms)).unwrap();
    (terms.open_quantity.value().try_into().unwrap(), terms.status)
}

#[test]
fn what_arrives_is_no_longer_expected_and_a_reversal_expects_it_again() {
    let fixture = Fixture::new();
    let id = announce(&fixture, 10, 5);
    let receive =
        |count| move |tx: &mut Tx<'_>| Ok(receive_planned_receipt(tx, id, arrived(count))?.id());
    let first = fixture.run(receive(Some(4))).unwrap();
    assert_eq!(terms(&fixture, id), (6, PlannedReceiptStatus::Open));
    fixture.run(receive(Some(7))).unwrap();
    assert_eq!(terms(&fixture, id), (0, PlannedReceiptStatus::Received));
    assert_eq!(fixture.on_hand(PLANT), pieces(11), "one more than was announced");
    let closed = fixture.run(receive(None));
    assert!(matches!(closed, Err(StockError::PlannedReceiptClosed { .. })));
    fixture.run(move |tx| reverse_movement(tx, first, may(2)).map(drop)).unwrap();
    assert_eq!(terms(&fixture, id), (4, PlannedReceiptStatus::Open));
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}

#[test]
fn a_new_day_or_quantity_counts_at_once_and_what_arrived_stays() {
    let fixture = Fixture::new();
    let id = announce(&fixture, 10, 5);
    fixture.run(move |tx| receive_planned_receipt(tx, id, arrived(Some(4))).map(drop)).unwrap();
    let change = |change: PlannedReceiptChange| {
        fixture.run(move |tx| change_planned_receipt(tx, id, &change).map(drop))
    };
    let less = PlannedReceiptChange { date: None, quantity: Some(pieces(3)) };
    assert!(matches!(change(less), Err(StockError::LessThanReceived { .. })));
    change(PlannedReceiptChange { date: Some(may(8)), quantity: Some(pieces(7)) }).unwrap();
    assert_eq!(terms(&fixture, id), (3, PlannedReceiptStatus::Open));
    assert_eq!(fixture.available(), [(may(1), pieces(4)), (may(8), pieces(7))]);
    change(PlannedReceiptChange { date: None, quantity: Some(pieces(4)) }).unwrap();
    assert_eq!(terms(&fixture, id), (0, PlannedReceiptStatus::Received));
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}

#[test]
fn what_is_cancelled_is_not_expected_and_stays_cancelled() {
    let fixture = Fixture::new();
    let id = announce(&fixture, 10, 5);
    let movement =
        fixture.run(move |tx| Ok(receive_planned_receipt(tx, id, arrived(Some(4)))?.id())).unwrap();
    let cancel = move |tx: &mut Tx<'_>| cancel_planned_receipt(tx, id).map(drop);
    fixture.run(cancel).unwrap();
    assert!(matches!(fixture.run(cancel), Err(StockError::PlannedReceiptClosed { .. })));
    fixture.run(move |tx| reverse_movement(tx, movement, may(2)).map(drop)).unwrap();
    assert_eq!(terms(&fixture, id), (0, PlannedReceiptStatus::Cancelled));
    assert_eq!(fixture.verify(&[].into()), [""; 0]);
}

#[test]
fn the_api_announces_changes_cancels_and_shows_availability() {
    let fixture = Fixture::new();
    let act = |object: &str, name: &str, id: ObjectId, body: Value| -> Result<Value, Problem> {
        let action = *fixture.database.environment().registry.action(object, name).unwrap();
        let actor = Actor::system(Source::System);
        fixture.database.command(&actor, move |tx| (action.run)(tx, id, &body))
    };
    let create = |body: Value| {
        let entry = *fixture.database.environment().registry.object("planned_receipt").unwrap();
        let actor = Actor::system(Source::System);
        fixture.database.command(&actor, move |tx| (entry.create.unwrap())(tx, &body))
    };
    let product = fixture.product.to_string();
    let mut body = json!({
        "kind": "purchase", "product": product, "plant": "1000", "date": "2024-05-07",
        "quantity": { "value": "2", "unit": "BOX" },
    });
    let id = create(body.clone()).unwrap();
    body["plant"] = "2000".into();
    assert_eq!(create(body).unwrap_err().fields[0].path, "plant");
    let asked = json!({ "plant": "1000" });
    let shown = act("product", "availability", fixture.product.id(), asked).unwrap();
    assert_eq!(shown["days"][1]["available"], "12");
    let changed = act("planned_receipt", "change", id, json!({ "date": "2024-05-09" })).unwrap();
    assert_eq!(changed["terms"]["date"], "2024-05-09");
    let cancelled = act("planned_receipt", "cancel", id, json!({})).unwrap();
    assert_eq!(cancelled["terms"]["status"], "cancelled");
}
