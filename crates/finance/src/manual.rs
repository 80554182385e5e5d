//! Entries of the general ledger made by hand.

use tessera_kernel::{
    Code, Currency, Date, Form, Money, Problem, Record, Stored, Tx, business_day,
};
use tessera_organisation::OrganisationSettings;

use crate::line::Line;
use crate::post::{Entry, document_kind, post};
use crate::segments::{JournalEntry, Side};
use crate::settings::FinanceSettings;
use crate::{FinanceError, posting_date};

/// The entry as a whole.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct ManualEntryData {
    /// The company.
    #[field(code = "company_code")]
    pub company_code: Code,
    /// The day on which it counts; today where empty.
    pub posting_date: Option<Date>,
    /// The day of the voucher; the posting date where empty.
    pub document_date: Option<Date>,
    /// Currency of the amounts.
    pub currency: Currency,
    /// Number of the voucher.
    #[field(max = 40)]
    pub reference_number: Option<String>,
    /// What it is about.
    pub text: Option<String>,
}

/// One line.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct ManualLineData {
    /// The account; not a reconciliation account.
    #[field(code = "account")]
    pub account: Code,
    /// Debit or credit.
    pub side: Side,
    /// The amount.
    #[field(positive)]
    pub amount: Money,
    /// Tax code.
    #[field(code = "tax_code")]
    pub tax_code: Option<Code>,
    /// What the line is about.
    pub text: Option<String>,
}

/// Input of `post`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct ManualEntryForm {
    /// The entry as a whole.
    #[form(flatten)]
    pub entry: ManualEntryData,
    /// Its lines.
    pub lines: Vec<ManualLineData>,
}

/// Posts an entry by hand. Reconciliation accounts are refused: their balance is explained by open
/// items, which only billing documents and payments make.
pub fn post_manual(
    tx: &mut Tx<'_>,
    input: &ManualEntryForm,
) -> Result<Stored<JournalEntry>, FinanceError> {
    tx.actor().require("journal_entry", "post")?;
    let settings = tx.settings::<FinanceSettings>()?;
    for (position, line) in input.lines.iter().enumerate() {
        if settings.is_reconciliation_account(line.account) {
            let reason = "is a reconciliation account: only billing documents and payments post \
                          to it";
            return Err(FinanceError::Line {
                line: position + 1,
                account: line.account,
                field: "account",
                reason: reason.to_string(),
            });
        }
    }
    let data = &input.entry;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let posting_date = posting_date(tx, organisation, data.company_code, data.posting_date)?;
    let document_date = data.document_date.unwrap_or(posting_date);
    business_day(document_date).map_err(|message| FinanceError::field("document_date", message))?;
    let line = |line: &'_ ManualLineData| Line {
        tax_code: line.tax_code,
        ..Line::new(line.account, line.side, line.amount)
    };
    let lines: Vec<Line<'_>> =
        input.lines.iter().map(|data| Line { text: data.text.as_deref(), ..line(data) }).collect();
    let entry = Entry {
        company_code: data.company_code,
        kind: document_kind::GENERAL,
        posting_date,
        document_date,
        currency: data.currency,
        reference: None,
        reference_number: data.reference_number.as_deref(),
        text: data.text.as_deref(),
        lines: &lines,
    };
    post(tx, &entry).map_err(|error| match error {
        FinanceError::Fault(fault) => Problem::from(fault).computed_of("lines").into(),
        refused => refused,
    })
}
