//! Changing the day or the quantity of a planned receipt.

use serde_json::{Value, json};
use tessera_kernel::{
    Action, Answer, Composite, Date, Fault, Form, Kind, ObjectId, Problem, Quantity, Record, Ref,
    Rule, Stored, Tx, json as from_json, to_micros,
};
use tessera_organisation::OrganisationSettings;

use super::{expect, expected_on, whole_base};
use crate::availability::positive;
use crate::{PlannedReceipt, PlannedReceiptStatus, StockError};

/// `POST /planned_receipt/{id}/change`.
pub(crate) const CHANGE: Action = Action::on_object(
    "planned_receipt",
    "change",
    "Changes the day or the quantity of goods that are still to come.",
    Input::composite,
    &[
        Rule { name: "not_cancelled", help: "A cancelled receipt stays cancelled." },
        Rule { name: "received", help: "The quantity is not less than what has arrived." },
        Rule { name: "expected", help: "What is still open is expected on the new day." },
    ],
    run,
)
.answering(Answer::Object("planned_receipt"));

/// What changes; what is absent stays.
#[derive(Record, Clone, Debug, Default)]
pub struct PlannedReceiptChange {
    /// Day on which the goods can be used.
    pub date: Option<Date>,
    /// Quantity announced, with what has arrived already; in any unit of the product.
    #[field(positive)]
    pub quantity: Option<Quantity>,
}

#[derive(Form, Clone, Debug)]
struct Input {
    #[form(flatten)]
    change: PlannedReceiptChange,
}

fn run(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let input: Input = from_json::parse(body)?;
    let stored = change_planned_receipt(tx, Ref::new(id), &input.change)?;
    Ok(from_json::stored_to_json(&stored)?)
}

/// Changes the day or the quantity. Promises that rested on it stay; the availability then shows
/// what is missing.
///
/// [`StockError::PlannedReceiptClosed`] where it was cancelled, [`StockError::LessThanReceived`]
/// where more has arrived than would be announced.
pub fn change_planned_receipt(
    tx: &mut Tx<'_>,
    id: Ref<PlannedReceipt>,
    change: &PlannedReceiptChange,
) -> Result<Stored<PlannedReceipt>, StockError> {
    tx.actor().require(PlannedReceipt::NAME, "change")?;
    let mut stored = tx.load(id)?;
    let number = stored.number();
    let terms = &mut stored.terms;
    if terms.status == PlannedReceiptStatus::Cancelled {
        return Err(StockError::PlannedReceiptClosed { number });
    }
    let before = (terms.date, to_micros(terms.open_quantity.value()).map_err(Fault::from)?);
    if let Some(quantity) = change.quantity {
        positive(quantity)?;
        let organisation = tx.settings::<OrganisationSettings>()?;
        let product = tx.shared(terms.product)?;
        let quantity = whole_base(organisation, &product, quantity)?;
        let received = terms.quantity.minus(terms.open_quantity).map_err(Fault::from)?;
        let open = quantity.minus(received).map_err(Fault::from)?;
        if open.is_negative() {
            return Err(StockError::LessThanReceived { number, received });
        }
        terms.quantity = quantity;
        terms.open_quantity = open;
        terms.status = match open.is_zero() {
            true => PlannedReceiptStatus::Received,
            false => PlannedReceiptStatus::Open,
        };
    }
    terms.date = change.date.map_or(Ok(terms.date), expected_on)?;
    let after = (terms.date, to_micros(terms.open_quantity.value()).map_err(Fault::from)?);
    let (product, plant) = (terms.product, terms.plant);
    if before != after {
        expect(tx, product, plant, before.0, -before.1)?;
        expect(tx, product, plant, after.0, after.1)?;
    }
    if tx.save(&mut stored)? {
        let terms = &stored.terms;
        let payload = json!({
            "number": number,
            "date": terms.date.to_string(),
            "open_quantity": terms.open_quantity.to_string(),
        });
        tx.emit("planned_receipt.changed", stored.head.id, &payload)?;
    }
    Ok(stored)
}
