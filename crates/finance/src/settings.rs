//! Finance's customizing as typed settings, with every cross check.

use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_kernel::{Code, Decimal, Percentage};

use crate::FinanceError;
use crate::determination::{AccountDetermination, account_key};
use crate::entries::{
    Account, DeterminationRule, DocumentKind, HouseBank, Named, PaymentTolerance, Reconciliation,
};

/// Charts, accounts and how they are found.
#[derive(Clone, Debug)]
pub struct FinanceSettings {
    /// Charts of accounts.
    pub charts: Catalogue<Named>,
    /// Accounts.
    pub accounts: Catalogue<Account>,
    /// Account keys.
    pub account_keys: Catalogue<Named>,
    /// Account determination.
    pub determination: AccountDetermination,
    /// Kinds of journal entries.
    pub document_kinds: Catalogue<DocumentKind>,
    /// Bank accounts of the companies.
    pub house_banks: Catalogue<HouseBank>,
    tolerances: Catalogue<PaymentTolerance>,
}

const DEFAULT: Code = Code::literal("DEFAULT");

const NO_TOLERANCE: PaymentTolerance = PaymentTolerance {
    discount_grace_days: 0,
    short_amount: Decimal::ZERO,
    short_percent: Percentage::ZERO,
};

/// Reads finance's catalogues and reports what doesn't fit together.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> FinanceSettings {
    let rules: Catalogue<DeterminationRule> =
        customizing.catalogue("account_determination", problems);
    let settings = FinanceSettings {
        charts: customizing.catalogue("chart_of_accounts", problems),
        accounts: customizing.catalogue("account", problems),
        account_keys: customizing.catalogue("account_key", problems),
        determination: AccountDetermination::compile(&rules, problems),
        document_kinds: customizing.catalogue("document_kind", problems),
        house_banks: customizing.catalogue("house_bank", problems),
        tolerances: customizing.catalogue("payment_tolerance", problems),
    };
    settings.check_accounts(&rules, problems);
    settings.check_codes(customizing, problems);
    settings
}

impl FinanceSettings {
    /// An account of a chart, or a refusal that says why it is none.
    pub fn account(&self, chart: Code, account: Code) -> Result<&Account, FinanceError> {
        let found = self.accounts.require(account).map_err(FinanceError::Customizing)?;
        if found.chart == chart {
            return Ok(found);
        }
        let own = found.chart;
        Err(FinanceError::Customizing(format!(
            "account {account} belongs to the chart of accounts {own}, not to {chart}"
        )))
    }

    /// Whether open items of customers explain the balance of an account.
    pub fn is_reconciliation_account(&self, account: Code) -> bool {
        self.accounts.get(account).is_some_and(|a| a.reconciliation == Reconciliation::Customer)
    }

    /// What payments to a company may fall short of; nothing where neither the company nor
    /// `DEFAULT` has an entry.
    pub fn tolerance(&self, company_code: Code) -> &PaymentTolerance {
        let found = self.tolerances.get(company_code).or_else(|| self.tolerances.get(DEFAULT));
        found.unwrap_or(&NO_TOLERANCE)
    }

    fn check_accounts(&self, rules: &Catalogue<DeterminationRule>, problems: &mut Diagnostics) {
        self.accounts.check_references("chart", &self.charts, |a| vec![a.chart], problems);
        rules.check_references("chart", &self.charts, |r| vec![r.chart], problems);
        rules.check_references("key", &self.account_keys, |r| vec![r.key], problems);
        rules.check_references("account", &self.accounts, |r| vec![r.account], problems);
        for (code, rule) in rules.iter() {
            let found = self.accounts.get(rule.account).map(|account| account.chart);
            if let (Some(chart), Some(origin)) = (found, rules.origin(code))
                && chart != rule.chart
            {
                let wrong = format!("account: {} belongs to the chart {chart}", rule.account);
                problems.report(origin, format!("{}.{code}.{wrong}", rules.name()));
            }
            if let (true, Some(origin)) = (found.is_some(), rules.origin(code))
                && rule.key == account_key::RECEIVABLES
                && !self.is_reconciliation_account(rule.account)
            {
                let wrong = format!("account: {} is no reconciliation account", rule.account);
                problems.report(origin, format!("{}.{code}.{wrong}", rules.name()));
            }
        }
        let account = |bank: &HouseBank| vec![bank.account];
        self.house_banks.check_references("account", &self.accounts, account, problems);
    }

    /// Codes of catalogues that other modules own.
    fn check_codes(&self, customizing: &Customizing, problems: &mut Diagnostics) {
        let codes = customizing.codes();
        let mut report = |name: &str, code: Code, origin: Option<_>, message: String| {
            if let Some(origin) = origin {
                problems.report(origin, format!("{name}.{code}: {message}"));
            }
        };
        for (code, kind) in self.document_kinds.iter() {
            if let Err(message) = codes.check("number_range", kind.number_range) {
                let kinds = &self.document_kinds;
                report(kinds.name(), code, kinds.origin(code), message);
            }
        }
        for (code, bank) in self.house_banks.iter() {
            if let Err(message) = codes.check("company_code", bank.company_code) {
                report(self.house_banks.name(), code, self.house_banks.origin(code), message);
            }
        }
        for code in self.tolerances.codes().filter(|code| *code != DEFAULT) {
            if let Err(message) = codes.check("company_code", code) {
                report(self.tolerances.name(), code, self.tolerances.origin(code), message);
            }
        }
    }
}
