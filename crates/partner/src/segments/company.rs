//! What finance and credit know of a partner.

use tessera_kernel::{Code, Money, Segment};

/// Data for the books of a company.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_company", many(company_code))]
pub struct PartnerCompany {
    /// Company code.
    #[field(code = "company_code")]
    pub company_code: Code,
    /// Account of the general ledger that receivables from the partner stand in.
    #[field(code = "account")]
    pub reconciliation_account: Code,
    /// Terms of payment of what finance itself posts.
    #[field(code = "payment_terms")]
    pub payment_terms: Option<Code>,
    /// No reminders.
    #[field(default = false)]
    pub dunning_block: bool,
}

/// The credit given to a partner.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_credit", many(credit_control_area))]
pub struct PartnerCredit {
    /// Credit control area.
    #[field(code = "credit_control_area")]
    pub credit_control_area: Code,
    /// Limit, in the currency of the area; without one, exposure is not limited.
    #[field(not_negative)]
    pub limit: Option<Money>,
    /// How risky the partner is.
    #[field(code = "risk_category")]
    pub risk_category: Code,
    /// No credit at all.
    #[field(default = false)]
    pub blocked: bool,
}
