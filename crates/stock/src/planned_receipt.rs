//! Planned receipts: announced, changed, cancelled, and fulfilled by goods movements.

mod cancel;
mod change;
mod create;
mod fulfil;
mod receive;

pub(crate) use cancel::CANCEL;
pub use cancel::cancel_planned_receipt;
pub(crate) use change::CHANGE;
pub use change::{PlannedReceiptChange, change_planned_receipt};
pub(crate) use create::ENTRY;
pub use create::{NewPlannedReceipt, create_planned_receipt};
pub(crate) use fulfil::{fulfil, reopen};
pub use receive::{Receipt, receive_planned_receipt};

use tessera_kernel::{Code, Date, Fault, Quantity, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;
use tessera_product::Product;

use crate::StockError;
use crate::balances::{RECEIPTS, adjust_requirement, hold};

/// Adds to what is expected on a day. Nobody promises on it meanwhile.
fn expect(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    date: Date,
    micros: i64,
) -> Result<(), StockError> {
    if micros == 0 {
        return Ok(());
    }
    if micros < 0 {
        hold(tx, product, plant)?;
    }
    if adjust_requirement(tx, product, plant, date, (RECEIPTS, micros))? {
        return Ok(());
    }
    let message = format!("less is expected of {product} in {plant} on {date} than was announced");
    Err(Fault::corrupt(message).into())
}

/// The quantity in the base unit; neither it nor the one given has more decimals than its unit.
fn whole_base(
    organisation: &OrganisationSettings,
    product: &Stored<Product>,
    quantity: Quantity,
) -> Result<Quantity, StockError> {
    let wrong = |message| StockError::organisation("quantity", message);
    organisation.quantity_fits(quantity).map_err(wrong)?;
    let base = product.to_base(quantity)?;
    organisation.quantity_fits(base).map_err(wrong)?;
    Ok(base)
}
