#![doc = include_str!("../README.md")]

mod api;
mod change;
mod change_items;
mod commitment;
mod create;
mod customizing;
mod draft;
mod error;
mod explain;
mod fulfilment;
mod issued;
mod manual;
mod minimum;
mod pricing;
mod pricing_request;
mod promise;
mod reference;
mod resolve;
mod resolve_item;
mod segments;
mod seller;
mod sent;
mod status;
mod take;
mod takeover;
mod verify;

pub use change::{change_sales_document, check_credit, release_credit, reschedule};
pub use commitment::{check_complete, check_deliverable};
pub use create::create_sales_document;
pub use customizing::{BillingRelevance, DocumentType, ItemCategory, SalesSettings, settings};
pub use draft::{
    DraftHeader, DraftItem, HeaderChange, ItemChange, ManualCondition, SalesChange, SalesDraft,
};
pub use error::SalesError;
pub use fulfilment::{ItemFulfilment, item_fulfilments};
pub use issued::check_issued;
pub use pricing_request::rounding;
pub use promise::open_schedule;
pub use resolve::kind_of;
pub use segments::{
    Category, CreditStatus, Progress, SalesDocument, SalesHeader, SalesItem, SalesStatus,
    ScheduleLine,
};
pub use take::Taking;
pub use verify::{Reserved, add_reserved, compare_fulfilment};

use tessera_customizing::Shipped;
use tessera_kernel::{Check, Composite as _, EventDef, Module, ObjectEntry};

/// Customizing that is shipped with the module.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "sales.toml", text: include_str!("../config/sales.toml") }];

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("sales_document.created", "A quotation, order, return or request was made."),
    EventDef::new("sales_document.changed", "A sales document was changed."),
    EventDef::new(
        "sales_document.rescheduled",
        "The delivery dates of a sales document were found anew.",
    ),
    EventDef::new(
        "sales_document.credit_checked",
        "The credit of a sales document was checked again.",
    ),
    EventDef::new(
        "sales_document.credit_released",
        "A sales document that credit blocked was released.",
    ),
];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "sales",
        owner: "sales",
        help: "Quotations, orders, returns and requests.",
        objects: vec![ObjectEntry {
            create: Some(api::create),
            create_input: Some(SalesDraft::composite),
            change: Some(api::change),
            change_input: Some(SalesChange::composite),
            rules: (create::RULES, change::RULES),
            ..ObjectEntry::document::<SalesDocument>()
        }],
        actions: api::actions(),
        checks: vec![
            Check { name: "sales_documents", run: verify::check_documents },
            Check { name: "sales_document_numbers", run: verify::check_numbers },
            Check { name: "open_orders", run: verify::check_open_orders },
            Check { name: "referenced_quantities", run: verify::check_referenced },
        ],
        number_ranges: vec!["quotation", "sales_order", "sales_return", "credit_request"],
        other_numbers: vec!["document_type"],
        events: EVENTS,
        ..Module::default()
    }
}
