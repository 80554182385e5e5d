//! Prices that were agreed: they stay with the item through changes of others, and parts of an
//! item sum to it.

use proptest::prelude::*;
use serde_json::{Value, json};
use tessera_pricing::ConditionOrigin;

use crate::documents::{Order, quantity};
use crate::shop::Shop;
use crate::world::cases;

fn nets(shop: &Shop, order: Order) -> Vec<i64> {
    shop.load(order).items.iter().map(|item| item.net_value.minor()).collect()
}

fn by_hand(item: u32, rate: &str) -> Value {
    json!({ "item": item, "condition_type": "PR00", "rate": rate })
}

/// A quotation of bolts at 7.00 by hand and nuts, and the order of all of it.
fn agreed(shop: &Shop) -> (Order, Order) {
    let quotation = shop
        .sales_document(json!({
            "header": { "document_type": "QT", "sold_to": shop.partner("acme").to_string(),
                "sales_organisation": "1000", "distribution_channel": "10", "division": "00" },
            "items": shop.items(&[("bolt", 10), ("nut", 100)]),
            "conditions": [by_hand(10, "7")],
        }))
        .unwrap();
    (quotation, shop.follow_up("OR", quotation, json!([]), json!({})).unwrap())
}

#[test]
fn an_agreed_price_stays_when_another_item_changes() {
    let shop = Shop::new();
    let (_, order) = agreed(&shop);
    assert_eq!(nets(&shop, order), [7_000, 1_250]);
    shop.reject(order, 20).unwrap();
    assert_eq!(nets(&shop, order)[0], 7_000);
    assert_eq!(shop.load(order).header.net_value.minor(), 7_000);
    shop.change_item(order, 20, json!({ "reopen": true, "description": "shiny" })).unwrap();
    let added = json!({ "items": shop.items(&[("book", 1)]) });
    shop.change(order, added).unwrap();
    assert_eq!(nets(&shop, order), [7_000, 1_250, 2_000]);
    shop.verify();
}

#[test]
fn an_agreed_price_is_kept_for_another_quantity() {
    let shop = Shop::new();
    let (quotation, order) = agreed(&shop);
    shop.price("bolt", "12", &[]);
    shop.price("nut", "0.25", &[]);
    shop.set_quantity(order, 10, 4).unwrap();
    shop.set_quantity(order, 20, 50).unwrap();
    assert_eq!(nets(&shop, order), [2_800, 625]);
    shop.set_quantity(order, 10, 10).unwrap();
    assert_eq!(nets(&shop, order), [7_000, 625]);
    // The quotation changes its mind; the order does not.
    shop.change(quotation, json!({ "conditions": [by_hand(10, "9")] })).unwrap();
    shop.set_quantity(order, 10, 5).unwrap();
    assert_eq!(nets(&shop, order)[0], 3_500);
    shop.verify();
}

#[test]
fn what_was_entered_in_the_quotation_stays_through_full_repricing_of_the_order() {
    let shop = Shop::new();
    let (_, order) = agreed(&shop);
    shop.price("nut", "0.25", &[]);
    let origins: Vec<ConditionOrigin> = shop
        .load(order)
        .conditions
        .iter()
        .filter(|row| row.condition_type.as_str() == "PR00")
        .map(|row| row.origin)
        .collect();
    assert_eq!(origins, [ConditionOrigin::CopiedManual, ConditionOrigin::Copied]);
    shop.change(order, json!({ "pricing_date": "2026-03-05" })).unwrap();
    assert_eq!(nets(&shop, order), [7_000, 2_500]);
    shop.change(order, json!({ "new_pricing": true })).unwrap();
    assert_eq!(nets(&shop, order), [10_000, 2_500]);
    shop.verify();
}

#[test]
fn a_discount_on_an_agreed_price_is_a_discount_on_that_price() {
    let shop = Shop::new();
    let (quotation, order) = agreed(&shop);
    shop.price("nut", "0.25", &[]);
    let discounts = json!([{ "item": 10, "condition_type": "RA00", "rate": "10" },
        { "item": 20, "condition_type": "RA00", "rate": "10" }]);
    shop.change(order, json!({ "conditions": discounts })).unwrap();
    assert_eq!(nets(&shop, order), [6_300, 1_125]);
    shop.reject(order, 10).unwrap();
    shop.reject(order, 20).unwrap();
    let again = shop
        .sales_document(json!({
            "header": { "document_type": "OR", "reference": quotation.to_string() },
            "items": [], "conditions": discounts,
        }))
        .unwrap();
    assert_eq!(nets(&shop, again), [6_300, 1_125]);
    shop.verify();
}

#[test]
fn other_incoterms_price_every_item_anew() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("bolt", 10), ("nut", 100)]);
    shop.price("bolt", "12", &[]);
    shop.change(order, json!({ "customer_reference": "PO 7" })).unwrap();
    assert_eq!(nets(&shop, order), [10_000, 1_250]);
    shop.change(order, json!({ "incoterms": "EXW" })).unwrap();
    assert_eq!(nets(&shop, order), [12_000, 1_250]);
    shop.verify();
}

#[test]
fn an_amount_for_the_whole_document_stays_that_amount_when_an_item_changes() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("bolt", 10), ("nut", 800)]);
    shop.change(order, json!({ "conditions": [{ "condition_type": "HB00", "rate": "20" }] }))
        .unwrap();
    assert_eq!(nets(&shop, order), [9_000, 9_000]);
    shop.set_quantity(order, 10, 30).unwrap();
    assert_eq!(nets(&shop, order), [28_500, 9_500]);
    shop.verify();
}

#[test]
fn pieces_that_come_back_one_by_one_are_credited_as_they_were_billed() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop
        .sales_document(json!({
            "header": { "document_type": "OR", "sold_to": shop.partner("free").to_string(),
                "sales_organisation": "1000", "distribution_channel": "10", "division": "00" },
            "items": shop.items(&[("bolt", 3)]),
            "conditions": [by_hand(10, "3.3333")],
        }))
        .unwrap();
    let invoice = shop.invoice(shop.ship(order));
    assert_eq!(shop.totals(invoice).0, 1_000);
    let one = || json!([{ "reference_item": 10, "quantity": quantity("1", "PC") }]);
    let damaged = || json!({ "order_reason": "200" });
    let mut credited = Vec::new();
    for _ in 0..3 {
        let returned = shop.follow_up("RE", order, one(), damaged()).unwrap();
        credited.push(shop.totals(shop.invoice(shop.ship(returned))).0);
    }
    assert_eq!(credited, [333, 334, 333]);
    shop.verify();
}

#[test]
fn the_explanation_is_of_what_the_document_has() {
    let shop = Shop::new();
    let (_, order) = agreed(&shop);
    shop.change(order, json!({ "items": shop.items(&[("book", 1)]) })).unwrap();
    shop.price("book", "30", &[]);
    let told = shop.ask(order, "explain_pricing", &json!({}));
    assert_eq!((&told["net"], &told["tax"]), (&json!("102.50 EUR"), &json!("17.08 EUR")));
    assert_eq!(told["priced_anew"]["net"], "112.50 EUR");
    assert_eq!(told["priced_anew"]["differs"], true);
    let line = |item: u32, step: u32| -> Value {
        let lines = told["lines"].as_array().unwrap();
        lines.iter().find(|line| line["item"] == item && line["step"] == step).unwrap().clone()
    };
    for (item, value, origin, remark) in [
        (10, "70.00 EUR", "copied_manual", "in which it was entered"),
        (20, "12.50 EUR", "copied", "taken over from the document before"),
        (30, "20.00 EUR", "automatic", "finds something else now"),
    ] {
        let price = line(item, 11);
        assert_eq!(
            (&price["value"], &price["conditions"][0]["origin"]),
            (&json!(value), &json!(origin))
        );
        assert!(price["remark"].as_str().unwrap().contains(remark), "{price}");
        // Totals are those of the stored rows too.
        assert_eq!(line(item, 900)["value"], value);
    }
    assert!(line(30, 11)["conditions"][0]["record"].is_string());
    assert_eq!(line(30, 11)["accesses"].as_array().unwrap().len(), 3);
    assert_eq!(line(30, 915)["remark"], Value::Null);
    shop.verify();
}

proptest! {
    #![proptest_config(cases(12))]

    /// What is ordered of a quotation in parts, some of which are taken back and ordered again, or
    /// cut and raised, sums to the quotation once all of it is ordered.
    #[test]
    fn the_parts_of_a_quotation_sum_to_it(
        price in 1..20_000_i64,
        parts in prop::collection::vec(1..30_i64, 1..5),
        rejected in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let shop = Shop::new();
        let whole: i64 = parts.iter().sum();
        let quotation = shop.sales_document(json!({
            "header": { "document_type": "QT", "sold_to": shop.partner("free").to_string(),
                "sales_organisation": "1000", "distribution_channel": "10", "division": "00" },
            "items": shop.items(&[("bolt", whole)]),
            "conditions": [by_hand(10, &format!("{}.{:03}", price / 1000, price % 1000)), {
                "condition_type": "HB00", "rate": "0.77" }],
        })).unwrap();
        let take = |count: i64| {
            let items = json!([{ "reference_item": 10, "quantity": quantity(&count.to_string(), "PC") }]);
            shop.follow_up("OR", quotation, items, json!({})).unwrap()
        };
        let mut orders: Vec<Order> = parts.iter().map(|part| take(*part)).collect();
        if let Some(which) = rejected {
            let which = which.index(orders.len());
            shop.reject(orders.remove(which), 10).unwrap();
            orders.push(take(parts[which]));
        }
        let sums = orders.iter().fold((0, 0), |(net, tax), order| {
            let header = shop.load(*order).value.header;
            (net + header.net_value.minor(), tax + header.tax_value.minor())
        });
        let header = shop.load(quotation).value.header;
        prop_assert_eq!(sums, (header.net_value.minor(), header.tax_value.minor()));
        prop_assert_eq!(shop.differences(), Vec::<String>::new());
    }
}
