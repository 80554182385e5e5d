//! Planned goods arrive.

use tessera_kernel::{Code, Date, Quantity, Ref, Stored, Tx};

use crate::{
    GoodsMovement, MovementDraft, MovementLine, PlannedReceipt, PlannedReceiptTerms, StockError,
    post_movement,
};

/// What arrived of a planned receipt.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Movement type.
    pub movement_type: Code,
    /// Day on which it counts in the books.
    pub posting_date: Date,
    /// Quantity in the base unit; everything that is open where absent. More than is open may
    /// arrive.
    pub quantity: Option<Quantity>,
    /// Storage location; where absent, the one that the product has in the plant.
    pub storage_location: Option<Code>,
    /// Number of the supplier's delivery note.
    pub reference_number: Option<String>,
}

/// Posts the goods movement of goods that were planned. The ledger is the caller's, as for
/// [`post_movement`].
///
/// [`StockError::PlannedReceiptClosed`] where nothing is open.
pub fn receive_planned_receipt(
    tx: &mut Tx<'_>,
    id: Ref<PlannedReceipt>,
    receipt: Receipt,
) -> Result<Stored<GoodsMovement>, StockError> {
    let terms: PlannedReceiptTerms = tx.segment_one(id.id())?;
    let quantity = receipt.quantity.unwrap_or(terms.open_quantity);
    if quantity.is_zero() {
        let number = tx.load(id)?.number();
        return Err(StockError::PlannedReceiptClosed { number });
    }
    let line = MovementLine {
        storage_location: receipt.storage_location,
        planned_receipt: Some(id),
        ..MovementLine::new(terms.product, terms.plant, quantity)
    };
    let mut draft = MovementDraft::new(receipt.movement_type, receipt.posting_date, vec![line]);
    draft.reference = Some(id.id());
    draft.reference_number = receipt.reference_number;
    post_movement(tx, draft).map_err(StockError::without_item)
}
