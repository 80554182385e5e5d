//! Input of the verbs of deliveries.

use tessera_kernel::{Code, Date, Form, Quantity, Record, Ref};
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
    /// Storage location that the goods leave (or, coming back, go to); none: the product's own in
    /// the plant.
    #[field(code = "storage_location")]
    pub storage_location: Option<Code>,
}

impl DraftItem {
    /// All that is promised of an order until the planned goods issue.
    pub const fn all_of(order: Ref<SalesDocument>) -> Self {
        Self { order, item: None, quantity: None, storage_location: None }
    }
}

/// Changes of a delivery whose goods have not moved. What is left out stays.
#[derive(Form, Clone, Debug)]
pub struct DeliveryChange {
    /// Items to change.
    pub items: Vec<ItemChange>,
}

/// Changes of an item of a delivery.
#[derive(Record, Clone, Debug)]
pub struct ItemChange {
    /// Item.
    #[field(positive)]
    pub item: u32,
    /// Storage location that the goods leave (or, coming back, go to).
    #[field(code = "storage_location")]
    pub storage_location: Option<Code>,
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
    /// Storage location that the goods leave (or, coming back, go to); none: the product's own in
    /// the plant.
    #[field(code = "storage_location")]
    pub storage_location: Option<Code>,
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
