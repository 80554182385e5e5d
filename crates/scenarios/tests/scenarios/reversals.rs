//! Taking back: goods issues, deliveries, invoices; and doing it again.

use serde_json::json;
use tessera_delivery::GoodsIssueStatus;
use tessera_sales::CreditStatus;
use tessera_sales::Progress::{Complete, NotRelevant, Open, Partial};

use crate::books::on;
use crate::shop::Shop;
use crate::world::START;

#[test]
fn a_cancelled_delivery_gives_its_order_everything_back() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let before = (shop.exposure("acme"), shop.reserved("bolt"), shop.steps(order));
    let part = shop.deliver_part(order, 10, 3).unwrap();
    let rest = shop.deliver(order);
    for delivery in [part, rest] {
        shop.act(delivery, "cancel", json!({})).unwrap();
        assert_eq!(shop.goods_issue(delivery), (GoodsIssueStatus::Cancelled, NotRelevant));
        shop.verify();
    }
    assert_eq!((shop.exposure("acme"), shop.reserved("bolt"), shop.steps(order)), before);
    let again = shop.deliver(order);
    for action in ["cancel", "post_goods_issue", "reverse_goods_issue"] {
        assert_eq!(shop.act(part, action, json!({})).unwrap_err().code, "delivery.wrong_status");
    }
    shop.issue(again);
    shop.verify();
}

#[test]
fn a_reversed_goods_issue_brings_goods_reservation_and_books_back() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let delivery = shop.ship(order);
    shop.on("2026-03-03");
    shop.act(delivery, "reverse_goods_issue", json!({})).unwrap();
    assert_eq!(shop.goods_issue(delivery), (GoodsIssueStatus::Open, Open));
    assert_eq!((shop.on_hand("bolt"), shop.reserved("bolt")), (10, on([(START, 10)])));
    assert_eq!((shop.account("893000"), shop.account("300000")), (0, 6_500));
    shop.verify();
    shop.issue(delivery);
    assert_eq!(shop.account("893000"), 6_500);
    shop.act(delivery, "reverse_goods_issue", json!({})).unwrap();
    shop.act(delivery, "cancel", json!({})).unwrap();
    assert_eq!(shop.steps(order), (Open, Open, Open));
    shop.verify();
}

#[test]
fn a_billed_delivery_is_reversed_only_after_its_invoice() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let delivery = shop.ship(shop.order("acme", &[("bolt", 10)]));
    let invoice = shop.invoice(delivery);
    let refused = shop.act(delivery, "reverse_goods_issue", json!({})).unwrap_err();
    assert_eq!(refused.code, "delivery.wrong_status");
    shop.cancel_invoice(invoice).unwrap();
    shop.act(delivery, "reverse_goods_issue", json!({})).unwrap();
    shop.verify();
}

#[test]
fn a_cancelled_invoice_leaves_no_debt_and_can_be_billed_again() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let delivery = shop.ship(order);
    let invoice = shop.invoice(delivery);
    let cancellation = shop.cancel_invoice(invoice).unwrap();
    let document = shop.load(cancellation);
    assert_eq!(document.head.number.as_deref(), Some("S1000-2026-000001"));
    assert_eq!(document.header.cancels, Some(invoice));
    assert_eq!(shop.load(invoice).header.cancelled_by, Some(cancellation));
    assert_eq!((shop.open_amount(invoice), shop.open_amount(cancellation)), (0, 0));
    let accounts = ["140000", "800000", "175000"].map(|account| shop.account(account));
    assert_eq!(accounts, [0, 0, 0]);
    assert_eq!(shop.exposure("acme"), (0, 11_900, 0));
    assert_eq!(shop.steps(order), (Partial, Complete, Open));
    shop.verify();

    let again = shop.invoice(delivery);
    assert_eq!(shop.load(again).head.number.as_deref(), Some("1000-2026-000002"));
    assert_eq!(shop.steps(order), (Complete, Complete, Complete));
    for id in [invoice, cancellation] {
        assert_eq!(shop.cancel_invoice(id).unwrap_err().code, "billing.not_cancellable");
    }
    shop.verify();
}

#[test]
fn the_clearing_of_a_cancelled_invoice_is_not_cancelled() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let invoice = shop.sell("acme", &[("bolt", 10)]);
    shop.cancel_invoice(invoice).unwrap();
    let clearings = shop.read(|tx| Ok(tx.all::<tessera_finance::Payment>()?));
    assert_eq!(clearings.len(), 1);
    let refused = shop.act(clearings[0], "cancel", json!({})).unwrap_err();
    assert!(refused.detail.contains("the cancellation S1000-2026-000001"), "{refused}");
    assert_eq!((shop.open_amount(invoice), shop.exposure("acme").2), (0, 0));
    shop.verify();
}

#[test]
fn an_invoice_of_which_something_is_paid_is_not_cancelled_before_the_payment_is() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let invoice = shop.sell("acme", &[("bolt", 10)]);
    let payment = shop.pay("acme", 5_000, &[invoice]);
    assert_eq!(shop.cancel_invoice(invoice).unwrap_err().code, "billing.not_cancellable");
    shop.act(payment, "cancel", json!({})).unwrap();
    shop.verify();
    shop.cancel_invoice(invoice).unwrap();
    assert_eq!((shop.account("113109"), shop.account("140000")), (0, 0));
    shop.verify();
}

#[test]
fn a_part_that_was_cancelled_is_billed_again_to_the_same_cent() {
    let shop = Shop::new();
    shop.receive("nut", 100);
    // 0.125 a piece: 7 are 0.875, three times 7 are 2.625.
    let order = shop.order("acme", &[("nut", 21)]);
    let deliveries: Vec<_> = (0..3).map(|_| shop.deliver_part(order, 10, 7).unwrap()).collect();
    let mut invoices = Vec::new();
    for delivery in &deliveries {
        shop.issue(*delivery);
        invoices.push(shop.invoice(*delivery));
    }
    let whole = shop.load(order).header.net_value.minor();
    let net = |invoices: &[_]| invoices.iter().map(|id| shop.totals(*id).0).sum::<i64>();
    assert_eq!(net(&invoices), whole);
    // The first is taken back and billed last.
    shop.cancel_invoice(invoices[0]).unwrap();
    invoices[0] = shop.invoice(deliveries[0]);
    assert_eq!(net(&invoices), whole);
    shop.verify();
}

#[test]
fn a_blocked_order_gets_nothing_back_but_its_quantity() {
    let shop = Shop::new();
    shop.receive("bolt", 2_000);
    let order = shop.order("acme", &[("bolt", 100)]);
    let delivery = shop.deliver_part(order, 10, 40).unwrap();
    shop.set_quantity(order, 10, 1_500).unwrap();
    assert_eq!(shop.credit_status(order), CreditStatus::Blocked);
    assert_eq!(shop.exposure("acme"), (0, 47_600, 0));
    assert_eq!(shop.reserved("bolt"), on([(START, 40)]));
    shop.verify();
    shop.act(delivery, "cancel", json!({})).unwrap();
    assert_eq!((shop.exposure("acme"), shop.reserved("bolt")), ((0, 0, 0), on([])));
    shop.verify();
    shop.set_quantity(order, 10, 100).unwrap();
    assert_eq!(shop.credit_status(order), CreditStatus::Approved);
    assert_eq!(
        (shop.exposure("acme"), shop.reserved("bolt")),
        ((119_000, 0, 0), on([(START, 100)]))
    );
    shop.verify();
}

#[test]
fn a_rejected_item_gets_nothing_back_but_its_quantity() {
    let shop = Shop::new();
    shop.receive("bolt", 20);
    let order = shop.order("acme", &[("bolt", 10), ("advice", 10)]);
    let delivery = shop.deliver_part(order, 10, 4).unwrap();
    let items = json!({ "orders": [{ "order": order.to_string(), "item": 20,
        "quantity": { "value": "4", "unit": "H" } }] });
    let invoice = shop.bill_with(items).unwrap()[0];
    shop.reject(order, 10).unwrap();
    shop.reject(order, 20).unwrap();
    assert_eq!(shop.exposure("acme"), (0, 4_760, 38_080));
    shop.verify();
    shop.act(delivery, "cancel", json!({})).unwrap();
    shop.cancel_invoice(invoice).unwrap();
    assert_eq!((shop.exposure("acme"), shop.reserved("bolt")), ((0, 0, 0), on([])));
    shop.verify();
    shop.reopen(order, 10).unwrap();
    shop.reopen(order, 20).unwrap();
    assert_eq!(shop.exposure("acme"), (11_900 + 95_200, 0, 0));
    shop.verify();
}

#[test]
fn a_delivery_planned_for_later_and_cancelled_takes_nothing_from_others() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    shop.announce("bolt", 10, "2026-03-06");
    let first = shop.order("acme", &[("bolt", 10)]);
    let planned = json!({ "planned_goods_issue": "2026-03-09", "items": [] });
    let answer = shop.act(first, "deliver", planned).unwrap();
    let delivery = crate::documents::id_in::<tessera_delivery::Delivery>(&answer);
    // Another one gets what lies there until the new goods come.
    let second = shop.order("free", &[("bolt", 10)]);
    assert_eq!(shop.promises(second, 10), on([(START, 10)]));
    assert!(!shop.is_oversold("bolt"));
    shop.act(delivery, "cancel", json!({})).unwrap();
    assert!(!shop.is_oversold("bolt"));
    shop.verify();
    shop.issue(shop.deliver(second));
    shop.verify();
}
