//! The segments of a product.

use tessera_kernel::{Choice, Code, Language, Money, Quantity, Segment, Unit};

/// What is true of the product everywhere.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "product_general", everywhere, one)]
pub struct ProductGeneral {
    /// Type: goods, service …
    #[field(code = "product_type", list)]
    pub product_type: Code,
    /// Unit in which stock is kept; every other unit is converted to it. It never changes.
    #[field(list)]
    pub base_unit: Unit,
    /// Group of products, for reports.
    #[field(code = "product_group", list)]
    pub product_group: Code,
    /// Weight of one base unit with its packing.
    #[field(positive)]
    pub gross_weight: Option<Quantity>,
    /// Weight of one base unit without packing.
    #[field(positive)]
    pub net_weight: Option<Quantity>,
    /// Global trade item number (GS1) of one base unit.
    #[field(max = 14)]
    pub gtin: Option<String>,
    /// No new documents with this product.
    #[field(default = false, list)]
    pub blocked: bool,
    /// Name in lists; documents print the description in the partner's language.
    #[field(max = 120, list, index)]
    pub name: String,
}

/// The name in one language.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "product_description", everywhere, many(language))]
pub struct ProductDescription {
    /// Language.
    pub language: Language,
    /// Name, as it is printed.
    #[field(max = 120)]
    pub name: String,
    /// Longer text.
    #[field(max = 4000, multiline)]
    pub text: Option<String>,
}

/// A unit besides the base unit: `denominator` of it are `numerator` base units.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "product_unit", everywhere, many(unit))]
pub struct ProductUnit {
    /// The unit.
    pub unit: Unit,
    /// Base units in `denominator` of this unit.
    #[field(positive)]
    pub numerator: i64,
    /// How many of this unit `numerator` base units are.
    #[field(positive, default = 1)]
    pub denominator: i64,
    /// Global trade item number (GS1) of one of this unit.
    #[field(max = 14)]
    pub gtin: Option<String>,
}

/// How the product is sold.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "product_sales", everywhere, many(sales_organisation, distribution_channel))]
pub struct ProductSales {
    /// Sales organisation.
    #[field(code = "sales_organisation")]
    pub sales_organisation: Code,
    /// Distribution channel.
    #[field(code = "distribution_channel")]
    pub distribution_channel: Code,
    /// Unit in which it is sold, where it is not the base unit.
    pub sales_unit: Option<Unit>,
    /// Least quantity of an order item.
    #[field(positive)]
    pub minimum_quantity: Option<Quantity>,
    /// The product's part in choosing the item category of a document.
    #[field(code = "item_category_group")]
    pub item_category_group: Code,
    /// The product's part in choosing the revenue account.
    #[field(code = "product_account_assignment_group")]
    pub account_assignment_group: Code,
    /// Group of products that have prices in common.
    #[field(code = "product_price_group")]
    pub price_group: Option<Code>,
    /// Plant that delivers, where it is not the first one of the distribution channel.
    #[field(code = "plant")]
    pub delivering_plant: Option<Code>,
    /// Not sold here.
    #[field(default = false)]
    pub blocked: bool,
}

/// How the product is taxed in a country.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "product_tax", everywhere, many(country))]
pub struct ProductTax {
    /// Country from which it is delivered.
    #[field(code = "country")]
    pub country: Code,
    /// The product's part in choosing the tax rate.
    #[field(code = "product_tax_class")]
    pub tax_class: Code,
}

/// What an order checks before it promises a product.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvailabilityCheck {
    /// Nothing: it is always there.
    None,
    /// Stock, planned receipts and what is reserved.
    Stock,
}

/// How the product is kept and valued in a plant.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "product_plant", everywhere, many(plant))]
pub struct ProductPlant {
    /// Plant.
    #[field(code = "plant")]
    pub plant: Code,
    /// What an order checks before it promises the product.
    pub availability_check: AvailabilityCheck,
    /// How it is loaded.
    #[field(code = "loading_group")]
    pub loading_group: Option<Code>,
    /// Cost of `price_unit` base units, in the currency of the plant's company.
    #[field(not_negative)]
    pub standard_price: Money,
    /// How many base units the standard price is for.
    #[field(positive, default = 1)]
    pub price_unit: i64,
    /// Days after which any quantity can be had; without it, only what stock and receipts give.
    #[field(not_negative)]
    pub replenishment_days: Option<u32>,
    /// The product's part in choosing the stock account.
    #[field(code = "valuation_class")]
    pub valuation_class: Code,
    /// Storage location that goods come from and go to where a document names none.
    #[field(code = "storage_location")]
    pub storage_location: Code,
}
