//! The entries of finance's catalogues, one struct per kind of table.

use serde::Deserialize;
use tessera_kernel::{Code, Currency, Decimal, LocalizedText, Percentage};

/// An entry that is only a name: charts of accounts, account keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Name.
    pub name: LocalizedText,
}

/// What an account stands for: the five elements of financial statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// What the company has.
    Asset,
    /// What it owes.
    Liability,
    /// What its owners put in.
    Equity,
    /// What it earns.
    Revenue,
    /// What it spends.
    Expense,
}

impl AccountKind {
    /// Whether the balance is carried into the next fiscal year; revenue and expense start anew.
    pub fn is_carried_forward(self) -> bool {
        matches!(self, Self::Asset | Self::Liability | Self::Equity)
    }

    /// The code in answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Liability => "liability",
            Self::Equity => "equity",
            Self::Revenue => "revenue",
            Self::Expense => "expense",
        }
    }
}

/// Whose open items explain the balance of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reconciliation {
    /// Nobody's: anything is posted to it.
    #[default]
    None,
    /// Customers': each line names a partner and belongs to an open item.
    Customer,
}

/// An account of a chart. Codes are unique in the installation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The chart of accounts that it belongs to.
    pub chart: Code,
    /// Name.
    pub name: LocalizedText,
    /// What it stands for.
    pub kind: AccountKind,
    /// Whose open items explain it.
    #[serde(default)]
    pub reconciliation: Reconciliation,
    /// The only document currency that it takes; any where empty.
    #[serde(default)]
    pub currency: Option<Currency>,
}

/// One rule of account determination: it applies where everything that it names matches.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeterminationRule {
    /// Chart of accounts.
    pub chart: Code,
    /// Account key.
    pub key: Code,
    /// The customer's account assignment group.
    #[serde(default)]
    pub customer_group: Option<Code>,
    /// The product's account assignment group (for inventory: its valuation class).
    #[serde(default)]
    pub product_group: Option<Code>,
    /// The account to post to.
    pub account: Code,
}

/// A kind of journal entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentKind {
    /// Name.
    pub name: LocalizedText,
    /// The gapless number range; its series is the company and the fiscal year.
    pub number_range: Code,
}

/// A bank account of a company.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HouseBank {
    /// Name.
    pub name: LocalizedText,
    /// The company that owns it.
    pub company_code: Code,
    /// The account that its payments are posted to.
    pub account: Code,
}

/// What an incoming payment may fall short of. Its code is a company code, or `DEFAULT`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentTolerance {
    /// Days by which a payment may be late and still deduct its cash discount.
    #[serde(default)]
    pub discount_grace_days: u16,
    /// The most that may be written off of one item, in the company's currency.
    #[serde(with = "tessera_kernel::serde_text::decimal")]
    pub short_amount: Decimal,
    /// The most that may be written off of one item, of what it was posted with.
    pub short_percent: Percentage,
}
