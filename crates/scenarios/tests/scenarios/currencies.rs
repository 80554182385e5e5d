//! A customer who buys in another currency than the company keeps its books in.

use serde_json::json;
use tessera_organisation::ExchangeRate;
use tessera_sales::CreditStatus;

use crate::documents::money;
use crate::shop::Shop;

/// The rate of USD in EUR from a day on.
fn rate(shop: &Shop, from: &str, rate: &str) {
    let found = shop.read(|tx| Ok(tx.lookup::<ExchangeRate>("number", "USD/EUR")?)).unwrap();
    let body = json!({ "valid": { "from": from, "to": "9999-12-31" }, "rate": rate });
    shop.act(found, "put_rate", body).unwrap();
}

#[test]
fn an_order_in_dollars_counts_in_euros_for_credit_and_books() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("yankee", &[("bolt", 90)]);
    // 900 EUR are 1,000 USD at 0.9; exports are free of tax.
    let document = shop.load(order);
    assert_eq!(document.header.net_value.to_string(), "1000.00 USD");
    assert_eq!(document.header.tax_value.to_string(), "0.00 USD");
    assert_eq!(shop.exposure("yankee"), (90_000, 0, 0));
    let invoice = shop.invoice(shop.ship(order));
    assert_eq!(shop.totals(invoice), (100_000, 0, 100_000));
    assert_eq!((shop.account("141000"), shop.account("801000")), (90_000, -90_000));
    assert_eq!(shop.exposure("yankee"), (0, 0, 90_000));
    shop.verify();
}

#[test]
fn another_rate_at_payment_makes_an_exchange_difference() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let invoice = shop.sell("yankee", &[("bolt", 90)]);
    rate(&shop, "2026-03-10", "0.95");
    shop.on("2026-03-10");
    shop.try_pay("yankee", money(60_000, "USD"), &[invoice], &json!({})).unwrap();
    assert_eq!((shop.open_amount(invoice), shop.exposure("yankee")), (40_000, (0, 0, 36_000)));
    // 600 USD came in at 0.95 and were owed at 0.90: a gain of 30 EUR.
    assert_eq!((shop.account("113109"), shop.account("230000")), (57_000, -3_000));
    shop.verify();
    shop.try_pay("yankee", money(40_000, "USD"), &[invoice], &json!({})).unwrap();
    assert_eq!((shop.account("141000"), shop.exposure("yankee")), (0, (0, 0, 0)));
    shop.verify();
}

#[test]
fn an_item_is_paid_in_its_own_currency() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let invoice = shop.sell("yankee", &[("bolt", 90)]);
    shop.try_pay("yankee", money(90_000, "EUR"), &[invoice], &json!({})).unwrap_err();
    shop.verify();
}

#[test]
fn a_rate_that_moves_between_order_delivery_and_invoice_leaves_no_exposure_behind() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("yankee", &[("bolt", 90)]);
    rate(&shop, "2026-03-03", "0.8");
    shop.on("2026-03-03");
    let first = shop.deliver_part(order, 10, 40).unwrap();
    shop.issue(first);
    // A change finds its rates by the day of the document.
    shop.set_quantity(order, 10, 80).unwrap();
    shop.verify();
    rate(&shop, "2026-03-04", "0.85");
    shop.on("2026-03-04");
    let invoice = shop.invoice(first);
    let second = shop.invoice(shop.ship(order));
    shop.verify();
    let (orders, deliveries, invoices) = shop.exposure("yankee");
    assert_eq!((orders, deliveries), (0, 0));
    let open: i64 = [invoice, second].iter().map(|id| shop.open_amount(*id)).sum();
    assert_eq!(open * 85 / 100, invoices);
    shop.cancel_invoice(second).unwrap();
    shop.verify();
}

#[test]
fn the_limit_holds_in_the_currency_of_its_area() {
    let shop = Shop::new();
    shop.receive("bolt", 5_000);
    assert_eq!(shop.credit_status(shop.order("yankee", &[("bolt", 1_001)])), CreditStatus::Blocked);
    assert_eq!(
        shop.credit_status(shop.order("yankee", &[("bolt", 1_000)])),
        CreditStatus::Approved
    );
    shop.verify();
}

#[test]
fn a_currency_without_a_rate_is_refused_with_the_way_out() {
    let shop = Shop::new();
    let more = json!({ "currency": "CHF" });
    let refused = shop.document("OR", "acme", shop.items(&[("bolt", 1)]), more).unwrap_err();
    assert!(refused.detail.contains("CHF"), "{refused}");
    shop.verify();
}

#[test]
fn yen_have_no_decimals() {
    let shop = Shop::new();
    shop.receive("nut", 1_000);
    let body = json!({
        "pair": { "from_currency": "JPY", "to_currency": "EUR" },
        "rates": [{ "valid": { "from": "2000-01-01", "to": "9999-12-31" }, "rate": "0.0062" }],
    });
    shop.create("exchange_rate", body).unwrap();
    let more = json!({ "currency": "JPY" });
    let order = shop.document("OR", "acme", shop.items(&[("nut", 777)]), more).unwrap();
    let (net, tax) = (shop.load(order).header.net_value, shop.load(order).header.tax_value);
    // 97.125 EUR are 15,665.32 JPY.
    assert_eq!(
        (net.to_string(), tax.to_string()),
        ("15665 JPY".to_string(), "2976 JPY".to_string())
    );
    let first = shop.deliver_part(order, 10, 100).unwrap();
    shop.issue(first);
    let invoices = [shop.invoice(first), shop.invoice(shop.ship(order))];
    assert_eq!(invoices.map(|id| shop.totals(id).0).iter().sum::<i64>(), 15_665);
    shop.verify();
}
