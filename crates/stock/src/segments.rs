//! Objects of stock, with their segments.

mod goods_movement;
mod planned_receipt;

pub use goods_movement::{Direction, GoodsMovement, GoodsMovementHeader, GoodsMovementItem};
pub use planned_receipt::{
    PlannedReceipt, PlannedReceiptKind, PlannedReceiptStatus, PlannedReceiptTerms,
};
