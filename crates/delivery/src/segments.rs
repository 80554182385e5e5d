//! Segments of a delivery.

use tessera_document::{DocumentFlow, DocumentText, PartnerFunction};
use tessera_kernel::{Choice, Code, Date, Money, Object, Quantity, Ref, Segment};
use tessera_partner::BusinessPartner;
use tessera_product::Product;
use tessera_sales::{Progress, SalesDocument};
use tessera_stock::GoodsMovement;

/// Which way the goods go.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryDirection {
    /// To the customer.
    Outbound,
    /// Back from the customer.
    Returns,
}

/// What holds for the whole delivery.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "delivery_header", one)]
pub struct DeliveryHeader {
    /// Delivery type.
    #[field(code = "delivery_type", list)]
    pub delivery_type: Code,
    /// Which way the goods go, from the delivery type.
    #[field(list)]
    pub direction: DeliveryDirection,
    /// Sales organisation.
    #[field(code = "sales_organisation", list)]
    pub sales_organisation: Code,
    /// Ship-to party.
    #[field(index)]
    pub ship_to: Ref<BusinessPartner>,
    /// Shipping point.
    #[field(code = "shipping_point", list)]
    pub shipping_point: Code,
    /// Shipping condition.
    #[field(code = "shipping_condition")]
    pub shipping_condition: Code,
    /// Incoterms.
    #[field(code = "incoterms")]
    pub incoterms: Option<Code>,
    /// Which delivery is prepared first, 1 before 2: the most urgent of its orders.
    #[field(positive, default = 2, list)]
    pub delivery_priority: u32,
    /// Day on which the goods are to leave (or to come back).
    #[field(list)]
    pub planned_goods_issue: Date,
}

/// Whether the goods have moved.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoodsIssueStatus {
    /// Not yet.
    Open,
    /// The goods have moved.
    Posted,
    /// The delivery was cancelled before they did.
    Cancelled,
}

/// Where the delivery stands.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "delivery_status", one)]
pub struct DeliveryStatus {
    /// Goods issue (of a returns delivery: goods receipt).
    #[field(list, read_only)]
    pub goods_issue_status: GoodsIssueStatus,
    /// Day on which the goods moved.
    #[field(list, read_only)]
    pub goods_issue: Option<Date>,
    /// The goods movement that was posted.
    #[field(read_only)]
    pub goods_movement: Option<Ref<GoodsMovement>>,
    /// Billing.
    #[field(list, read_only)]
    pub billing: Progress,
}

/// What is delivered.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "delivery_item", item, many(item))]
pub struct DeliveryItem {
    /// Item number: 10, 20, 30 …
    pub item: u32,
    /// Product.
    pub product: Ref<Product>,
    /// Text on the document.
    #[field(max = 120)]
    pub description: String,
    /// Plant.
    #[field(code = "plant")]
    pub plant: Code,
    /// Storage location.
    #[field(code = "storage_location")]
    pub storage_location: Code,
    /// Quantity in the unit of the sale.
    #[field(positive)]
    pub quantity: Quantity,
    /// The same in the base unit.
    #[field(read_only)]
    pub base_quantity: Quantity,
    /// Day under which the quantity is reserved in stock; none where it is not.
    #[field(read_only)]
    pub reserved_on: Option<Date>,
    /// Whether an invoice follows the delivery.
    #[field(read_only)]
    pub billable: bool,
    /// What the item counts for in the credit exposure until it is billed.
    #[field(read_only)]
    pub credit_value: Money,
    /// Order.
    pub order: Ref<SalesDocument>,
    /// Item of the order.
    pub order_item: u32,
}

/// A delivery: goods of one or several orders that go together to one ship-to party.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "delivery", owned)]
pub struct Delivery {
    /// Header.
    pub header: DeliveryHeader,
    /// Status.
    pub status: DeliveryStatus,
    /// Items.
    pub items: Vec<DeliveryItem>,
    /// Partner functions.
    pub partners: Vec<PartnerFunction>,
    /// The orders.
    pub flow: Vec<DocumentFlow>,
    /// Texts.
    pub texts: Vec<DocumentText>,
}
