//! The document flow: what came from what, with quantities.

use serde_json::{Value, json};
use tessera_kernel::ObjectId;

use crate::shop::Shop;

/// Kinds of the documents of a flow, sorted.
fn kinds(flow: &Value) -> Vec<&str> {
    let documents = flow["documents"].as_array().unwrap().iter();
    let mut kinds: Vec<&str> = documents.map(|node| node["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds
}

/// The quantities on the link between two documents.
fn link(flow: &Value, from: ObjectId, to: ObjectId) -> Vec<(u64, String)> {
    let links = flow["links"].as_array().unwrap();
    let (from, to) = (from.to_string(), to.to_string());
    let found = links.iter().find(|link| link["from"] == from && link["to"] == to).unwrap();
    let quantities = found["quantities"].as_array().unwrap().iter();
    quantities
        .map(|line| {
            let text = format!(
                "{} {}",
                line["quantity"].as_str().unwrap(),
                line["unit"].as_str().unwrap()
            );
            (line["item"].as_u64().unwrap(), text)
        })
        .collect()
}

/// The amount on the link between two documents.
fn amount(flow: &Value, from: ObjectId, to: ObjectId) -> Value {
    let links = flow["links"].as_array().unwrap();
    let (from, to) = (from.to_string(), to.to_string());
    links.iter().find(|link| link["from"] == from && link["to"] == to).unwrap()["amount"].clone()
}

#[test]
fn the_flow_of_any_document_shows_the_whole_chain_with_quantities() {
    let shop = Shop::new();
    shop.receive("bolt", 20);
    let quotation = shop.document("QT", "acme", shop.items(&[("bolt", 20)]), json!({})).unwrap();
    let order = shop.follow_up("OR", quotation, json!([]), json!({})).unwrap();
    let first = shop.deliver_part(order, 10, 12).unwrap();
    shop.issue(first);
    let second = shop.ship(order);
    let invoice = shop.bill(&[first, second]).unwrap()[0];
    let paid = shop.totals(invoice).2;
    let payment = shop.pay("acme", paid, &[invoice]);

    let of_quotation = shop.ask(quotation, "flow", &json!({}));
    for flow in [
        &of_quotation,
        &shop.ask(order, "flow", &json!({})),
        &shop.ask(second, "flow", &json!({})),
        &shop.ask(invoice, "flow", &json!({})),
    ] {
        let chain = [
            "delivery",
            "delivery",
            "goods_movement",
            "goods_movement",
            "invoice",
            "journal_entry",
            "journal_entry",
            "journal_entry",
            "journal_entry",
            "order",
            "payment",
            "quotation",
        ];
        assert_eq!(kinds(flow), chain);
    }
    let flow = of_quotation;
    assert_eq!(link(&flow, quotation.id(), order.id()), [(10, "20 PC".to_string())]);
    assert_eq!(link(&flow, order.id(), first.id()), [(10, "12 PC".to_string())]);
    assert_eq!(link(&flow, order.id(), second.id()), [(10, "8 PC".to_string())]);
    assert_eq!(link(&flow, first.id(), invoice.id()), [(10, "12 PC".to_string())]);
    assert!(link(&flow, invoice.id(), payment.id()).is_empty());
    let euros = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    assert_eq!(amount(&flow, invoice.id(), payment.id()), euros("238.00"));
    assert!(amount(&flow, first.id(), invoice.id()).is_null());
    let moved = shop.load(first).status.goods_movement.unwrap();
    assert_eq!(link(&flow, first.id(), moved.id()), [(10, "12 PC".to_string())]);
    let numbers = flow["documents"].as_array().unwrap().iter().map(|node| &node["head"]["number"]);
    assert!(numbers.clone().any(|number| number == "1000-2026-000001"), "{flow:#}");
    shop.verify();
}

#[test]
fn what_was_taken_back_stays_in_the_flow() {
    let shop = Shop::new();
    shop.receive("bolt", 20);
    let order = shop.order("acme", &[("bolt", 5)]);
    let delivery = shop.ship(order);
    let invoice = shop.invoice(delivery);
    let payment = shop.pay("acme", 1_000, &[invoice]);
    shop.act(payment, "cancel", json!({})).unwrap();
    shop.cancel_invoice(invoice).unwrap();
    let issued = shop.load(delivery).status.goods_movement.unwrap();
    shop.act(delivery, "reverse_goods_issue", json!({})).unwrap();
    let flow = shop.ask(order, "flow", &json!({}));
    let nothing = json!({ "amount": "0.00", "currency": "EUR" });
    assert_eq!(amount(&flow, invoice.id(), payment.id()), nothing);
    let back = shop.load(issued).header.reversed_by.unwrap();
    assert_eq!(link(&flow, delivery.id(), back.id()), [(10, "-5 PC".to_string())]);
    let kinds = kinds(&flow);
    for kind in ["cancellation", "invoice", "delivery"] {
        assert_eq!(kinds.iter().filter(|found| **found == kind).count(), 1, "{kind}: {kinds:?}");
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == "goods_movement").count(), 2);
    shop.verify();
}

#[test]
fn every_document_of_a_flow_has_the_kind_that_it_is() {
    let shop = Shop::new();
    let reason = || json!({ "order_reason": "300" });
    let debit = shop.document("DR", "acme", shop.items(&[("bolt", 3)]), reason()).unwrap();
    let invoice = shop.bill_order(debit).unwrap()[0];
    let flow = shop.ask(invoice, "flow", &json!({}));
    assert_eq!(kinds(&flow), ["debit_request", "invoice", "journal_entry"]);

    let order = shop.order("acme", &[("advice", 2)]);
    shop.bill_order(order).unwrap();
    let returned = shop.follow_up("RE", order, json!([]), reason()).unwrap();
    let memo = shop.bill_order(returned).unwrap()[0];
    let flow = shop.ask(memo, "flow", &json!({}));
    let chain =
        ["credit_memo", "invoice", "journal_entry", "journal_entry", "order", "return_order"];
    assert_eq!(kinds(&flow), chain);
    shop.verify();
}
