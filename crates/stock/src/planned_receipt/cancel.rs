//! Cancelling what is still to come of a planned receipt.

use serde_json::{Value, json};
use tessera_kernel::{
    Action, Answer, Composite, Fault, Form, Kind, ObjectId, Problem, Quantity, Ref, Rule, Stored,
    Tx, json as from_json, to_micros,
};

use super::expect;
use crate::{PlannedReceipt, PlannedReceiptStatus, StockError};

/// `POST /planned_receipt/{id}/cancel`.
pub(crate) const CANCEL: Action = Action::on_object(
    "planned_receipt",
    "cancel",
    "Says that nothing more comes.",
    Input::composite,
    &[Rule { name: "open", help: "Something is still to come." }],
    run,
)
.answering(Answer::Object("planned_receipt"));

#[derive(Form, Clone, Debug)]
struct Input {}

fn run(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let Input {} = from_json::parse(body)?;
    let stored = cancel_planned_receipt(tx, Ref::new(id))?;
    Ok(from_json::stored_to_json(&stored)?)
}

/// Says that nothing more comes. Promises that rested on it stay; the availability then shows
/// what is missing.
///
/// [`StockError::PlannedReceiptClosed`] where nothing was open.
pub fn cancel_planned_receipt(
    tx: &mut Tx<'_>,
    id: Ref<PlannedReceipt>,
) -> Result<Stored<PlannedReceipt>, StockError> {
    tx.actor().require(PlannedReceipt::NAME, "cancel")?;
    let mut stored = tx.load(id)?;
    let number = stored.number();
    let terms = &mut stored.terms;
    if terms.status != PlannedReceiptStatus::Open {
        return Err(StockError::PlannedReceiptClosed { number });
    }
    let open = to_micros(terms.open_quantity.value()).map_err(Fault::from)?;
    terms.open_quantity = Quantity::zero(terms.open_quantity.unit());
    terms.status = PlannedReceiptStatus::Cancelled;
    let (product, plant, date) = (terms.product, terms.plant, terms.date);
    expect(tx, product, plant, date, -open)?;
    tx.save(&mut stored)?;
    tx.emit("planned_receipt.cancelled", stored.head.id, &json!({ "number": number }))?;
    Ok(stored)
}
