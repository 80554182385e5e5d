//! The lists that products refer to.

use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_organisation::Named;

/// The lists that products refer to; each of them is only a name by code.
#[derive(Clone, Debug)]
pub struct ProductSettings {
    /// Types: goods, service …
    pub product_types: Catalogue<Named>,
    /// Groups for reports.
    pub product_groups: Catalogue<Named>,
    /// The product's part in choosing the tax rate.
    pub tax_classes: Catalogue<Named>,
    /// The product's part in choosing the item category.
    pub item_category_groups: Catalogue<Named>,
    /// The product's part in choosing the revenue account.
    pub account_assignment_groups: Catalogue<Named>,
    /// Groups of products that have prices in common.
    pub price_groups: Catalogue<Named>,
    /// How products are loaded.
    pub loading_groups: Catalogue<Named>,
    /// The product's part in choosing the stock account.
    pub valuation_classes: Catalogue<Named>,
}

/// Reads the lists.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> ProductSettings {
    let mut list = |name| customizing.catalogue(name, problems);
    ProductSettings {
        product_types: list("product_type"),
        product_groups: list("product_group"),
        tax_classes: list("product_tax_class"),
        item_category_groups: list("item_category_group"),
        account_assignment_groups: list("product_account_assignment_group"),
        price_groups: list("product_price_group"),
        loading_groups: list("loading_group"),
        valuation_classes: list("valuation_class"),
    }
}
