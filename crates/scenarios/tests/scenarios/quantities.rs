//! What a quantity may be: no finer than its unit, and of one item.

use serde_json::{Value, json};
use tessera_kernel::Problem;

use crate::documents::quantity;
use crate::shop::Shop;

/// The field that a refusal as invalid names.
fn field(outcome: Result<impl Sized, Problem>) -> String {
    let problem = outcome.err().expect("a refusal");
    assert_eq!(problem.kind, tessera_kernel::ProblemKind::Invalid, "{problem}");
    problem.fields[0].path.clone()
}

#[test]
fn a_quantity_finer_than_its_unit_is_refused_with_the_field() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 5), ("advice", 2)]);
    let third = quantity("0.333", "PC");

    let item = |quantity: &Value| json!({ "items": [{ "item": 10, "quantity": quantity }] });
    assert_eq!(field(shop.act(order, "deliver", item(&third))), "items[0].quantity");
    let hours = json!({ "orders": [{ "order": order.to_string(), "item": 20,
        "quantity": quantity("0.0333", "H") }] });
    assert_eq!(field(shop.bill_with(hours)), "orders[0].quantity");
    for given in [&third, &quantity("0.5", "BOX")] {
        let moved = shop.move_goods("561", "bolt", 1, json!({ "quantity": given }));
        assert_eq!(field(moved), "items[0].quantity");
        let announced = json!({ "kind": "purchase", "plant": "1000", "date": "2026-03-10",
            "product": shop.product_id("bolt").to_string(), "quantity": given });
        assert_eq!(field(shop.create("planned_receipt", announced)), "quantity");
    }
    let receipt = shop.announce("bolt", 5, "2026-03-10");
    assert_eq!(field(shop.act(receipt, "change", json!({ "quantity": third }))), "quantity");
    assert_eq!(shop.on_hand("bolt"), 10);
    shop.verify();
}

#[test]
fn a_quantity_without_its_item_is_refused() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    shop.receive("book", 10);
    let goods = shop.order("acme", &[("bolt", 5), ("book", 5)]);
    let two = quantity("2", "PC");
    let items = json!({ "items": [{ "order": goods.to_string(), "quantity": two }] });
    assert_eq!(field(shop.create("delivery", items)), "items[0].item");
    let advice = shop.order("acme", &[("advice", 5), ("advice", 5)]);
    let orders = json!({ "orders": [{ "order": advice.to_string(),
        "quantity": quantity("2", "H") }] });
    assert_eq!(field(shop.bill_with(orders)), "orders[0].item");
    shop.verify();
}
