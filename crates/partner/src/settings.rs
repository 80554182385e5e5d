//! The lists that partners refer to.

use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_organisation::Named;

use crate::receivables::ReceivablesAccounts;

/// The lists that partners refer to; most of them are only a name by code.
#[derive(Clone, Debug)]
pub struct PartnerSettings {
    /// What a partner is to us.
    pub roles: Catalogue<Named>,
    /// What an address is used for.
    pub address_kinds: Catalogue<Named>,
    /// Kinds of tax numbers.
    pub tax_number_kinds: Catalogue<Named>,
    /// Kinds of relationships.
    pub relationship_categories: Catalogue<Named>,
    /// Parts in a sale.
    pub functions: Catalogue<Named>,
    /// How purchases are taxed.
    pub tax_classes: Catalogue<Named>,
    /// Industries.
    pub industries: Catalogue<Named>,
    /// Groups of customers.
    pub customer_groups: Catalogue<Named>,
    /// Groups of customers that have prices in common.
    pub price_groups: Catalogue<Named>,
    /// Price lists.
    pub price_lists: Catalogue<Named>,
    /// The customer's part in choosing the pricing procedure.
    pub pricing_procedure_classes: Catalogue<Named>,
    /// The customer's part in choosing the revenue account.
    pub account_assignment_groups: Catalogue<Named>,
    /// The accounts that receivables may stand in.
    pub accounts: ReceivablesAccounts,
}

/// Reads the lists.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> PartnerSettings {
    let mut list = |name| customizing.catalogue(name, problems);
    PartnerSettings {
        roles: list("partner_role"),
        address_kinds: list("address_kind"),
        tax_number_kinds: list("tax_number_kind"),
        relationship_categories: list("relationship_category"),
        functions: list("partner_function"),
        tax_classes: list("customer_tax_class"),
        industries: list("industry"),
        customer_groups: list("customer_group"),
        price_groups: list("customer_price_group"),
        price_lists: list("price_list"),
        pricing_procedure_classes: list("pricing_procedure_class"),
        account_assignment_groups: list("customer_account_assignment_group"),
        accounts: ReceivablesAccounts::read(customizing),
    }
}
