#![doc = include_str!("../README.md")]

mod api;
mod assemble;
mod books;
mod cancel;
mod change;
mod create;
mod customizing;
mod draft;
mod error;
mod goods_issue;
mod movements;
mod price_change;
mod segments;
mod verify;

pub use assemble::kind_of;
pub use cancel::cancel_delivery;
pub use change::change_delivery;
pub use create::create_delivery;
pub use customizing::{DeliverySettings, DeliveryType, MovementPosting, settings};
pub use draft::{DeliveryChange, DeliveryDraft, DraftHeader, DraftItem, ItemChange};
pub use error::DeliveryError;
pub use goods_issue::{post_goods_issue, reverse_goods_issue, set_billing};
pub use movements::{
    MovementForm, MovementHeader, MovementItem, post_goods_movement, reverse_goods_movement,
};
pub use price_change::{
    PriceChange, PriceChangeData, PriceChangeForm, PriceChangeTerms, change_standard_price,
};
pub use segments::{
    Delivery, DeliveryDirection, DeliveryHeader, DeliveryItem, DeliveryStatus, GoodsIssueStatus,
};

use tessera_customizing::Shipped;
use tessera_kernel::{Check, Composite as _, EventDef, Module, ObjectEntry, compare_last_number};

/// Customizing that is shipped with the module.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "delivery.toml", text: include_str!("../config/delivery.toml") }];

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("delivery.created", "A delivery was made."),
    EventDef::new("delivery.changed", "A delivery was changed."),
    EventDef::new("delivery.cancelled", "A delivery was cancelled."),
    EventDef::new(
        "delivery.goods_issued",
        "The goods of a delivery left, or those of a return came in.",
    ),
    EventDef::new("delivery.goods_issue_reversed", "A goods issue was reversed."),
    EventDef::new("price_change.posted", "Stock was valued anew."),
];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "delivery",
        owner: "logistics",
        help: "Deliveries, goods issue and goods movements.",
        objects: vec![
            ObjectEntry {
                create: Some(api::create),
                create_input: Some(DeliveryDraft::composite),
                change: Some(api::change),
                change_input: Some(DeliveryChange::composite),
                rules: (create::RULES, change::RULES),
                ..ObjectEntry::document::<Delivery>()
            },
            ObjectEntry::document::<PriceChange>(),
        ],
        actions: api::actions(),
        checks: vec![
            Check { name: "reserved_stock", run: verify::check_reserved },
            Check { name: "delivered_quantities", run: verify::check_delivered },
            Check { name: "delivery_numbers", run: verify::check_numbers },
            Check { name: "delivery_status", run: verify::check_status },
            Check { name: "movement_values", run: verify::check_values },
            Check { name: "open_deliveries", run: verify::check_open_deliveries },
            Check { name: "price_changes", run: verify::check_price_changes },
            Check { name: "price_change_numbers", run: compare_last_number::<PriceChange> },
        ],
        number_ranges: vec!["delivery", "returns_delivery", "price_change"],
        other_numbers: vec!["delivery_type"],
        events: EVENTS,
        ..Module::default()
    }
}
