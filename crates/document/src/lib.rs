#![doc = include_str!("../README.md")]

mod flow;
mod fulfilment;
mod partners;
mod texts;

pub use flow::{DocumentFlow, DocumentKind, predecessors, successors};
pub use fulfilment::{
    FULFILMENT, Fulfilled, Fulfilments, Taken, fulfil, fulfilments, fulfilments_between, withdraw,
};
pub use partners::{BILL_TO, PAYER, PartnerFunction, SHIP_TO, SOLD_TO, partner_in};
pub use texts::{DocumentText, copied_texts};

use tessera_kernel::Module;

/// The module: segments and balances that the document modules build on.
pub fn module() -> Module {
    Module {
        name: "document",
        owner: "sales",
        help: "What all business documents share.",
        balances: vec![&FULFILMENT],
        ..Module::default()
    }
}
