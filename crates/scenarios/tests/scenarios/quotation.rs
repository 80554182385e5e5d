//! Quotations and the orders that take them up.

use serde_json::json;
use tessera_sales::CreditStatus;
use tessera_sales::Progress::{Complete, Open, Partial};

use crate::documents::{Order, quantity};
use crate::shop::Shop;

fn quote(shop: &Shop, items: &[(&str, i64)]) -> Order {
    shop.document("QT", "acme", shop.items(items), json!({})).unwrap()
}

fn take(
    shop: &Shop,
    quotation: Order,
    item: u32,
    count: &str,
) -> crate::documents::Made<tessera_sales::SalesDocument> {
    let items = json!([{ "reference_item": item, "quantity": quantity(count, "PC") }]);
    shop.follow_up("OR", quotation, items, json!({}))
}

#[test]
fn a_quotation_holds_neither_stock_nor_credit_and_is_taken_up_in_parts() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let quotation = quote(&shop, &[("bolt", 30), ("nut", 1000)]);
    assert_eq!(shop.exposure("acme"), (0, 0, 0));
    assert_eq!(shop.reserved("bolt"), []);
    assert_eq!(shop.credit_status(quotation), CreditStatus::NotChecked);

    let first = take(&shop, quotation, 10, "10").unwrap();
    assert_eq!(shop.steps(quotation).0, Partial);
    assert_eq!(shop.load(first).header.net_value.to_string(), "100.00 EUR");
    assert_eq!(shop.load(first).items[0].reference_item, Some(10));
    shop.verify();

    // The rest: 20 bolts and all the nuts.
    let rest = shop.follow_up("OR", quotation, json!([]), json!({})).unwrap();
    let ordered: Vec<String> =
        shop.load(rest).items.iter().map(|item| item.quantity.to_string()).collect();
    assert_eq!(ordered, ["20 PC", "1000 PC"]);
    assert_eq!(shop.steps(quotation).0, Complete);
    let fulfilment = shop.fulfilment(quotation);
    assert!(fulfilment.iter().all(|item| item.referenced == item.ordered));
    shop.verify();

    let more = take(&shop, quotation, 10, "1").unwrap_err();
    assert_eq!(more.code, "sales.nothing_left");
    assert!(more.detail.contains("0 PC"), "{more}");
    shop.verify();
}

#[test]
fn an_order_takes_the_prices_of_the_quotation_although_they_rose_since() {
    let shop = Shop::new();
    let quotation = quote(&shop, &[("bolt", 30)]);
    shop.price("bolt", "12", &[]);
    let order = take(&shop, quotation, 10, "10").unwrap();
    assert_eq!(shop.load(order).header.net_value.to_string(), "100.00 EUR");
    assert_eq!(
        shop.load(shop.order("acme", &[("bolt", 10)])).header.net_value.to_string(),
        "120.00 EUR"
    );
    shop.verify();
}

#[test]
fn a_quotation_that_expired_is_refused_until_it_is_extended() {
    let shop = Shop::new();
    let quotation = quote(&shop, &[("bolt", 30)]);
    assert_eq!(shop.load(quotation).header.valid_to, Some(crate::world::day("2026-04-01")));
    shop.on("2026-04-02");
    let refused = take(&shop, quotation, 10, "10").unwrap_err();
    assert_eq!(refused.fields[0].path, "header.reference");
    assert!(refused.detail.contains("2026-04-01"), "{refused}");
    shop.change(quotation, json!({ "valid_to": "2026-04-30", "items": [], "conditions": [] }))
        .unwrap();
    take(&shop, quotation, 10, "10").unwrap();
    shop.verify();
}

#[test]
fn a_quotation_is_not_cut_below_what_was_ordered_of_it() {
    let shop = Shop::new();
    let quotation = quote(&shop, &[("bolt", 30)]);
    take(&shop, quotation, 10, "10").unwrap();
    assert_eq!(shop.set_quantity(quotation, 10, 9).unwrap_err().code, "sales.fulfilled");
    shop.set_quantity(quotation, 10, 10).unwrap();
    assert_eq!(shop.steps(quotation).0, Complete);
    shop.verify();
}

#[test]
fn a_rejected_item_of_a_quotation_can_not_be_ordered() {
    let shop = Shop::new();
    let quotation = quote(&shop, &[("bolt", 30), ("nut", 10)]);
    shop.reject(quotation, 10).unwrap();
    assert_eq!(take(&shop, quotation, 10, "5").unwrap_err().code, "sales.nothing_left");
    let order = shop.follow_up("OR", quotation, json!([]), json!({})).unwrap();
    assert_eq!(shop.load(order).items.len(), 1);
    shop.verify();
}

#[test]
fn what_an_order_gives_up_of_a_quotation_is_open_there_again() {
    let shop = Shop::new();
    let quotation = quote(&shop, &[("bolt", 30)]);
    let order = take(&shop, quotation, 10, "30").unwrap();
    assert_eq!(shop.steps(quotation).0, Complete);
    shop.set_quantity(order, 10, 20).unwrap();
    assert_eq!(shop.steps(quotation).0, Partial);
    shop.reject(order, 10).unwrap();
    assert_eq!(shop.steps(quotation).0, Open);
    let again = take(&shop, quotation, 10, "25").unwrap();
    let refused = shop.reopen(order, 10).unwrap_err();
    assert_eq!(refused.code, "sales.nothing_left");
    shop.set_quantity(again, 10, 10).unwrap();
    shop.reopen(order, 10).unwrap();
    assert_eq!(shop.steps(quotation).0, Complete);
    shop.verify();
}

#[test]
fn an_order_refers_to_a_quotation_and_a_return_to_an_order_and_not_the_other_way() {
    let shop = Shop::new();
    let quotation = quote(&shop, &[("bolt", 30)]);
    let order = take(&shop, quotation, 10, "10").unwrap();
    let reason = json!({ "order_reason": "200" });
    for (document_type, reference) in [("OR", order), ("RE", quotation)] {
        let refused =
            shop.follow_up(document_type, reference, json!([]), reason.clone()).unwrap_err();
        assert_eq!(refused.code, "sales.wrong_category");
    }
    shop.verify();
}

#[test]
fn the_rest_of_a_box_that_is_no_part_of_a_box_is_ordered_in_pieces() {
    let shop = Shop::new();
    let items = json!([{ "product": shop.product_id("bolt").to_string(),
        "quantity": quantity("3", "BOX") }]);
    let quotation = shop.document("QT", "acme", items, json!({})).unwrap();
    take(&shop, quotation, 10, "11").unwrap();
    let rest = shop.follow_up("OR", quotation, json!([]), json!({})).unwrap();
    assert_eq!(shop.load(rest).items[0].base_quantity, crate::shop::pieces(19));
    assert_eq!(shop.steps(quotation).0, Complete);
    shop.verify();
}
