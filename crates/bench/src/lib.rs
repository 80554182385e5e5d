#![doc = include_str!("../README.md")]

mod embedded;
mod error;
mod fixture;
mod floor;
mod http;
mod load;
mod memory;
mod record;
mod report;
mod run;

pub use error::BenchError;
pub use report::{Report, StepFigures};
pub use run::{Options, Via, run};

/// The steps of a cycle, in order.
pub const STEPS: [&str; 6] = [
    "create_order",
    "create_delivery",
    "display_order",
    "post_goods_issue",
    "list_orders",
    "create_invoice",
];
