//! Money that comes in: in full, in part, with discount, too little, too much.

use serde_json::json;
use tessera_finance::{ItemStatus, Payment, PaymentStatus};

use crate::documents::euros;
use crate::shop::Shop;
use crate::world::World;

/// An invoice of 1,190.00 to a customer with 2 % within 10 days, of 2 March.
fn invoiced() -> (Shop, tessera_kernel::Ref<tessera_billing::BillingDocument>) {
    let shop = Shop::new();
    shop.receive("bolt", 1_000);
    let invoice = shop.sell("acme", &[("bolt", 100)]);
    (shop, invoice)
}

#[test]
fn a_partial_payment_leaves_the_rest_open() {
    let (shop, invoice) = invoiced();
    shop.pay("acme", 50_000, &[invoice]);
    assert_eq!(
        (shop.open_amount(invoice), shop.open_item(invoice).status),
        (69_000, ItemStatus::Partly)
    );
    assert_eq!(shop.exposure("acme"), (0, 0, 69_000));
    shop.verify();
    shop.pay("acme", 69_000, &[invoice]);
    assert_eq!(shop.open_item(invoice).status, ItemStatus::Cleared);
    shop.verify();
}

/// Output tax by an account key of the house.
const OWN_TAX_KEY: &str = r#"
[account.175001]
chart = "INT"
name = { en = "Output tax of the house" }
kind = "liability"
[account_key.MW2]
name = { en = "Output tax of the house" }
[account_determination.MW2]
chart = "INT"
key = "MW2"
account = "175001"
[pricing_procedure.STD]
name = { en = "Own procedure" }
[[pricing_procedure.STD.steps]]
step = 11
condition_type = "PR00"
required = true
account_key = "ERL"
[[pricing_procedure.STD.steps]]
step = 900
name = { en = "Net value" }
base_formula = "net"
subtotal = "net"
[[pricing_procedure.STD.steps]]
step = 915
condition_type = "MWST"
from = 900
required = true
account_key = "MW2"
[[pricing_procedure.STD.steps]]
step = 920
name = { en = "Total" }
subtotal = "credit"
"#;

#[test]
fn a_cash_discount_lowers_the_tax_by_whatever_account_key_it_was_posted() {
    let shop = Shop::in_world(World::with(OWN_TAX_KEY));
    shop.receive("bolt", 100);
    let invoice = shop.sell("acme", &[("bolt", 100)]);
    assert_eq!(shop.account("175001"), -19_000);
    let discount = json!({ "discount": euros(2_380) });
    shop.try_pay("acme", euros(116_620), &[invoice], &discount).unwrap();
    assert_eq!((shop.account("880000"), shop.account("175001")), (2_000, -18_620));
    shop.verify();
}

#[test]
fn a_cash_discount_within_the_terms_lowers_the_tax_too() {
    let (shop, invoice) = invoiced();
    shop.on("2026-03-11");
    let discount = json!({ "discount": euros(2_380) });
    shop.try_pay("acme", euros(116_620), &[invoice], &discount).unwrap();
    assert_eq!(shop.open_amount(invoice), 0);
    // 23.80 are 20.00 of expense and 3.80 of tax.
    assert_eq!((shop.account("880000"), shop.account("175000")), (2_000, -18_620));
    assert_eq!((shop.account("140000"), shop.account("113109")), (0, 116_620));
    assert_eq!(shop.exposure("acme"), (0, 0, 0));
    shop.verify();
}

#[test]
fn a_discount_that_is_late_or_too_large_is_refused() {
    let (shop, invoice) = invoiced();
    let refused = |minor| {
        let discount = json!({ "discount": euros(minor) });
        shop.try_pay("acme", euros(119_000 - minor), &[invoice], &discount).unwrap_err()
    };
    refused(2_381);
    shop.on("2026-03-16");
    let late = refused(2_380);
    assert!(late.detail.contains("2026-03-12"), "{late}");
    assert_eq!((shop.open_amount(invoice), shop.count::<Payment>()), (119_000, 0));
    shop.verify();
}

#[test]
fn a_residual_stays_open_without_a_discount_and_a_small_difference_is_written_off() {
    let (shop, invoice) = invoiced();
    let residual = json!({ "remainder": "residual" });
    shop.try_pay("acme", euros(100_000), &[invoice], &residual).unwrap();
    let item = shop.open_item(invoice);
    assert_eq!((item.open_amount.minor(), item.discount_ended), (19_000, true));
    let discount = json!({ "discount": euros(1) });
    shop.try_pay("acme", euros(18_999), &[invoice], &discount).unwrap_err();
    let short = json!({ "remainder": "write_off" });
    shop.try_pay("acme", euros(18_600), &[invoice], &short).unwrap();
    assert_eq!((shop.open_amount(invoice), shop.exposure("acme")), (0, (0, 0, 0)));
    shop.verify();
}

#[test]
fn too_much_money_stays_on_account_and_pays_the_next_invoice() {
    let (shop, invoice) = invoiced();
    let payment = shop.pay("acme", 150_000, &[invoice]);
    assert_eq!(shop.load(payment).header.unallocated.minor(), 31_000);
    assert_eq!((shop.exposure("acme"), shop.account("140000")), ((0, 0, -31_000), -31_000));
    shop.verify();
    let next = shop.sell("acme", &[("bolt", 20)]);
    let body = json!({ "allocations": [{ "receivable": shop.receivable(next).to_string() }] });
    shop.act(payment, "allocate", body).unwrap();
    assert_eq!(shop.open_amount(next), 0);
    assert_eq!(shop.load(payment).header.status, PaymentStatus::Partly);
    assert_eq!(shop.exposure("acme"), (0, 0, -7_200));
    shop.verify();
}

#[test]
fn a_cancelled_payment_opens_everything_again() {
    let (shop, invoice) = invoiced();
    let discount = json!({ "discount": euros(2_380) });
    let payment = shop.try_pay("acme", euros(116_620), &[invoice], &discount).unwrap();
    shop.act(payment, "cancel", json!({})).unwrap();
    assert_eq!((shop.open_amount(invoice), shop.exposure("acme")), (119_000, (0, 0, 119_000)));
    assert_eq!((shop.account("880000"), shop.account("175000")), (0, -19_000));
    shop.verify();
    shop.pay("acme", 119_000, &[invoice]);
    shop.verify();
}

#[test]
fn money_of_another_customer_pays_nothing_here() {
    let (shop, invoice) = invoiced();
    shop.try_pay("free", euros(119_000), &[invoice], &json!({})).unwrap_err();
    shop.try_pay("acme", euros(-100), &[invoice], &json!({})).unwrap_err();
    assert_eq!(shop.open_amount(invoice), 119_000);
    shop.verify();
}

#[test]
fn a_bad_debt_is_written_off_with_its_tax() {
    let (shop, invoice) = invoiced();
    shop.act(shop.receivable(invoice), "write_off", json!({ "reason": "insolvent" })).unwrap();
    assert_eq!((shop.account("231000"), shop.account("175000")), (100_000, 0));
    assert_eq!((shop.open_amount(invoice), shop.exposure("acme")), (0, (0, 0, 0)));
    shop.verify();
}
