//! Items and schedule lines of a sales document.

use tessera_kernel::{Code, Date, Money, ObjectId, Quantity, Ref, Segment};
use tessera_product::Product;

/// What is sold.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "sales_item", item, many(item))]
pub struct SalesItem {
    /// Item number: 10, 20, 30 …
    pub item: u32,
    /// Product.
    pub product: Ref<Product>,
    /// Text on the document.
    #[field(max = 120)]
    pub description: String,
    /// Item category, from the document type and the product.
    #[field(code = "item_category")]
    pub item_category: Code,
    /// Quantity in the unit of the sale.
    #[field(positive)]
    pub quantity: Quantity,
    /// The same in the base unit of the product.
    #[field(read_only)]
    pub base_quantity: Quantity,
    /// Delivering plant.
    #[field(code = "plant")]
    pub plant: Option<Code>,
    /// Value without taxes, in the document's currency.
    #[field(read_only)]
    pub net_value: Money,
    /// Taxes.
    #[field(read_only)]
    pub tax_value: Money,
    /// Day on which the customer wants the item.
    pub requested_delivery: Date,
    /// What the item counts for in the credit exposure, in the currency of the control area.
    #[field(read_only)]
    pub credit_value: Money,
    /// Why the item is not fulfilled.
    #[field(code = "rejection_reason")]
    pub rejection_reason: Option<Code>,
    /// Document that the item was made with reference to.
    pub reference: Option<ObjectId>,
    /// Item of that document.
    pub reference_item: Option<u32>,
}

/// What is promised for which day: the confirmed schedule lines of an item are the promise.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "schedule_line", item, many(item, line))]
pub struct ScheduleLine {
    /// Item.
    pub item: u32,
    /// Line, from 1.
    pub line: u32,
    /// Day on which the goods are available and leave.
    pub date: Date,
    /// Confirmed quantity in the base unit; 0 where nothing covers the request yet.
    pub confirmed: Quantity,
    /// Whether the confirmed quantity is held in stock until it is delivered.
    #[field(read_only)]
    pub reserved: bool,
}
