//! Two people at one order.

use serde_json::json;
use tessera_kernel::{Actor, Problem, ProblemKind, Source};

use crate::documents::quantity;
use crate::shop::Shop;

#[test]
fn who_comes_second_is_told_who_changed_what() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10)]);
    let seen = shop.load(order).head.version;
    let first = json!({ "customer_reference": "PO 4711", "conditions": [],
        "items": [{ "item": 10, "quantity": quantity("12", "PC") }] });
    let anna = Actor::user("anna", Source::Session, true);
    shop.run_as(&anna, move |tx| {
        let change = tessera_kernel::json::parse(&first)?;
        tessera_sales::change_sales_document(tx, order, Some(seen), &change)
            .map(drop)
            .map_err(Problem::from)
    })
    .unwrap();
    let second =
        json!({ "items": [{ "item": 10, "quantity": quantity("20", "PC") }], "conditions": [] });
    let refused = shop.change_version(order, Some(seen), second.clone()).unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Stale);
    assert!(
        refused.detail.contains("anna") && refused.detail.contains(&shop.load(order).number()),
        "{refused}"
    );
    let changes = refused.more.unwrap();
    let fields: Vec<&str> = changes
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["field"].as_str().unwrap())
        .collect();
    assert!(fields.contains(&"customer_reference") && fields.contains(&"quantity"), "{fields:?}");
    assert_eq!(shop.load(order).items[0].quantity, crate::shop::pieces(12));
    shop.verify();
    let now = shop.load(order).head.version;
    shop.change_version(order, Some(now), second).unwrap();
    assert_eq!(shop.load(order).items[0].quantity, crate::shop::pieces(20));
    shop.verify();
}

#[test]
fn a_delivery_made_meanwhile_counts_as_a_change_of_the_order() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10)]);
    let seen = shop.load(order).head.version;
    shop.deliver(order);
    let change = json!({ "items": [{ "item": 10, "rejection_reason": "10" }], "conditions": [] });
    let refused = shop.change_version(order, Some(seen), change).unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Stale);
    shop.verify();
}
