//! Closed periods: nothing is posted to them, and a refusal leaves no trace.

use serde_json::json;
use tessera_billing::BillingDocument;
use tessera_delivery::GoodsIssueStatus;
use tessera_finance::{JournalEntry, PostingPeriod};
use tessera_sales::Progress;

use crate::books::on;
use crate::shop::Shop;
use crate::world::START;

pub(crate) fn close(shop: &Shop, action: &'static str, period: u32) {
    let body = json!({ "company_code": "1000", "fiscal_year": 2026, "period": period });
    shop.act_on_all::<PostingPeriod>(action, body).unwrap();
}

#[test]
fn a_goods_issue_into_a_closed_period_moves_nothing() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let delivery = shop.deliver(order);
    close(&shop, "close", 3);
    let entries = shop.count::<JournalEntry>();
    let refused = shop.try_issue(delivery).unwrap_err();
    assert_eq!(refused.code, "finance.period_closed");
    assert!(refused.detail.contains("period 3 of 2026"), "{refused}");
    assert_eq!(shop.goods_issue(delivery), (GoodsIssueStatus::Open, Progress::Open));
    assert_eq!((shop.on_hand("bolt"), shop.reserved("bolt")), (10, on([(START, 10)])));
    assert_eq!(shop.count::<JournalEntry>(), entries);
    shop.verify();
    shop.on("2026-04-01");
    shop.issue(delivery);
    shop.verify();
}

#[test]
fn an_invoice_into_a_closed_period_takes_no_number() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let order = shop.order("acme", &[("bolt", 10)]);
    let delivery = shop.ship(order);
    close(&shop, "close", 3);
    assert_eq!(shop.bill(&[delivery]).unwrap_err().code, "finance.period_closed");
    assert_eq!((shop.count::<BillingDocument>(), shop.exposure("acme")), (0, (0, 11_900, 0)));
    shop.verify();
    close(&shop, "open", 3);
    let invoice = shop.invoice(delivery);
    assert_eq!(shop.load(invoice).head.number.as_deref(), Some("1000-2026-000001"));
    shop.verify();
}

#[test]
fn what_was_posted_in_a_closed_period_is_taken_back_in_an_open_one() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let delivery = shop.ship(shop.order("acme", &[("bolt", 10)]));
    let invoice = shop.invoice(delivery);
    close(&shop, "close", 3);
    assert_eq!(shop.cancel_invoice(invoice).unwrap_err().code, "finance.period_closed");
    shop.verify();
    shop.on("2026-04-02");
    shop.cancel_invoice(invoice).unwrap();
    shop.act(delivery, "reverse_goods_issue", json!({})).unwrap();
    shop.act(delivery, "cancel", json!({})).unwrap();
    shop.verify();
}

#[test]
fn nothing_is_taken_back_before_it_happened() {
    let shop = Shop::new();
    shop.on("2026-03-10");
    shop.receive("bolt", 10);
    let delivery = shop.ship(shop.order("acme", &[("bolt", 10)]));
    let invoice = shop.invoice(delivery);
    let early = json!({ "reason": "x", "billing_date": "2026-03-09" });
    assert_eq!(shop.act(invoice, "cancel", early).unwrap_err().fields[0].path, "billing_date");
    shop.cancel_invoice(invoice).unwrap();
    let early = json!({ "posting_date": "2026-03-09" });
    let refused = shop.act(delivery, "reverse_goods_issue", early).unwrap_err();
    assert_eq!(refused.fields[0].path, "posting_date");
    shop.verify();
}
