//! The standing of a payer for screens.

use serde_json::{Value, json};
use tessera_kernel::{
    Action, Code, Composite, Form, Money, ObjectId, Problem, Record, Ref, Tx, json as from_json,
};

use crate::exposure;

/// `POST /business_partner/{id}/credit_exposure`.
pub(crate) const CREDIT_EXPOSURE_ACTION: Action = Action::on_object(
    "business_partner",
    "credit_exposure",
    "What the partner owes or will owe in a credit control area, and what is left of the \
           limit.",
    Input::composite,
    &[],
    run,
)
.reading();

#[derive(Record, Clone, Debug)]
struct Question {
    /// Credit control area.
    #[field(code = "credit_control_area")]
    credit_control_area: Code,
}

#[derive(Form, Clone, Debug)]
struct Input {
    #[form(flatten)]
    question: Question,
}

fn run(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    tx.actor().require("business_partner", "credit_exposure")?;
    let Input { question: Question { credit_control_area: area } } = from_json::parse(body)?;
    let standing = exposure(tx, area, Ref::new(id))?;
    let amount = |money: Money| money.amount().to_string();
    let parts = standing.exposure;
    Ok(json!({
        "credit_control_area": area.as_str(),
        "currency": parts.orders.currency().code(),
        "open_orders": amount(parts.orders),
        "open_deliveries": amount(parts.deliveries),
        "open_invoices": amount(parts.invoices),
        "total": amount(parts.total()?),
        "limit": standing.limit.map(amount),
        "available": standing.available.map(amount),
        "blocked": standing.blocked,
        "risk_category": standing.risk_category.map(|code| code.to_string()),
    }))
}
