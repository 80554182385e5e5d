//! A goods movement: what moved, where, and what it was worth.

use serde::Deserialize;
use tessera_kernel::{Choice, Code, Date, Money, Object, ObjectId, Quantity, Ref, Segment};
use tessera_product::Product;

use crate::PlannedReceipt;

/// What a movement does to the stock.
#[derive(Choice, Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Adds to it.
    Receipt,
    /// Takes from it.
    Issue,
    /// Takes from one place and adds to another.
    Transfer,
}

impl Direction {
    /// The direction of a reversal.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Receipt => Self::Issue,
            Self::Issue => Self::Receipt,
            Self::Transfer => Self::Transfer,
        }
    }
}

/// Why and when goods moved.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "goods_movement_header", one)]
pub struct GoodsMovementHeader {
    /// Movement type.
    #[field(code = "movement_type", list)]
    pub movement_type: Code,
    /// Day on which it counts in the books.
    #[field(list)]
    pub posting_date: Date,
    /// Day of the paper that it rests on.
    pub document_date: Date,
    /// Document that caused it, like a delivery.
    #[field(index)]
    pub reference: Option<ObjectId>,
    /// Number of the paper that it rests on, like a supplier's delivery note.
    #[field(max = 35, list)]
    pub reference_number: Option<String>,
    /// Movement that reversed this one.
    #[field(read_only)]
    pub reversed_by: Option<Ref<GoodsMovement>>,
    /// Movement that this one reverses.
    #[field(read_only)]
    pub reverses: Option<Ref<GoodsMovement>>,
    /// Note.
    pub text: Option<String>,
}

/// One product that moved.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "goods_movement_item", item, many(item))]
pub struct GoodsMovementItem {
    /// Item number: 1, 2, 3 …
    pub item: u32,
    /// Product.
    pub product: Ref<Product>,
    /// Plant whose stock changed; of a transfer, the one that gave.
    #[field(code = "plant")]
    pub plant: Code,
    /// Storage location whose stock changed.
    #[field(code = "storage_location")]
    pub storage_location: Code,
    /// What it did to the stock there, from the movement type.
    #[field(read_only)]
    pub direction: Direction,
    /// Plant that a transfer gave to.
    #[field(code = "plant")]
    pub to_plant: Option<Code>,
    /// Storage location that a transfer gave to.
    #[field(code = "storage_location")]
    pub to_storage_location: Option<Code>,
    /// Quantity in the base unit.
    #[field(positive)]
    pub quantity: Quantity,
    /// Quantity in the unit in which it was counted.
    #[field(positive)]
    pub entered_quantity: Quantity,
    /// Value at standard price, in the currency of the company that owns the stock.
    #[field(read_only)]
    pub value: Money,
    /// Of a transfer, value at the standard price of the plant that got it.
    #[field(read_only)]
    pub to_value: Option<Money>,
    /// Day of the reservation that it used up (or, reversing, brought back).
    pub reservation_date: Option<Date>,
    /// Planned receipt that it fulfilled.
    pub planned_receipt: Option<Ref<PlannedReceipt>>,
    /// How much of the planned receipt was still open.
    #[field(read_only)]
    pub planned_quantity: Option<Quantity>,
    /// Document that the item came from.
    pub source_document: Option<ObjectId>,
    /// Item of that document.
    pub source_item: Option<u32>,
}

/// A goods movement. It is never changed: what was wrong is reversed by another one.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "goods_movement", numbers = "goods_movement", place = "items.plant")]
pub struct GoodsMovement {
    /// Header.
    pub header: GoodsMovementHeader,
    /// Items.
    pub items: Vec<GoodsMovementItem>,
}
