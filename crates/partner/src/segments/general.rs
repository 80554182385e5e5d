//! What is true of a partner everywhere: who, in which roles, related to whom.

use tessera_kernel::{Choice, Code, Language, Ref, Segment, Validity};

use crate::BusinessPartner;

/// What a partner is by nature.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerCategory {
    /// A human being.
    Person,
    /// A company, an authority, an association.
    Organisation,
}

/// What is true of the partner everywhere.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_general", one)]
pub struct PartnerGeneral {
    /// Person or organisation.
    #[field(list)]
    pub category: PartnerCategory,
    /// Name, as it stands on letters.
    #[field(max = 120, list, index)]
    pub name: String,
    /// Second line of the name.
    #[field(max = 120)]
    pub name2: Option<String>,
    /// Language in which one writes to the partner.
    pub language: Language,
    /// Country whose tax and address rules apply to the partner.
    #[field(code = "country", list)]
    pub country: Code,
    /// How the partner's purchases are taxed.
    #[field(code = "customer_tax_class")]
    pub tax_classification: Code,
    /// Industry.
    #[field(code = "industry")]
    pub industry: Option<Code>,
    /// No new documents with this partner.
    #[field(default = false, list)]
    pub blocked: bool,
    /// Short text to find the partner by.
    #[field(max = 40, list, index)]
    pub search_term: Option<String>,
}

/// What the partner is to us.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_role", many(role))]
pub struct PartnerRole {
    /// Role.
    #[field(code = "partner_role")]
    pub role: Code,
}

/// A relationship to another partner, over time.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "partner_relationship", timed(3, category, other))]
pub struct PartnerRelationship {
    /// What the partner is to the other one.
    #[field(code = "relationship_category")]
    pub category: Code,
    /// The other one.
    #[field(index)]
    pub other: Ref<BusinessPartner>,
    /// From day to day.
    pub valid: Validity,
}
