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

use tessera_kernel::{Code, Date, Fault, Problem, Quantity, Ref, Stored, Tx, business_day};
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
    let adjusted = adjust_requirement(tx, product, plant, date, (RECEIPTS, micros));
    if adjusted.map_err(|fault| Problem::from(fault).computed_of("quantity"))? {
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
    let counted = product.counted(organisation, quantity);
    counted.map_err(|message| StockError::organisation("quantity", message))
}

/// A day on which goods can be expected.
fn expected_on(date: Date) -> Result<Date, StockError> {
    business_day(date).map_err(|message| StockError::organisation("date", message))?;
    Ok(date)
}
