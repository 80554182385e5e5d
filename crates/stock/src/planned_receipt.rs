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

use tessera_kernel::{Code, Date, Fault, Ref, Tx};
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
