//! The main chain: order, delivery, goods issue, invoice, payment.

use serde_json::json;
use tessera_billing::{BillingCategory, BillingDocument};
use tessera_delivery::GoodsIssueStatus;
use tessera_finance::{ItemStatus, JournalEntry, Payment, PaymentStatus};
use tessera_sales::CreditStatus;
use tessera_sales::Progress::{Complete, Open, Partial};

use crate::books::on;
use crate::documents::quantity;
use crate::shop::{Shop, pieces};
use crate::world::{START, code, day};

#[test]
fn an_order_becomes_a_delivery_a_goods_issue_an_invoice_and_a_payment() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    assert_eq!((shop.account("300000"), shop.account("191100")), (65_000, -65_000));

    // 40 bolts and 10 books: 400.00 + 200.00 net, 76.00 + 14.00 tax.
    let order = shop.order("acme", &[("bolt", 40), ("book", 10)]);
    let document = shop.load(order);
    assert_eq!(document.header.net_value.to_string(), "600.00 EUR");
    assert_eq!(document.header.tax_value.to_string(), "90.00 EUR");
    assert_eq!(document.status.credit, CreditStatus::Approved);
    assert_eq!(shop.steps(order), (Open, Open, Open));
    assert_eq!(shop.promises(order, 10), on([(START, 40)]));
    assert_eq!(shop.promises(order, 20), on([(START, 0)]), "there are no books");
    assert_eq!(shop.reserved("bolt"), on([(START, 40)]));
    assert_eq!(shop.exposure("acme"), (69_000, 0, 0));
    shop.verify();

    let delivery = shop.deliver(order);
    assert_eq!(shop.load(delivery).items.len(), 1, "only what is confirmed");
    assert_eq!(shop.goods_issue(delivery), (GoodsIssueStatus::Open, Open));
    assert_eq!(shop.steps(order), (Partial, Partial, Open));
    assert_eq!(shop.reserved("bolt"), on([(START, 40)]), "now for the delivery");
    assert_eq!(shop.exposure("acme"), (21_400, 47_600, 0));
    shop.verify();

    shop.on("2026-03-03");
    shop.issue(delivery);
    assert_eq!(shop.goods_issue(delivery), (GoodsIssueStatus::Posted, Open));
    assert_eq!((shop.on_hand("bolt"), shop.reserved("bolt")), (60, on([])));
    assert_eq!((shop.account("300000"), shop.account("893000")), (39_000, 26_000));
    shop.verify();

    let invoice = shop.invoice(delivery);
    assert_eq!(shop.totals(invoice), (40_000, 7_600, 47_600));
    let billed = shop.load(invoice);
    assert_eq!(billed.head.number.as_deref(), Some("1000-2026-000001"));
    assert_eq!(billed.header.category, BillingCategory::Invoice);
    assert_eq!(billed.header.due_date, day("2026-04-02"));
    assert_eq!(shop.goods_issue(delivery).1, Complete);
    assert_eq!(shop.steps(order), (Partial, Partial, Partial));
    assert_eq!((shop.account("140000"), shop.account("800000")), (47_600, -40_000));
    assert_eq!(shop.account("175000"), -7_600);
    assert_eq!(shop.exposure("acme"), (21_400, 0, 47_600));
    assert_eq!(shop.open_item(invoice).status, ItemStatus::Open);
    shop.verify();

    // The books come in, and the rest is done.
    shop.receive("book", 10);
    shop.act(order, "reschedule", json!({})).unwrap();
    let rest = shop.ship(order);
    let second = shop.invoice(rest);
    assert_eq!(shop.totals(second), (20_000, 1_400, 21_400));
    assert_eq!(shop.steps(order), (Complete, Complete, Complete));
    assert_eq!(shop.exposure("acme"), (0, 0, 69_000));
    shop.verify();

    shop.on("2026-04-01");
    let payment = shop.pay("acme", 69_000, &[invoice, second]);
    assert_eq!(shop.load(payment).header.status, PaymentStatus::Allocated);
    for paid in [invoice, second] {
        assert_eq!(shop.open_item(paid).status, ItemStatus::Cleared);
    }
    assert_eq!((shop.account("140000"), shop.account("113109")), (0, 69_000));
    assert_eq!(shop.exposure("acme"), (0, 0, 0));
    shop.verify();
}

#[test]
fn what_is_sold_in_boxes_is_priced_kept_and_billed_exactly() {
    let shop = Shop::new();
    shop.receive("bolt", 35);
    let items = json!([{ "product": shop.product_id("bolt").to_string(),
        "quantity": quantity("3", "BOX") }]);
    let order = shop.document("OR", "acme", items, json!({})).unwrap();
    let document = shop.load(order);
    assert_eq!(document.items[0].base_quantity, pieces(30));
    assert_eq!(document.header.net_value.to_string(), "300.00 EUR");
    // 15 pieces of three boxes are one box and a half, which no box can be: pieces it is.
    let first = shop.deliver_part(order, 10, 15).unwrap();
    assert_eq!(shop.load(first).items[0].base_quantity, pieces(15));
    let second = shop.deliver(order);
    shop.issue(first);
    shop.issue(second);
    let invoices = shop.bill(&[first, second]).unwrap();
    assert_eq!(invoices.len(), 1);
    assert_eq!(shop.totals(invoices[0]), (30_000, 5_700, 35_700));
    assert_eq!(shop.on_hand("bolt"), 5);
    shop.verify();
}

#[test]
fn everything_is_in_the_ledger_once_and_the_ledger_balances() {
    let shop = Shop::new();
    shop.receive("bolt", 50);
    let invoice = shop.sell("acme", &[("bolt", 10)]);
    shop.pay("acme", 11_900, &[invoice]);
    // Receipt, goods issue, invoice, payment.
    assert_eq!(shop.count::<JournalEntry>(), 4);
    assert_eq!((shop.count::<BillingDocument>(), shop.count::<Payment>()), (1, 1));
    let accounts = ["300000", "191100", "893000", "140000", "800000", "175000", "113109"];
    assert_eq!(accounts.iter().map(|account| shop.account(account)).sum::<i64>(), 0);
    shop.verify();
}

#[test]
fn bills_are_addressed_and_dated_and_numbered_per_year() {
    let shop = Shop::new();
    shop.receive("bolt", 50);
    let first = shop.sell("acme", &[("bolt", 1)]);
    shop.on("2027-01-04");
    let second = shop.sell("acme", &[("bolt", 1)]);
    let numbers = [first, second].map(|id| shop.load(id).head.number.unwrap());
    assert_eq!(numbers, ["1000-2026-000001", "1000-2027-000001"]);
    assert_eq!(shop.load(second).header.billing_date, day("2027-01-04"));
    assert_eq!(shop.load(second).header.payment_terms, code("D10N30"));
    shop.verify();
}

#[test]
fn an_order_without_a_price_is_incomplete_and_goes_no_further() {
    let mut shop = Shop::new();
    shop.product("novelty", "full", "1.00");
    shop.receive("novelty", 5);
    let order = shop.order("acme", &[("novelty", 5)]);
    assert!(shop.status(order).incomplete);
    assert_eq!(shop.try_deliver(order).unwrap_err().code, "sales.incomplete");
    shop.verify();
    // A price comes, and the order goes on.
    shop.price("novelty", "3", &[]);
    shop.change(order, json!({ "new_pricing": true, "items": [], "conditions": [] })).unwrap();
    assert!(!shop.status(order).incomplete);
    let delivery = shop.ship(order);
    assert_eq!(shop.totals(shop.invoice(delivery)), (1_500, 285, 1_785));
    shop.verify();
}
