//! Customizing of deliveries.

use serde::Deserialize;
use serde::de::IgnoredAny;
use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_kernel::{Choice as _, Code, LocalizedText};

use crate::DeliveryDirection;

/// A delivery type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryType {
    /// Name.
    pub name: LocalizedText,
    /// Which way the goods go.
    #[serde(deserialize_with = "direction")]
    pub direction: DeliveryDirection,
    /// Movement type of the goods issue.
    pub movement_type: Code,
    /// Number range.
    pub number_range: Code,
    /// Kinds of texts that are taken over from the orders.
    #[serde(default)]
    pub copy_texts: Vec<Code>,
}

/// How a movement type is posted in the books.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovementPosting {
    /// Kind of the journal entry.
    pub document_kind: Code,
}

/// Customizing of deliveries.
#[derive(Debug)]
pub struct DeliverySettings {
    /// Delivery types.
    pub delivery_types: Catalogue<DeliveryType>,
    /// Journal entry kinds, by movement type.
    pub postings: Catalogue<MovementPosting>,
}

/// Reads the customizing of deliveries.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> DeliverySettings {
    let delivery_types: Catalogue<DeliveryType> = customizing.catalogue("delivery_type", problems);
    let text_kinds: Catalogue<IgnoredAny> = customizing.catalogue("text_kind", problems);
    let copied = |entry: &DeliveryType| entry.copy_texts.clone();
    delivery_types.check_references("copy_texts", &text_kinds, copied, problems);
    DeliverySettings {
        delivery_types,
        postings: customizing.catalogue("movement_posting", problems),
    }
}

fn direction<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<DeliveryDirection, D::Error> {
    let text = String::deserialize(deserializer)?;
    DeliveryDirection::from_code(&text)
        .ok_or_else(|| serde::de::Error::custom(format!("`{text}`: use outbound or returns")))
}
