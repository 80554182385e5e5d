//! Inputs of the verbs of payments.

use tessera_kernel::{Code, Date, Form, Money, Record, Ref};
use tessera_partner::BusinessPartner;

use crate::reverse::ReversalData;
use crate::segments::{Receivable, Remainder};

/// Money that moved.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct PaymentData {
    /// The company.
    #[field(code = "company_code")]
    pub company_code: Code,
    /// The customer.
    pub partner: Ref<BusinessPartner>,
    /// The money.
    #[field(positive)]
    pub amount: Money,
    /// The day on which the bank has it; the posting date where empty.
    pub value_date: Option<Date>,
    /// The day on which it counts in the books; today where empty.
    pub posting_date: Option<Date>,
    /// The bank account; where empty, the account of the key `BNK`.
    #[field(code = "house_bank")]
    pub house_bank: Option<Code>,
    /// What the bank says about it.
    #[field(max = 140)]
    pub reference: Option<String>,
}

/// What to do to one open item. Amounts have the sign of the item: above zero for an invoice, below
/// for a credit memo.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct AllocationData {
    /// The open item.
    pub receivable: Ref<Receivable>,
    /// The money for it. Where empty: all of a credit memo that adds to the money, and of what the
    /// money is for as much as is open (less the discount) and left, in the order given.
    pub cash: Option<Money>,
    /// The cash discount that the customer deducted, at most what the terms allow.
    pub discount: Option<Money>,
    /// What happens to the rest.
    #[field(default = "keep")]
    pub remainder: Remainder,
}

impl AllocationData {
    /// As much of the item as there is money for.
    pub fn of(receivable: Ref<Receivable>) -> Self {
        Self { receivable, cash: None, discount: None, remainder: Remainder::Keep }
    }
}

/// Input of `pay` and `refund`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct PaymentForm {
    /// The money.
    #[form(flatten)]
    pub payment: PaymentData,
    /// What it is for; what is left stays on the customer's account.
    pub allocations: Vec<AllocationData>,
}

/// When to allocate.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct AllocateData {
    /// Posting date of differences; today where empty.
    pub posting_date: Option<Date>,
}

/// Input of `allocate`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct AllocateForm {
    /// When.
    #[form(flatten)]
    pub when: AllocateData,
    /// What the money on account is for.
    pub allocations: Vec<AllocationData>,
}

/// Whose open items to clear against each other.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct ClearingData {
    /// The company.
    #[field(code = "company_code")]
    pub company_code: Code,
    /// The customer.
    pub partner: Ref<BusinessPartner>,
    /// The day on which it counts in the books; today where empty.
    pub posting_date: Option<Date>,
    /// Why.
    #[field(max = 140)]
    pub reference: Option<String>,
}

/// Input of `clear`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct ClearingForm {
    /// Whose and when.
    #[form(flatten)]
    pub clearing: ClearingData,
    /// The invoices and credit memos. Where no money is named, as much is cleared as both sides
    /// have, in the order given.
    pub allocations: Vec<AllocationData>,
}

/// Input of `cancel`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct CancelForm {
    /// When.
    #[form(flatten)]
    pub reversal: ReversalData,
}

/// Why an open item is given up.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct WriteOffData {
    /// The day on which it counts in the books; today where empty.
    pub posting_date: Option<Date>,
    /// Why.
    #[field(max = 140)]
    pub reason: String,
}

/// Input of `write_off`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct WriteOffForm {
    /// When and why.
    #[form(flatten)]
    pub write_off: WriteOffData,
}
