//! Reservations after the promise: given back, or moved to another day.

use tessera_kernel::{CellRef, Code, Date, END_OF_TIME, Fault, Quantity, Ref, Tx, date_to_days};
use tessera_product::{AvailabilityCheck, Product};

use crate::StockError;
use crate::availability::{in_plant, positive, quantity_of};
use crate::balances::{REQUIREMENT, RESERVED, adjust_requirement, hold};
use crate::timeline::{Timeline, View};

/// Gives a reservation back.
///
/// [`StockError::NotReserved`] where less is reserved on that day.
pub fn release(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    date: Date,
    quantity: Quantity,
) -> Result<(), StockError> {
    let micros = positive(quantity)?;
    if adjust_requirement(tx, product, plant, date, (RESERVED, -micros))? {
        return Ok(());
    }
    let reserved = reserved_on(tx, product, plant, date)?;
    let reserved = quantity_of(reserved, quantity.unit())?;
    let product = tx.shared(product)?.number();
    Err(StockError::NotReserved { product, plant, date, quantity, reserved })
}

/// Reserves without asking whether anything covers it: a reservation that a reversal brings back,
/// or a promise that history made.
pub fn reserve_unchecked(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    date: Date,
    quantity: Quantity,
) -> Result<(), StockError> {
    let micros = positive(quantity)?;
    adjust_requirement(tx, product, plant, date, (RESERVED, micros))?;
    Ok(())
}

/// A reservation on its way to another day.
#[derive(Clone, Copy, Debug)]
pub struct ReservationMove {
    /// Product.
    pub product: Ref<Product>,
    /// Plant.
    pub plant: Code,
    /// Quantity in the base unit.
    pub quantity: Quantity,
    /// Day on which it is reserved.
    pub from: Date,
    /// Day to which it moves.
    pub to: Date,
    /// Today in the plant.
    pub today: Date,
}

/// Moves a reservation to another day. To a later day it always fits; to an earlier one it must
/// not take away what others were promised.
///
/// [`StockError::NotCovered`] where it would; [`StockError::NotReserved`] where less is reserved.
pub fn move_reservation(tx: &mut Tx<'_>, movement: &ReservationMove) -> Result<(), StockError> {
    let ReservationMove { product, plant, quantity, from, to, .. } = *movement;
    if from == to {
        return Ok(());
    }
    check_earlier(tx, movement)?;
    release(tx, product, plant, from, quantity)?;
    reserve_unchecked(tx, product, plant, to, quantity)
}

/// Asks whether what is reserved for a day can leave on an earlier one without taking away what
/// others were promised; holds the product in the plant, so that the answer stays true.
///
/// [`StockError::NotCovered`] where it can't.
pub fn check_earlier(tx: &mut Tx<'_>, movement: &ReservationMove) -> Result<(), StockError> {
    let ReservationMove { product, plant, quantity, from, to, today } = *movement;
    if to >= from || from <= today {
        return Ok(());
    }
    let stored = tx.shared(product)?;
    let kept = in_plant(&stored, plant)?;
    let checked = kept.availability_check == AvailabilityCheck::Stock;
    if checked {
        hold(tx, product, plant)?;
        let timeline = Timeline::read(tx, product, plant, View::new(today, kept))?;
        let available = timeline.least_left(date_to_days(to), date_to_days(from));
        if available < positive(quantity)? {
            let available = quantity_of(available.max(0), quantity.unit())?;
            let product = stored.number();
            return Err(StockError::NotCovered { product, plant, date: to, quantity, available });
        }
    }
    Ok(())
}

/// Asks whether a quantity that is not reserved can leave today without taking away what others were
/// promised, for whatever day; holds the product in the plant, so that the answer stays true.
///
/// [`StockError::NotCovered`] where it can't.
pub fn check_free(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    quantity: Quantity,
    today: Date,
) -> Result<(), StockError> {
    let (from, to) = (END_OF_TIME, today);
    check_earlier(tx, &ReservationMove { product, plant, quantity, from, to, today })
}

/// What is reserved of a product in a plant on a day, in micro-units of the base unit.
pub(crate) fn reserved_on(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    date: Date,
) -> Result<i64, Fault> {
    let key = [
        CellRef::Uuid(product.id().0),
        CellRef::Text(plant.as_str()),
        CellRef::Date(date_to_days(date)),
    ];
    Ok(tx.balance(&REQUIREMENT, &key)?[RESERVED])
}
