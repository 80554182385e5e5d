//! Goods that come back, and money that goes back.

use serde_json::json;
use tessera_billing::BillingCategory;
use tessera_delivery::DeliveryDirection;
use tessera_finance::{ItemStatus, Payment};
use tessera_sales::Progress::{Complete, NotRelevant};

use crate::documents::quantity;
use crate::shop::Shop;

#[test]
fn goods_come_back_and_a_credit_memo_clears_the_invoice_in_part() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let invoice = shop.invoice(shop.ship(order));

    let items = json!([{ "reference_item": 10, "quantity": quantity("4", "PC") }]);
    let refused = shop.follow_up("RE", order, items.clone(), json!({})).unwrap_err();
    assert_eq!(refused.fields[0].path, "header.order_reason");
    let damaged = json!({ "order_reason": "200" });
    let returned = shop.follow_up("RE", order, items, damaged).unwrap();
    assert_eq!(shop.load(returned).header.net_value.to_string(), "40.00 EUR");
    let delivery = shop.deliver(returned);
    assert_eq!(shop.load(delivery).header.direction, DeliveryDirection::Returns);
    shop.issue(delivery);
    assert_eq!((shop.on_hand("bolt"), shop.account("893000")), (4, 3_900));
    shop.verify();

    let credit = shop.invoice(delivery);
    let memo = shop.load(credit);
    assert_eq!(memo.header.category, BillingCategory::CreditMemo);
    assert_eq!(memo.head.number.as_deref(), Some("G1000-2026-000001"));
    assert_eq!(shop.totals(credit), (4_000, 760, 4_760));
    assert_eq!(shop.open_amount(credit), -4_760);
    assert_eq!(shop.exposure("acme"), (0, 0, 7_140));
    assert_eq!(
        (shop.account("140000"), shop.account("800000"), shop.account("175000")),
        (7_140, -6_000, -1_140)
    );
    assert_eq!(shop.steps(returned), (Complete, Complete, Complete));
    shop.verify();

    let allocations: Vec<_> = [invoice, credit]
        .iter()
        .map(|id| json!({ "receivable": shop.receivable(*id).to_string() }))
        .collect();
    let clearing = json!({ "company_code": "1000", "partner": shop.partner("acme").to_string(),
        "allocations": allocations });
    shop.act_on_all::<Payment>("clear", clearing).unwrap();
    assert_eq!((shop.open_amount(invoice), shop.open_amount(credit)), (7_140, 0));
    shop.pay("acme", 7_140, &[invoice]);
    assert_eq!(shop.open_item(invoice).status, ItemStatus::Cleared);
    assert_eq!(shop.exposure("acme"), (0, 0, 0));
    shop.verify();
}

#[test]
fn a_payment_takes_a_credit_memo_along() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let invoice = shop.invoice(shop.ship(order));
    let returned = shop
        .follow_up(
            "RE",
            order,
            json!([{ "reference_item": 10,
        "quantity": quantity("1", "PC") }]),
            json!({ "order_reason": "210" }),
        )
        .unwrap();
    let credit = shop.invoice(shop.ship(returned));
    shop.pay("acme", 11_900 - 1_190, &[invoice, credit]);
    assert_eq!((shop.open_amount(invoice), shop.open_amount(credit)), (0, 0));
    assert_eq!(shop.account("140000"), 0);
    shop.verify();
}

#[test]
fn a_credit_memo_request_is_billed_without_goods() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let invoice = shop.invoice(shop.ship(order));
    let reason = json!({ "order_reason": "300" });
    let request = shop
        .follow_up(
            "CR",
            order,
            json!([{ "reference_item": 10,
        "quantity": quantity("2", "PC") }]),
            reason,
        )
        .unwrap();
    assert_eq!(shop.steps(request).1, NotRelevant);
    assert_eq!(shop.try_deliver(request).unwrap_err().code, "delivery.not_deliverable");
    let memo = shop.bill_order(request).unwrap()[0];
    assert_eq!((shop.totals(memo), shop.open_amount(memo)), ((2_000, 380, 2_380), -2_380));
    assert_eq!(shop.on_hand("bolt"), 0);
    assert_eq!(shop.steps(request).0, Complete);
    assert_eq!(shop.bill_order(request).unwrap_err().code, "billing.nothing_to_bill");
    shop.verify();
    shop.cancel_invoice(memo).unwrap();
    assert_eq!((shop.exposure("acme").2, shop.open_amount(invoice)), (11_900, 11_900));
    shop.bill_order(request).unwrap();
    shop.verify();
}

#[test]
fn a_debit_memo_request_charges_more() {
    let shop = Shop::new();
    let reason = json!({ "order_reason": "300" });
    let request = shop.document("DR", "acme", shop.items(&[("bolt", 3)]), reason).unwrap();
    let invoice = shop.bill_order(request).unwrap()[0];
    assert_eq!(shop.totals(invoice), (3_000, 570, 3_570));
    assert_eq!(shop.exposure("acme"), (0, 0, 3_570));
    shop.verify();
}

#[test]
fn a_return_is_taken_back_step_by_step() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.invoice(shop.ship(order));
    let returned =
        shop.follow_up("RE", order, json!([]), json!({ "order_reason": "220" })).unwrap();
    let delivery = shop.ship(returned);
    let memo = shop.invoice(delivery);
    shop.cancel_invoice(memo).unwrap();
    shop.verify();
    shop.act(delivery, "reverse_goods_issue", json!({})).unwrap();
    assert_eq!((shop.on_hand("bolt"), shop.account("893000")), (0, 6_500));
    shop.act(delivery, "cancel", json!({})).unwrap();
    assert_eq!(shop.exposure("acme"), (0, 0, 11_900));
    shop.verify();
}

#[test]
fn a_refund_pays_a_credit_memo_out() {
    let shop = Shop::new();
    let reason = json!({ "order_reason": "300" });
    let request = shop.document("CR", "acme", shop.items(&[("bolt", 1)]), reason).unwrap();
    let memo = shop.bill_order(request).unwrap()[0];
    let body = json!({ "company_code": "1000", "partner": shop.partner("acme").to_string(),
        "amount": crate::documents::euros(1_190),
        "allocations": [{ "receivable": shop.receivable(memo).to_string() }] });
    shop.act_on_all::<Payment>("refund", body).unwrap();
    assert_eq!((shop.open_amount(memo), shop.account("113109")), (0, -1_190));
    shop.verify();
}

#[test]
fn no_more_comes_back_of_an_order_than_was_delivered() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10), ("advice", 2)]);
    let damaged = json!({ "order_reason": "200" });
    let part = |count: &str| json!([{ "reference_item": 10, "quantity": quantity(count, "PC") }]);
    let refused = shop.follow_up("RE", order, part("1"), damaged.clone()).unwrap_err();
    assert_eq!(refused.code, "sales.nothing_left", "nothing is delivered yet");
    let delivery = shop.deliver_part(order, 10, 6).unwrap();
    let refused = shop.follow_up("RE", order, part("1"), damaged.clone()).unwrap_err();
    assert_eq!(refused.code, "sales.nothing_left", "no goods have left yet");
    shop.issue(delivery);
    let first = shop.follow_up("RE", order, part("4"), damaged.clone()).unwrap();
    let refused = shop.follow_up("RE", order, part("3"), damaged.clone()).unwrap_err();
    assert!(refused.detail.contains("2 PC"), "{refused}");
    // What is left: two bolts, and no hours before they are billed.
    let rest = shop.follow_up("RE", order, json!([]), damaged.clone()).unwrap();
    assert_eq!(shop.load(rest).items.len(), 1);
    assert_eq!(shop.load(rest).items[0].quantity, crate::shop::pieces(2));
    shop.verify();
    // Goods that came back have left: their goods issue is not undone.
    let reverse = || shop.act(delivery, "reverse_goods_issue", json!({})).map(drop);
    assert_eq!(reverse().unwrap_err().code, "sales.returned");
    shop.verify();
    shop.reject(first, 10).unwrap();
    assert_eq!(reverse().unwrap_err().code, "sales.returned");
    shop.reject(rest, 10).unwrap();
    reverse().unwrap();
    shop.act(delivery, "cancel", json!({})).unwrap();
    shop.verify();
}

#[test]
fn no_more_is_claimed_by_credit_memo_requests_than_was_billed() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let price = || json!({ "order_reason": "300" });
    let part = |count: &str| json!([{ "reference_item": 10, "quantity": quantity(count, "PC") }]);
    let delivery = shop.deliver_part(order, 10, 6).unwrap();
    shop.issue(delivery);
    let refused = shop.follow_up("CR", order, part("1"), price()).unwrap_err();
    assert_eq!(refused.code, "sales.nothing_left", "nothing is billed yet");
    let invoice = shop.invoice(delivery);
    let first = shop.follow_up("CR", order, part("4"), price()).unwrap();
    let refused = shop.follow_up("CR", order, part("3"), price()).unwrap_err();
    assert!(refused.detail.contains("2 PC"), "{refused}");
    assert_eq!(shop.set_quantity(first, 10, 7).unwrap_err().code, "sales.nothing_left");
    shop.set_quantity(first, 10, 5).unwrap();
    let rest = shop.follow_up("CR", order, json!([]), price()).unwrap();
    assert_eq!(shop.load(rest).items[0].quantity, crate::shop::pieces(1));
    // Further charges are not bounded by what was billed.
    shop.follow_up("DR", order, part("9"), price()).unwrap();
    assert_eq!(shop.cancel_invoice(invoice).unwrap_err().code, "sales.claimed");
    for request in [first, rest] {
        shop.reject(request, 10).unwrap();
    }
    shop.cancel_invoice(invoice).unwrap();
    assert_eq!(shop.reopen(first, 10).unwrap_err().code, "sales.nothing_left");
    shop.verify();
}
