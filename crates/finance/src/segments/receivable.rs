//! Receivables: the open items of customers.

use tessera_kernel::{
    Choice, Code, Date, Money, MoneyError, Object, ObjectId, Percentage, Ref, Segment,
};
use tessera_partner::BusinessPartner;

use super::JournalEntry;

/// How much of an open item is cleared.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemStatus {
    /// Nothing.
    Open,
    /// A part.
    Partly,
    /// All of it.
    Cleared,
}

/// What a customer owes for one document; below zero for a credit memo.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "receivable_item", one)]
pub struct ReceivableItem {
    /// The company to which it is owed.
    #[field(code = "company_code", list)]
    pub company_code: Code,
    /// Who pays.
    #[field(index)]
    pub partner: Ref<BusinessPartner>,
    /// The billing document.
    #[field(index)]
    pub document: ObjectId,
    /// Its number.
    #[field(list, max = 40)]
    pub document_number: String,
    /// The entry that posted it.
    pub journal_entry: Ref<JournalEntry>,
    /// The reconciliation account that it stands on.
    #[field(code = "account", list)]
    pub account: Code,
    /// Posting date.
    #[field(list)]
    pub posting_date: Date,
    /// The day on which all of it is due.
    #[field(list)]
    pub due_date: Date,
    /// Last day of the cash discount.
    pub discount_date: Option<Date>,
    /// Cash discount.
    pub discount_percent: Option<Percentage>,
    /// A residual payment ended the right to the cash discount.
    pub discount_ended: bool,
    /// What was owed at first.
    #[field(list)]
    pub amount: Money,
    /// What is owed now.
    #[field(list)]
    pub open_amount: Money,
    /// What was owed at first, in the company's currency.
    pub local_amount: Money,
    /// What is owed now, in the company's currency at the rate of the posting.
    #[field(list)]
    pub open_local_amount: Money,
    /// How much is cleared.
    #[field(index)]
    pub status: ItemStatus,
    /// Where the credit of the payer is watched.
    #[field(code = "credit_control_area")]
    pub credit_control_area: Code,
    /// What the open amount counts for in the credit exposure, in the area's currency.
    pub credit_amount: Money,
}

impl ReceivableItem {
    /// The status that follows from the amounts.
    pub(crate) fn derived_status(&self) -> ItemStatus {
        if self.open_amount.is_zero() {
            ItemStatus::Cleared
        } else if self.open_amount == self.amount {
            ItemStatus::Open
        } else {
            ItemStatus::Partly
        }
    }

    /// The cash discount that the terms give on a day for settling `part` of the item, rounded
    /// half up to the minor unit; zero after the discount date and its days of grace.
    pub fn discount_on(
        &self,
        day: Date,
        grace_days: u16,
        part: Money,
    ) -> Result<Money, MoneyError> {
        let nothing = Money::zero(part.currency());
        let (Some(last), Some(percent)) = (self.discount_date, self.discount_percent) else {
            return Ok(nothing);
        };
        let last = tessera_kernel::date_to_days(last).saturating_add(i32::from(grace_days));
        if self.discount_ended || tessera_kernel::date_to_days(day) > last {
            return Ok(nothing);
        }
        let exact = percent.of(part.amount());
        Money::round(exact, part.currency(), tessera_kernel::Rounding::HalfUp)
    }
}

/// An open item of a customer: made when a billing document is posted, cleared by payments.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "receivable")]
pub struct Receivable {
    /// The item.
    pub item: ReceivableItem,
}
