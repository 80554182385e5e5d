//! Services: billed by the order, without a delivery.

use serde_json::json;
use tessera_sales::CreditStatus;
use tessera_sales::Progress::{Complete, NotRelevant, Open, Partial};

use crate::shop::Shop;

fn hours(order: crate::documents::Order, item: u32, count: &str) -> serde_json::Value {
    json!({ "orders": [{ "order": order.to_string(), "item": item,
        "quantity": { "value": count, "unit": "H" } }] })
}

#[test]
fn hours_are_billed_as_they_come() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("advice", 10)]);
    assert_eq!(shop.steps(order), (Open, NotRelevant, Open));
    assert_eq!(shop.exposure("acme"), (95_200, 0, 0));
    let first = shop.bill_with(hours(order, 10, "2.5")).unwrap()[0];
    assert_eq!(shop.totals(first), (20_000, 3_800, 23_800));
    assert_eq!(shop.exposure("acme"), (71_400, 0, 23_800));
    assert_eq!(shop.steps(order), (Partial, NotRelevant, Partial));
    assert_eq!(shop.bill_with(hours(order, 10, "8")).unwrap_err().code, "sales.nothing_left");
    shop.verify();
    let rest = shop.bill_order(order).unwrap()[0];
    assert_eq!(shop.totals(rest).0, 60_000);
    assert_eq!(shop.steps(order), (Complete, NotRelevant, Complete));
    assert_eq!(shop.account("802000"), -80_000);
    shop.verify();
    shop.cancel_invoice(first).unwrap();
    assert_eq!(shop.exposure("acme"), (23_800, 0, 71_400));
    assert_eq!(shop.steps(order), (Partial, NotRelevant, Partial));
    shop.verify();
}

#[test]
fn goods_and_services_of_one_order_come_on_one_invoice() {
    let shop = Shop::new();
    shop.receive("bolt", 5);
    let order = shop.order("acme", &[("bolt", 5), ("advice", 1)]);
    let delivery = shop.ship(order);
    let body = json!({
        "deliveries": [{ "delivery": delivery.to_string() }],
        "orders": [{ "order": order.to_string() }],
    });
    let invoices = shop.bill_with(body).unwrap();
    assert_eq!(invoices.len(), 1);
    assert_eq!(shop.totals(invoices[0]), (13_000, 2_470, 15_470));
    assert_eq!(shop.steps(order), (Complete, Complete, Complete));
    shop.verify();
}

#[test]
fn services_of_a_blocked_order_are_not_billed() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("advice", 1_000)]);
    assert_eq!(shop.credit_status(order), CreditStatus::Blocked);
    assert_eq!(shop.bill_order(order).unwrap_err().code, "sales.credit_blocked");
    shop.verify();
}

#[test]
fn hours_billed_of_an_order_that_is_blocked_since_come_back_without_its_credit() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("advice", 10)]);
    let invoice = shop.bill_with(hours(order, 10, "4")).unwrap()[0];
    let more = json!({ "quantity": { "value": "1000", "unit": "H" } });
    shop.change_item(order, 10, more).unwrap();
    assert_eq!(shop.credit_status(order), CreditStatus::Blocked);
    assert_eq!(shop.exposure("acme"), (0, 0, 38_080));
    shop.verify();
    shop.cancel_invoice(invoice).unwrap();
    assert_eq!(shop.exposure("acme"), (0, 0, 0));
    shop.verify();
}

#[test]
fn freight_by_weight_is_not_asked_of_services() {
    let shop = Shop::new();
    shop.receive("bolt", 2);
    shop.freight("2");
    let order = shop.order("acme", &[("bolt", 2), ("advice", 1)]);
    assert!(!shop.status(order).incomplete);
    // 20.00 and 80.00, and 3 kg at 2.00.
    assert_eq!(shop.load(order).header.net_value.to_string(), "106.00 EUR");
    shop.verify();
}
