#![doc = include_str!("../README.md")]

mod catalogue;
mod diagnostics;
mod files;

pub use catalogue::{Catalogue, Customizing};
pub use diagnostics::{Diagnostic, Diagnostics, Origin};
pub use files::Shipped;
