//! A planned receipt: goods that are expected from a supplier or from production.

use tessera_kernel::{Choice, Code, Date, Object, Quantity, Ref, Segment};
use tessera_product::Product;

/// Where planned goods come from.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedReceiptKind {
    /// A supplier delivers them.
    Purchase,
    /// Own production makes them.
    Production,
}

/// How far a planned receipt is.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedReceiptStatus {
    /// All or a part of it is still to come.
    Open,
    /// All of it has arrived.
    Received,
    /// Nothing more comes.
    Cancelled,
}

/// What is expected where and when.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "planned_receipt_terms", one)]
pub struct PlannedReceiptTerms {
    /// Where the goods come from.
    #[field(list)]
    pub kind: PlannedReceiptKind,
    /// Product.
    #[field(index)]
    pub product: Ref<Product>,
    /// Plant that gets it.
    #[field(code = "plant", list)]
    pub plant: Code,
    /// Day on which it can be used.
    #[field(index)]
    pub date: Date,
    /// Quantity announced, in the base unit.
    #[field(positive, list)]
    pub quantity: Quantity,
    /// Quantity still to come, in the base unit.
    #[field(read_only, list)]
    pub open_quantity: Quantity,
    /// How far it is.
    #[field(read_only, index)]
    pub status: PlannedReceiptStatus,
    /// Number of the purchase order or production order.
    #[field(max = 35, list)]
    pub reference: Option<String>,
}

/// Goods that are expected; the availability check promises on them.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "planned_receipt", numbers = "planned_receipt")]
pub struct PlannedReceipt {
    /// What is expected.
    pub terms: PlannedReceiptTerms,
}
