//! Reversing journal entries.

use serde_json::json;
use tessera_kernel::{Date, Form, Record, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;

use crate::FinanceError;
use crate::line::Line;
use crate::post::{Entry, post_reversal};
use crate::segments::{JournalEntry, JournalHeader};

/// How to reverse an entry.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct ReversalData {
    /// The posting date of the reversal; today where empty.
    pub posting_date: Option<Date>,
}

/// Input of `reverse`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct ReversalForm {
    /// How.
    #[form(flatten)]
    pub reversal: ReversalData,
}

/// Takes an entry back: a new entry with debits and credits exchanged, at the same local amounts.
/// Both name each other. An entry is reversed once, not before its own day, and a reversal never.
///
/// It asks for no permission and does not look at open items: the verb that cancels the document
/// behind the entry does. For entries of the general ledger itself see [`reverse_manual`].
pub fn reverse(
    tx: &mut Tx<'_>,
    entry: Ref<JournalEntry>,
    posting_date: Date,
) -> Result<Stored<JournalEntry>, FinanceError> {
    let original = tx.load(entry)?;
    let header = &original.header;
    let refused =
        |reason: String| Err(FinanceError::NotReversible { number: original.number(), reason });
    if let Some(by) = header.reversed_by {
        let by = tx.head(<JournalEntry as tessera_kernel::Object>::def(), by.id())?;
        return refused(format!("was reversed by {} already", by.number.unwrap_or_default()));
    }
    if header.reverses.is_some() {
        return refused("is a reversal: post what it took back anew".to_string());
    }
    if posting_date < header.posting_date {
        let posted = header.posting_date;
        let message = format!("must not be before {posted}, when {} was posted", original.number());
        return Err(FinanceError::field("posting_date", message));
    }
    let lines: Vec<Line<'_>> = original.lines.iter().map(Line::taking_back).collect();
    let reversal = Entry {
        company_code: header.company_code,
        kind: header.kind,
        posting_date,
        document_date: header.document_date,
        currency: header.currency,
        reference: header.reference,
        reference_number: header.reference_number.as_deref(),
        text: header.text.as_deref(),
        lines: &lines,
    };
    let reversal = post_reversal(tx, &reversal, Some(entry))?;
    let by = reversal.id();
    tx.edit(entry, |header: &mut JournalHeader| header.reversed_by = Some(by))?;
    let told = json!({ "number": original.head.number, "reversed_by": reversal.head.number });
    tx.emit("journal_entry.reversed", original.head.id, &told)?;
    Ok(reversal)
}

/// Reverses an entry that was posted by hand. One that stands for a document is refused: the
/// document is cancelled, and that reverses its entry.
pub fn reverse_manual(
    tx: &mut Tx<'_>,
    entry: Ref<JournalEntry>,
    input: &ReversalData,
) -> Result<Stored<JournalEntry>, FinanceError> {
    tx.actor().require("journal_entry", "reverse")?;
    let header: JournalHeader = tx.segment_one(entry.id())?;
    if header.reference.is_some() {
        let number = tx.head(<JournalEntry as tessera_kernel::Object>::def(), entry.id())?.number;
        let document = header.reference_number.unwrap_or_default();
        return Err(FinanceError::NotReversible {
            number: number.unwrap_or_default(),
            reason: format!("stands for the document {document}: cancel that document instead"),
        });
    }
    let organisation = tx.settings::<OrganisationSettings>()?;
    let posting_date =
        crate::posting_date(tx, organisation, header.company_code, input.posting_date)?;
    reverse(tx, entry, posting_date)
}
