//! Exchange rates: one object per pair of currencies, one timed record per period.

use serde_json::Value;
use tessera_kernel::{
    Checked, Composite as _, Currency, Date, Decimal, Fault, Object, ObjectEntry, ObjectId,
    Problem, ProblemKind, Segment, Tx, Validity, json,
};

/// The two currencies of an exchange rate.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "exchange_rate_pair", everywhere, one)]
pub struct ExchangeRatePair {
    /// Currency of which the rate prices one unit.
    #[field(list)]
    pub from_currency: Currency,
    /// Currency in which the rate is given.
    #[field(list)]
    pub to_currency: Currency,
}

/// The rate in one period.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "exchange_rate_validity", everywhere, timed(2))]
pub struct ExchangeRateValidity {
    /// From day to day.
    pub valid: Validity,
    /// Units of the second currency for one unit of the first.
    #[field(positive)]
    pub rate: Decimal,
}

/// How one currency is exchanged for another. Its number is the pair, like `EUR/USD`.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "exchange_rate", cached, shared)]
pub struct ExchangeRate {
    /// The pair.
    pub pair: ExchangeRatePair,
    /// The rates by period; at most one on any day.
    pub rates: Vec<ExchangeRateValidity>,
}

impl ExchangeRate {
    /// The rate of a day, if somebody entered one.
    pub fn on(&self, date: Date) -> Option<Decimal> {
        self.rates.iter().find(|record| record.valid.contains(date)).map(|record| record.rate)
    }
}

impl Checked for ExchangeRate {
    fn check(&self, _tx: &mut Tx<'_>) -> Result<(), Problem> {
        if self.pair.from_currency == self.pair.to_currency {
            let message = "must differ from the first currency: a currency is worth itself";
            return Err(Problem::invalid("pair.to_currency", message));
        }
        for (position, record) in self.rates.iter().enumerate() {
            if record.rate <= Decimal::ZERO {
                return Err(Problem::invalid(
                    format!("rates[{position}].rate"),
                    "must be more than 0",
                ));
            }
        }
        Ok(())
    }

    fn number(&self, _given: Option<String>) -> Option<String> {
        Some(format!("{}/{}", self.pair.from_currency, self.pair.to_currency))
    }
}

const MASTER_DATA: ObjectEntry = ObjectEntry::master_data::<ExchangeRate>();

/// The generic surfaces; there is one of each pair, and a change can't turn a pair into another one,
/// because its number names it.
pub(crate) const ENTRY: ObjectEntry = ObjectEntry {
    create: Some(create),
    create_input: Some(ExchangeRate::composite),
    change: Some(change),
    ..MASTER_DATA
};

fn create(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    let Some(create) = MASTER_DATA.create else { return Err(Fault::ReadOnly.into()) };
    // Looked up before, because a server refuses what is taken only when the command is kept. What
    // can't be read is refused by `create`.
    if let Ok(ExchangeRate { pair, .. }) = json::parse(body) {
        let number = format!("{}/{}", pair.from_currency, pair.to_currency);
        if tx.lookup::<ExchangeRate>("number", &number)?.is_some() {
            let detail = format!("there is an exchange rate {number} already");
            let taken = Problem::new(ProblemKind::Conflict, "duplicate", detail);
            return Err(taken.field("pair", "has an exchange rate already: put the rates there"));
        }
    }
    create(tx, body)
}

fn change(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    let before: Vec<ExchangeRatePair> = tx.segment(id)?;
    if let Some(change) = MASTER_DATA.change {
        change(tx, id, version, body)?;
    }
    if tx.segment::<ExchangeRatePair>(id)? != before {
        let message = "can't change: make an exchange rate for the other pair";
        return Err(Problem::invalid("pair", message));
    }
    Ok(())
}
