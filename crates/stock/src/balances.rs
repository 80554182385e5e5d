//! What is there, what is expected and what is promised: the balances of stock.

use tessera_kernel::{
    Balance, CellRef, Code, ColumnType, Date, Fault, Placement, Ref, Tx, date_to_days,
};
use tessera_product::Product;

/// Stock on hand per product, plant and storage location, in micro-units (10⁻⁶) of the base unit.
pub static STOCK: Balance = Balance::new(
    "stock",
    &[
        ("product", ColumnType::Uuid),
        ("plant", ColumnType::Text),
        ("storage_location", ColumnType::Text),
    ],
    &["on_hand"],
    Placement::Place("plant", 1),
);

/// Expected receipts and promised quantities per product, plant and day, in micro-units (10⁻⁶) of
/// the base unit.
pub static REQUIREMENT: Balance = Balance::sparse(
    "requirement",
    &[("product", ColumnType::Uuid), ("plant", ColumnType::Text), ("date", ColumnType::Date)],
    &["receipts", "reserved"],
    Placement::Place("plant", 1),
);

/// Measure of [`STOCK`]: what lies there.
pub(crate) const ON_HAND: usize = 0;
/// Measure of [`REQUIREMENT`]: what is expected to arrive on the day.
pub(crate) const RECEIPTS: usize = 0;
/// Measure of [`REQUIREMENT`]: what is promised for the day.
pub(crate) const RESERVED: usize = 1;

/// Holds a product in a plant until the end of the command: no other command promises, issues or
/// re-plans it meanwhile. One fixed row stands for the whole plant.
pub(crate) fn hold(tx: &mut Tx<'_>, product: Ref<Product>, plant: Code) -> Result<(), Fault> {
    let key = [CellRef::Uuid(product.id().0), CellRef::Text(plant.as_str()), CellRef::Text("")];
    tx.hold(&STOCK, &key)
}

/// Adds to the stock on hand. False, and nothing done, where less than nothing would be left,
/// unless that is allowed.
pub(crate) fn adjust_on_hand(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    (plant, location): (Code, Code),
    micros: i64,
    negative_allowed: bool,
) -> Result<bool, Fault> {
    let key = [
        CellRef::Uuid(product.id().0),
        CellRef::Text(plant.as_str()),
        CellRef::Text(location.as_str()),
    ];
    let guarded = micros < 0 && !negative_allowed;
    let guard = guarded.then(|| STOCK.at_least(&[(ON_HAND, 1)], 0));
    tx.adjust(&STOCK, &key, &[(ON_HAND, micros)], guard.as_ref())
}

/// Adds to what is expected or promised on a day. False, and nothing done, where less than
/// nothing would be left.
pub(crate) fn adjust_requirement(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    date: Date,
    (measure, micros): (usize, i64),
) -> Result<bool, Fault> {
    let key = [
        CellRef::Uuid(product.id().0),
        CellRef::Text(plant.as_str()),
        CellRef::Date(date_to_days(date)),
    ];
    let guard = (micros < 0).then(|| REQUIREMENT.at_least(&[(measure, 1)], 0));
    tx.adjust(&REQUIREMENT, &key, &[(measure, micros)], guard.as_ref())
}
