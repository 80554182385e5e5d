//! Goods that move between plants and storage locations of the house.

use serde_json::{Value, json};
use tessera_kernel::Ref;
use tessera_stock::GoodsMovement;

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
