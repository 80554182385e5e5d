//! Goods that move between plants and storage locations of the house.

use serde_json::{Value, json};
use tessera_delivery::Delivery;
use tessera_kernel::Ref;
use tessera_stock::GoodsMovement;

use crate::documents::{id_in, quantity};
use crate::shop::Shop;
use crate::world::World;

/// A second store in Hamburg, and a second plant of the same company.
const PLACES: &str = r#"
[storage_location.1000-0002]
name = { en = "Hamburg, second store" }
plant = "1000"
[plant.1001]
name = { en = "Bremen warehouse" }
company_code = "1000"
country = "DE"
zone = "Europe/Berlin"
[storage_location.1001-0001]
name = { en = "Bremen, main store" }
plant = "1001"
"#;

fn kept(plant: &str, price: &str, currency: &str) -> Value {
    json!({ "plant": plant, "availability_check": "stock",
        "standard_price": { "amount": price, "currency": currency },
        "valuation_class": "merchandise", "storage_location": format!("{plant}-0001") })
}

/// The bolt is worth 6.50 EUR in Hamburg, 7.00 EUR in Bremen, 6.00 GBP in Leicester.
fn shop() -> Shop {
    let shop = Shop::in_world(World::with(PLACES));
    let plants =
        [kept("1000", "6.50", "EUR"), kept("1001", "7.00", "EUR"), kept("1100", "6.00", "GBP")];
    shop.change(shop.product_id("bolt"), json!({ "plants": plants })).unwrap();
    shop.receive("bolt", 10);
    shop
}

fn reverse(shop: &Shop, movement: Ref<GoodsMovement>) {
    shop.act(movement, "reverse", json!({})).unwrap();
}

#[test]
fn a_transfer_between_two_standard_prices_books_the_difference() {
    let shop = shop();
    let over = shop.move_goods("301", "bolt", 4, json!({ "to_plant": "1001" })).unwrap();
    assert_eq!((shop.account("300000"), shop.account("892500")), (6 * 650 + 4 * 700, -200));
    shop.verify();
    let item = json!({ "plant": "1001", "to_plant": "1000" });
    shop.move_goods("301", "bolt", 4, item).unwrap();
    assert_eq!((shop.account("300000"), shop.account("892500")), (6_500, 0));
    shop.verify();
    let again = shop.move_goods("301", "bolt", 4, json!({ "to_plant": "1001" })).unwrap();
    reverse(&shop, again);
    assert_eq!((shop.account("300000"), shop.account("892500")), (6_500, 0));
    assert_eq!(shop.on_hand("bolt"), 10);
    assert_eq!(shop.load(over).items[0].to_value.unwrap().minor(), 2_800);
    shop.verify();
}

#[test]
fn goods_do_not_change_their_owner_by_a_transfer() {
    let shop = shop();
    let refused = shop.move_goods("301", "bolt", 4, json!({ "to_plant": "1100" })).unwrap_err();
    assert_eq!(refused.code, "stock.other_company");
    assert_eq!(refused.fields[0].path, "items[0].to_plant");
    assert_eq!((shop.on_hand("bolt"), shop.account("300000")), (10, 6_500));
    shop.verify();
}

#[test]
fn goods_leave_the_storage_location_that_the_delivery_names() {
    let shop = shop();
    shop.move_goods("311", "bolt", 6, json!({ "to_storage_location": "1000-0002" })).unwrap();
    let order = shop.order("acme", &[("bolt", 10)]);
    let from = |location: &str, count: &str| {
        let item = json!({ "item": 10, "storage_location": location,
            "quantity": quantity(count, "PC") });
        shop.act(order, "deliver", json!({ "items": [item] }))
    };
    let refused = from("1100-0001", "6").unwrap_err();
    assert_eq!(refused.fields[0].path, "items[0].storage_location");
    let first = id_in::<Delivery>(&from("1000-0002", "6").unwrap());
    assert_eq!(shop.load(first).items[0].storage_location.as_str(), "1000-0002");
    shop.issue(first);
    shop.ship(order);
    assert_eq!(shop.on_hand("bolt"), 0);
    shop.verify();
}

#[test]
fn an_open_delivery_is_led_to_the_storage_location_that_has_the_goods() {
    let shop = shop();
    let delivery = shop.deliver(shop.order("acme", &[("bolt", 10)]));
    shop.move_goods("311", "bolt", 10, json!({ "to_storage_location": "1000-0002" })).unwrap();
    let refused = shop.try_issue(delivery).unwrap_err();
    assert_eq!(refused.code, "stock.not_enough");
    assert!(refused.detail.starts_with("1000-0001 of plant 1000 has 0 PC"), "{refused}");
    let lead = |location: &str| {
        shop.change(delivery, json!({ "items": [{ "item": 10, "storage_location": location }] }))
    };
    assert_eq!(lead("1001-0001").unwrap_err().fields[0].path, "items[0].storage_location");
    lead("1000-0002").unwrap();
    shop.issue(delivery);
    assert_eq!(lead("1000-0001").unwrap_err().code, "delivery.wrong_status");
    shop.verify();
}
