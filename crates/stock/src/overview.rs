//! Availability of a product for screens.

use serde_json::{Value, json};
use tessera_kernel::{
    Action, Code, Composite, Date, Form, ObjectId, Problem, Quantity, Record, Ref, Tx,
    business_day, format_decimal, json as from_json,
};
use tessera_organisation::OrganisationSettings;

use crate::{StockError, availability};

/// `POST /product/{id}/availability`.
pub(crate) const AVAILABILITY: Action = Action::on_object(
    "product",
    "availability",
    "What is there, expected, reserved and free of a product in a plant, day by day.",
    Input::composite,
    &[],
    run,
)
// Stock is no field of an object.
.telling_only(&[])
.reading();

#[derive(Record, Clone, Debug)]
struct Question {
    /// Plant.
    #[field(code = "plant")]
    plant: Code,
    /// First day; today in the plant where absent.
    from: Option<Date>,
}

#[derive(Form, Clone, Debug)]
struct Input {
    #[form(flatten)]
    question: Question,
}

fn run(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    tx.actor().require("product", "availability")?;
    let Input { question } = from_json::parse(body)?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let plant = organisation
        .plant(question.plant)
        .map_err(|message| StockError::organisation("plant", message))?;
    question
        .from
        .map_or(Ok(()), business_day)
        .map_err(|message| StockError::organisation("from", message))?;
    let today = question.from.unwrap_or_else(|| tx.today(&plant.zone));
    let lines = availability(tx, Ref::new(id), question.plant, today)?;
    let text = |quantity: Quantity| format_decimal(quantity.value());
    let unit = lines.first().map(|line| line.available.unit().to_string());
    let days = lines.iter().map(|line| {
        json!({
            "date": line.date.to_string(),
            "on_hand": text(line.on_hand),
            "receipts": text(line.receipts),
            "reserved": text(line.reserved),
            "available": text(line.available),
        })
    });
    Ok(json!({ "plant": question.plant.as_str(), "unit": unit, "days": days.collect::<Vec<_>>() }))
}
