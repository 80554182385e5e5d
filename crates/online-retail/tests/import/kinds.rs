//! Every kind of row, and what it becomes.

use std::io::Write as _;

use tessera_billing::{BillingCategory, BillingDocument};
use tessera_delivery::Delivery;
use tessera_finance::{JournalEntry, Receivable, Side};
use tessera_kernel::{Quantity, Unit, format_decimal};
use tessera_online_retail::{Counts, ImportError};
use tessera_partner::BusinessPartner;
use tessera_product::{AvailabilityCheck, Product};
use tessera_sales::{Category, SalesDocument};
use tessera_stock::GoodsMovement;

use crate::shop::{HEADER, Shop};

fn movements(shop: &Shop, movement_type: &str) -> Vec<(String, i64)> {
    let of_type = shop.all::<GoodsMovement>().into_iter();
    let of_type = of_type.filter(|found| found.header.movement_type.as_str() == movement_type);
    let items = of_type.flat_map(|movement| movement.value.items.clone());
    items
        .map(|item| {
            let number = shop.read(|tx| Ok(tx.load(item.product)?.number()));
            (number, i64::try_from(item.quantity.value().normalize()).unwrap())
        })
        .collect()
}

/// Account, and debit less credit in pence, of every journal line.
fn ledger(shop: &Shop, account: &str) -> i64 {
    let entries = shop.all::<JournalEntry>().into_iter();
    let lines = entries.flat_map(|entry| entry.value.lines.clone());
    lines
        .filter(|line| line.account.as_str() == account)
        .map(|line| match line.side {
            Side::Debit => line.amount.minor(),
            Side::Credit => -line.amount.minor(),
        })
        .sum()
}

fn figures(shop: &Shop, rows: &str) -> Vec<[String; 4]> {
    let report = shop.import(rows);
    assert!(report.agrees(), "{report}");
    assert_eq!(shop.differences(), Vec::<String>::new());
    let text = |month: &tessera_online_retail::MonthFigures| {
        [month.file, month.billed, month.rounding, month.earned].map(format_decimal)
    };
    report.months.iter().map(text).collect()
}

#[test]
fn an_invoice_becomes_an_order_a_delivery_a_goods_issue_and_an_invoice_of_its_day() {
    let shop = Shop::new();
    let rows = "536365,85123A,WHITE HEART,6,2010-12-01 23:59:00,2.55,17850.0,United Kingdom\n\
                536365,71053,LANTERN,2,2010-12-01 23:59:00,3.39,17850.0,United Kingdom\n";
    assert_eq!(figures(&shop, rows), [["22.08", "22.08", "0", "22.08"]]);

    let [order] = &shop.all::<SalesDocument>()[..] else { panic!("one order") };
    assert_eq!(order.header.document_type.as_str(), "WEB");
    assert_eq!(order.header.customer_reference.as_deref(), Some("536365"));
    assert_eq!(order.header.document_date.to_string(), "2010-12-01");
    assert_eq!(order.items[0].description, "WHITE HEART");
    let [delivery] = &shop.all::<Delivery>()[..] else { panic!("one delivery") };
    assert_eq!(delivery.status.goods_issue.unwrap().to_string(), "2010-12-01");
    let [invoice] = &shop.all::<BillingDocument>()[..] else { panic!("one invoice") };
    assert_eq!(invoice.header.billing_date.to_string(), "2010-12-01");
    assert_eq!(invoice.header.net_value.to_string(), "22.08 GBP");
    assert!(invoice.header.tax_value.is_zero());
    let [open] = &shop.all::<Receivable>()[..] else { panic!("one open item") };
    assert_eq!(open.item.open_amount.to_string(), "22.08 GBP");

    // What was sold was there the day before, at 60 % of its price, and is gone.
    assert_eq!(movements(&shop, "561"), [("85123A".to_string(), 6), ("71053".to_string(), 2)]);
    let opening = &shop.all::<GoodsMovement>()[0];
    assert_eq!(opening.header.posting_date.to_string(), "2010-11-30");
    assert_eq!(ledger(&shop, "893000"), 6 * 153 + 2 * 203);
    assert_eq!(ledger(&shop, "300000"), 0);
}

#[test]
fn a_cancellation_becomes_a_return_a_receipt_and_a_credit_memo() {
    let shop = Shop::new();
    let rows = "C536379,22556,PLASTERS,-12,2010-12-01 09:41:00,1.65,17548.0,United Kingdom\n\
                C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,17548.0,United Kingdom\n\
                536380,22556,PLASTERS,20,2010-12-02 09:41:00,1.65,17548.0,United Kingdom\n";
    assert_eq!(figures(&shop, rows), [["-14.3", "-14.3", "0", "-14.3"]]);
    let order = &shop.all::<SalesDocument>()[0];
    assert_eq!(order.header.document_type.as_str(), "WRE");
    assert_eq!(order.header.category, Category::ReturnOrder);
    let memos: Vec<_> = shop
        .all::<BillingDocument>()
        .into_iter()
        .filter(|document| document.header.category == BillingCategory::CreditMemo)
        .map(|document| (document.items.len(), document.header.net_value.to_string()))
        .collect();
    // Goods by their delivery and the discount by its order: one document.
    assert_eq!(memos, [(2, "47.30 GBP".to_string())]);
    assert_eq!(movements(&shop, "651"), [("22556".to_string(), 12)]);
    // The returned ones are sold again.
    assert_eq!(movements(&shop, "561"), [("22556".to_string(), 8)]);
}

#[test]
fn rows_without_a_price_are_gifts_or_found_or_written_off() {
    let shop = Shop::new();
    let rows = "536400,10002,BALLOON,5,2010-12-01 10:00:00,0.85,12345.0,United Kingdom\n\
                536400,21786,RAIN HAT,1,2010-12-01 10:00:00,0.0,12345.0,United Kingdom\n\
                536414,22139,,56,2010-12-01 11:52:00,0.0,,United Kingdom\n\
                536589,21777,broken,-10,2010-12-01 16:50:00,0.0,,United Kingdom\n\
                536590,22139,FREE FOR DOTCOM,3,2010-12-01 16:50:00,0.0,,United Kingdom\n\
                536590,DOT,DOTCOM POSTAGE,1,2010-12-01 16:50:00,10,,United Kingdom\n\
                C536591,22139,gift back,-1,2010-12-01 16:50:00,0.0,12345.0,United Kingdom\n\
                536592,POST,stamps,100,2010-12-01 16:50:00,0.0,,United Kingdom\n";
    let report = shop.import(rows);
    let expected = Counts { invoices: 6, sold: 3, returned: 1, free: 2, found: 1, written_off: 1 };
    assert_eq!(report.counts, expected);
    assert!(report.agrees(), "{report}");
    assert_eq!(shop.differences(), Vec::<String>::new());
    assert_eq!(movements(&shop, "701"), [("22139".to_string(), 56)]);
    assert_eq!(movements(&shop, "551"), [("21777".to_string(), 10)]);
    assert_eq!(movements(&shop, "651"), [("22139".to_string(), 1)]);
    let issued: Vec<_> = movements(&shop, "601");
    assert_eq!(issued.len(), 3, "{issued:?}");
    // A gift is not billed, and the postage of the other order is.
    let items: Vec<_> = shop.all::<BillingDocument>().iter().map(|d| d.items.len()).collect();
    assert_eq!(items, [1, 1, 1, 1]);
}

#[test]
fn bad_debt_is_booked_to_its_account_and_postage_to_freight() {
    let shop = Shop::new();
    let rows = "A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom\n\
                A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom\n\
                A563187,B,Adjust bad debt,1,2011-08-12 14:52:00,-11062.06,,United Kingdom\n\
                563188,POST,POSTAGE,2,2011-09-12 14:52:00,18.00,,United Kingdom\n\
                563189,M,Manual,1,2011-09-12 14:52:00,5.00,,United Kingdom\n";
    let expected = [["-11062.06", "-11062.06", "0", "-11062.06"], ["41", "41", "0", "41"]];
    assert_eq!(figures(&shop, rows), expected.map(|row| row.map(str::to_string)));
    assert_eq!(ledger(&shop, "231000"), 1_106_206);
    assert_eq!(ledger(&shop, "805000"), -3_600);
    assert_eq!(ledger(&shop, "802000"), -500);
    assert_eq!(shop.count::<Delivery>(), 0);
}

#[test]
fn what_rounding_takes_stays_on_the_documents() {
    let shop = Shop::new();
    let rows = "550193,PADS,CUSHION PADS,1,2011-04-15 09:27:00,0.001,13952.0,United Kingdom\n\
                550193,22139,TEA SET,3,2011-04-15 09:27:00,1.665,13952.0,United Kingdom\n\
                C550194,22139,TEA SET,-3,2011-04-15 10:27:00,1.665,13952.0,United Kingdom\n\
                550195,PADS,CUSHION PADS,1,2011-04-15 09:27:00,0.001,13952.0,United Kingdom\n";
    assert_eq!(figures(&shop, rows), [["0.002", "0", "0.002", "0"]]);
    let roundings: Vec<_> = shop
        .all::<BillingDocument>()
        .iter()
        .map(|document| format_decimal(document.header.rounding))
        .collect();
    // 4.995 are booked as 5.00.
    assert_eq!(roundings, ["-0.004", "-0.005", "0.001"]);
}

#[test]
fn one_number_may_hold_a_sale_and_a_return_several_customers_and_days() {
    let shop = Shop::new();
    let rows = "600001,22139,TEA SET,3,2011-04-15 09:27:00,2.00,13952.0,United Kingdom\n\
                600001,22139,TEA SET,-1,2011-04-15 09:27:00,2.00,13952.0,United Kingdom\n\
                600001,22139,TEA SET,1,2011-04-15 09:27:00,2.00,13953.0,United Kingdom\n\
                600001,22139,TEA SET,1,2011-05-01 09:27:00,2.00,13952.0,United Kingdom\n\
                C600002,22139,TEA SET,4,2011-05-01 09:27:00,2.00,13952.0,United Kingdom\n";
    let expected = [["6", "6", "0", "6"], ["10", "10", "0", "10"]];
    assert_eq!(figures(&shop, rows), expected.map(|row| row.map(str::to_string)));
    assert_eq!(shop.count::<SalesDocument>(), 5);
    assert_eq!(movements(&shop, "561"), [("22139".to_string(), 8)]);
}

#[test]
fn customers_are_kept_by_number_and_those_unknown_by_country() {
    let shop = Shop::new();
    let rows = "1,22139,TEA SET,1,2011-04-15 09:27:00,2.00,12370.0,Cyprus\n\
                2,22139,TEA SET,1,2011-04-15 09:27:00,2.00,12370.0,Austria\n\
                3,22139,TEA SET,1,2011-04-15 09:27:00,2.00,,EIRE\n\
                4,22139,TEA SET,1,2011-04-15 09:27:00,2.00,,EIRE\n\
                5,22139,TEA SET,1,2011-04-15 09:27:00,2.00,12347.0,United Kingdom\n";
    figures(&shop, rows);
    let partners: Vec<_> = shop
        .all::<BusinessPartner>()
        .iter()
        .map(|partner| {
            let general = &partner.general;
            format!("{} {} {}", partner.number(), general.country, general.name)
        })
        .collect();
    let expected = [
        "12370 CY Customer 12370",
        "12370-AT AT Customer 12370, Austria",
        "WEB-IE IE Web shop, unknown customer, EIRE",
        "12347 GB Customer 12347",
    ];
    assert_eq!(partners, expected);
    let deliveries = shop.all::<Delivery>();
    let ship_to = shop.read(|tx| Ok(tx.load(deliveries[1].header.ship_to)?.number()));
    assert_eq!(ship_to, "12370-AT");
    assert_eq!(ledger(&shop, "801000"), -800);
    assert_eq!(ledger(&shop, "800000"), -200);
}

#[test]
fn products_have_the_name_that_stands_there_most_and_are_checked_from_then_on() {
    let shop = Shop::new();
    let rows = "1,22139,wrong,1,2011-04-15 09:27:00,2.00,,United Kingdom\n\
                1,22139,TEA SET,1,2011-04-15 09:27:00,2.00,,United Kingdom\n\
                1,22139,TEA SET,1,2011-04-15 09:27:00,1.00,,United Kingdom\n\
                1,22139a,,1,2011-04-15 09:27:00,2.00,,United Kingdom\n\
                1,POST,POSTAGE,1,2011-04-15 09:27:00,2.00,,United Kingdom\n";
    figures(&shop, rows);
    let products = shop.all::<Product>();
    let names: Vec<_> = products.iter().map(|p| (p.number(), p.general.name.clone())).collect();
    let expected = [("22139", "TEA SET"), ("22139a", "22139a"), ("POST", "POSTAGE")];
    assert_eq!(names, expected.map(|(number, name)| (number.to_string(), name.to_string())));
    assert_eq!(products[0].plants[0].availability_check, AvailabilityCheck::Stock);
    assert_eq!(products[0].plants[0].standard_price.to_string(), "1.00 GBP");
    assert!(products[2].plants.is_empty());
    let items = shop.all::<SalesDocument>()[0].items.clone();
    let texts: Vec<_> = items.iter().map(|item| item.description.as_str()).collect();
    assert_eq!(texts, ["wrong", "TEA SET", "TEA SET", "22139a", "POSTAGE"]);
    assert_eq!(items[0].quantity, Quantity::of(1, Unit::PC));
}

#[test]
fn a_file_is_imported_once_and_may_be_packed() {
    let shop = Shop::new();
    let rows = "1,22139,TEA SET,1,2011-04-15 09:27:00,2.00,,United Kingdom\n";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(format!("{HEADER}{rows}").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(shop.try_import(&packed).unwrap().counts.booked(), 1);
    let error = shop.try_import(&packed).unwrap_err();
    assert!(matches!(error, ImportError::Exists { object: "product", .. }), "{error}");
    assert_eq!(shop.count::<SalesDocument>(), 1);
}
