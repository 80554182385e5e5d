//! Input that contradicts the documents before it is refused, the refusal names the field that was
//! sent, and nothing is done.

use serde_json::{Value, json};
use tessera_billing::BillingDocument;
use tessera_delivery::Delivery;
use tessera_stock::GoodsMovement;

use crate::documents::{quantity, refused};
use crate::shop::Shop;

const NO_DAYS: [&str; 5] = ["0000-01-01", "0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"];

#[test]
fn a_delivery_names_the_item_or_the_day_that_does_not_fit() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order_for("free", &[("bolt", 5)], "2026-03-09");
    let deliver = |body: Value| shop.act(order, "deliver", body);
    for day in NO_DAYS {
        let planned = json!({ "planned_goods_issue": day });
        refused(deliver(planned), &["planned_goods_issue"], "between 1900-01-01 and 2199-12-31");
    }
    let early = json!({ "planned_goods_issue": "2026-03-01" });
    refused(deliver(early), &["planned_goods_issue"], "before 2026-03-02, when it was ordered");
    let soon = json!({ "planned_goods_issue": "2026-03-03" });
    refused(deliver(soon), &["planned_goods_issue"], "nothing open");
    refused(deliver(json!({})), &[], "nothing open");
    let of = |item: Value| json!({ "items": [item] });
    refused(deliver(of(json!({ "item": 99 }))), &["items[0].item"], "has no item 99");
    refused(deliver(of(json!({ "item": 10 }))), &["items[0].item"], "nothing open");
    for wrong in [quantity("6", "PC"), quantity("0.5", "PC"), quantity("1", "BOX")] {
        let item = json!({ "item": 10, "quantity": wrong });
        refused(deliver(of(item)), &["items[0].quantity"], "");
    }
    let quotation = shop.document("QT", "free", shop.items(&[("bolt", 1)]), json!({})).unwrap();
    let items = json!([{ "order": order.to_string(), "item": 10, "quantity": quantity("1", "PC") },
        { "order": quotation.to_string() }]);
    let made = shop.create("delivery", json!({ "items": items }));
    refused(made, &["items[1].order"], "is not delivered");
    refused(shop.act(quotation, "deliver", json!({})), &[], "is not delivered");
    assert_eq!(shop.count::<Delivery>(), 0);
    shop.verify();
}

#[test]
fn goods_move_not_before_their_order_and_are_not_billed_before_they_moved() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("free", &[("bolt", 5)]);
    let delivery = shop.deliver(order);
    let issue = |day: &str| shop.act(delivery, "post_goods_issue", json!({ "posting_date": day }));
    refused(issue("2026-03-01"), &["posting_date"], "before 2026-03-02, when it was ordered");
    for day in NO_DAYS {
        refused(issue(day), &["posting_date"], "between 1900-01-01 and 2199-12-31");
    }
    let delivered = json!({ "deliveries": [{ "delivery": delivery.to_string() }] });
    refused(shop.bill_with(delivered), &["deliveries[0].delivery"], "has no goods issue yet");
    refused(shop.act(delivery, "bill", json!({})), &[], "has no goods issue yet");
    issue("2026-03-05").unwrap();
    let bill = |day: Value| shop.act(delivery, "bill", day);
    refused(bill(json!({})), &["billing_date"], "before 2026-03-05");
    refused(bill(json!({ "billing_date": "2026-03-04" })), &["billing_date"], "before 2026-03-05");
    for day in NO_DAYS {
        refused(
            bill(json!({ "billing_date": day })),
            &["billing_date"],
            "between 1900-01-01 and 2199-12-31",
        );
    }
    let unknown = json!([{ "delivery": delivery.to_string(), "item": 99 }]);
    let billed = shop.bill_with(json!({ "deliveries": unknown }));
    refused(billed, &["deliveries[0].item"], "has no item 99");
    let period = json!({ "company_code": "1000", "fiscal_year": 2026, "period": 4 });
    shop.act_on_all::<tessera_finance::PostingPeriod>("close", period).unwrap();
    let closed = bill(json!({ "billing_date": "2026-04-01" }));
    refused(closed, &["billing_date"], "is closed");
    bill(json!({ "billing_date": "2026-03-05" })).unwrap();
    let twice = json!({ "deliveries": [{ "delivery": delivery.to_string() }] });
    refused(shop.bill_with(twice), &["deliveries"], "nothing to bill");
    refused(shop.bill_with(json!({})), &["deliveries"], "nothing to bill");
    shop.verify();
}

#[test]
fn an_order_that_can_not_be_billed_so_names_the_item_and_the_day() {
    let shop = Shop::new();
    let order = shop.order("free", &[("advice", 5)]);
    let bill = |item: u32, hours: &str| {
        let item = json!({ "order": order.to_string(), "item": item,
            "quantity": quantity(hours, "H") });
        shop.bill_with(json!({ "orders": [item] }))
    };
    refused(bill(99, "1"), &["orders[0].item"], "has no item 99");
    refused(bill(10, "6"), &["orders[0].quantity"], "left");
    let early = json!({ "billing_date": "2026-03-01" });
    refused(shop.act(order, "bill", early), &["billing_date"], "before 2026-03-02");
    let invoice = shop.bill_order(order).unwrap()[0];
    for reason in ["", "  "] {
        let cancelled = shop.act(invoice, "cancel", json!({ "reason": reason }));
        refused(cancelled, &["reason"], "must say why");
    }
    let early = json!({ "reason": "wrong", "billing_date": "2026-03-01" });
    refused(shop.act(invoice, "cancel", early), &["billing_date"], "must not be before");
    assert_eq!(shop.count::<BillingDocument>(), 1);
    shop.verify();
}

#[test]
fn a_delivery_is_changed_once_per_item() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let delivery = shop.deliver(shop.order("free", &[("bolt", 5)]));
    let item = json!({ "item": 10, "storage_location": "1000-0001" });
    let twice = shop.change(delivery, json!({ "items": [item, item] }));
    refused(twice, &["items[1].item"], "stands there twice");
    let none = shop.change(delivery, json!({ "items": [{ "item": 99 }] }));
    refused(none, &["items[0].item"], "has no item 99");
    shop.verify();
}

#[test]
fn a_goods_movement_names_the_item_that_there_is_too_little_or_too_much_of() {
    let mut shop = Shop::new();
    shop.product("gold", "full", "9223372036854");
    let receipt = shop.receive("bolt", 10);
    let post = |movement_type: &str, items: Value, more: Value| {
        let mut body = json!({ "movement_type": movement_type, "items": items });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shop.act_on_all::<GoodsMovement>("post", body)
    };
    let of = |pieces: &str| {
        json!({ "product": shop.product_id("bolt").to_string(), "plant": "1000",
            "quantity": quantity(pieces, "PC") })
    };
    let issued = post("551", json!([of("1"), of("11")]), json!({}));
    refused(issued, &["items[1].quantity"], "is wanted");
    for day in NO_DAYS {
        let day = json!({ "posting_date": day });
        refused(post("101", json!([of("1")]), day.clone()), &["posting_date"], "1900-01-01");
        let reversed = shop.act(receipt, "reverse", day);
        let problem = reversed.unwrap_err();
        assert_eq!(problem.fields[0].path, "posting_date", "{problem}");
    }
    let gold = |pieces: &str| {
        json!({ "product": shop.product_id("gold").to_string(), "plant": "1000",
            "quantity": quantity(pieces, "PC") })
    };
    let worth = post("101", json!([of("1"), gold("1000000000")]), json!({}));
    refused(worth, &["items[1].quantity"], "too large");
    post("101", json!([gold("10000")]), json!({})).unwrap();
    let total = post("101", json!([of("1"), gold("10")]), json!({}));
    // A server adds totals up when the command is kept, and can't tell whose item was too much.
    match shop.beside(1) {
        Some(_) => assert_eq!(total.unwrap_err().code, "out_of_range"),
        None => refused(total, &["items[1].quantity"], "too large for the total"),
    }
    shop.verify();
    let delivery = shop.ship(shop.order("free", &[("bolt", 5)]));
    let movement = shop.load(delivery).status.goods_movement.unwrap();
    let reversed = shop.act(movement, "reverse", json!({})).unwrap_err();
    let says = "is the goods issue of a delivery: reverse it at the delivery";
    assert!(reversed.detail.starts_with("goods movement") && reversed.detail.ends_with(says));
}

/// Whether orders of bolts are promised from stock.
fn checked(shop: &Shop, check: &str) {
    let plant = json!({ "plant": "1000", "availability_check": check,
        "standard_price": { "amount": "6.50", "currency": "EUR" },
        "valuation_class": "merchandise", "storage_location": "1000-0001" });
    shop.change(shop.product_id("bolt"), json!({ "plants": [plant] })).unwrap();
}

#[test]
fn goods_that_nobody_reserved_are_not_taken_from_those_who_were_promised_them() {
    let shop = Shop::new();
    checked(&shop, "none");
    let order = shop.order("free", &[("bolt", 5)]);
    let delivery = shop.deliver(order);
    checked(&shop, "stock");
    shop.receive("bolt", 10);
    let promised = shop.order_for("acme", &[("bolt", 8)], "2026-03-09");
    let early = shop.try_issue(delivery).unwrap_err();
    assert_eq!(early.code, "stock.not_covered");
    shop.receive("bolt", 3);
    shop.issue(delivery);
    shop.on("2026-03-09");
    shop.ship(promised);
    assert_eq!(shop.on_hand("bolt"), 0);
    shop.verify();
}

#[test]
fn a_delivery_of_what_is_partly_reserved_holds_all_of_it() {
    let shop = Shop::new();
    checked(&shop, "none");
    let order = shop.order("free", &[("bolt", 5)]);
    checked(&shop, "stock");
    shop.receive("bolt", 10);
    shop.set_quantity(order, 10, 8).unwrap();
    let delivery = shop.deliver(order);
    assert_eq!(shop.reserved("bolt").iter().map(|(_, pieces)| pieces).sum::<i64>(), 8);
    shop.verify();
    shop.act(delivery, "cancel", json!({})).unwrap();
    shop.verify();
    shop.issue(shop.deliver(order));
    assert_eq!((shop.on_hand("bolt"), shop.reserved("bolt")), (2, Vec::new()));
    shop.verify();
}
