//! Input of the verbs of deliveries.

use tessera_kernel::{Date, Form, Quantity, Record, Ref};
use tessera_sales::SalesDocument;

/// A new delivery.
#[derive(Form, Clone, Debug)]
pub struct DeliveryDraft {
    /// Header.
    #[form(flatten)]
    pub header: DraftHeader,
    /// What is delivered: orders as a whole, or some of their items, or parts of these.
    pub items: Vec<DraftItem>,
}

/// Header of a new delivery.
#[derive(Record, Clone, Debug, Default)]
pub struct DraftHeader {
    /// Day on which the goods are to leave; else today.
    pub planned_goods_issue: Option<Date>,
}

/// What is delivered of an order.
#[derive(Record, Clone, Debug)]
pub struct DraftItem {
    /// Order.
    pub order: Ref<SalesDocument>,
    /// Item; none: every item of which something is due.
    #[field(positive)]
    pub item: Option<u32>,
    /// Quantity of the item in the base unit; none: all that is promised until the planned goods
    /// issue.
    #[field(positive)]
    pub quantity: Option<Quantity>,
}

/// The delivery of one order, as asked for at the order.
#[derive(Form, Clone, Debug)]
pub(crate) struct OrderDelivery {
    /// Header.
    #[form(flatten)]
    pub header: DraftHeader,
    /// Items; none: every item of which something is due.
    pub items: Vec<OrderDeliveryItem>,
}

/// An item of the order to deliver.
#[derive(Record, Clone, Debug)]
pub(crate) struct OrderDeliveryItem {
    /// Item.
    #[field(positive)]
    pub item: u32,
    /// Quantity in the base unit; none: all that is promised until the planned goods issue.
    #[field(positive)]
    pub quantity: Option<Quantity>,
}

/// The day of a posting.
#[derive(Form, Clone, Debug)]
pub(crate) struct Posting {
    /// Day.
    #[form(flatten)]
    pub on: PostingDay,
}

/// The day of a posting.
#[derive(Record, Clone, Debug)]
pub(crate) struct PostingDay {
    /// Posting date; else today.
    pub posting_date: Option<Date>,
}
