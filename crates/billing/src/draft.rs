//! Input of the verbs of billing.

use tessera_delivery::Delivery;
use tessera_kernel::{Date, Form, Quantity, Record, Ref};
use tessera_sales::SalesDocument;

/// What is to be billed. Everything with the same payer, currency, terms and billing type comes
/// on one document; what differs is split.
#[derive(Form, Clone, Debug)]
pub struct BillingDraft {
    /// Header.
    #[form(flatten)]
    pub header: DraftHeader,
    /// Deliveries whose goods have moved.
    pub deliveries: Vec<DeliveryToBill>,
    /// Orders, for items that are billed without delivery.
    pub orders: Vec<OrderToBill>,
}

/// Header of new billing documents.
#[derive(Record, Clone, Debug, Default)]
pub struct DraftHeader {
    /// Day of the documents; else today.
    pub billing_date: Option<Date>,
    /// A document of its own for each delivery and order.
    #[field(default = false)]
    pub one_each: bool,
}

/// A delivery to bill.
#[derive(Record, Clone, Debug)]
pub struct DeliveryToBill {
    /// Delivery.
    pub delivery: Ref<Delivery>,
    /// Item; none: everything that is not billed yet.
    #[field(positive)]
    pub item: Option<u32>,
}

/// An order to bill.
#[derive(Record, Clone, Debug)]
pub struct OrderToBill {
    /// Order.
    pub order: Ref<SalesDocument>,
    /// Item; none: everything that is not billed yet.
    #[field(positive)]
    pub item: Option<u32>,
    /// Quantity of the item in the base unit; none: all that is open.
    #[field(positive)]
    pub quantity: Option<Quantity>,
}

/// The day of a billing document, asked for at its predecessor.
#[derive(Form, Clone, Debug)]
pub(crate) struct BillingDay {
    /// Header.
    #[form(flatten)]
    pub header: DraftHeader,
}

/// The cancellation of a billing document.
#[derive(Form, Clone, Debug)]
pub(crate) struct CancellationDraft {
    /// What is said about it.
    #[form(flatten)]
    pub header: CancellationHeader,
}

/// What is said about a cancellation.
#[derive(Record, Clone, Debug)]
pub(crate) struct CancellationHeader {
    /// Day of the cancellation; else today.
    pub billing_date: Option<Date>,
    /// Why.
    #[field(max = 200)]
    pub reason: String,
}
