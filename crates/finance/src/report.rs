//! Reports, read from the ledger totals and the open items.

mod account_lines;
mod ageing;
mod open_items;
mod trial_balance;

pub use account_lines::{
    AccountLine, AccountLines, AccountLinesData, AccountLinesForm, account_lines,
};
pub use ageing::{Ageing, AgeingData, AgeingForm, AgeingRow, ageing};
pub use open_items::{OpenItem, OpenItems, OpenItemsData, OpenItemsForm, open_items, overdue_days};
pub use trial_balance::{
    TrialBalance, TrialBalanceData, TrialBalanceForm, TrialBalanceRow, trial_balance,
};

use serde_json::{Value, json};
use tessera_kernel::{Date, Fault, Money, Tx, business_day};
use tessera_partner::BusinessPartner;

use crate::FinanceError;

/// Rows of a page: what was asked for, up to the most that a page has.
fn page_size(limit: u32, most: u32) -> Result<u32, FinanceError> {
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    let message = format!("{limit} rows are too many for a page: at most {most}");
    Err(FinanceError::Report { path: "limit", message })
}

/// Refuses a day that business documents can't have.
fn in_calendar(path: &'static str, day: Option<Date>) -> Result<(), FinanceError> {
    let checked = day.map_or(Ok(()), business_day);
    checked.map_err(|message| FinanceError::Report { path, message })
}

/// An amount in answers.
fn money(amount: Money) -> Value {
    json!({ "amount": amount.amount().to_string(), "currency": amount.currency().code() })
}

/// Number and name of a partner in answers.
fn partner(
    tx: &mut Tx<'_>,
    id: tessera_kernel::Ref<BusinessPartner>,
) -> Result<(String, String), Fault> {
    let partner = tx.shared(id)?;
    Ok((partner.number(), partner.general.name.clone()))
}
