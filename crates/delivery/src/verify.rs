//! What deliveries hold and take up, recomputed from the documents.

mod price_changes;
mod status;
mod values;

use std::collections::HashMap;

use tessera_document::{PAYER, fulfilments, partner_in};
use tessera_kernel::{Cell, Choice as _, Code, Fault, Findings, ObjectId, Ref, Tx, to_micros};
use tessera_sales::{Reserved, SalesDocument, SalesHeader};

use crate::{Delivery, DeliverySettings, GoodsIssueStatus};

pub(crate) use price_changes::check as check_price_changes;
pub(crate) use status::check as check_status;
pub(crate) use values::check as check_values;

/// Checks that no number range is behind the highest number of its deliveries.
pub(crate) fn check_numbers(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let types = &tx.settings::<DeliverySettings>()?.delivery_types;
    let range_of = |code| types.get(code).map(|rule| rule.number_range);
    let def = <Delivery as tessera_kernel::Object>::def();
    tessera_kernel::compare_last_numbers(tx, def, "delivery_type", &range_of, findings)
}

/// Checks the reservations of stock: what open orders and open deliveries hold.
pub(crate) fn check_reserved(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut reserved = Reserved::new();
    tessera_sales::add_reserved(tx, &mut reserved)?;
    let open = Cell::Text(GoodsIssueStatus::Open.code().into());
    for id in tx.find::<Delivery>("goods_issue_status", open)? {
        let delivery = tx.load(id)?;
        for item in &delivery.items {
            if let Some(day) = item.reserved_on {
                let micros = to_micros(item.base_quantity.value())?;
                *reserved.entry((item.product, item.plant, day)).or_default() += micros;
            }
        }
    }
    tessera_stock::compare_reserved(tx, &reserved, findings)
}

/// Checks the quantity that deliveries take up of each order item.
pub(crate) fn check_delivered(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut delivered: HashMap<(Ref<SalesDocument>, u32), i64> = HashMap::new();
    for id in tx.all::<Delivery>()? {
        let delivery = tx.load(id)?;
        if delivery.status.goods_issue_status == GoodsIssueStatus::Cancelled {
            continue;
        }
        for item in &delivery.items {
            let micros = to_micros(item.base_quantity.value())?;
            *delivered.entry((item.order, item.order_item)).or_default() += micros;
        }
    }
    let check = "delivered_quantities";
    tessera_sales::compare_fulfilment(tx, check, |taken| taken.delivered, &delivered, findings)
}

/// Checks the credit exposure of deliveries that are not billed, by payer and by order item.
pub(crate) fn check_open_deliveries(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    use tessera_sales::Progress;
    let mut expected: HashMap<(Code, ObjectId), i64> = HashMap::new();
    let mut by_item: HashMap<(Ref<SalesDocument>, u32), i64> = HashMap::new();
    for progress in [Progress::Open, Progress::Partial, Progress::NotRelevant] {
        for id in tx.find::<Delivery>("billing", Cell::Text(progress.code().into()))? {
            let delivery = tx.load(id)?;
            if delivery.status.goods_issue_status == GoodsIssueStatus::Cancelled {
                continue;
            }
            for item in delivery.items.iter().filter(|item| !item.credit_value.is_zero()) {
                if is_billed(tx, id, item.item)? {
                    continue;
                }
                let header: SalesHeader = tx.segment_one(item.order.id())?;
                let partners = tx.segment(item.order.id())?;
                let Some(payer) = partner_in(&partners, PAYER) else { continue };
                let account = (header.credit_control_area, payer.id());
                *expected.entry(account).or_default() += item.credit_value.minor();
                *by_item.entry((item.order, item.order_item)).or_default() +=
                    item.credit_value.minor();
            }
        }
    }
    let check = "credit_in_deliveries";
    tessera_sales::compare_fulfilment(tx, check, |taken| taken.in_deliveries, &by_item, findings)?;
    let measure = tessera_credit::Measure::OpenDeliveries;
    tessera_credit::compare_exposure(tx, measure, &expected, findings)
}

/// Whether a billing document took the item up.
fn is_billed(tx: &mut Tx<'_>, id: Ref<Delivery>, item: u32) -> Result<bool, Fault> {
    Ok(fulfilments(tx, id.id())?.of(item).billed > 0)
}
