//! Customizing of sales documents.

use std::collections::HashMap;

use serde::Deserialize;
use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_kernel::{Code, LocalizedText};
use tessera_stock::AvailabilityPolicy;

use crate::Category;

/// A document type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentType {
    /// Name.
    pub name: LocalizedText,
    /// Category.
    #[serde(deserialize_with = "category")]
    pub category: Category,
    /// Number range.
    pub number_range: Code,
    /// Whether its items count in the credit exposure and are checked against the limit.
    #[serde(default)]
    pub credit_check: bool,
    /// How availability is promised; absent: not checked, everything is confirmed as asked.
    #[serde(default)]
    pub availability: Option<AvailabilityPolicy>,
    /// Pricing procedure in place of the one that pricing determines.
    #[serde(default)]
    pub pricing_procedure: Option<Code>,
    /// Delivery type; absent: nothing is delivered.
    #[serde(default)]
    pub delivery_type: Option<Code>,
    /// Billing type; absent: nothing is billed.
    #[serde(default)]
    pub billing_type: Option<Code>,
    /// Days that a quotation binds.
    #[serde(default)]
    pub validity_days: Option<u16>,
    /// A document of this type needs a predecessor.
    #[serde(default)]
    pub reference_required: bool,
    /// A document of this type needs an order reason.
    #[serde(default)]
    pub reason_required: bool,
}

/// What a document bills by.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum BillingRelevance {
    /// By what was delivered.
    Delivery,
    /// By what was ordered.
    Order,
    /// Not at all.
    None,
}

/// An item category.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemCategory {
    /// Name.
    pub name: LocalizedText,
    /// Whether the item is priced.
    pub pricing: bool,
    /// Whether the item is delivered.
    pub delivery: bool,
    /// What it is billed by.
    pub billing: BillingRelevance,
}

/// Item category of the items of a document type, by item category group of the product.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemCategoryAssignment {
    /// Document type.
    pub document_type: Code,
    /// Item category group of the product.
    pub item_category_group: Code,
    /// Category proposed.
    pub item_category: Code,
    /// Categories that may be given instead.
    #[serde(default)]
    pub alternatives: Vec<Code>,
}

/// An entry that has just a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Name.
    pub name: LocalizedText,
}

/// Customizing of sales documents.
#[derive(Debug)]
pub struct SalesSettings {
    /// Document types.
    pub document_types: Catalogue<DocumentType>,
    /// Item categories.
    pub item_categories: Catalogue<ItemCategory>,
    /// Reasons to reject an item.
    pub rejection_reasons: Catalogue<Named>,
    /// Reasons of orders.
    pub order_reasons: Catalogue<Named>,
    /// Kinds of texts.
    pub text_kinds: Catalogue<Named>,
    /// Item categories by document type and item category group, the one proposed first.
    assignments: HashMap<(Code, Code), Vec<Code>>,
}

impl SalesSettings {
    /// Item categories that a product's item category group may have in a document type, the one
    /// proposed first; empty where the group is not sold by it.
    pub fn item_categories_for(&self, document_type: Code, group: Code) -> &[Code] {
        self.assignments.get(&(document_type, group)).map_or(&[], Vec::as_slice)
    }
}

/// Reads and checks the customizing of sales documents.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> SalesSettings {
    let assignments: Catalogue<ItemCategoryAssignment> =
        customizing.catalogue("item_category_assignment", problems);
    let settings = SalesSettings {
        document_types: customizing.catalogue("document_type", problems),
        item_categories: customizing.catalogue("item_category", problems),
        rejection_reasons: customizing.catalogue("rejection_reason", problems),
        order_reasons: customizing.catalogue("order_reason", problems),
        text_kinds: customizing.catalogue("text_kind", problems),
        assignments: assignments
            .iter()
            .map(|(_, entry)| {
                let mut categories = vec![entry.item_category];
                categories.extend(&entry.alternatives);
                ((entry.document_type, entry.item_category_group), categories)
            })
            .collect(),
    };
    let (types, categories) = (&settings.document_types, &settings.item_categories);
    let document_type = |entry: &ItemCategoryAssignment| vec![entry.document_type];
    assignments.check_references("document_type", types, document_type, problems);
    let item_category = |entry: &ItemCategoryAssignment| vec![entry.item_category];
    assignments.check_references("item_category", categories, item_category, problems);
    let alternatives = |entry: &ItemCategoryAssignment| entry.alternatives.clone();
    assignments.check_references("alternatives", categories, alternatives, problems);
    settings
}

fn category<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Category, D::Error> {
    use tessera_kernel::Choice;
    let text = String::deserialize(deserializer)?;
    Category::from_code(&text).ok_or_else(|| {
        let codes: Vec<&str> = Category::CHOICES.iter().map(|choice| choice.code).collect();
        serde::de::Error::custom(format!("`{text}` is no category; allowed: {}", codes.join(", ")))
    })
}
