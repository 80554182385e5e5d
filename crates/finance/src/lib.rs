#![doc = include_str!("../README.md")]

mod actions;
mod check;
mod determination;
mod entries;
mod error;
mod export;
mod exposure;
mod fiscal;
mod ledger;
mod line;
mod manual;
mod numbering;
pub mod outside;
mod payment;
mod period;
mod post;
mod proportion;
mod receivable;
mod report;
mod reverse;
mod segments;
mod settings;
mod walk;

use tessera_customizing::Shipped;
use tessera_kernel::{Code, Date, EventDef, Module, ObjectEntry, Tx, business_day};
use tessera_organisation::OrganisationSettings;

pub use determination::{AccountDetermination, account_key};
pub use entries::{
    Account, AccountKind, DeterminationRule, DocumentKind, HouseBank, Named, PaymentTolerance,
    Reconciliation,
};
pub use error::FinanceError;
pub use export::{LedgerFormat, export_ledger};
pub use fiscal::FiscalPeriod;
pub use ledger::{LEDGER_TOTAL, LedgerKey, Turnover, each_total};
pub use line::{Line, compress};
pub use manual::{ManualEntryData, ManualEntryForm, ManualLineData, post_manual};
pub use payment::{
    AllocateData, AllocateForm, AllocationData, CancelForm, ClearingData, ClearingForm,
    PaymentData, PaymentForm, WriteOffData, WriteOffForm, allocate, cancel_payment, clear,
    clear_items, pay, refund, write_off,
};
pub use period::{PeriodData, PeriodForm, close_period, open_period};
pub use post::{Entry, document_kind, post};
pub use receivable::{NewReceivable, open_receivable, reconciliation_account};
pub use report::{
    AccountLine, AccountLines, AccountLinesData, AccountLinesForm, Ageing, AgeingData, AgeingForm,
    AgeingRow, OpenItem, OpenItems, OpenItemsData, OpenItemsForm, TrialBalance, TrialBalanceData,
    TrialBalanceForm, TrialBalanceRow, account_lines, ageing, open_items, overdue_days,
    trial_balance,
};
pub use reverse::{ReversalData, ReversalForm, reverse, reverse_manual};
pub use segments::{
    ItemStatus, JournalEntry, JournalHeader, JournalLine, Payment, PaymentAllocation,
    PaymentHeader, PaymentKind, PaymentStatus, PeriodState, PeriodStatus, PostingPeriod,
    Receivable, ReceivableItem, Remainder, Side,
};
pub use settings::{FinanceSettings, settings};
pub use walk::{LedgerEntry, each_entry};

/// Customizing that is shipped with the module: a chart of accounts and what leads to it.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "finance.toml", text: include_str!("../config/finance.toml") }];

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("journal_entry.posted", "A journal entry was posted."),
    EventDef::new("journal_entry.reversed", "A journal entry was reversed."),
    EventDef::new("receivable.cleared", "A receivable was settled."),
    EventDef::new("payment.received", "A customer paid."),
    EventDef::new("payment.refunded", "A customer was paid back."),
    EventDef::new("payment.cleared", "Receivables were settled with each other."),
    EventDef::new("payment.allocated", "A payment was allocated to receivables."),
    EventDef::new("payment.cancelled", "A payment was cancelled."),
    EventDef::new("posting_period.opened", "A posting period was opened."),
    EventDef::new("posting_period.closed", "A posting period was closed."),
];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "finance",
        owner: "finance",
        help: "Double-entry ledger, open items of customers, payments and their reports",
        objects: vec![
            ObjectEntry::document::<JournalEntry>(),
            ObjectEntry::document::<Receivable>(),
            ObjectEntry::document::<Payment>(),
            ObjectEntry::document::<PostingPeriod>(),
        ],
        actions: actions::actions(),
        balances: vec![&LEDGER_TOTAL],
        checks: check::checks(),
        number_ranges: vec!["journal_entry", "payment"],
        legal_numbers: vec!["document_kind"],
        events: EVENTS,
        ..Module::default()
    }
}

/// The day given, or today where the company has its seat.
fn today(
    tx: &Tx<'_>,
    organisation: &OrganisationSettings,
    company_code: Code,
    given: Option<Date>,
) -> Result<Date, FinanceError> {
    let company = organisation.company(company_code).map_err(FinanceError::Customizing)?;
    Ok(given.unwrap_or_else(|| tx.today(&company.zone)))
}

/// The day on which something is posted: the one given, or today where the company has its seat.
fn posting_date(
    tx: &Tx<'_>,
    organisation: &OrganisationSettings,
    company_code: Code,
    given: Option<Date>,
) -> Result<Date, FinanceError> {
    let date = today(tx, organisation, company_code, given)?;
    business_day(date).map_err(|_| FinanceError::PostingDate(date))?;
    Ok(date)
}
