//! The trial balance.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tessera_kernel::{Code, Currency, Form, Language, Money, Record, Tx};
use tessera_organisation::OrganisationSettings;

use super::money;
use crate::entries::AccountKind;
use crate::ledger::{LedgerKey, Turnover, each_total};
use crate::settings::FinanceSettings;
use crate::{FinanceError, FiscalPeriod};

/// Which trial balance.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct TrialBalanceData {
    /// The company.
    #[field(code = "company_code")]
    pub company_code: Code,
    /// Fiscal year, named after the calendar year in which it starts.
    #[field(positive)]
    pub fiscal_year: u32,
    /// First period.
    #[field(positive, default = 1)]
    pub from_period: u32,
    /// Last period.
    #[field(positive, default = 12)]
    pub to_period: u32,
}

/// Input of `trial_balance`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct TrialBalanceForm {
    /// Which.
    #[form(flatten)]
    pub which: TrialBalanceData,
}

/// One account in one document currency. Balances are debits less credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalanceRow {
    /// Account; none for the result of earlier years, which no entry has closed.
    pub account: Option<Code>,
    /// Its name.
    pub name: String,
    /// Document currency.
    pub currency: Currency,
    /// Balance before the first period.
    pub opening: Money,
    /// Debits of the periods.
    pub debit: Money,
    /// Credits of the periods.
    pub credit: Money,
    /// Balance after the last period.
    pub closing: Money,
    /// The same four in the company's currency.
    pub local: [Money; 4],
}

/// The trial balance of a company. In each currency and in the company's, openings and closings sum
/// to zero and debits are credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// The company.
    pub company_code: Code,
    /// Its currency.
    pub local_currency: Currency,
    /// Rows in order of account and currency; the result of earlier years first.
    pub rows: Vec<TrialBalanceRow>,
}

#[derive(Default)]
struct Sums {
    opening: Turnover,
    range: Turnover,
}

/// Reads the trial balance from the ledger totals. Assets, liabilities and equity carry their
/// balance from year to year; revenue and expense of earlier years stand together in one row per
/// currency.
pub fn trial_balance(
    tx: &mut Tx<'_>,
    which: &TrialBalanceData,
) -> Result<TrialBalance, FinanceError> {
    tx.actor().require("journal_entry", "trial_balance")?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = organisation.company(which.company_code).map_err(FinanceError::Customizing)?;
    FiscalPeriod::check_year(which.fiscal_year)?;
    FiscalPeriod::check_period("from_period", which.from_period)?;
    FiscalPeriod::check_period("to_period", which.to_period)?;
    if which.from_period > which.to_period {
        let message = format!("must not be after to_period, which is {}", which.to_period);
        return Err(FinanceError::Report { path: "from_period", message });
    }
    let settings = tx.settings::<FinanceSettings>()?;
    let mut sums: BTreeMap<(Option<Code>, Currency), Sums> = BTreeMap::new();
    each_total(tx, Some(which.company_code), &mut |key, turnover| {
        if let Some((account, is_opening)) = place(settings, which, &key) {
            let sums = sums.entry((account, key.currency)).or_default();
            let part = if is_opening { &mut sums.opening } else { &mut sums.range };
            *part = part.plus(turnover);
        }
    })?;
    let local = company.currency;
    let language = organisation.installation.language;
    let row =
        |((account, currency), sums)| row(settings, account, currency, &sums, local, language);
    Ok(TrialBalance {
        company_code: which.company_code,
        local_currency: local,
        rows: sums.into_iter().map(row).collect(),
    })
}

/// Where a total belongs: the account (none for results of earlier years), and whether before the
/// range. Totals after the range belong nowhere.
fn place(
    settings: &FinanceSettings,
    which: &TrialBalanceData,
    key: &LedgerKey,
) -> Option<(Option<Code>, bool)> {
    let first = FiscalPeriod { year: which.fiscal_year, period: which.from_period };
    let last = FiscalPeriod { year: which.fiscal_year, period: which.to_period };
    if key.period > last {
        return None;
    }
    let kind = settings.accounts.get(key.account).map(|account| account.kind);
    let carried = kind.is_none_or(AccountKind::is_carried_forward);
    let earlier_result = !carried && key.period.year < which.fiscal_year;
    Some(((!earlier_result).then_some(key.account), key.period < first))
}

fn row(
    settings: &FinanceSettings,
    account: Option<Code>,
    currency: Currency,
    sums: &Sums,
    local: Currency,
    language: Language,
) -> TrialBalanceRow {
    let amount = |minor| Money::from_minor(minor, currency);
    let local_amount = |minor| Money::from_minor(minor, local);
    let (opening, local_opening) = sums.opening.balance();
    let (moved, local_moved) = sums.range.balance();
    let name = account.and_then(|code| settings.accounts.get(code));
    TrialBalanceRow {
        account,
        name: name.map_or("Result of earlier years", |a| a.name.best(language)).to_string(),
        currency,
        opening: amount(opening),
        debit: amount(sums.range.debit),
        credit: amount(sums.range.credit),
        closing: amount(opening + moved),
        local: [
            local_amount(local_opening),
            local_amount(sums.range.local_debit),
            local_amount(sums.range.local_credit),
            local_amount(local_opening + local_moved),
        ],
    }
}

impl TrialBalance {
    /// The report as JSON.
    pub fn to_json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "account": row.account.map(|account| account.to_string()),
                "name": row.name,
                "currency": row.currency.code(),
                "opening": money(row.opening),
                "debit": money(row.debit),
                "credit": money(row.credit),
                "closing": money(row.closing),
                "local_opening": money(row.local[0]),
                "local_debit": money(row.local[1]),
                "local_credit": money(row.local[2]),
                "local_closing": money(row.local[3]),
            })
        });
        json!({
            "company_code": self.company_code.as_str(),
            "local_currency": self.local_currency.code(),
            "rows": rows.collect::<Vec<_>>(),
        })
    }
}
