//! Where a partner is reached.

use tessera_kernel::{Choice, Code, Segment};

/// An address of a partner.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_address", many(kind))]
pub struct PartnerAddress {
    /// What it is used for; `main` where nothing else is agreed.
    #[field(code = "address_kind")]
    pub kind: Code,
    /// Street, or post office box.
    #[field(max = 80)]
    pub street: Option<String>,
    /// House number.
    #[field(max = 20)]
    pub house_number: Option<String>,
    /// Postal code.
    #[field(max = 20)]
    pub postal_code: Option<String>,
    /// City.
    #[field(max = 80)]
    pub city: Option<String>,
    /// State, province or county.
    #[field(max = 40)]
    pub region: Option<String>,
    /// Country.
    #[field(code = "country")]
    pub country: Code,
}

/// A way to reach a partner.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactKind {
    /// Telephone.
    Phone,
    /// Mobile telephone.
    Mobile,
    /// E-mail.
    Email,
    /// Web site.
    Web,
}

/// A telephone number, an e-mail or a web address.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_contact_point", many(kind, number))]
pub struct PartnerContactPoint {
    /// What it is.
    pub kind: ContactKind,
    /// Which of several of the kind; 1 is the preferred one.
    #[field(positive)]
    pub number: u32,
    /// The number or address.
    #[field(max = 254, index)]
    pub value: String,
}
