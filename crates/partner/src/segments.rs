//! The segments of a business partner.

mod bank;
mod company;
mod contact;
mod general;
mod sales;

pub use bank::{PartnerBank, PartnerTaxNumber};
pub use company::{PartnerCompany, PartnerCredit};
pub use contact::{ContactKind, PartnerAddress, PartnerContactPoint};
pub use general::{PartnerCategory, PartnerGeneral, PartnerRelationship, PartnerRole};
pub use sales::{PartnerFunctionDefault, PartnerSalesArea};
