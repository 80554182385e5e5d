//! Segments of a sales document: one file, one base table (or a pair that belongs together).

mod header;
mod item;
mod status;

pub use header::{Category, SalesHeader};
pub use item::{SalesItem, ScheduleLine};
pub use status::{CreditStatus, Progress, SalesStatus};

use tessera_document::{DocumentFlow, DocumentText, PartnerFunction};
use tessera_kernel::Object;
use tessera_pricing::PricingCondition;

/// A quotation, order, return order or request: what was agreed with a customer.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "sales_document", owned)]
pub struct SalesDocument {
    /// Header.
    pub header: SalesHeader,
    /// Status.
    pub status: SalesStatus,
    /// Items.
    pub items: Vec<SalesItem>,
    /// Promised quantities by day.
    pub schedule: Vec<ScheduleLine>,
    /// Prices, discounts and taxes.
    pub conditions: Vec<PricingCondition>,
    /// Partner functions.
    pub partners: Vec<PartnerFunction>,
    /// Predecessors.
    pub flow: Vec<DocumentFlow>,
    /// Texts.
    pub texts: Vec<DocumentText>,
}

impl SalesDocument {
    /// An item by number.
    pub fn item(&self, item: u32) -> Option<&SalesItem> {
        self.items.iter().find(|candidate| candidate.item == item)
    }

    /// Schedule lines of an item, in order of their days.
    pub fn schedule_of(&self, item: u32) -> impl Iterator<Item = &ScheduleLine> {
        self.schedule.iter().filter(move |line| line.item == item)
    }
}
