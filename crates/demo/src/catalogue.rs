//! What is sold: families of products with their variants.

mod fasteners;
mod supplies;
mod tools;

/// How a family is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From stock.
    Goods,
    /// Not delivered, billed by the order.
    Service,
}

/// Products that differ in one thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family {
    /// First letters of the product numbers.
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) chinese: &'static str,
    pub(crate) group: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    pub(crate) variants: &'static [&'static str],
    /// Price of the first variant, in thousandths of a euro, and how much more the next ones cost,
    /// in percent.
    pub(crate) price: i64,
    pub(crate) step: i64,
    /// Cost in percent of the price.
    pub(crate) cost: i64,
    /// Weight of a base unit of the first variant in grams.
    pub(crate) weight: i64,
    /// Base units in a box; 1 for none.
    pub(crate) boxed: i64,
    /// What one orders of it, in base units.
    pub(crate) usual: (i64, i64),
    pub(crate) reduced_tax: bool,
}

const GOODS: Family = Family {
    code: "",
    name: "",
    chinese: "",
    group: "hand-tools",
    kind: Kind::Goods,
    unit: "PC",
    variants: &[],
    price: 0,
    step: 12,
    cost: 62,
    weight: 500,
    boxed: 1,
    usual: (1, 10),
    reduced_tax: false,
};

/// Everything that the demo company sells.
pub(crate) fn families() -> impl Iterator<Item = &'static Family> {
    [fasteners::FAMILIES, tools::FAMILIES, supplies::FAMILIES].into_iter().flatten()
}
