//! Partner functions of a document.

use tessera_kernel::{Code, Ref, Segment};
use tessera_partner::BusinessPartner;
pub use tessera_partner::{BILL_TO, PAYER, SHIP_TO, SOLD_TO};

/// Who has a part in the document.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_function", many(function))]
pub struct PartnerFunction {
    /// Sold-to (SP), ship-to (SH), bill-to (BP), payer (PY) or another function.
    pub function: Code,
    /// The partner.
    pub partner: Ref<BusinessPartner>,
}

/// The partner in a function, if the document has one.
pub fn partner_in(partners: &[PartnerFunction], function: Code) -> Option<Ref<BusinessPartner>> {
    partners.iter().find(|candidate| candidate.function == function).map(|found| found.partner)
}
