//! Standard prices: stock is worth what the books say, also after a price changed.

use serde_json::{Value, json};
use tessera_delivery::PriceChange;
use tessera_kernel::{Problem, Ref};
use tessera_product::Product;

use crate::documents::{euros, id_in, refused};
use crate::shop::Shop;

const INVENTORY: &str = "300000";
const REVALUATION: &str = "892600";

fn change_price(shop: &Shop, body: Value) -> Result<Ref<PriceChange>, Problem> {
    shop.act(shop.product_id("bolt"), "change_standard_price", body).map(|answer| id_in(&answer))
}

/// The plant of the bolt with other values, as a change of the product.
fn plant(changes: &Value) -> Value {
    let mut plant = json!({ "plant": "1000", "availability_check": "stock",
        "standard_price": euros(650), "price_unit": 1, "valuation_class": "merchandise",
        "storage_location": "1000-0001" });
    plant.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    json!({ "plants": [plant] })
}

#[test]
fn a_new_standard_price_revalues_the_stock_in_the_books() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    assert_eq!(shop.account(INVENTORY), 6_500);
    let new = json!({ "plant": "1000", "standard_price": euros(800), "reason": "dearer steel" });
    let change = shop.load(change_price(&shop, new).unwrap());
    assert_eq!(
        (change.number().as_str(), change.terms.value_change.minor()),
        ("4800000001", 1_500)
    );
    assert_eq!((shop.account(INVENTORY), shop.account(REVALUATION)), (8_000, -1_500));
    let lower = json!({ "plant": "1000", "standard_price": euros(500), "price_unit": 100 });
    change_price(&shop, lower).unwrap();
    assert_eq!((shop.account(INVENTORY), shop.account(REVALUATION)), (50, 6_450));
    shop.verify();
    shop.ship(shop.order("free", &[("bolt", 10)]));
    assert_eq!(shop.account(INVENTORY), 0);
    shop.verify();
}

#[test]
fn what_stock_is_worth_is_not_changed_behind_the_books() {
    let shop = Shop::new();
    let product = shop.product_id("bolt");
    let change = |changes: Value| shop.change::<Product>(product, plant(&changes));
    change(json!({ "standard_price": euros(700) })).unwrap();
    change(json!({ "standard_price": euros(650) })).unwrap();
    let receipt = shop.receive("bolt", 10);
    for (changes, field) in [
        (json!({ "standard_price": euros(700) }), "standard_price"),
        (json!({ "price_unit": 10 }), "price_unit"),
    ] {
        let path = format!("plants[0].{field}");
        refused(change(changes), &[&path], "while 10 PC are in stock in plant 1000: change_st");
    }
    refused(shop.change(product, json!({ "plants": [] })), &["plants"], "take them out first");
    change(json!({ "replenishment_days": 5 })).unwrap();
    shop.act(receipt, "reverse", json!({})).unwrap();
    change(json!({ "standard_price": euros(700) })).unwrap();
    shop.verify();
}

#[test]
fn a_standard_price_that_can_not_be_names_its_field_and_changes_nothing() {
    let shop = Shop::new();
    shop.receive("bolt", 1_000_000);
    let with = |field: &str, value: Value| {
        let mut body = json!({ "plant": "1000", "standard_price": euros(700) });
        body[field] = value;
        change_price(&shop, body)
    };
    let pounds = json!({ "amount": "7", "currency": "GBP" });
    refused(with("standard_price", pounds), &["standard_price"], "must be in EUR");
    refused(with("standard_price", euros(-1)), &["standard_price"], "");
    let most = json!({ "amount": "9223372036854", "currency": "EUR" });
    refused(with("standard_price", most), &["standard_price"], "too large");
    refused(with("price_unit", json!(0)), &["price_unit"], "");
    refused(with("plant", json!("1100")), &["plant"], "is not kept in plant 1100");
    refused(with("posting_date", json!("9999-12-31")), &["posting_date"], "between 1900-01-01");
    let period = json!({ "company_code": "1000", "fiscal_year": 2026, "period": 4 });
    shop.act_on_all::<tessera_finance::PostingPeriod>("close", period).unwrap();
    refused(with("posting_date", json!("2026-04-01")), &["posting_date"], "is closed");
    assert_eq!((shop.account(INVENTORY), shop.count::<PriceChange>()), (650_000_000, 0));
    shop.verify();
}
