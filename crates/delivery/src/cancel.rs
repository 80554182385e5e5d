//! Cancels a delivery whose goods have not moved.

use serde_json::json;
use tessera_credit::Exposure;
use tessera_document::{Fulfilled, PAYER, partner_in};
use tessera_kernel::{Kind, Money, Quantity, Ref, Tx, from_micros, to_micros};
use tessera_sales::{Progress, SalesDocument, Taking};

use crate::goods_issue::require_status;
use crate::{Delivery, DeliveryError, DeliveryItem, DeliveryStatus, GoodsIssueStatus};

/// Cancels an open delivery: its orders have their quantities, promises and credit value again.
pub fn cancel_delivery(
    tx: &mut Tx<'_>,
    id: Ref<Delivery>,
) -> Result<(), DeliveryError> {
    tx.actor().require(Delivery::NAME, "cancel")?;
    let delivery = tx.load(id)?;
    let hint = "only an open delivery can be cancelled; reverse its goods issue first";
    require_status(&delivery, GoodsIssueStatus::Open, hint)?;
    let mut orders: Vec<Ref<SalesDocument>> =
        delivery.items.iter().map(|item| item.order).collect();
    orders.dedup();
    for order in orders {
        let mut work = Taking::load(tx, order)?;
        for item in delivery.items.iter().filter(|item| item.order == order) {
            give_back(tx, &mut work, item)?;
        }
        work.finish(tx)?;
    }
    tx.edit::<Delivery, DeliveryStatus, ()>(id, |status| {
        status.goods_issue_status = GoodsIssueStatus::Cancelled;
        status.billing = Progress::NotRelevant;
    })?;
    let payload = json!({ "number": delivery.head.number });
    tx.emit("delivery.cancelled", delivery.head.id, &payload)?;
    Ok(())
}

fn give_back(
    tx: &mut Tx<'_>,
    order: &mut Taking,
    item: &DeliveryItem,
) -> Result<(), DeliveryError> {
    let number = item.order_item;
    let quantity = to_micros(item.base_quantity.value())?;
    let credit = item.credit_value.minor();
    let delivered = order.fulfilments.of(number).delivered;
    let before = tessera_sales::open_schedule(&order.document, number, delivered)?;
    order.give_back(tx, number, Fulfilled::Delivered, quantity, credit)?;
    let after = tessera_sales::open_schedule(&order.document, number, delivered - quantity)?;
    let rejected = order.item(number)?.rejection_reason.is_some();
    if let Some(day) = item.reserved_on {
        tessera_stock::release(tx, item.product, item.plant, day, item.base_quantity)?;
        if !rejected {
            let unit = item.base_quantity.unit();
            for (line, open) in after.iter().filter(|(line, _)| line.reserved) {
                let was = before
                    .iter()
                    .find(|(former, _)| former.line == line.line)
                    .map_or(0, |(_, open)| *open);
                if *open > was {
                    let back = Quantity::new(from_micros(open - was), unit)?;
                    let day = line.date;
                    tessera_stock::reserve_unchecked(tx, item.product, item.plant, day, back)?;
                }
            }
        }
    }
    if credit != 0 {
        let payer = partner_in(&order.document.partners, PAYER)
            .ok_or_else(|| DeliveryError::NotDeliverable { number: order.document.number() })?;
        let area = order.document.header.credit_control_area;
        // An item that was rejected meanwhile no longer counts as an open order.
        let value = Money::from_minor(-credit, item.credit_value.currency());
        if rejected {
            tessera_credit::shift(tx, area, payer, Exposure::deliveries(value))?;
        } else {
            tessera_credit::order_to_delivery(tx, area, payer, value)?;
        }
    }
    Ok(())
}
