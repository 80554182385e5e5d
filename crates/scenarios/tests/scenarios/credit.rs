//! Credit limits: blocks, releases, and attempts to get around them.

use serde_json::json;
use tessera_kernel::{Actor, Source};
use tessera_sales::CreditStatus::{Approved, Blocked, NotChecked, Released};

use crate::books::on;
use crate::documents::Order;
use crate::shop::{Customer, Shop};
use crate::world::START;

/// A customer with a limit of 1,190 EUR: a hundred bolts with tax.
fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.customer("small", &Customer { limit: Some(1_190), ..Customer::default() });
    shop.receive("bolt", 10_000);
    shop
}

fn release(shop: &Shop, order: Order) {
    shop.act(order, "release_credit", json!({ "reason": "paid by cheque" })).unwrap();
}

#[test]
fn an_order_beyond_the_limit_is_kept_blocked_and_holds_nothing() {
    let shop = shop();
    let fits = shop.order("small", &[("bolt", 60)]);
    let beyond = shop.order("small", &[("bolt", 41)]);
    assert_eq!((shop.credit_status(fits), shop.credit_status(beyond)), (Approved, Blocked));
    assert_eq!(shop.exposure("small"), (71_400, 0, 0));
    assert_eq!(shop.reserved("bolt"), on([(START, 60)]));
    assert_eq!(shop.promises(beyond, 10), on([(START, 0)]));
    let refused = shop.try_deliver(beyond).unwrap_err();
    assert_eq!(refused.code, "sales.credit_blocked");
    assert!(refused.detail.contains("Release"), "{refused}");
    shop.verify();
    // Exactly what is left fits.
    assert_eq!(shop.credit_status(shop.order("small", &[("bolt", 40)])), Approved);
    assert_eq!(shop.exposure("small"), (119_000, 0, 0));
    shop.verify();
}

#[test]
fn a_release_needs_a_reason_and_keeps_it_with_who_gave_it() {
    let shop = shop();
    let order = shop.order("small", &[("bolt", 200)]);
    let empty = shop.act(order, "release_credit", json!({ "reason": " " })).unwrap_err();
    assert_eq!(empty.fields[0].path, "reason");
    let boss = Actor::user("boss", Source::Session, true);
    shop.run_as(&boss, move |tx| {
        Ok(tessera_sales::release_credit(tx, order, "paid by cheque").map(drop)?)
    })
    .unwrap();
    let status = shop.status(order);
    assert_eq!(
        (status.credit, status.credit_release_reason.as_deref()),
        (Released, Some("paid by cheque"))
    );
    let changes = shop.read(|tx| Ok(tx.changes(order.id(), 0)?));
    let released = changes.iter().find(|change| change.field == "credit").unwrap();
    assert_eq!(released.actor, "boss");
    assert_eq!(shop.exposure("small"), (238_000, 0, 0));
    assert_eq!(shop.reserved("bolt"), on([(START, 200)]));
    let again = shop.act(order, "release_credit", json!({ "reason": "twice" })).unwrap_err();
    assert_eq!(again.code, "sales.not_blocked");
    shop.verify();
    shop.invoice(shop.ship(order));
    assert_eq!(shop.exposure("small"), (0, 0, 238_000));
    shop.verify();
}

#[test]
fn a_payment_makes_room_and_the_check_is_repeated() {
    let shop = shop();
    let invoice = shop.sell("small", &[("bolt", 100)]);
    let order = shop.order("small", &[("bolt", 50)]);
    assert_eq!(shop.credit_status(order), Blocked);
    shop.act(order, "check_credit", json!({})).unwrap();
    assert_eq!(shop.credit_status(order), Blocked);
    shop.pay("small", 60_000, &[invoice]);
    shop.act(order, "check_credit", json!({})).unwrap();
    assert_eq!(shop.credit_status(order), Approved);
    assert_eq!(shop.exposure("small"), (59_500, 0, 59_000));
    assert_eq!(shop.reserved("bolt"), on([(START, 50)]));
    shop.verify();
}

#[test]
fn rejecting_and_reopening_does_not_get_around_the_limit() {
    let shop = shop();
    let first = shop.order("small", &[("bolt", 100)]);
    shop.reject(first, 10).unwrap();
    assert_eq!(shop.exposure("small"), (0, 0, 0));
    let second = shop.order("small", &[("bolt", 100)]);
    assert_eq!(shop.credit_status(second), Approved);
    shop.reopen(first, 10).unwrap();
    assert_eq!(shop.credit_status(first), Blocked);
    assert_eq!(shop.exposure("small"), (119_000, 0, 0));
    assert_eq!(shop.reserved("bolt"), on([(START, 100)]));
    assert_eq!(shop.try_deliver(first).unwrap_err().code, "sales.credit_blocked");
    shop.verify();
}

#[test]
fn a_release_does_not_cover_what_is_added_later() {
    let shop = shop();
    let order = shop.order("small", &[("bolt", 150)]);
    release(&shop, order);
    shop.set_quantity(order, 10, 400).unwrap();
    assert_eq!(shop.credit_status(order), Blocked);
    assert_eq!(shop.exposure("small"), (0, 0, 0));
    shop.verify();
    // Nor does it survive rejecting everything and coming back.
    let other = shop.order("small", &[("bolt", 150)]);
    release(&shop, other);
    shop.reject(other, 10).unwrap();
    shop.reopen(other, 10).unwrap();
    assert_eq!(shop.credit_status(other), Blocked);
    shop.verify();
}

#[test]
fn raising_an_order_beyond_the_limit_blocks_all_of_it_and_cutting_it_opens_it_again() {
    let shop = shop();
    let order = shop.order("small", &[("bolt", 60)]);
    shop.set_quantity(order, 10, 101).unwrap();
    assert_eq!(shop.credit_status(order), Blocked);
    assert_eq!((shop.exposure("small"), shop.reserved("bolt")), ((0, 0, 0), on([])));
    shop.verify();
    shop.set_quantity(order, 10, 100).unwrap();
    assert_eq!(shop.credit_status(order), Approved);
    assert_eq!(
        (shop.exposure("small"), shop.reserved("bolt")),
        ((119_000, 0, 0), on([(START, 100)]))
    );
    shop.verify();
}

#[test]
fn a_partly_delivered_order_that_is_blocked_keeps_its_deliveries_only() {
    let shop = shop();
    let order = shop.order("small", &[("bolt", 60)]);
    let delivery = shop.deliver_part(order, 10, 20).unwrap();
    shop.set_quantity(order, 10, 200).unwrap();
    assert_eq!(shop.credit_status(order), Blocked);
    assert_eq!(
        (shop.exposure("small"), shop.reserved("bolt")),
        ((0, 23_800, 0), on([(START, 20)]))
    );
    shop.verify();
    shop.issue(delivery);
    let invoice = shop.invoice(delivery);
    assert_eq!(shop.exposure("small"), (0, 0, 23_800));
    shop.verify();
    shop.pay("small", 23_800, &[invoice]);
    release(&shop, order);
    assert_eq!(shop.exposure("small"), (214_200, 0, 0));
    shop.invoice(shop.ship(order));
    shop.verify();
}

#[test]
fn goods_that_left_count_at_the_price_they_are_billed_at_also_while_the_order_is_blocked() {
    let shop = shop();
    let order = shop.order("small", &[("bolt", 100)]);
    let delivery = shop.deliver_part(order, 10, 40).unwrap();
    assert_eq!(shop.exposure("small"), (71_400, 47_600, 0));
    let dearer = json!({ "item": 10, "condition_type": "PR00", "rate": "11.00", "currency": "EUR",
        "per": { "value": "1", "unit": "PC" } });
    shop.change(order, json!({ "conditions": [dearer] })).unwrap();
    assert_eq!(shop.credit_status(order), Blocked);
    assert_eq!(shop.exposure("small"), (4_760, 47_600, 0));
    shop.verify();
    shop.issue(delivery);
    shop.invoice(delivery);
    assert_eq!(shop.exposure("small"), (0, 0, 52_360));
    shop.verify();
    release(&shop, order);
    assert_eq!(shop.exposure("small"), (78_540, 0, 52_360));
    shop.verify();
}

#[test]
fn a_lowered_limit_stops_the_delivery_of_what_was_approved() {
    let shop = shop();
    let order = shop.order("small", &[("bolt", 100)]);
    shop.limit("small", 500);
    assert_eq!(shop.try_deliver(order).unwrap_err().code, "sales.credit_blocked");
    release(&shop, order);
    shop.ship(order);
    shop.verify();
}

#[test]
fn the_payer_is_watched_and_not_who_orders() {
    let shop = shop();
    let payer = json!({ "payer": shop.partner("small").to_string() });
    let items = || shop.items(&[("bolt", 60)]);
    let first = shop.document("OR", "free", items(), payer.clone()).unwrap();
    let second = shop.document("OR", "acme", items(), payer).unwrap();
    assert_eq!((shop.credit_status(first), shop.credit_status(second)), (Approved, Blocked));
    assert_eq!((shop.exposure("small"), shop.exposure("free")), ((71_400, 0, 0), (0, 0, 0)));
    shop.verify();
}

#[test]
fn a_customer_without_a_limit_has_no_block_and_one_who_gets_no_credit_has_no_order_through() {
    let shop = shop();
    assert_eq!(shop.credit_status(shop.order("free", &[("bolt", 9_000)])), Approved);
    let blocked = json!({ "credit": [{ "credit_control_area": "1000", "risk_category": "LOW", "blocked": true }] });
    shop.change(shop.partner("free"), blocked).unwrap();
    assert_eq!(shop.credit_status(shop.order("free", &[("bolt", 1)])), Blocked);
    let web = shop.document(
        "WEB",
        "free",
        json!([{ "product": shop.product_id("bolt").to_string(),
        "quantity": crate::documents::quantity("1", "PC") }]),
        json!({}),
    );
    assert_eq!(shop.credit_status(web.unwrap()), NotChecked);
    shop.verify();
}

#[test]
fn a_price_raised_by_hand_counts_against_the_limit() {
    let shop = shop();
    let order = shop.order("small", &[("bolt", 100)]);
    let body = json!({ "items": [], "conditions": [{ "item": 10, "condition_type": "PR00", "rate": "10.01" }] });
    shop.change(order, body).unwrap();
    assert_eq!(shop.credit_status(order), Blocked);
    shop.verify();
}

#[test]
fn a_price_cut_after_a_part_was_delivered_keeps_the_exposure_right() {
    let shop = shop();
    let order = shop.order("small", &[("bolt", 100)]);
    let delivery = shop.deliver_part(order, 10, 90).unwrap();
    let body = json!({ "items": [], "conditions": [{ "item": 10, "condition_type": "PR00", "rate": "5" }] });
    shop.change(order, body).unwrap();
    let (orders, deliveries, _) = shop.exposure("small");
    assert_eq!(orders + deliveries, 59_500);
    shop.verify();
    shop.issue(delivery);
    shop.invoice(delivery);
    shop.invoice(shop.ship(order));
    assert_eq!(shop.exposure("small"), (0, 0, 59_500));
    shop.verify();
}

#[test]
fn a_high_risk_customer_with_an_item_overdue_for_too_long_gets_nothing_until_it_is_paid() {
    let mut shop = shop();
    let high = Customer { limit: Some(10_000), risk_category: "HIGH", ..Customer::default() };
    shop.customer("risky", &high);
    let invoice = shop.sell("risky", &[("bolt", 10)]);
    let waiting = shop.order("risky", &[("bolt", 1)]);
    assert_eq!(shop.credit_status(waiting), Approved, "nothing is overdue yet");
    // Due after 30 days, and 30 more are borne.
    shop.on("2026-06-01");
    let late = shop.order("risky", &[("bolt", 1)]);
    assert_eq!(shop.credit_status(late), Blocked);
    let refused = shop.try_deliver(waiting).unwrap_err();
    assert_eq!(refused.code, "sales.credit_blocked", "{refused}");
    shop.pay("risky", 11_900, &[invoice]);
    shop.act(late, "check_credit", json!({})).unwrap();
    assert_eq!(shop.credit_status(late), Approved);
    shop.deliver(waiting);
    shop.verify();
}
