#![doc = include_str!("../README.md")]

mod api;
mod cancel;
mod create;
mod customizing;
mod draft;
mod error;
mod flow;
mod post;
mod segments;
mod share;
mod verify;

pub use cancel::cancel_billing_document;
pub use create::create_billing_documents;
pub use customizing::{BillingSettings, BillingType, settings};
pub use draft::{BillingDraft, DeliveryToBill, DraftHeader, OrderToBill};
pub use error::BillingError;
pub use segments::{BillingCategory, BillingDocument, BillingHeader, BillingItem};

use tessera_customizing::Shipped;
use tessera_kernel::{Check, EventDef, Module, ObjectEntry};

/// Customizing that is shipped with the module.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "billing.toml", text: include_str!("../config/billing.toml") }];

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("billing_document.posted", "An invoice or credit memo was posted."),
    EventDef::new("billing_document.cancelled", "An invoice or credit memo was cancelled."),
];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "billing",
        owner: "finance",
        help: "Invoices, credit memos and their cancellations.",
        objects: vec![ObjectEntry::document::<BillingDocument>()],
        actions: api::actions(),
        checks: vec![
            Check { name: "billing_documents", run: verify::check_documents },
            Check { name: "billed_quantities", run: verify::check_billed },
            Check { name: "billed_deliveries", run: verify::check_deliveries },
            Check { name: "billing_numbers", run: verify::check_numbers },
            Check { name: "billing_books", run: verify::check_books },
        ],
        number_ranges: vec!["invoice", "credit_memo", "cancellation"],
        legal_numbers: vec!["billing_type"],
        events: EVENTS,
        ..Module::default()
    }
}
