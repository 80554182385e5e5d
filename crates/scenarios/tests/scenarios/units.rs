//! Units: what is counted in whole numbers is sold in whole numbers.

use serde_json::{Value, json};

use crate::documents::{Made, quantity};
use crate::shop::Shop;

fn order(
    shop: &Shop,
    product: &str,
    count: &str,
    unit: &str,
) -> Made<tessera_sales::SalesDocument> {
    let item = json!({ "product": shop.product_id(product).to_string(),
        "quantity": quantity(count, unit) });
    shop.document("OR", "acme", json!([item]), json!({}))
}

#[test]
fn no_part_of_a_piece_is_ordered_or_left() {
    let shop = Shop::new();
    for (count, unit) in [("0.333", "PC"), ("1.5", "BOX"), ("0.05", "BOX")] {
        let refused = order(&shop, "bolt", count, unit).unwrap_err();
        assert_eq!(refused.fields[0].path, "items[0].quantity");
        assert!(refused.detail.contains("more than 0 decimals"), "{refused}");
    }
    let made = order(&shop, "bolt", "3.000", "PC").unwrap();
    let part: Value = json!({ "quantity": quantity("2.5", "PC") });
    assert_eq!(shop.change_item(made, 10, part).unwrap_err().fields[0].path, "items[0].quantity");
    let added = json!({ "items": [{ "product": shop.product_id("nut").to_string(),
        "quantity": quantity("0.5", "PC") }] });
    assert_eq!(shop.change(made, added).unwrap_err().fields[0].path, "items[0].quantity");
    // Hours have three decimals.
    order(&shop, "advice", "0.125", "H").unwrap();
    assert_eq!(order(&shop, "advice", "0.1255", "H").unwrap_err().fields.len(), 1);
    shop.verify();
}
