//! Cancels a delivery whose goods have not moved.

use serde_json::json;
use tessera_document::Fulfilled;
use tessera_kernel::{Kind, Ref, Tx, to_micros};
use tessera_sales::{Progress, SalesDocument, Taking};

use crate::create::shift_credit;
use crate::goods_issue::{edit_status, require_status};
use crate::{Delivery, DeliveryError, DeliveryItem, GoodsIssueStatus};

/// Cancels an open delivery: its orders have their quantities and credit value again, and what
/// they get back is promised anew.
pub fn cancel_delivery(tx: &mut Tx<'_>, id: Ref<Delivery>) -> Result<(), DeliveryError> {
    tx.actor().require(Delivery::NAME, "cancel")?;
    let mut delivery = tx.load(id)?;
    let hint = "only an open delivery can be cancelled; reverse its goods issue first";
    require_status(&delivery, GoodsIssueStatus::Open, hint)?;
    let mut orders: Vec<Ref<SalesDocument>> =
        delivery.items.iter().map(|item| item.order).collect();
    orders.sort_unstable();
    orders.dedup();
    for order in orders {
        let mut work = Taking::load(tx, order)?;
        for item in delivery.items.iter().filter(|item| item.order == order) {
            give_back(tx, &mut work, item)?;
        }
        work.finish(tx)?;
    }
    edit_status(tx, &mut delivery, |status| {
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
    order.give_back(tx, number, Fulfilled::Delivered, quantity, credit)?;
    if let Some(day) = item.reserved_on {
        tessera_stock::release(tx, item.product, item.plant, day, item.base_quantity)?;
    }
    order.promise_anew(tx, number, delivered)?;
    shift_credit(tx, order, -credit)
}
