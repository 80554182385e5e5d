//! What `verify` sees: each stored fact that no longer follows from the documents.

use tessera_delivery::{Delivery, DeliveryStatus, GoodsIssueStatus};
use tessera_document::{FULFILMENT, Fulfilled};
use tessera_finance::ReceivableItem;
use tessera_kernel::{CellRef, Money, Problem, Ref, Tx};
use tessera_sales::Progress;

use crate::shop::Shop;

/// Ten bolts from the order to an invoice.
fn sold() -> (Shop, Ref<Delivery>, Ref<tessera_billing::BillingDocument>) {
    let shop = Shop::new();
    shop.receive("bolt", 30);
    let delivery = shop.ship(shop.order("acme", &[("bolt", 10)]));
    let invoice = shop.invoice(delivery);
    shop.verify();
    (shop, delivery, invoice)
}

/// Changes what no verb changes.
#[track_caller]
fn spoil(shop: &Shop, spoil: impl FnMut(&mut Tx<'_>) -> Result<(), Problem> + Send + 'static) {
    shop.run(spoil).unwrap();
}

#[track_caller]
fn assert_found(shop: &Shop, text: &str) {
    let found = shop.differences();
    assert!(found.iter().any(|difference| difference.contains(text)), "{text}: {found:#?}");
}

#[test]
fn what_is_billed_of_a_delivery_is_what_its_documents_bill() {
    let (shop, delivery, _) = sold();
    spoil(&shop, move |tx| {
        let key = [CellRef::Uuid(delivery.id().0), CellRef::Int(10)];
        tx.adjust(&FULFILMENT, &key, &[(Fulfilled::Billed.measure(), -1)], None)?;
        Ok(())
    });
    assert_found(&shop, "notes 9999999 billed, its documents have 10000000");
}

#[test]
fn a_delivery_is_posted_and_billed_as_its_documents_say() {
    let (shop, delivery, _) = sold();
    let edit = |change: fn(&mut DeliveryStatus)| {
        spoil(&shop, move |tx| Ok(tx.edit::<Delivery, DeliveryStatus, ()>(delivery, change)?));
    };
    edit(|status| status.billing = Progress::Partial);
    assert_found(&shop, "is Partial, not Complete");
    edit(|status| status.billing = Progress::Complete);
    edit(|status| status.goods_issue_status = GoodsIssueStatus::Open);
    assert_found(&shop, "is Open, 1 goods movements of it count");
    edit(|status| status.goods_issue_status = GoodsIssueStatus::Posted);
    edit(|status| status.goods_movement = None);
    assert_found(&shop, "is Posted, 1 goods movements of it count");
}

#[test]
fn a_legal_number_without_a_document_is_found() {
    let (shop, ..) = sold();
    spoil(&shop, |tx| Ok(tx.next_in_series("invoice", "1000-2026").map(drop)?));
    assert_found(&shop, "1000-2026 of invoice was drawn up to 2, documents have 1");
    shop.sell("acme", &[("bolt", 1)]);
    assert_found(&shop, "the series 1000-2026 of invoice lacks 2");
}

#[test]
fn a_number_range_that_is_behind_its_documents_is_found() {
    let (shop, delivery, invoice) = sold();
    let payment = shop.pay("acme", 5_000, &[invoice]);
    let number = shop.load(payment).head.number.unwrap();
    spoil(&shop, move |tx| {
        let copy = tx.load(delivery)?.value;
        tx.insert_numbered(copy, Some("8000777777".into()))?;
        let copy = tx.load(payment)?.value;
        tx.insert_numbered(copy, Some(number.replace("000001", "777777")))?;
        Ok(())
    });
    assert_found(&shop, "a delivery has 777777");
    assert_found(&shop, "payment was drawn up to ");
    // A number that somebody gave by hand is none of the range's.
    let shop = Shop::new();
    let bolt = shop.product_id("bolt");
    spoil(&shop, move |tx| {
        let copy = tx.load(bolt)?.value;
        tx.insert_numbered(copy, Some("P777777".into()))?;
        Ok(())
    });
    shop.verify();
}

#[test]
fn a_billing_document_has_the_entry_and_the_open_item_of_its_gross_value() {
    let (shop, _, invoice) = sold();
    let receivable = shop.receivable(invoice);
    spoil(&shop, move |tx| {
        Ok(tx.edit(receivable, |item: &mut ReceivableItem| {
            item.amount = Money::from_minor(11_899, item.amount.currency());
        })?)
    });
    assert_found(&shop, "has the gross value 11900, its open items have [11899]");
    spoil(&shop, move |tx| {
        let mut document = tx.load(invoice)?;
        let entry = document.header.journal_entry.unwrap();
        document.header.journal_entry = None;
        tx.save(&mut document)?;
        tessera_finance::reverse(tx, Ref::new(entry), document.header.billing_date)
            .map(drop)
            .map_err(Problem::from)
    });
    assert_found(&shop, "names no journal entry");
}

#[test]
fn a_goods_movement_has_entries_of_its_value() {
    let (shop, delivery, _) = sold();
    let movement = shop.load(delivery).status.goods_movement.unwrap();
    spoil(&shop, move |tx| {
        let mut stored = tx.load(movement)?;
        let value = &mut stored.value.items[0].value;
        *value = Money::from_minor(6_501, value.currency());
        Ok(tx.save(&mut stored).map(drop)?)
    });
    assert_found(&shop, "has the value 6501, its entries have 6500");
}

#[test]
fn an_open_item_counts_for_what_is_open_of_it() {
    let (shop, _, invoice) = sold();
    shop.pay("acme", 5_000, &[invoice]);
    let receivable = shop.receivable(invoice);
    spoil(&shop, move |tx| {
        Ok(tx.edit(receivable, |item: &mut ReceivableItem| {
            item.credit_amount = Money::from_minor(6_899, item.credit_amount.currency());
        })?)
    });
    assert_found(&shop, "counts for 68.99 EUR in the credit exposure");
}

#[test]
fn an_open_item_in_another_currency_counts_for_its_share() {
    let shop = Shop::new();
    shop.receive("bolt", 10);
    let invoice = shop.sell("yankee", &[("bolt", 10)]);
    let (receivable, open) = (shop.receivable(invoice), shop.open_amount(invoice));
    let part = crate::documents::money(open / 3, "USD");
    shop.try_pay("yankee", part, &[invoice], &serde_json::json!({})).unwrap();
    shop.verify();
    spoil(&shop, move |tx| {
        Ok(tx.edit(receivable, |item: &mut ReceivableItem| {
            let more = item.credit_amount.minor() + 10;
            item.credit_amount = Money::from_minor(more, item.credit_amount.currency());
        })?)
    });
    assert_found(&shop, "in the credit exposure, which does not follow");
}
