//! What left of an order: goods issues that were not taken back.

use tessera_document::{DocumentKind, fulfilments, successors};
use tessera_kernel::{Cell, Fault, Ref, Tx, to_micros};
use tessera_stock::{Direction, GoodsMovement, GoodsMovementItem};

use crate::reference::hold;
use crate::take::Taking;
use crate::{SalesDocument, SalesError};

/// What left of the items of an order, in micro-units of the base unit: the goods movements of its
/// deliveries, less those that reversed them.
pub(crate) fn issued(tx: &mut Tx<'_>, order: Ref<SalesDocument>) -> Result<Vec<(u32, i64)>, Fault> {
    let mut issued = Vec::new();
    for (delivery, kind) in successors(tx, order.id())? {
        if kind != DocumentKind::Delivery {
            continue;
        }
        for movement in tx.find::<GoodsMovement>("reference", Cell::Uuid(delivery.0))? {
            let items = tx.segment::<GoodsMovementItem>(movement.id())?;
            for item in items.iter().filter(|item| item.source_document == Some(order.id())) {
                let quantity = to_micros(item.quantity.value())?;
                let signed = if item.direction == Direction::Issue { quantity } else { -quantity };
                issued.extend(item.source_item.map(|number| (number, signed)));
            }
        }
    }
    Ok(issued)
}

/// Refuses the reversal of a goods issue that leaves less issued of an order than came back of it;
/// called when the goods are in stock again.
///
/// [`SalesError::Returned`] with the item.
pub fn check_issued(
    tx: &mut Tx<'_>,
    order: Ref<SalesDocument>,
    items: &[u32],
) -> Result<(), SalesError> {
    hold(tx, order, items.iter().copied())?;
    let taken = fulfilments(tx, order.id())?;
    if items.iter().all(|item| taken.of(*item).referenced == 0) {
        return Ok(());
    }
    let mut work = Taking::load(tx, order)?;
    work.issued = issued(tx, order)?;
    items.iter().try_for_each(|item| work.check_returned(*item))
}
