//! Dated promises.

use serde_json::json;
use tessera_kernel::Ref;
use tessera_stock::PlannedReceipt;

use crate::books::on;
use crate::documents::quantity;
use crate::shop::Shop;
use crate::world::START;

#[test]
fn the_promise_is_dated_by_stock_and_planned_receipts() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    shop.announce("bolt", 20, "2026-03-10");
    shop.announce("bolt", 30, "2026-03-20");
    let first = shop.order("acme", &[("bolt", 25)]);
    assert_eq!(shop.promises(first, 10), on([(START, 10), ("2026-03-10", 15)]));
    let second = shop.order("free", &[("bolt", 50)]);
    assert_eq!(shop.promises(second, 10), on([("2026-03-10", 5), ("2026-03-20", 30)]));
    assert_eq!(shop.promises(shop.order("free", &[("bolt", 1)]), 10), on([(START, 0)]));
    assert!(!shop.is_oversold("bolt"));
    shop.verify();
}

#[test]
fn what_is_wanted_later_leaves_today_to_others_where_goods_come_in_between() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    shop.announce("bolt", 10, "2026-03-10");
    let later = shop.order_for("acme", &[("bolt", 10)], "2026-03-15");
    assert_eq!(shop.promises(later, 10), on([("2026-03-15", 10)]));
    assert_eq!(shop.promises(shop.order("free", &[("bolt", 10)]), 10), on([(START, 10)]));
    assert_eq!(shop.promises(shop.order("free", &[("bolt", 1)]), 10), on([(START, 0)]));
    assert!(!shop.is_oversold("bolt"));
    shop.verify();
}

#[test]
fn rescheduling_brings_promises_forward_when_goods_come_early() {
    let shop = Shop::new();
    let receipt = shop.announce("bolt", 10, "2026-03-20");
    let order = shop.order("acme", &[("bolt", 12)]);
    assert_eq!(shop.promises(order, 10), on([("2026-03-20", 10)]));
    shop.on("2026-03-04");
    let planned = json!({ "planned_receipt": receipt.to_string() });
    shop.move_goods("101", "bolt", 10, planned).unwrap();
    shop.receive("bolt", 5);
    shop.act(order, "reschedule", json!({})).unwrap();
    assert_eq!(shop.promises(order, 10), on([("2026-03-04", 12)]));
    shop.verify();
    shop.issue(shop.deliver(order));
    shop.verify();
}

#[test]
fn a_receipt_that_moves_back_leaves_the_promise_and_shows_what_is_missing() {
    let shop = Shop::new();
    let receipt: Ref<PlannedReceipt> = shop.announce("bolt", 10, "2026-03-10");
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.act(receipt, "change", json!({ "date": "2026-03-25" })).unwrap();
    assert!(shop.is_oversold("bolt"), "the promise of the 10th is not covered before the 25th");
    shop.verify();
    shop.act(order, "reschedule", json!({})).unwrap();
    assert_eq!(shop.promises(order, 10), on([("2026-03-25", 10)]));
    assert!(!shop.is_oversold("bolt"));
    shop.act(receipt, "cancel", json!({})).unwrap();
    shop.act(order, "reschedule", json!({})).unwrap();
    assert_eq!(shop.promises(order, 10), on([(START, 0)]));
    shop.verify();
}

#[test]
fn goods_that_were_received_wrongly_are_taken_back_and_the_plan_is_open_again() {
    let shop = Shop::new();
    let receipt = shop.announce("bolt", 10, "2026-03-10");
    let planned = json!({ "planned_receipt": receipt.to_string() });
    let movement = shop.move_goods("101", "bolt", 4, planned).unwrap();
    assert_eq!(shop.load(receipt).terms.open_quantity, crate::shop::pieces(6));
    shop.act(movement, "reverse", json!({})).unwrap();
    assert_eq!(shop.load(receipt).terms.open_quantity, crate::shop::pieces(10));
    assert_eq!((shop.on_hand("bolt"), shop.account("300000")), (0, 0));
    shop.verify();
}

#[test]
fn more_than_there_is_does_not_leave() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let delivery = shop.deliver(order);
    shop.move_goods("551", "bolt", 3, json!({})).unwrap();
    assert_eq!(shop.try_issue(delivery).unwrap_err().code, "stock.not_enough");
    shop.verify();
    shop.receive("bolt", 3);
    shop.issue(delivery);
    assert_eq!(shop.account("892000"), 1_950);
    shop.verify();
}

#[test]
fn a_change_of_one_item_leaves_the_promise_of_the_others() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    shop.announce("nut", 100, "2026-03-10");
    let order = shop.order("acme", &[("bolt", 10), ("nut", 50)]);
    shop.receive("nut", 100);
    shop.set_quantity(order, 10, 5).unwrap();
    assert_eq!(shop.promises(order, 20), on([("2026-03-10", 50)]));
    shop.verify();
}

#[test]
fn the_whole_box_is_checked_in_pieces() {
    let shop = Shop::new();
    shop.receive("bolt", 25);
    let items = json!([{ "product": shop.product_id("bolt").to_string(), "quantity": quantity("3", "BOX") }]);
    let order = shop.document("OR", "acme", items, json!({})).unwrap();
    let promised: i64 = shop.promises(order, 10).iter().map(|(_, pieces)| pieces).sum();
    assert!(promised <= 25);
    shop.verify();
}

#[test]
fn a_promise_stays_through_changes_that_do_not_touch_it() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let first = shop.order("acme", &[("bolt", 6)]);
    shop.order("free", &[("bolt", 4)]);
    shop.move_goods("551", "bolt", 6, json!({})).unwrap();
    shop.change_item(first, 10, json!({ "description": "shiny" })).unwrap();
    assert_eq!(shop.promises(first, 10), on([(START, 6)]));
    shop.change(
        first,
        json!({ "conditions": [
        { "item": 10, "condition_type": "PR00", "rate": "9" }] }),
    )
    .unwrap();
    assert_eq!(shop.promises(first, 10), on([(START, 6)]));
    // A rise is asked for on top, a cut takes away what is cut.
    shop.set_quantity(first, 10, 8).unwrap();
    assert_eq!(shop.promises(first, 10), on([(START, 6)]));
    shop.set_quantity(first, 10, 5).unwrap();
    assert_eq!(shop.promises(first, 10), on([(START, 5)]));
    shop.verify();
    shop.receive("bolt", 20);
    shop.set_quantity(first, 10, 9).unwrap();
    assert_eq!(shop.promises(first, 10), on([(START, 9)]));
    assert_eq!(shop.reserved("bolt"), on([(START, 13)]));
    shop.verify();
    // Another day is another promise.
    shop.change_item(first, 10, json!({ "requested_delivery": "2026-03-20" })).unwrap();
    assert_eq!(shop.promises(first, 10), on([("2026-03-20", 9)]));
    shop.verify();
}

#[test]
fn a_cut_takes_the_latest_days_of_a_promise_away() {
    let shop = Shop::new();
    shop.receive("bolt", 4);
    shop.announce("bolt", 10, "2026-03-10");
    let order = shop.order("acme", &[("bolt", 10)]);
    assert_eq!(shop.promises(order, 10), on([(START, 4), ("2026-03-10", 6)]));
    let delivery = shop.deliver_part(order, 10, 2).unwrap();
    shop.set_quantity(order, 10, 7).unwrap();
    assert_eq!(shop.promises(order, 10), on([(START, 4), ("2026-03-10", 3)]));
    assert_eq!(shop.reserved("bolt"), on([(START, 4), ("2026-03-10", 3)]));
    shop.issue(delivery);
    shop.set_quantity(order, 10, 3).unwrap();
    assert_eq!(shop.reserved("bolt"), on([(START, 1)]));
    shop.verify();
}
