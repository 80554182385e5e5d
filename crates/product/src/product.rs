//! The object.

use tessera_kernel::Object;

use crate::segments::{
    ProductDescription, ProductGeneral, ProductPlant, ProductSales, ProductTax, ProductUnit,
};

/// Something that is sold. Its number may be given from outside, like the SKU of a web shop.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "product", numbers = "product", cached, shared)]
pub struct Product {
    /// What is true of the product everywhere.
    pub general: ProductGeneral,
    /// Name by language.
    pub descriptions: Vec<ProductDescription>,
    /// Units besides the base unit.
    pub units: Vec<ProductUnit>,
    /// How it is sold, by sales organisation and distribution channel.
    pub sales: Vec<ProductSales>,
    /// How it is taxed, by country.
    pub taxes: Vec<ProductTax>,
    /// How it is kept and valued, by plant.
    pub plants: Vec<ProductPlant>,
}
