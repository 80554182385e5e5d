//! Journal entries.

use tessera_kernel::{Choice, Code, Currency, Date, Money, Object, ObjectId, Ref, Segment};
use tessera_partner::BusinessPartner;

/// The side of an account.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Left.
    Debit,
    /// Right.
    Credit,
}

impl Side {
    /// The other side.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }
}

/// What is true of the whole entry.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "journal_header", one)]
pub struct JournalHeader {
    /// The company whose books it stands in.
    #[field(code = "company_code", list)]
    pub company_code: Code,
    /// Kind of entry.
    #[field(code = "document_kind", list)]
    pub kind: Code,
    /// The day on which it counts.
    #[field(list)]
    pub posting_date: Date,
    /// The day of the document that it stands for.
    pub document_date: Date,
    /// Fiscal year of the posting date.
    #[field(list)]
    pub fiscal_year: u32,
    /// Period of the posting date.
    #[field(list)]
    pub period: u32,
    /// Currency of the document.
    #[field(list)]
    pub currency: Currency,
    /// The document that it stands for: a delivery, a billing document, a payment.
    #[field(index)]
    pub reference: Option<ObjectId>,
    /// The number of that document.
    #[field(list, max = 40)]
    pub reference_number: Option<String>,
    /// The entry that took this one back.
    #[field(list)]
    pub reversed_by: Option<Ref<JournalEntry>>,
    /// The entry that this one takes back.
    pub reverses: Option<Ref<JournalEntry>>,
    /// What it is about.
    pub text: Option<String>,
}

/// One line of the entry.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "journal_line", many(line))]
pub struct JournalLine {
    /// Line, from 1.
    pub line: u32,
    /// The account.
    #[field(code = "account", index)]
    pub account: Code,
    /// Debit or credit.
    pub side: Side,
    /// The amount in the currency of the document; 0 where only the company's currency moves
    /// (an exchange rate difference).
    #[field(not_negative)]
    pub amount: Money,
    /// The amount in the currency of the company.
    #[field(not_negative)]
    pub local_amount: Money,
    /// Whose account, on a reconciliation account.
    pub partner: Option<Ref<BusinessPartner>>,
    /// Tax code, on lines of tax and on no others.
    #[field(code = "tax_code")]
    pub tax_code: Option<Code>,
    /// What the line is about.
    pub text: Option<String>,
}

impl JournalLine {
    /// The amounts in the currency of the document and of the company, debits above zero.
    pub fn signed(&self) -> (Money, Money) {
        match self.side {
            Side::Debit => (self.amount, self.local_amount),
            Side::Credit => (self.amount.negated(), self.local_amount.negated()),
        }
    }
}

/// An entry in the books of a company: never changed, only reversed. Made by
/// [`post`](crate::post()).
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "journal_entry")]
pub struct JournalEntry {
    /// What is true of the whole entry.
    pub header: JournalHeader,
    /// The lines; debits are credits.
    pub lines: Vec<JournalLine>,
}
