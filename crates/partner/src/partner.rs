//! The object.

use tessera_kernel::Object;

use crate::segments::{
    PartnerAddress, PartnerBank, PartnerCompany, PartnerContactPoint, PartnerCredit,
    PartnerFunctionDefault, PartnerGeneral, PartnerRelationship, PartnerRole, PartnerSalesArea,
    PartnerTaxNumber,
};

/// A person or organisation one deals with: a customer, a contact, an employee, several at once.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "business_partner", numbers = "business_partner", cached, owned, shared)]
pub struct BusinessPartner {
    /// What is true of the partner everywhere.
    pub general: PartnerGeneral,
    /// What the partner is to us.
    pub roles: Vec<PartnerRole>,
    /// Addresses, one of each kind.
    pub addresses: Vec<PartnerAddress>,
    /// Telephone numbers, e-mail and web addresses.
    pub contact_points: Vec<PartnerContactPoint>,
    /// Bank accounts.
    pub banks: Vec<PartnerBank>,
    /// Tax numbers.
    pub tax_numbers: Vec<PartnerTaxNumber>,
    /// Relationships to other partners.
    pub relationships: Vec<PartnerRelationship>,
    /// Data for the books of a company.
    pub companies: Vec<PartnerCompany>,
    /// Terms of selling in a sales area.
    pub sales_areas: Vec<PartnerSalesArea>,
    /// Who takes which part in a sale of a sales area.
    pub function_defaults: Vec<PartnerFunctionDefault>,
    /// Credit limits.
    pub credit: Vec<PartnerCredit>,
}
