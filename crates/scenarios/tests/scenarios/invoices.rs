//! Partial and collective invoices, and how they are split.

use serde_json::json;
use tessera_finance::Receivable;
use tessera_sales::Progress::{Complete, Open, Partial};

use crate::shop::Shop;

#[test]
fn deliveries_of_one_payer_come_on_one_invoice() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let deliveries: Vec<_> =
        [1, 2, 3].into_iter().map(|n| shop.ship(shop.order("free", &[("bolt", n)]))).collect();
    let invoices = shop.bill(&deliveries).unwrap();
    assert_eq!(invoices.len(), 1);
    assert_eq!(shop.totals(invoices[0]), (6_000, 1_140, 7_140));
    assert_eq!(shop.load(invoices[0]).items.len(), 3);
    shop.verify();
}

#[test]
fn what_differs_is_split_by_sold_to_payer_terms_and_currency() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let north = shop.ship(shop.order("north", &[("bolt", 1)]));
    let south = shop.ship(shop.order("south", &[("bolt", 2)]));
    let free = shop.ship(shop.order("free", &[("bolt", 3)]));
    let terms = json!({ "payment_terms": "N60" });
    let late = shop.document("OR", "free", shop.items(&[("bolt", 4)]), terms).unwrap();
    let late = shop.ship(late);
    let invoices = shop.bill(&[north, south, free, late]).unwrap();
    assert_eq!(invoices.len(), 4);
    let payers: Vec<_> = invoices.iter().map(|id| shop.load(*id).header.payer).collect();
    let (holding, free) = (shop.partner("holding"), shop.partner("free"));
    assert_eq!(payers, [holding, holding, free, free]);
    assert_eq!(shop.exposure("holding"), (0, 0, 3_570));
    assert_eq!((shop.exposure("north"), shop.exposure("south")), ((0, 0, 0), (0, 0, 0)));
    shop.verify();
    shop.pay("holding", 3_570, &invoices[..2]);
    shop.verify();
}

#[test]
fn each_delivery_gets_an_invoice_of_its_own_where_that_is_wanted() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let deliveries: Vec<_> =
        (1..4).map(|n| shop.ship(shop.order("free", &[("bolt", n)])).to_string()).collect();
    let list: Vec<_> = deliveries.iter().map(|id| json!({ "delivery": id })).collect();
    let invoices = shop.bill_with(json!({ "one_each": true, "deliveries": list })).unwrap();
    assert_eq!(invoices.len(), 3);
    shop.verify();
}

#[test]
fn a_delivery_is_billed_item_by_item_and_nothing_twice() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    shop.receive("book", 100);
    let order = shop.order("free", &[("bolt", 1), ("book", 1)]);
    let delivery = shop.deliver(order);
    assert_eq!(shop.bill(&[delivery]).unwrap_err().code, "billing.not_issued");
    shop.issue(delivery);
    let item = |number: u32| json!({ "deliveries": [{ "delivery": delivery.to_string(), "item": number }] });
    let first = shop.bill_with(item(20)).unwrap()[0];
    assert_eq!(shop.totals(first), (2_000, 140, 2_140));
    assert_eq!(
        (shop.goods_issue(delivery).1, shop.steps(order)),
        (Partial, (Partial, Complete, Partial))
    );
    shop.verify();
    assert_eq!(shop.bill_with(item(20)).unwrap_err().code, "billing.nothing_to_bill");
    let second = shop.invoice(delivery);
    assert_eq!(shop.totals(second), (1_000, 190, 1_190));
    assert_eq!(
        (shop.goods_issue(delivery).1, shop.steps(order)),
        (Complete, (Complete, Complete, Complete))
    );
    assert_eq!(shop.bill(&[delivery]).unwrap_err().code, "billing.nothing_to_bill");
    shop.verify();
    // Taking the first back leaves the second.
    shop.cancel_invoice(first).unwrap();
    assert_eq!(
        (shop.goods_issue(delivery).1, shop.steps(order)),
        (Partial, (Partial, Complete, Partial))
    );
    shop.cancel_invoice(second).unwrap();
    assert_eq!(
        (shop.goods_issue(delivery).1, shop.steps(order)),
        (Open, (Partial, Complete, Open))
    );
    shop.verify();
}

#[test]
fn the_same_delivery_named_twice_is_billed_once() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let delivery = shop.ship(shop.order("free", &[("bolt", 1)]));
    let invoices = shop.bill(&[delivery, delivery]).unwrap();
    assert_eq!(invoices.len(), 1);
    assert_eq!(shop.totals(invoices[0]).0, 1_000);
    shop.verify();
}

#[test]
fn a_cancelled_collective_invoice_opens_every_delivery_again() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let orders = [1, 2, 3].map(|n| shop.order("free", &[("bolt", n)]));
    let deliveries = orders.map(|order| shop.ship(order));
    let invoice = shop.bill(&deliveries).unwrap()[0];
    shop.cancel_invoice(invoice).unwrap();
    for (order, delivery) in orders.into_iter().zip(deliveries) {
        assert_eq!(
            (shop.steps(order), shop.goods_issue(delivery).1),
            ((Partial, Complete, Open), Open)
        );
    }
    shop.verify();
    assert_eq!(shop.bill(&deliveries[..1]).unwrap().len(), 1);
    assert_eq!(shop.bill(&deliveries[1..]).unwrap().len(), 1);
    shop.verify();
}

#[test]
fn a_discount_of_everything_is_booked_and_nothing_is_owed() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    shop.discount("acme", "100");
    let delivery = shop.ship(shop.order("acme", &[("bolt", 10)]));
    let invoice = shop.invoice(delivery);
    assert_eq!(shop.totals(invoice), (0, 0, 0));
    assert_eq!((shop.account("800000"), shop.account("888000")), (-10_000, 10_000));
    assert_eq!((shop.count::<Receivable>(), shop.exposure("acme")), (0, (0, 0, 0)));
    shop.verify();
    let cancellation = shop.cancel_invoice(invoice).unwrap();
    assert!(shop.load(cancellation).header.journal_entry.is_some());
    assert_eq!((shop.account("800000"), shop.account("888000")), (0, 0));
    assert_eq!(shop.goods_issue(delivery).1, Open);
    shop.verify();
    shop.invoice(delivery);
    shop.verify();
}

#[test]
fn what_costs_nothing_is_billed_with_a_number_and_without_an_entry() {
    let mut shop = Shop::new();
    shop.product("gift", "full", "1.00");
    shop.price("gift", "0", &[]);
    shop.receive("gift", 10);
    let delivery = shop.ship(shop.order("acme", &[("gift", 10)]));
    let invoice = shop.invoice(delivery);
    let document = shop.load(invoice);
    assert_eq!(document.head.number.as_deref(), Some("1000-2026-000001"));
    assert_eq!(document.header.journal_entry, None);
    assert_eq!(shop.count::<Receivable>(), 0);
    shop.verify();
    let cancellation = shop.cancel_invoice(invoice).unwrap();
    assert_eq!(shop.load(cancellation).header.journal_entry, None);
    shop.invoice(delivery);
    shop.verify();
}
