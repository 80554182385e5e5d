//! What billing documents take up and sum up, recomputed.

use std::collections::HashMap;

use tessera_kernel::{Decimal, Fault, Findings, Money, Ref, Tx, to_micros};
use tessera_sales::SalesDocument;

use crate::{BillingCategory, BillingDocument};

/// Whether the document takes something up now.
fn counts(document: &BillingDocument) -> bool {
    let category = document.header.category;
    document.header.cancelled_by.is_none()
        && matches!(category, BillingCategory::Invoice | BillingCategory::CreditMemo)
}

/// Checks the quantity that billing documents take up of each order item.
pub(crate) fn check_billed(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut billed: HashMap<(Ref<SalesDocument>, u32), i64> = HashMap::new();
    for id in tx.all::<BillingDocument>()? {
        let document = tx.load(id)?;
        if counts(&document) {
            for item in &document.items {
                let micros = to_micros(item.base_quantity.value())?;
                *billed.entry((item.order, item.order_item)).or_default() += micros;
            }
        }
    }
    tessera_sales::compare_fulfilment(
        tx,
        "billed_quantities",
        |taken| taken.billed,
        &billed,
        findings,
    )
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
