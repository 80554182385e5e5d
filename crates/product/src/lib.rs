#![doc = include_str!("../README.md")]

mod access;
mod check;
mod entry;
mod error;
mod gtin;
mod product;
mod segments;
mod settings;

use tessera_customizing::Shipped;
use tessera_kernel::Module;

pub use error::ProductError;
pub use product::Product;
pub use segments::{
    AvailabilityCheck, ProductDescription, ProductGeneral, ProductPlant, ProductSales, ProductTax,
    ProductUnit,
};
pub use settings::{ProductSettings, settings};

/// Customizing that is shipped with the module.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "product.toml", text: include_str!("../config/product.toml") }];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "product",
        owner: "master-data",
        help: "Products: goods and services that are sold, kept and delivered",
        objects: vec![entry::ENTRY],
        number_ranges: vec!["product"],
        ..Module::default()
    }
}
