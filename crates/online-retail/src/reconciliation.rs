//! The file against the books, month by month.
//!
//! For every month the exact sum of the booked rows must be what billing documents say, before
//! they were rounded, and what billing documents say must be what the ledger earned.

use std::collections::BTreeMap;

use tessera_billing::BillingHeader;
use tessera_finance::{FinanceSettings, account_key, each_total};
use tessera_kernel::{Code, Decimal, Fault, Record as _, Segment as _, Select, Tx, from_micros};
use tessera_organisation::OrganisationSettings;

use crate::report::Month;

/// What the books say of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Net value of invoices less credit memos.
    billed: Decimal,
    /// What rounding took from them: exact value less net value.
    rounding: Decimal,
    /// Credits less debits of the accounts that revenue leads to.
    earned: Decimal,
}

/// What the books of a company say, by month.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books(BTreeMap<Month, Figures>);

impl Books {
    /// Reads billing documents and ledger totals of a company.
    pub(crate) fn read(tx: &mut Tx<'_>, company: Code) -> Result<Self, Fault> {
        let mut books = Self::default();
        books.read_billing(tx, company)?;
        books.read_ledger(tx, company)?;
        Ok(books)
    }

    fn read_billing(&mut self, tx: &mut Tx<'_>, company: Code) -> Result<(), Fault> {
        let query = Select::all(BillingHeader::def().table());
        tx.select(&query, &mut |row| {
            row.uuid()?;
            let header = BillingHeader::read(row)?;
            if header.company_code == company {
                let sign = Decimal::from(header.category.sign());
                let month = self.0.entry(Month::of(header.billing_date)).or_default();
                month.billed += sign * header.net_value.amount();
                month.rounding += sign * header.rounding;
            }
            Ok(())
        })
    }

    fn read_ledger(&mut self, tx: &mut Tx<'_>, company: Code) -> Result<(), Fault> {
        let finance = tx.settings::<FinanceSettings>()?;
        let organisation = tx.settings::<OrganisationSettings>()?;
        let entry = organisation.company(company).map_err(Fault::corrupt)?;
        let (chart, start) = (entry.chart_of_accounts, entry.fiscal_year_start_month);
        let decimals = entry.currency.decimals();
        let mut unknown = false;
        each_total(tx, Some(company), &mut |key, turnover| {
            if !finance.determination.leads_to(chart, account_key::REVENUE, key.account) {
                return;
            }
            let Some(last) = key.period.last_day(start) else {
                unknown = true;
                return;
            };
            let month = self.0.entry(Month::of(last)).or_default();
            month.earned -= Decimal::new(turnover.balance().1, decimals);
        })?;
        if unknown { Err(Fault::corrupt("a ledger total has no period")) } else { Ok(()) }
    }

    fn of(&self, month: Month) -> Figures {
        self.0.get(&month).copied().unwrap_or_default()
    }
}

/// A month of the file and of the books, in pounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthFigures {
    /// Month.
    pub month: Month,
    /// Exact sum of quantity × price of the booked rows.
    pub file: Decimal,
    /// Net value of the invoices less that of the credit memos.
    pub billed: Decimal,
    /// What rounding to pence took from them, as it stands on the documents.
    pub rounding: Decimal,
    /// Credits less debits of the revenue accounts.
    pub earned: Decimal,
}

impl MonthFigures {
    /// Whether file, documents and ledger say the same.
    pub fn agrees(&self) -> bool {
        self.file == self.billed + self.rounding && self.billed == self.earned
    }
}

/// The file against the books: what was booked (micros of a pound by month) against what the
/// books have more than before. A month that only one side knows is there with zeroes of the
/// other.
pub(crate) fn reconcile(
    booked: &BTreeMap<Month, i128>,
    before: &Books,
    after: &Books,
) -> Vec<MonthFigures> {
    let mut months: Vec<Month> = booked.keys().chain(after.0.keys()).copied().collect();
    months.sort_unstable();
    months.dedup();
    let figures = |month: Month| {
        let (old, new) = (before.of(month), after.of(month));
        MonthFigures {
            month,
            file: exact(booked.get(&month).copied().unwrap_or_default()),
            billed: new.billed - old.billed,
            rounding: new.rounding - old.rounding,
            earned: new.earned - old.earned,
        }
    };
    let all = months.into_iter().map(figures);
    all.filter(|month| booked.contains_key(&month.month) || !month.is_empty()).collect()
}

impl MonthFigures {
    fn is_empty(&self) -> bool {
        [self.file, self.billed, self.rounding, self.earned].iter().all(Decimal::is_zero)
    }
}

/// Micros as a decimal; sums beyond 64 bits too.
fn exact(micros: i128) -> Decimal {
    match i64::try_from(micros) {
        Ok(micros) => from_micros(micros),
        // Rows are limited, so that only some 10¹⁰ of them could exceed 96 bits.
        Err(_) => Decimal::try_from_i128_with_scale(micros, 6).unwrap_or(Decimal::MAX),
    }
}
