//! Which item categories an item may have, and what products may be sold at all.

use serde_json::{Value, json};
use tessera_kernel::Problem;
use tessera_sales::Progress::{Complete, NotRelevant};

use crate::documents::{Made, quantity};
use crate::shop::Shop;

fn order_as(shop: &Shop, product: &str, category: &str) -> Made<tessera_sales::SalesDocument> {
    let item = json!({ "product": shop.product_id(product).to_string(),
        "quantity": quantity("2", "PC"), "item_category": category });
    shop.document("OR", "acme", json!([item]), json!({}))
}

fn sales_data(shop: &Shop, product: &str, sales: &Value) {
    shop.change(shop.product_id(product), json!({ "sales": sales })).unwrap();
}

fn path(refused: &Problem) -> &str {
    &refused.fields[0].path
}

#[test]
fn only_categories_assigned_to_the_document_type_are_taken() {
    let shop = Shop::new();
    for category in ["AGN", "TAD", "REN", "G2N"] {
        let refused = order_as(&shop, "bolt", category).unwrap_err();
        assert_eq!(path(&refused), "items[0].item_category");
        assert!(refused.detail.contains("allowed are: TAN, TANN"), "{refused}");
    }
    order_as(&shop, "bolt", "TAN").unwrap();
    shop.verify();
}

#[test]
fn a_free_item_is_delivered_and_neither_priced_nor_owed() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = order_as(&shop, "bolt", "TANN").unwrap();
    assert_eq!(shop.load(order).header.net_value.minor(), 0);
    assert_eq!(shop.exposure("acme"), (0, 0, 0));
    shop.ship(order);
    assert_eq!(shop.steps(order), (Complete, Complete, NotRelevant));
    shop.verify();
}

#[test]
fn a_category_by_hand_sells_nothing_that_is_not_sold() {
    let shop = Shop::new();
    let blocked = json!([{ "sales_organisation": "1000", "distribution_channel": "10",
        "item_category_group": "NORM", "account_assignment_group": "01", "blocked": true }]);
    sales_data(&shop, "bolt", &blocked);
    let refused = order_as(&shop, "bolt", "TAN").unwrap_err();
    assert!(refused.detail.contains("blocked for sale in this channel"), "{refused}");
    let elsewhere = json!([{ "sales_organisation": "1000", "distribution_channel": "20",
        "item_category_group": "NORM", "account_assignment_group": "01" }]);
    sales_data(&shop, "nut", &elsewhere);
    let refused = order_as(&shop, "nut", "TAN").unwrap_err();
    assert!(refused.detail.contains("is not sold in 1000/10"), "{refused}");
    assert_eq!(path(&refused), "items[0].product");
    shop.verify();
}

#[test]
fn what_is_never_billed_is_never_owed() {
    let shop = Shop::with(
        r#"
        [item_category_assignment.OR-NORM]
        document_type = "OR"
        item_category_group = "NORM"
        item_category = "TAN"
        alternatives = ["AGN"]
        "#,
    );
    let order = order_as(&shop, "bolt", "AGN").unwrap();
    assert_eq!(shop.steps(order).0, Complete);
    assert_eq!(shop.load(order).items[0].credit_value.to_string(), "0.00 EUR");
    assert_eq!(shop.exposure("acme"), (0, 0, 0));
    shop.verify();
}
