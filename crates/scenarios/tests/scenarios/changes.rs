//! A living order: it is changed, not cancelled and made anew.

use serde_json::{Value, json};
use tessera_kernel::Choice as _;
use tessera_pricing::ConditionOrigin;
use tessera_sales::Progress::{Complete, Partial};

use crate::books::on;
use crate::documents::{Order, quantity};
use crate::shop::Shop;
use crate::world::START;

fn net(shop: &Shop, order: Order) -> i64 {
    shop.load(order).header.net_value.minor()
}

fn header(shop: &Shop, order: Order, change: Value) {
    let mut body = json!({ "items": [], "conditions": [] });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    shop.change(order, body).unwrap();
}

#[test]
fn a_quantity_is_raised_and_cut_and_everything_follows() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.set_quantity(order, 10, 30).unwrap();
    assert_eq!((net(&shop, order), shop.exposure("acme").0), (30_000, 35_700));
    assert_eq!(shop.reserved("bolt"), on([(START, 30)]));
    shop.set_quantity(order, 10, 5).unwrap();
    assert_eq!((net(&shop, order), shop.exposure("acme").0), (5_000, 5_950));
    assert_eq!(shop.reserved("bolt"), on([(START, 5)]));
    shop.verify();
}

#[test]
fn a_quantity_is_not_cut_below_what_was_delivered() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10)]);
    let delivery = shop.deliver_part(order, 10, 6).unwrap();
    let refused = shop.set_quantity(order, 10, 5).unwrap_err();
    assert_eq!(refused.code, "sales.fulfilled");
    assert!(refused.detail.contains("6 PC"), "{refused}");
    shop.set_quantity(order, 10, 6).unwrap();
    assert_eq!(shop.steps(order).1, Complete);
    assert_eq!(shop.exposure("acme"), (0, 7_140, 0));
    assert_eq!(shop.reserved("bolt"), on([(START, 6)]));
    shop.verify();
    shop.set_quantity(order, 10, 8).unwrap();
    assert_eq!(shop.steps(order).1, Partial);
    shop.issue(delivery);
    shop.verify();
    let rest = shop.ship(order);
    let invoices = shop.bill(&[delivery, rest]).unwrap();
    assert_eq!(shop.totals(invoices[0]).0, 8_000);
    shop.verify();
}

#[test]
fn an_item_comes_and_another_goes() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    shop.receive("book", 100);
    let order = shop.order("acme", &[("bolt", 10)]);
    let added = json!({ "items": [{ "product": shop.product_id("book").to_string(),
        "quantity": quantity("2", "PC") }], "conditions": [] });
    shop.change(order, added).unwrap();
    let document = shop.load(order);
    assert_eq!(document.items.iter().map(|item| item.item).collect::<Vec<_>>(), [10, 20]);
    assert_eq!((net(&shop, order), shop.reserved("book")), (14_000, on([(START, 2)])));
    shop.reject(order, 10).unwrap();
    assert_eq!((net(&shop, order), shop.reserved("bolt")), (4_000, on([])));
    assert_eq!(shop.exposure("acme").0, 4_280);
    shop.verify();
    shop.reopen(order, 10).unwrap();
    assert_eq!((net(&shop, order), shop.reserved("bolt")), (14_000, on([(START, 10)])));
    assert_eq!(shop.exposure("acme").0, 16_180);
    shop.verify();
}

#[test]
fn an_order_whose_items_are_all_rejected_is_done() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10), ("nut", 1)]);
    shop.reject(order, 10).unwrap();
    shop.reject(order, 20).unwrap();
    assert_eq!(shop.steps(order).0, Complete);
    assert_eq!((shop.exposure("acme"), net(&shop, order)), ((0, 0, 0), 0));
    assert_eq!(shop.try_deliver(order).unwrap_err().code, "delivery.nothing_open");
    shop.verify();
}

#[test]
fn what_was_delivered_of_a_rejected_item_is_billed_and_the_rest_never_comes() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10)]);
    let delivery = shop.deliver_part(order, 10, 4).unwrap();
    shop.issue(delivery);
    shop.reject(order, 10).unwrap();
    assert_eq!(shop.reserved("bolt"), []);
    assert_eq!(shop.deliver_part(order, 10, 1).unwrap_err().code, "sales.nothing_left");
    let invoice = shop.invoice(delivery);
    assert_eq!(shop.totals(invoice).0, 4_000);
    assert_eq!(shop.steps(order), (Complete, Complete, Complete));
    shop.verify();
}

#[test]
fn a_price_by_hand_stays_through_every_repricing_until_new_pricing_is_asked_for() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10), ("book", 1)]);
    let by_hand = json!({ "items": [], "conditions": [
        { "item": 10, "condition_type": "PR00", "rate": "8" },
        { "condition_type": "HA00", "rate": "10" },
    ] });
    shop.change(order, by_hand).unwrap();
    // (80 + 20) less 10 %.
    assert_eq!(net(&shop, order), 9_000);
    shop.price("bolt", "12", &[]);
    shop.price("book", "30", &[]);
    shop.set_quantity(order, 10, 20).unwrap();
    // (160 + 20) less 10 %: the price by hand stays, and so does that of the other item.
    assert_eq!(net(&shop, order), 16_200);
    let manual = shop
        .load(order)
        .conditions
        .iter()
        .filter(|row| row.origin == ConditionOrigin::Manual)
        .count();
    assert!(manual >= 2, "{manual}");
    shop.verify();
    header(&shop, order, json!({ "new_pricing": true }));
    assert_eq!(net(&shop, order), 27_000);
    shop.verify();
}

#[test]
fn another_pricing_date_finds_the_prices_of_that_day() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.price("bolt", "12", &[]);
    assert_eq!(net(&shop, order), 10_000);
    header(&shop, order, json!({ "pricing_date": "2026-03-05" }));
    assert_eq!(net(&shop, order), 12_000);
    shop.verify();
}

#[test]
fn the_wanted_day_moves_with_the_header_unless_the_item_has_its_own() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    shop.receive("book", 100);
    let order = shop.order("acme", &[("bolt", 10), ("book", 10)]);
    shop.change_item(order, 20, json!({ "requested_delivery": "2026-03-10" })).unwrap();
    header(&shop, order, json!({ "requested_delivery": "2026-03-20" }));
    assert_eq!(shop.promises(order, 10), on([("2026-03-20", 10)]));
    assert_eq!(shop.promises(order, 20), on([("2026-03-10", 10)]));
    shop.verify();
}

#[test]
fn the_product_of_an_item_does_not_change_and_a_wrong_change_leaves_no_trace() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10), ("nut", 10)]);
    let before = shop.load(order);
    let other = json!({ "product": shop.product_id("nut").to_string() });
    assert_eq!(shop.change_item(order, 10, other).unwrap_err().fields[0].path, "items[0].product");
    let both = json!({ "items": [
        { "item": 10, "quantity": quantity("50", "PC") },
        { "item": 20, "reopen": true, "rejection_reason": "10" },
    ], "conditions": [] });
    assert_eq!(shop.change(order, both).unwrap_err().fields[0].path, "items[1].reopen");
    let after = shop.load(order);
    assert_eq!((after.head.version, &after.value), (before.head.version, &before.value));
    shop.verify();
}

#[test]
fn every_changed_field_is_in_the_change_documents() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.set_quantity(order, 10, 12).unwrap();
    let changes = shop.read(|tx| Ok(tx.changes(order.id(), 1)?));
    let quantity = changes.iter().find(|change| change.field == "quantity").unwrap();
    assert_eq!((quantity.segment.as_str(), quantity.actor.as_str()), ("sales_item", "clerk"));
    assert!(quantity.old.as_deref().is_some_and(|old| old.contains("10")), "{quantity:?}");
    assert!(quantity.new.as_deref().is_some_and(|new| new.contains("12")), "{quantity:?}");
    assert!(changes.iter().any(|change| change.field == "confirmed"));
    assert_eq!(Complete.code(), "complete");
    shop.verify();
}

#[test]
fn less_than_the_minimum_is_neither_ordered_nor_left() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 30)]);
    shop.invoice(shop.ship(order));
    let sales = json!({ "sales": [{ "sales_organisation": "1000", "distribution_channel": "10",
        "item_category_group": "NORM", "account_assignment_group": "01",
        "minimum_quantity": quantity("2", "BOX") }] });
    shop.change(shop.product_id("bolt"), sales).unwrap();
    let refused = shop.try_order("acme", &[("bolt", 19)]).unwrap_err();
    assert_eq!(refused.fields[0].path, "items[0].quantity");
    assert!(refused.detail.contains("2 BOX"), "{refused}");
    let enough = shop.order("acme", &[("bolt", 20)]);
    assert_eq!(shop.set_quantity(enough, 10, 19).unwrap_err().fields[0].path, "items[0].quantity");
    // One of them comes back all the same.
    let one = json!([{ "reference_item": 10, "quantity": quantity("1", "PC") }]);
    shop.follow_up("RE", order, one, json!({ "order_reason": "200" })).unwrap();
    shop.verify();
}

#[test]
fn what_refers_to_an_item_is_about_its_product() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("bolt", 30)]);
    let other = json!([{ "reference_item": 10, "product": shop.product_id("nut").to_string(),
        "quantity": quantity("1", "PC") }]);
    let refused = shop.follow_up("RE", order, other, json!({ "order_reason": "200" })).unwrap_err();
    assert_eq!(refused.fields[0].path, "items[0].product");
    shop.verify();
}
