//! The segments and objects of finance.

mod journal;
mod payment;
mod period;
mod receivable;

pub use journal::{JournalEntry, JournalHeader, JournalLine, Side};
pub use payment::{
    Payment, PaymentAllocation, PaymentHeader, PaymentKind, PaymentStatus, Remainder,
};
pub use period::{PeriodState, PeriodStatus, PostingPeriod};
pub use receivable::{ItemStatus, Receivable, ReceivableItem};
