//! Payments and clearings.

use tessera_kernel::{Choice, Code, Date, Money, Object, Ref, Segment};
use tessera_partner::BusinessPartner;

use super::{JournalEntry, Receivable};

/// What moved.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentKind {
    /// Money of the customer came in.
    Incoming,
    /// Money went back to the customer.
    Refund,
    /// No money: open items were cleared against each other.
    Clearing,
}

/// How much of the money is allocated to open items.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// Nothing: all of it is on the customer's account.
    OnAccount,
    /// A part; the rest is on the customer's account.
    Partly,
    /// All of it.
    Allocated,
    /// It was taken back.
    Cancelled,
}

/// What happens to what an allocation leaves of an open item.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remainder {
    /// A partial payment: it stays open with its terms.
    Keep,
    /// A residual: it stays open, without a right to a cash discount.
    Residual,
    /// A small difference: it is written off, within the tolerance of the company.
    WriteOff,
}

/// The payment as a whole.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "payment_header", one)]
pub struct PaymentHeader {
    /// What moved.
    #[field(list)]
    pub kind: PaymentKind,
    /// The company.
    #[field(code = "company_code", list)]
    pub company_code: Code,
    /// The customer.
    #[field(index)]
    pub partner: Ref<BusinessPartner>,
    /// The day on which the bank has the money; it decides about cash discounts.
    #[field(list)]
    pub value_date: Date,
    /// The day on which it counts in the books.
    #[field(list)]
    pub posting_date: Date,
    /// The money: above zero where it came in, below where it went out, zero for a clearing.
    #[field(list)]
    pub amount: Money,
    /// The bank account.
    #[field(code = "house_bank")]
    pub house_bank: Option<Code>,
    /// What the bank says about it.
    #[field(list, max = 140)]
    pub reference: Option<String>,
    /// The money that is on the customer's account, in reach of `allocate`.
    #[field(list)]
    pub unallocated: Money,
    /// The same in the company's currency, at the rate of the posting.
    pub unallocated_local: Money,
    /// The reconciliation account that it stands on.
    #[field(code = "account")]
    pub account: Code,
    /// How much is allocated.
    #[field(index)]
    pub status: PaymentStatus,
    /// The entry that posted it; a clearing without differences has none.
    pub journal_entry: Option<Ref<JournalEntry>>,
    /// Where the credit of the customer is watched.
    #[field(code = "credit_control_area")]
    pub credit_control_area: Code,
    /// By how much the money on account lowers the credit exposure, in the area's currency.
    pub credit_amount: Money,
    /// The posting date of its cancellation.
    #[field(index)]
    pub cancelled_on: Option<Date>,
}

/// What was done to one open item. Amounts have the sign of the item: above zero for an invoice,
/// below for a credit memo. `amount` is `cash` plus `discount` plus `written_off`.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "payment_allocation", many(line))]
pub struct PaymentAllocation {
    /// Line, from 1.
    pub line: u32,
    /// The open item.
    #[field(index)]
    pub receivable: Ref<Receivable>,
    /// Number of its billing document.
    #[field(max = 40)]
    pub document_number: String,
    /// What the item came down by.
    pub amount: Money,
    /// The part that was paid.
    pub cash: Money,
    /// The part that is cash discount, with the tax on it.
    pub discount: Money,
    /// The tax in the cash discount.
    pub tax_correction: Money,
    /// The part that was written off.
    pub written_off: Money,
    /// What the item came down by, in the company's currency.
    pub local_amount: Money,
    /// What the item counted for in the credit exposure by this part.
    pub credit_amount: Money,
    /// What happened to the rest.
    pub remainder: Remainder,
    /// The posting date of the allocation.
    #[field(index)]
    pub cleared_on: Date,
    /// The posting date on which it was taken back.
    #[field(index)]
    pub reversed_on: Option<Date>,
    /// The entry that posted it, where one was needed.
    pub journal_entry: Option<Ref<JournalEntry>>,
}

impl PaymentAllocation {
    /// Whether the allocation counted on a day.
    pub fn is_active_on(&self, day: Date) -> bool {
        self.cleared_on <= day && self.reversed_on.is_none_or(|reversed| reversed > day)
    }
}

/// Money of a customer and what it was used for.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "payment", numbers = "payment")]
pub struct Payment {
    /// The payment as a whole.
    pub header: PaymentHeader,
    /// What it was used for.
    pub allocations: Vec<PaymentAllocation>,
}
