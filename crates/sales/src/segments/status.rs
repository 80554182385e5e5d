//! Status of a sales document. It follows from the items and their fulfilment.

use tessera_kernel::{Choice, Segment};

/// How far a step has gone.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// No item takes part in the step.
    NotRelevant,
    /// Nothing is done.
    Open,
    /// Something is done.
    Partial,
    /// Everything is done.
    Complete,
}

/// Outcome of the credit check.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditStatus {
    /// The document is not subject to it.
    NotChecked,
    /// Within the limit.
    Approved,
    /// Beyond the limit: nothing is promised and nothing can be delivered.
    Blocked,
    /// Was blocked and let through by a person, with a reason.
    Released,
}

/// Where the document stands.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "sales_status", one)]
pub struct SalesStatus {
    /// Everything taken together.
    #[field(list, read_only)]
    pub overall: Progress,
    /// Delivery.
    #[field(list, read_only)]
    pub delivery: Progress,
    /// Billing.
    #[field(list, read_only)]
    pub billing: Progress,
    /// Credit.
    #[field(list, read_only)]
    pub credit: CreditStatus,
    /// Why the credit block was released.
    #[field(max = 200, read_only)]
    pub credit_release_reason: Option<String>,
    /// Something that delivery or billing needs is missing.
    #[field(list, read_only)]
    pub incomplete: bool,
}
