//! Reversing a goods movement.

use tessera_kernel::{Code, Date, Kind, Object, Ref, Stored, Tx, business_day};

use crate::post_movement::book;
use crate::{GoodsMovement, GoodsMovementHeader, GoodsMovementItem, StockError, StockSettings};

/// Posts the opposite of a goods movement, with the same quantities and values: stock,
/// reservations and planned receipts come back to where they were.
///
/// [`StockError::ReversedAlready`] the second time; [`StockError::NotReversible`] where the
/// movement type has no reversal, or the movement is a reversal itself;
/// [`StockError::NotEnough`] where what was received is gone already.
pub fn reverse_movement(
    tx: &mut Tx<'_>,
    id: Ref<GoodsMovement>,
    posting_date: Date,
) -> Result<Stored<GoodsMovement>, StockError> {
    tx.actor().require(GoodsMovement::NAME, "reverse")?;
    let original = tx.load(id)?;
    if let Some(by) = original.header.reversed_by {
        let by = tx.head(GoodsMovement::def(), by.id())?;
        let by = by.number.unwrap_or_else(|| by.id.to_string());
        return Err(StockError::ReversedAlready { number: original.number(), by });
    }
    let movement_type = reversal_type(tx, &original)?;
    business_day(posting_date)
        .map_err(|message| StockError::organisation("posting_date", message))?;
    let header = GoodsMovementHeader {
        movement_type,
        posting_date,
        document_date: posting_date,
        reference: original.header.reference,
        reference_number: original.header.reference_number.clone(),
        reversed_by: None,
        reverses: Some(id),
        text: None,
    };
    let items = original.items.iter().map(opposite).collect();
    let reversal = book(tx, header, items).map_err(StockError::without_item)?;
    let by = reversal.id();
    tx.edit(id, |header: &mut GoodsMovementHeader| header.reversed_by = Some(by))?;
    Ok(reversal)
}

fn reversal_type(tx: &Tx<'_>, original: &Stored<GoodsMovement>) -> Result<Code, StockError> {
    let settings = tx.settings::<StockSettings>()?;
    let movement_type = original.header.movement_type;
    let found = settings.movement_types.get(movement_type).and_then(|movement| movement.reversal);
    match found {
        Some(code) if original.header.reverses.is_none() => Ok(code),
        _ => Err(StockError::NotReversible { number: original.number(), movement_type }),
    }
}

fn opposite(item: &GoodsMovementItem) -> GoodsMovementItem {
    let mut opposite = GoodsMovementItem { direction: item.direction.opposite(), ..item.clone() };
    if let (Some(plant), Some(location)) = (item.to_plant, item.to_storage_location) {
        opposite.plant = plant;
        opposite.storage_location = location;
        opposite.to_plant = Some(item.plant);
        opposite.to_storage_location = Some(item.storage_location);
        opposite.value = item.to_value.unwrap_or(item.value);
        opposite.to_value = Some(item.value);
    }
    opposite
}
