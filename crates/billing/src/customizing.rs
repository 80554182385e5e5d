//! Customizing of billing.

use serde::Deserialize;
use serde::de::IgnoredAny;
use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_kernel::{Choice as _, Code, LocalizedText};

use crate::BillingCategory;

/// A billing type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillingType {
    /// Name.
    pub name: LocalizedText,
    /// Category.
    #[serde(deserialize_with = "category")]
    pub category: BillingCategory,
    /// Number range, gapless per company and year.
    pub number_range: Code,
    /// Kind of the journal entry.
    pub document_kind: Code,
    /// Billing type that takes a document of this type back; none for a cancellation itself.
    #[serde(default)]
    pub cancellation: Option<Code>,
    /// Kinds of texts that are taken over from the orders and deliveries.
    #[serde(default)]
    pub copy_texts: Vec<Code>,
}

/// Customizing of billing.
#[derive(Debug)]
pub struct BillingSettings {
    /// Billing types.
    pub billing_types: Catalogue<BillingType>,
}

/// Reads and checks the customizing of billing.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> BillingSettings {
    let billing_types: Catalogue<BillingType> = customizing.catalogue("billing_type", problems);
    let cancellation = |entry: &BillingType| entry.cancellation.into_iter().collect();
    billing_types.check_references("cancellation", &billing_types, cancellation, problems);
    let text_kinds: Catalogue<IgnoredAny> = customizing.catalogue("text_kind", problems);
    let copied = |entry: &BillingType| entry.copy_texts.clone();
    billing_types.check_references("copy_texts", &text_kinds, copied, problems);
    BillingSettings { billing_types }
}

fn category<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BillingCategory, D::Error> {
    let text = String::deserialize(deserializer)?;
    BillingCategory::from_code(&text).ok_or_else(|| {
        let codes: Vec<&str> = BillingCategory::CHOICES.iter().map(|c| c.code).collect();
        serde::de::Error::custom(format!("`{text}` is no category; allowed: {}", codes.join(", ")))
    })
}
