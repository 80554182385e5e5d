//! The availability check: what is promised for which day.

use std::collections::BTreeSet;

use serde::Deserialize;
use tessera_kernel::{
    Balance, CellRef, Code, Date, Fault, Quantity, Ref, Stored, Tx, Unit, date_from_days,
    date_to_days, from_micros, to_micros,
};
use tessera_product::{AvailabilityCheck, Product, ProductPlant};

use crate::StockError;
use crate::balances::{REQUIREMENT, RESERVED, STOCK, adjust_requirement, hold};
use crate::timeline::{Timeline, View};

/// Which promises a request accepts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityPolicy {
    /// Several days: what is covered on the day asked for, the rest as soon as receipts cover it.
    Proposal,
    /// Everything on the first day that covers all of it, else nothing.
    Complete,
    /// What is covered on the day asked for, and no more.
    OneTime,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// Product.
    pub product: Ref<Product>,
    /// Plant that would deliver.
    pub plant: Code,
    /// Quantity in the base unit; more than nothing.
    pub quantity: Quantity,
    /// Day for which it is wanted; a day before today counts as today.
    pub requested: Date,
    /// Today in the plant.
    pub today: Date,
    /// Which promises are accepted.
    pub policy: AvailabilityPolicy,
    /// A part of the demand is promised in whole multiples of this base quantity: the content of
    /// the sales unit, so that nobody is promised half a box. Absent: any part.
    pub multiple: Option<Quantity>,
}

/// A quantity promised for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The day.
    pub date: Date,
    /// Quantity in the base unit.
    pub quantity: Quantity,
}

/// Whether stock limits what is promised of a product in a plant.
pub fn is_checked(tx: &mut Tx<'_>, product: Ref<Product>, plant: Code) -> Result<bool, StockError> {
    let product = tx.shared(product)?;
    Ok(in_plant(&product, plant)?.availability_check == AvailabilityCheck::Stock)
}

/// [`Demand::reserve`] for any part of the quantity.
pub fn reserve(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    quantity: Quantity,
    requested: Date,
    today: Date,
    policy: AvailabilityPolicy,
) -> Result<Vec<Promise>, StockError> {
    Demand { product, plant, quantity, requested, today, policy, multiple: None }.reserve(tx)
}

/// [`Demand::check`] for any part of the quantity.
pub fn check(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    quantity: Quantity,
    requested: Date,
    today: Date,
    policy: AvailabilityPolicy,
) -> Result<Vec<Promise>, StockError> {
    Demand { product, plant, quantity, requested, today, policy, multiple: None }.check(tx)
}

impl Demand {
    /// Promises what the demand gets and reserves it.
    ///
    /// What is promised on a day is covered by the stock on hand and the receipts up to that day,
    /// less everything reserved, and takes nothing away that others were promised for later days.
    /// After the replenishment time of the product any quantity can be had. What nothing covers
    /// is not in the answer. A product without a check is promised in full, and reserved too.
    pub fn reserve(&self, tx: &mut Tx<'_>) -> Result<Vec<Promise>, StockError> {
        if is_checked(tx, self.product, self.plant)? {
            hold(tx, self.product, self.plant)?;
        }
        let promises = self.check(tx)?;
        for promise in &promises {
            let micros = to_micros(promise.quantity.value()).map_err(Fault::from)?;
            let change = (RESERVED, micros);
            adjust_requirement(tx, self.product, self.plant, promise.date, change)?;
        }
        Ok(promises)
    }

    /// What [`Demand::reserve`] would promise now, without reserving it.
    pub fn check(&self, tx: &mut Tx<'_>) -> Result<Vec<Promise>, StockError> {
        let wanted = positive(self.quantity)?;
        let product = tx.shared(self.product)?;
        let plant = in_plant(&product, self.plant)?;
        base_unit_only(&product, self.quantity)?;
        let date = self.requested.max(self.today);
        if plant.availability_check == AvailabilityCheck::None {
            return Ok(vec![Promise { date, quantity: self.quantity }]);
        }
        let multiple = self.multiple.map_or(Ok(1), positive)?;
        let view = View::new(self.today, plant);
        let timeline = Timeline::read(tx, self.product, self.plant, view)?;
        let promises = timeline.promise(wanted, date_to_days(date), self.policy, multiple);
        let unit = self.quantity.unit();
        let promise = |(day, micros)| {
            Ok(Promise { date: date_of(day)?, quantity: quantity_of(micros, unit)? })
        };
        promises.into_iter().map(promise).collect()
    }
}

/// Says of which products in which plants stock is reserved next, so that all of them are held and a
/// server can be asked for all of them at once. What is not checked is left out.
pub fn foresee(
    tx: &mut Tx<'_>,
    demands: impl IntoIterator<Item = (Ref<Product>, Code)>,
) -> Result<(), StockError> {
    let mut checked = BTreeSet::new();
    for (product, plant) in demands {
        if is_checked(tx, product, plant)? {
            checked.insert((product, plant));
        }
    }
    for (product, plant) in &checked {
        hold(tx, *product, *plant)?;
    }
    let keys: Vec<_> = checked
        .iter()
        .map(|(product, plant)| [CellRef::Uuid(product.id().0), CellRef::Text(plant.as_str())])
        .collect();
    let asks: Vec<(&'static Balance, &[CellRef<'_>])> =
        keys.iter().flat_map(|key| [(&STOCK, &key[..]), (&REQUIREMENT, &key[..])]).collect();
    Ok(tx.ask_balances(&asks)?)
}

/// One day of a product in a plant; quantities in the base unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvailabilityLine {
    /// The day.
    pub date: Date,
    /// Stock on hand on the first line, today; nothing on the others.
    pub on_hand: Quantity,
    /// What is expected to arrive.
    pub receipts: Quantity,
    /// What is promised; on the first line also for the days that are over.
    pub reserved: Quantity,
    /// What may still be promised for this day; negative where more is promised than covered.
    pub available: Quantity,
}

/// The availability of a product in a plant: today, and every later day on which something
/// arrives or is promised. Beyond the replenishment time of the product it says what stock and
/// receipts leave; what is less than nothing has to be ordered.
pub fn availability(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    today: Date,
) -> Result<Vec<AvailabilityLine>, StockError> {
    let stored = tx.shared(product)?;
    let unit = stored.general.base_unit;
    let view = View::new(today, in_plant(&stored, plant)?);
    let timeline = Timeline::read(tx, product, plant, view)?;
    let mut on_hand = timeline.on_hand;
    let line = |day: &crate::timeline::Day| {
        Ok(AvailabilityLine {
            date: date_of(day.day)?,
            on_hand: quantity_of(std::mem::take(&mut on_hand), unit)?,
            receipts: quantity_of(day.receipts, unit)?,
            reserved: quantity_of(day.reserved, unit)?,
            available: quantity_of(day.available, unit)?,
        })
    };
    timeline.days.iter().map(line).collect()
}

/// Stock on hand of a product in a plant, over all its storage locations.
pub fn on_hand(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
) -> Result<Quantity, StockError> {
    let unit = tx.shared(product)?.general.base_unit;
    quantity_of(crate::timeline::on_hand(tx, product, plant)?, unit)
}

/// How the product is kept in a plant.
pub(crate) fn in_plant(
    product: &Stored<Product>,
    plant: Code,
) -> Result<&ProductPlant, StockError> {
    let error = || StockError::NotInPlant { product: product.number(), plant };
    product.plant(plant).ok_or_else(error)
}

/// Refuses a quantity in another unit than the base unit.
pub(crate) fn base_unit_only(
    product: &Stored<Product>,
    quantity: Quantity,
) -> Result<(), StockError> {
    let (base, unit) = (product.general.base_unit, quantity.unit());
    if unit == base {
        return Ok(());
    }
    Err(StockError::NotBaseUnit { product: product.number(), base, unit })
}

/// Micro-units of a quantity that must be more than nothing.
pub(crate) fn positive(quantity: Quantity) -> Result<i64, StockError> {
    if quantity.is_positive() {
        return Ok(to_micros(quantity.value()).map_err(Fault::from)?);
    }
    Err(StockError::NotPositive { quantity })
}

/// The quantity of so many micro-units.
pub(crate) fn quantity_of(micros: i64, unit: Unit) -> Result<Quantity, StockError> {
    Ok(Quantity::new(from_micros(micros), unit).map_err(Fault::from)?)
}

fn date_of(day: i32) -> Result<Date, StockError> {
    let fault = || Fault::corrupt(format!("{day} is no day of the calendar"));
    Ok(date_from_days(day).ok_or_else(fault)?)
}
