//! Opening and closing posting periods.

use std::fmt::Write;

use serde_json::json;
use tessera_kernel::{Code, Date, Form, ObjectId, Record, Ref, Tx};
use tessera_organisation::OrganisationSettings;

use crate::FinanceError;
use crate::fiscal::FiscalPeriod;
use crate::segments::{PeriodState, PeriodStatus, PostingPeriod};

/// Which period to open or close.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct PeriodData {
    /// Company.
    #[field(code = "company_code")]
    pub company_code: Code,
    /// Fiscal year, named after the calendar year in which it starts.
    #[field(positive)]
    pub fiscal_year: u32,
    /// Period, 1 to 12.
    #[field(positive)]
    pub period: u32,
}

/// Input of `close` and `open`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct PeriodForm {
    /// The period.
    #[form(flatten)]
    pub period: PeriodData,
}

/// Closes a period: nothing is posted to it any more. Closing it again changes nothing.
pub fn close_period(
    tx: &mut Tx<'_>,
    input: &PeriodData,
) -> Result<Ref<PostingPeriod>, FinanceError> {
    tx.actor().require("posting_period", "close")?;
    set(tx, input, PeriodState::Closed)
}

/// Opens a closed period again. Opening it once more changes nothing; one that was never closed is
/// refused, because it is more likely another one that was meant.
pub fn open_period(
    tx: &mut Tx<'_>,
    input: &PeriodData,
) -> Result<Ref<PostingPeriod>, FinanceError> {
    tx.actor().require("posting_period", "open")?;
    set(tx, input, PeriodState::Open)
}

fn set(
    tx: &mut Tx<'_>,
    input: &PeriodData,
    state: PeriodState,
) -> Result<Ref<PostingPeriod>, FinanceError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    organisation.company(input.company_code).map_err(FinanceError::Customizing)?;
    FiscalPeriod::check_year(input.fiscal_year)?;
    FiscalPeriod::check_period("period", input.period)?;
    let period = FiscalPeriod { year: input.fiscal_year, period: input.period };
    let number = number(input.company_code, period);
    let (id, changed) = match tx.lookup::<PostingPeriod>("number", &number)? {
        Some(id) => {
            let old = tx.edit(id, |status: &mut PeriodStatus| {
                std::mem::replace(&mut status.status, state)
            })?;
            (id, old != state)
        }
        None if state == PeriodState::Open => {
            let FiscalPeriod { year, period } = period;
            let company = input.company_code;
            let message = format!(
                "period {period} of {year} of company {company} was never closed: it is open"
            );
            return Err(FinanceError::field("period", message));
        }
        None => {
            let status = PeriodStatus {
                company_code: input.company_code,
                fiscal_year: input.fiscal_year,
                period: input.period,
                status: state,
            };
            let made = tx.insert_numbered(PostingPeriod { status }, Some(number.clone()))?;
            (made.id(), true)
        }
    };
    if changed {
        emit(tx, id.id(), &number, state)?;
    }
    Ok(id)
}

fn emit(
    tx: &mut Tx<'_>,
    id: ObjectId,
    number: &str,
    state: PeriodState,
) -> Result<(), FinanceError> {
    let name = match state {
        PeriodState::Open => "posting_period.opened",
        PeriodState::Closed => "posting_period.closed",
    };
    Ok(tx.emit(name, id, &json!({ "number": number }))?)
}

fn number(company_code: Code, period: FiscalPeriod) -> String {
    let mut number = String::with_capacity(32);
    // Writing to a string can't fail.
    let _ = write!(number, "{company_code}-{}-{:02}", period.year, period.period);
    number
}

/// Refuses a posting to a closed period. The answer comes from the cache; whoever closes the period
/// meanwhile waits for the posting, or the posting is refused after all.
pub(crate) fn require_open(
    tx: &mut Tx<'_>,
    company_code: Code,
    period: FiscalPeriod,
    date: Date,
) -> Result<(), FinanceError> {
    let number = number(company_code, period);
    tx.rely_on_lookup::<PostingPeriod>("number", &number)?;
    let Some(id) = tx.lookup::<PostingPeriod>("number", &number)? else { return Ok(()) };
    tx.rely_on(id)?;
    match tx.shared(id)?.status.status {
        PeriodState::Open => Ok(()),
        PeriodState::Closed => {
            let FiscalPeriod { year, period } = period;
            Err(FinanceError::PeriodClosed { company_code, year, period, date })
        }
    }
}
