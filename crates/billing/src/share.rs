//! What of the conditions of an order item goes with a part of its quantity, so that the invoices
//! of any split sum exactly to the order.

use tessera_document::{DocumentKind, successors};
use tessera_kernel::{Fault, ObjectId, Quantity, Tx, from_micros, to_micros};
use tessera_pricing::{Part, PricingCondition, copy_for_part, rest_of_parts};
use tessera_sales::{SalesItem, Taking};

use crate::create::Line;
use crate::{BillingError, BillingHeader, BillingItem};

/// Conditions of the next `quantity` (micro-units of the base unit) of an item, of which `before`
/// is billed. The last part is what the others left, because one of them may have been cancelled
/// and billed again in another sequence; the parts before it are shares in proportion. `lines` are
/// those that the command has taken already.
pub(crate) fn conditions(
    tx: &mut Tx<'_>,
    order: &Taking,
    item: &SalesItem,
    (before, quantity): (i64, i64),
    lines: &[Line],
) -> Result<Vec<PricingCondition>, BillingError> {
    let rows: Vec<PricingCondition> =
        order.document.conditions.iter().filter(|row| row.item == item.item).cloned().collect();
    let whole = to_micros(item.base_quantity.value())?;
    if before > 0 && before + quantity == whole {
        let id = order.document.head.id;
        let mut parts = billed(tx, id, item.item)?;
        if !parts.is_empty() {
            let pending = lines
                .iter()
                .filter(|line| line.item.order.id() == id && line.item.order_item == item.item);
            parts.extend(pending.flat_map(|line| line.conditions.iter().cloned()));
            if let Some(rest) = rest_of_parts(&rows, item.item, &parts)? {
                return Ok(rest);
            }
        }
    }
    let amount = |micros| Quantity::new(from_micros(micros), item.base_quantity.unit());
    let part =
        Part { whole: item.base_quantity, before: amount(before)?, quantity: amount(quantity)? };
    let rounding = tessera_sales::rounding(tx, &order.document)?;
    Ok(copy_for_part(&rows, item.item, part, rounding)?)
}

/// Conditions by which an order item was billed and not cancelled.
fn billed(tx: &mut Tx<'_>, order: ObjectId, number: u32) -> Result<Vec<PricingCondition>, Fault> {
    let mut documents = Vec::new();
    for (successor, kind) in successors(tx, order)? {
        match kind {
            DocumentKind::Invoice | DocumentKind::CreditMemo => documents.push(successor),
            _ => documents.extend(successors(tx, successor)?.into_iter().map(|(id, _)| id)),
        }
    }
    documents.sort_unstable();
    documents.dedup();
    let mut conditions = Vec::new();
    for document in documents {
        let header: Option<BillingHeader> = tx.segment(document)?.pop();
        if header.is_none_or(|header| header.cancelled_by.is_some() || header.cancels.is_some()) {
            continue;
        }
        let items = tx.segment::<BillingItem>(document)?;
        let of_item = |item: &&BillingItem| (item.order.id(), item.order_item) == (order, number);
        let numbers: Vec<u32> = items.iter().filter(of_item).map(|item| item.item).collect();
        if !numbers.is_empty() {
            let rows = tx.segment::<PricingCondition>(document)?;
            conditions.extend(rows.into_iter().filter(|row| numbers.contains(&row.item)));
        }
    }
    Ok(conditions)
}
