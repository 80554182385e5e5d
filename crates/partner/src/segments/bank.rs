//! Bank accounts and tax numbers.

use tessera_kernel::{Code, Segment};

/// A bank account of a partner: an IBAN, or another number with the country of the bank.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_bank", many(number))]
pub struct PartnerBank {
    /// Which of several; 1 is the preferred one.
    #[field(positive)]
    pub number: u32,
    /// Country of the bank.
    #[field(code = "country")]
    pub country: Code,
    /// International account number (ISO 13616), without spaces.
    #[field(max = 34)]
    pub iban: Option<String>,
    /// Account number where there is no IBAN.
    #[field(max = 34)]
    pub account: Option<String>,
    /// Business identifier code of the bank (ISO 9362).
    #[field(max = 11)]
    pub bic: Option<String>,
    /// Name of the bank.
    #[field(max = 80)]
    pub bank_name: Option<String>,
    /// Holder, where it is not the partner.
    #[field(max = 80)]
    pub holder: Option<String>,
}

/// A number by which a tax authority knows the partner.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_tax_number", many(kind))]
pub struct PartnerTaxNumber {
    /// Which kind of number.
    #[field(code = "tax_number_kind")]
    pub kind: Code,
    /// The number.
    #[field(max = 30)]
    pub number: String,
}
