#![doc = include_str!("../README.md")]

mod availability;
mod balances;
mod checks;
mod error;
mod overview;
mod planned_receipt;
mod post_movement;
mod reservation;
mod reverse_movement;
mod segments;
mod settings;
mod timeline;
mod valuation;

use tessera_customizing::Shipped;
use tessera_kernel::{Check, EventDef, Module, ObjectEntry, compare_last_number};

pub use availability::{
    AvailabilityLine, AvailabilityPolicy, Demand, Promise, availability, check, foresee,
    is_checked, on_hand, reserve,
};
pub use balances::{REQUIREMENT, STOCK};
pub use checks::compare_reserved;
pub use error::StockError;
pub use planned_receipt::{
    NewPlannedReceipt, PlannedReceiptChange, Receipt, cancel_planned_receipt,
    change_planned_receipt, create_planned_receipt, receive_planned_receipt,
};
pub use post_movement::{MovementDraft, MovementLine, post_movement};
pub use reservation::{
    ReservationMove, check_earlier, check_free, move_reservation, release, reserve_unchecked,
};
pub use reverse_movement::reverse_movement;
pub use segments::{
    Direction, GoodsMovement, GoodsMovementHeader, GoodsMovementItem, PlannedReceipt,
    PlannedReceiptKind, PlannedReceiptStatus, PlannedReceiptTerms,
};
pub use settings::{MovementType, PlantStockRule, PostingKeys, StockSettings, settings};
pub use valuation::{StandardPrice, revaluation, value_change};

/// Customizing that is shipped with the module.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "stock.toml", text: include_str!("../config/stock.toml") }];

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("goods_movement.posted", "Stock moved."),
    EventDef::new("planned_receipt.created", "A receipt was planned."),
    EventDef::new("planned_receipt.changed", "A planned receipt was changed."),
    EventDef::new("planned_receipt.cancelled", "A planned receipt was cancelled."),
];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "stock",
        owner: "logistics",
        help: "Goods movements, stock, planned receipts and the dated availability check",
        objects: vec![ObjectEntry::document::<GoodsMovement>(), planned_receipt::ENTRY],
        actions: vec![planned_receipt::CHANGE, planned_receipt::CANCEL, overview::AVAILABILITY],
        balances: vec![&STOCK, &REQUIREMENT],
        change_rules: vec![valuation::KEPT_VALUE],
        checks: vec![
            Check { name: "stock", run: checks::check_stock },
            Check { name: "receipts", run: checks::check_receipts },
            Check { name: "goods_movement_numbers", run: compare_last_number::<GoodsMovement> },
            Check { name: "planned_receipt_numbers", run: compare_last_number::<PlannedReceipt> },
        ],
        number_ranges: vec!["goods_movement", "planned_receipt"],
        events: EVENTS,
        ..Module::default()
    }
}
