//! The ledger: totals per company, account, currency and period.

use tessera_kernel::{Balance, Cell, CellRef, Code, ColumnType, Currency, Fault, Placement, Tx};

use crate::fiscal::FiscalPeriod;

/// Totals per company code, account, document currency, fiscal year and period. `debit` and
/// `credit` are minor units of the document currency, `local_debit` and `local_credit` of the
/// company's. Only [`crate::post()`] adjusts it.
pub static LEDGER_TOTAL: Balance = Balance::new(
    "ledger_total",
    &[
        ("company_code", ColumnType::Text),
        ("account", ColumnType::Text),
        ("currency", ColumnType::Text),
        ("year", ColumnType::Int),
        ("period", ColumnType::Int),
    ],
    &["debit", "credit", "local_debit", "local_credit"],
    Placement::Place("company_code", 0),
);

/// Key of a row of [`LEDGER_TOTAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerKey {
    /// Company.
    pub company_code: Code,
    /// Account.
    pub account: Code,
    /// Document currency.
    pub currency: Currency,
    /// Fiscal year and period.
    pub period: FiscalPeriod,
}

/// Turnover in minor units: of the document currency, then of the company's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnover {
    /// Debits.
    pub debit: i64,
    /// Credits.
    pub credit: i64,
    /// Debits in the company's currency.
    pub local_debit: i64,
    /// Credits in the company's currency.
    pub local_credit: i64,
}

impl Turnover {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            debit: self.debit.saturating_add(other.debit),
            credit: self.credit.saturating_add(other.credit),
            local_debit: self.local_debit.saturating_add(other.local_debit),
            local_credit: self.local_credit.saturating_add(other.local_credit),
        }
    }

    /// Debits less credits, in the document currency and in the company's.
    pub fn balance(self) -> (i64, i64) {
        (self.debit - self.credit, self.local_debit - self.local_credit)
    }
}

/// Visits the ledger of one company, or of all, in order of company, account, currency and period.
pub fn each_total(
    tx: &mut Tx<'_>,
    company_code: Option<Code>,
    visit: &mut dyn FnMut(LedgerKey, Turnover),
) -> Result<(), Fault> {
    let mut damaged = None;
    let mut each = |key: &[Cell], measures: &[i64]| match read_key(key) {
        Some(key) => visit(
            key,
            Turnover {
                debit: measures[0],
                credit: measures[1],
                local_debit: measures[2],
                local_credit: measures[3],
            },
        ),
        None => damaged = Some(Fault::corrupt(format!("a ledger total has the key {key:?}"))),
    };
    match &company_code {
        Some(code) => {
            tx.balances(&LEDGER_TOTAL, &[CellRef::Text(code.as_str())], &mut each)?;
        }
        None => tx.all_balances(&LEDGER_TOTAL, &mut each)?,
    }
    damaged.map_or(Ok(()), Err)
}

fn read_key(key: &[Cell]) -> Option<LedgerKey> {
    let [
        Cell::Text(company),
        Cell::Text(account),
        Cell::Text(currency),
        Cell::Int(year),
        Cell::Int(period),
    ] = key
    else {
        return None;
    };
    Some(LedgerKey {
        company_code: Code::parse(company).ok()?,
        account: Code::parse(account).ok()?,
        currency: Currency::parse(currency).ok()?,
        period: FiscalPeriod {
            year: u32::try_from(*year).ok()?,
            period: u32::try_from(*period).ok()?,
        },
    })
}

/// Adds the turnover of one entry on one account.
pub(crate) fn adjust(tx: &mut Tx<'_>, key: &LedgerKey, turnover: Turnover) -> Result<(), Fault> {
    let cells = [
        CellRef::Text(key.company_code.as_str()),
        CellRef::Text(key.account.as_str()),
        CellRef::Text(key.currency.code()),
        CellRef::Int(i64::from(key.period.year)),
        CellRef::Int(i64::from(key.period.period)),
    ];
    let deltas = [
        (0, turnover.debit),
        (1, turnover.credit),
        (2, turnover.local_debit),
        (3, turnover.local_credit),
    ];
    tx.adjust(&LEDGER_TOTAL, &cells, &deltas, None)?;
    Ok(())
}
