#![doc = include_str!("../README.md")]

mod agenda;
mod build;
mod catalogue;
mod company;
mod dice;
mod error;
mod goods;
mod logistics;
mod office;
mod orders;
mod partners;
mod people;
mod places;
mod plan;
mod receivables;
mod returns;
mod summary;
mod terms;

pub use build::{Progress, build};
pub use company::{is_demo, write_customizing};
pub use error::DemoError;
pub use plan::Plan;
pub use summary::Summary;
