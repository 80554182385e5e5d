//! The accounts that receivables from partners may stand in.

use serde::Deserialize;
use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_kernel::Code;

/// What partners need to know of the accounts of finance.
#[derive(Clone, Debug)]
pub struct ReceivablesAccounts(Catalogue<Account>);

/// An entry of the catalogue `account`; its other fields are finance's affair.
#[derive(Clone, Debug, Deserialize)]
struct Account {
    chart: Code,
    #[serde(default)]
    reconciliation: Option<String>,
}

impl Account {
    /// Whether open items of customers explain its balance.
    fn is_of_customers(&self) -> bool {
        self.reconciliation.as_deref() == Some("customer")
    }
}

impl ReceivablesAccounts {
    pub(crate) fn read(customizing: &Customizing) -> Self {
        // What is wrong with an entry finance reports.
        Self(customizing.catalogue("account", &mut Diagnostics::default()))
    }

    /// Refuses an account that is no reconciliation account of customers in a chart of accounts. In
    /// an installation without accounts any will do.
    pub(crate) fn check(&self, chart: Code, account: Code) -> Result<(), String> {
        let fits = |entry: &Account| entry.chart == chart && entry.is_of_customers();
        if self.0.is_empty() || self.0.get(account).is_some_and(fits) {
            return Ok(());
        }
        let allowed = self.0.iter().filter(|(_, entry)| fits(entry)).map(|(code, _)| code);
        let allowed: Vec<String> = allowed.map(|code| code.to_string()).collect();
        let rule = format!("{account} is no reconciliation account of customers in chart {chart}");
        Err(match allowed.is_empty() {
            true => format!("{rule}, which has none"),
            false => format!("{rule}; allowed are: {}", allowed.join(", ")),
        })
    }
}
