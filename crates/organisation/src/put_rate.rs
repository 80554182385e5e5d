//! Entering the exchange rate of a period.

use serde_json::Value;
use tessera_kernel::{
    Action, Answer, Checked, Composite, Form, Kind, ObjectId, Problem, Ref, Rule, Stored,
    TimeConstraint, Tx, json, put_timed,
};

use crate::{ExchangeRate, ExchangeRateValidity, OrganisationError};

/// The rate of a period.
#[derive(Form, Clone, Debug)]
pub struct PutRate {
    /// The rate.
    #[form(flatten)]
    pub rate: ExchangeRateValidity,
}

/// Puts the rate of a period among the others of the pair: an earlier one ends the day before, a
/// later one starts the day after, and one around the period is split. Answers the exchange rate.
pub fn put_rate(
    tx: &mut Tx<'_>,
    exchange_rate: Ref<ExchangeRate>,
    rate: ExchangeRateValidity,
) -> Result<Stored<ExchangeRate>, OrganisationError> {
    tx.actor().require(ExchangeRate::NAME, "put_rate")?;
    let mut exchange_rate = tx.load(exchange_rate)?;
    put_timed(&mut exchange_rate.rates, rate, TimeConstraint::AtMostOne);
    exchange_rate.value.check(tx)?;
    tx.save(&mut exchange_rate)?;
    Ok(exchange_rate)
}

pub(crate) const ACTION: Action = Action::on_object(
    ExchangeRate::NAME,
    "put_rate",
    "Puts the rate of a period among the others of the pair of currencies",
    PutRate::composite,
    &[
        Rule { name: "positive", help: "The rate is more than zero" },
        Rule { name: "period", help: "Other rates of the pair give way in the period" },
    ],
    run,
)
.answering(Answer::Object(ExchangeRate::NAME));

fn run(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let form: PutRate = json::parse(body)?;
    let exchange_rate = put_rate(tx, Ref::new(id), form.rate)?;
    Ok(json::stored_to_json(&exchange_rate)?)
}
