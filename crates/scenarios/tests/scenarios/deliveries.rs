//! Partial, combined and complete deliveries.

use serde_json::json;
use tessera_delivery::Delivery;
use tessera_sales::Progress::{Complete, Open, Partial};

use crate::documents::quantity;
use crate::shop::Shop;
use crate::world::START;

#[test]
fn an_order_is_delivered_in_parts_and_never_beyond_what_is_confirmed() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 15)]);
    let first = shop.deliver_part(order, 10, 4).unwrap();
    assert_eq!(shop.deliver_part(order, 10, 7).unwrap_err().code, "sales.nothing_left");
    let second = shop.deliver(order);
    assert_eq!(shop.load(second).items[0].base_quantity, crate::shop::pieces(6));
    assert_eq!(shop.try_deliver(order).unwrap_err().code, "delivery.nothing_open");
    assert_eq!(shop.steps(order), (Partial, Partial, Open));
    shop.verify();
    shop.issue(second);
    shop.issue(first);
    assert_eq!(shop.on_hand("bolt"), 0);
    shop.verify();
}

#[test]
fn orders_of_one_ship_to_party_go_together() {
    let shop = Shop::new();
    shop.receive("bolt", 30);
    let ship_to = json!({ "ship_to": shop.partner("acme").to_string() });
    let orders = [
        shop.order("acme", &[("bolt", 5)]),
        shop.document("OR", "free", shop.items(&[("bolt", 7)]), ship_to).unwrap(),
    ];
    let delivery = shop.deliver_together(&orders).unwrap();
    assert_eq!(shop.load(delivery).items.len(), 2);
    assert_eq!((shop.exposure("acme"), shop.exposure("free")), ((0, 5_950, 0), (0, 8_330, 0)));
    shop.issue(delivery);
    for order in orders {
        assert_eq!(shop.steps(order).1, Complete);
    }
    // The payers differ: two invoices.
    let invoices = shop.bill(&[delivery]).unwrap();
    let mut net: Vec<i64> = invoices.iter().map(|id| shop.totals(*id).0).collect();
    net.sort_unstable();
    assert_eq!(net, [5_000, 7_000]);
    assert_eq!(shop.goods_issue(delivery).1, Complete);
    shop.verify();
}

#[test]
fn a_delivery_is_as_urgent_as_the_most_urgent_of_its_orders() {
    let shop = Shop::new();
    shop.receive("bolt", 30);
    let usual = shop.order("acme", &[("bolt", 5)]);
    let urgent = json!({ "delivery_priority": 1 });
    let urgent = shop.document("OR", "acme", shop.items(&[("bolt", 5)]), urgent).unwrap();
    assert_eq!(shop.load(usual).header.delivery_priority, 2, "as the customer's sales area says");
    assert_eq!(shop.load(shop.deliver_part(usual, 10, 1).unwrap()).header.delivery_priority, 2);
    let together = shop.deliver_together(&[usual, urgent]).unwrap();
    assert_eq!(shop.load(together).header.delivery_priority, 1);
    shop.change(usual, json!({ "delivery_priority": 3 })).unwrap();
    assert_eq!(shop.load(usual).header.delivery_priority, 3);
    shop.verify();
}

#[test]
fn orders_that_differ_in_what_a_delivery_has_in_common_do_not_go_together() {
    let shop = Shop::new();
    shop.receive("bolt", 30);
    let order = shop.order("acme", &[("bolt", 5)]);
    let others = [
        shop.order("free", &[("bolt", 5)]),
        shop.document(
            "OR",
            "acme",
            shop.items(&[("bolt", 5)]),
            json!({ "shipping_condition": "EXPRESS" }),
        )
        .unwrap(),
        shop.document("OR", "acme", shop.items(&[("bolt", 5)]), json!({ "incoterms": "EXW" }))
            .unwrap(),
    ];
    for other in others {
        let refused = shop.deliver_together(&[order, other]).unwrap_err();
        assert_eq!(refused.code, "delivery.not_together");
    }
    assert_eq!(shop.count::<Delivery>(), 0);
    shop.verify();
}

#[test]
fn items_of_two_orders_in_any_sequence_go_together_and_come_back_together() {
    let shop = Shop::new();
    shop.receive("bolt", 30);
    shop.receive("nut", 30);
    let first = shop.order("acme", &[("bolt", 5), ("nut", 5)]);
    let second = shop.order("acme", &[("bolt", 7)]);
    let item = |order: crate::documents::Order, item: u32| json!({ "order": order.to_string(), "item": item });
    let items = json!([item(first, 10), item(second, 10), item(first, 20)]);
    let delivery = shop.create("delivery", json!({ "items": items })).unwrap();
    let delivery: tessera_kernel::Ref<Delivery> = tessera_kernel::Ref::new(delivery);
    assert_eq!(shop.load(delivery).items.len(), 3);
    shop.verify();
    shop.act(delivery, "cancel", json!({})).unwrap();
    assert_eq!((shop.steps(first).0, shop.steps(second).0), (Open, Open));
    shop.verify();
}

#[test]
fn who_wants_one_delivery_gets_everything_or_nothing() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("whole", &[("bolt", 8), ("nut", 100)]);
    let refused = shop.try_deliver(order).unwrap_err();
    assert_eq!(refused.code, "delivery.incomplete");
    assert!(refused.detail.contains("item 20"), "{refused}");
    assert_eq!(shop.deliver_part(order, 10, 8).unwrap_err().code, "delivery.incomplete");
    shop.verify();
    // The nuts are withdrawn: what is left is everything.
    shop.reject(order, 20).unwrap();
    let delivery = shop.ship(order);
    shop.invoice(delivery);
    assert_eq!(shop.steps(order), (Complete, Complete, Complete));
    shop.verify();
}

#[test]
fn quotations_and_services_are_not_delivered() {
    let shop = Shop::new();
    let quotation = shop.document("QT", "acme", shop.items(&[("bolt", 1)]), json!({})).unwrap();
    assert_eq!(shop.try_deliver(quotation).unwrap_err().code, "delivery.not_deliverable");
    let service = shop.order("acme", &[("advice", 2)]);
    assert_eq!(shop.try_deliver(service).unwrap_err().code, "delivery.nothing_open");
    shop.verify();
}

#[test]
fn a_delivery_for_later_keeps_its_goods_until_then() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let planned = json!({ "planned_goods_issue": "2026-03-09", "items": [] });
    shop.act(order, "deliver", planned).unwrap();
    assert_eq!(
        shop.promises(shop.order("free", &[("bolt", 1)]), 10),
        crate::books::on([(START, 0)])
    );
    shop.verify();
}

#[test]
fn what_is_promised_for_later_is_not_delivered_today_unless_somebody_says_so() {
    let shop = Shop::new();
    shop.receive("bolt", 6);
    shop.announce("bolt", 20, "2026-03-20");
    let order = shop.order("acme", &[("bolt", 10)]);
    assert_eq!(shop.promises(order, 10), crate::books::on([(START, 6), ("2026-03-20", 4)]));
    let today = shop.deliver(order);
    assert_eq!(shop.load(today).items[0].base_quantity, crate::shop::pieces(6));
    // Nothing covers the other four today.
    let items = json!({ "items": [{ "item": 10, "quantity": quantity("4", "PC") }] });
    assert_eq!(shop.act(order, "deliver", items).unwrap_err().code, "stock.not_covered");
    shop.verify();
    shop.issue(today);
    shop.on("2026-03-20");
    assert_eq!(shop.load(shop.deliver(order)).items[0].base_quantity, crate::shop::pieces(4));
    shop.verify();
}

#[test]
fn who_wants_a_delivery_for_each_order_gets_no_other() {
    let shop = Shop::new();
    shop.receive("bolt", 30);
    let area = json!({
        "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
        "valid": { "from": "2000-01-01", "to": "9999-12-31" }, "currency": "EUR",
        "payment_terms": "N30", "shipping_condition": "STANDARD",
        "account_assignment_group": "01", "order_combination": false,
    });
    shop.change(shop.partner("free"), json!({ "sales_areas": [area] })).unwrap();
    let orders = [shop.order("free", &[("bolt", 1)]), shop.order("free", &[("bolt", 2)])];
    assert_eq!(shop.deliver_together(&orders).unwrap_err().code, "delivery.one_each");
    for order in orders {
        shop.ship(order);
    }
    shop.verify();
}

#[test]
fn goods_that_leave_before_their_day_take_nothing_from_others() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    shop.announce("bolt", 10, "2026-03-10");
    let first = shop.order("acme", &[("bolt", 10)]);
    let second = shop.order_for("free", &[("bolt", 6), ("bolt", 4)], "2026-03-12");
    let planned = json!({ "planned_goods_issue": "2026-03-12", "items": [] });
    let later = crate::documents::id_in::<Delivery>(&shop.act(second, "deliver", planned).unwrap());
    for day in [START, "2026-03-12"] {
        let refused = shop.act(later, "post_goods_issue", json!({ "posting_date": day }));
        assert_eq!(refused.unwrap_err().code, "stock.not_covered", "posted for {day}");
    }
    assert!(!shop.is_oversold("bolt"));
    shop.verify();
    // Some more come in, but not for both items together.
    shop.receive("bolt", 6);
    assert_eq!(shop.try_issue(later).unwrap_err().code, "stock.not_covered");
    shop.receive("bolt", 4);
    shop.issue(later);
    assert!(!shop.is_oversold("bolt"));
    shop.ship(first);
    shop.verify();
    // Taken back, the goods are held for their own day again.
    shop.act(later, "reverse_goods_issue", json!({})).unwrap();
    assert_eq!(shop.reserved("bolt"), crate::books::on([("2026-03-12", 10)]));
    shop.verify();
}

#[test]
fn texts_go_with_the_goods_and_with_the_invoice() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let text = |kind: &str, text: &str| json!({ "kind": kind, "language": "en", "text": text });
    let order = |ship: &str| {
        let header = json!({ "document_type": "OR", "sold_to": shop.partner("free").to_string(),
            "sales_organisation": "1000", "distribution_channel": "10", "division": "00" });
        let texts = [text("SHIP", ship), text("HEAD", "Thank you")];
        let items = shop.items(&[("bolt", 5)]);
        shop.sales_document(json!({ "header": header, "items": items, "texts": texts })).unwrap()
    };
    let delivery = shop.deliver_together(&[order("Ring twice"), order("Back door")]).unwrap();
    let texts = |texts: Vec<tessera_document::DocumentText>| {
        let texts = texts.into_iter().map(|text| (text.kind.to_string(), text.text));
        texts.collect::<Vec<_>>()
    };
    let shipping = ("SHIP".to_string(), "Ring twice\nBack door".to_string());
    assert_eq!(texts(shop.load(delivery).value.texts), [shipping]);
    shop.issue(delivery);
    let invoice = shop.invoice(delivery);
    let thanks = ("HEAD".to_string(), "Thank you".to_string());
    assert_eq!(texts(shop.load(invoice).value.texts), [thanks]);
    shop.verify();
}
