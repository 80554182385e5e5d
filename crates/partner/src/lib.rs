#![doc = include_str!("../README.md")]

mod access;
mod check;
mod contact;
mod iban;
mod partner;
mod put_sales_area;
mod receivables;
mod segments;
mod settings;
mod tax_number;

use tessera_customizing::Shipped;
use tessera_kernel::{Action, Answer, Module, ObjectEntry};

pub use access::{BILL_TO, MAIN_ADDRESS, PAYER, PartnerFunctions, SHIP_TO, SOLD_TO};
pub use partner::BusinessPartner;
pub use put_sales_area::{PutSalesArea, put_sales_area};
pub use receivables::ReceivablesAccounts;
pub use segments::{
    ContactKind, PartnerAddress, PartnerBank, PartnerCategory, PartnerCompany, PartnerContactPoint,
    PartnerCredit, PartnerFunctionDefault, PartnerGeneral, PartnerRelationship, PartnerRole,
    PartnerSalesArea, PartnerTaxNumber,
};
pub use settings::{PartnerSettings, settings};

/// Customizing that is shipped with the module.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "partner.toml", text: include_str!("../config/partner.toml") }];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "partner",
        owner: "master-data",
        help: "Business partners: persons and organisations one deals with",
        objects: vec![ObjectEntry::master_data::<BusinessPartner>()],
        actions: vec![
            Action::assigning::<BusinessPartner>().answering(Answer::Head),
            put_sales_area::ACTION,
        ],
        number_ranges: vec!["business_partner"],
        ..Module::default()
    }
}
