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
use tessera_kernel::{Fault, Money, Tx};
use tessera_partner::BusinessPartner;

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
