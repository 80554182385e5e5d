//! What billing documents take up and sum up, recomputed.

mod books;
mod numbers;

use std::collections::{HashMap, HashSet};

use tessera_delivery::{Delivery, DeliveryItem};
use tessera_document::fulfilments_between;
use tessera_kernel::{Decimal, Fault, Findings, Money, ObjectId, Ref, Tx, to_micros};
use tessera_sales::SalesDocument;

use crate::{BillingCategory, BillingDocument, BillingHeader, BillingItem};

pub(crate) use books::check as check_books;
pub(crate) use numbers::check as check_numbers;

/// Whether the document takes something up now.
fn counts(header: &BillingHeader) -> bool {
    header.cancelled_by.is_none()
        && matches!(header.category, BillingCategory::Invoice | BillingCategory::CreditMemo)
}

/// Checks the quantity that billing documents take up of each order item.
pub(crate) fn check_billed(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut billed: HashMap<(Ref<SalesDocument>, u32), i64> = HashMap::new();
    each_billed(tx, &mut |item| {
        let micros = to_micros(item.base_quantity.value())?;
        *billed.entry((item.order, item.order_item)).or_default() += micros;
        Ok(())
    })?;
    tessera_sales::compare_fulfilment(
        tx,
        "billed_quantities",
        |taken| taken.billed,
        &billed,
        findings,
    )
}

/// Checks the quantity that billing documents take up of each delivery item.
pub(crate) fn check_deliveries(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut billed: HashMap<(ObjectId, u32), i64> = HashMap::new();
    each_billed(tx, &mut |item| {
        if let Some((delivery, number)) = item.delivery.zip(item.delivery_item) {
            let micros = to_micros(item.base_quantity.value())?;
            *billed.entry((delivery.id(), number)).or_default() += micros;
        }
        Ok(())
    })?;
    let mut compared = 0;
    tx.each_page::<Delivery>(&mut |tx, first, last| {
        let taken = fulfilments_between(tx, first, last)?;
        for (id, item) in tx.records_between::<DeliveryItem>(first, last)? {
            compared += 1;
            let noted = taken.get(&(id, item.item)).map_or(0, |taken| taken.billed);
            let found = billed.remove(&(id, item.item)).unwrap_or(0);
            if noted != found {
                let number = item.item;
                findings.differs(format!(
                    "item {number} of delivery {id} notes {noted} billed, its documents have {found}"
                ));
            }
        }
        Ok(())
    })?;
    for ((id, item), found) in billed {
        findings.differs(format!("{found} are billed of item {item} of {id}, which is not there"));
    }
    findings.compared("billed_deliveries", compared);
    Ok(())
}

/// Visits the items of every document that takes something up now, page by page.
fn each_billed(
    tx: &mut Tx<'_>,
    visit: &mut dyn FnMut(&BillingItem) -> Result<(), Fault>,
) -> Result<(), Fault> {
    tx.each_page::<BillingDocument>(&mut |tx, first, last| {
        let headers = tx.records_between::<BillingHeader>(first, last)?;
        let counting = headers.into_iter().filter(|(_, header)| counts(header));
        let counting: HashSet<ObjectId> = counting.map(|(id, _)| id).collect();
        let items = tx.records_between::<BillingItem>(first, last)?;
        items.iter().filter(|(id, _)| counting.contains(id)).try_for_each(|(_, item)| visit(item))
    })
}

/// Checks that the totals of every billing document are those of its items, and that the items'
/// are those of their conditions.
pub(crate) fn check_documents(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let ids = tx.all::<BillingDocument>()?;
    findings.compared("billing_documents", ids.len());
    for id in ids {
        let document = tx.load(id)?;
        let header = &document.header;
        let zero = Money::zero(header.currency);
        let (mut net, mut tax, mut rounding) = (zero, zero, Decimal::ZERO);
        for item in &document.items {
            let (mut item_net, mut item_tax) = (zero, zero);
            let rows = document.conditions.iter();
            for row in rows.filter(|row| row.item == item.item && row.counts()) {
                if row.is_tax() {
                    item_tax = item_tax.plus(row.value)?;
                } else {
                    item_net = item_net.plus(row.value)?;
                    rounding += row.rounding;
                }
            }
            if item_net != item.net_value || item_tax != item.tax_value {
                findings.differs(format!(
                    "item {} of billing document {} differs from its conditions",
                    item.item,
                    document.number()
                ));
            }
            net = net.plus(item.net_value)?;
            tax = tax.plus(item.tax_value)?;
        }
        let gross = net.plus(tax)?;
        let same = net == header.net_value
            && tax == header.tax_value
            && gross == header.gross_value
            && rounding == header.rounding;
        if !same {
            let number = document.number();
            findings.differs(format!("billing document {number} differs from its items"));
        }
    }
    Ok(())
}
