//! What goods movements do to planned receipts.

use tessera_kernel::{Fault, Object, Quantity, Ref, Tx, to_micros};

use super::expect;
use crate::{
    GoodsMovementItem, PlannedReceipt, PlannedReceiptStatus, PlannedReceiptTerms, StockError,
};

/// Takes what an item brings from what is open, at most all of it; answers how much that was.
///
/// [`StockError::PlannedReceiptClosed`] where nothing is open,
/// [`StockError::OtherPlannedReceipt`] where it announced something else.
pub(crate) fn fulfil(
    tx: &mut Tx<'_>,
    id: Ref<PlannedReceipt>,
    item: &GoodsMovementItem,
) -> Result<Quantity, StockError> {
    let terms: PlannedReceiptTerms = tx.segment_one(id.id())?;
    if (terms.product, terms.plant) != (item.product, item.plant) {
        let (number, product) = (number(tx, id)?, tx.shared(terms.product)?.number());
        return Err(StockError::OtherPlannedReceipt { number, product, plant: terms.plant });
    }
    if terms.status != PlannedReceiptStatus::Open {
        return Err(StockError::PlannedReceiptClosed { number: number(tx, id)? });
    }
    let taken = terms.open_quantity.min(item.quantity).map_err(Fault::from)?;
    put_open(tx, id, &terms, taken.negated())?;
    Ok(taken)
}

/// Opens again what a reversed movement had taken; a receipt that was cancelled stays so.
pub(crate) fn reopen(
    tx: &mut Tx<'_>,
    id: Ref<PlannedReceipt>,
    quantity: Quantity,
) -> Result<(), StockError> {
    let terms: PlannedReceiptTerms = tx.segment_one(id.id())?;
    if terms.status == PlannedReceiptStatus::Cancelled {
        return Ok(());
    }
    put_open(tx, id, &terms, quantity)
}

fn put_open(
    tx: &mut Tx<'_>,
    id: Ref<PlannedReceipt>,
    terms: &PlannedReceiptTerms,
    more: Quantity,
) -> Result<(), StockError> {
    let open = terms.open_quantity.plus(more).map_err(Fault::from)?;
    let micros = to_micros(more.value()).map_err(Fault::from)?;
    expect(tx, terms.product, terms.plant, terms.date, micros)?;
    tx.edit(id, |terms: &mut PlannedReceiptTerms| {
        terms.open_quantity = open;
        terms.status = match open.is_zero() {
            true => PlannedReceiptStatus::Received,
            false => PlannedReceiptStatus::Open,
        };
    })?;
    Ok(())
}

fn number(tx: &mut Tx<'_>, id: Ref<PlannedReceipt>) -> Result<String, Fault> {
    let head = tx.head(PlannedReceipt::def(), id.id())?;
    Ok(head.number.unwrap_or_else(|| id.to_string()))
}
