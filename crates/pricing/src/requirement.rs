//! Requirements: what must hold for a line of a procedure, or an access, to be looked at.

use serde::Deserialize;

use crate::{KeyField, KeyValue};

/// The closed list of requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// Departure and destination are the same country.
    Domestic,
    /// Departure and destination are different countries.
    CrossBorder,
    /// The document has a customer.
    CustomerKnown,
    /// A price was found or entered before.
    PriceFound,
    /// The item has a cost.
    CostKnown,
    /// The item has a weight: services have none, and freight by weight is not asked of them.
    WeightKnown,
    /// The quantity is below zero.
    Return,
    /// The quantity is not below zero.
    NotReturn,
}

/// What requirements look at.
pub(crate) struct Situation<F> {
    pub(crate) value: F,
    pub(crate) price_found: bool,
    pub(crate) cost_known: bool,
    pub(crate) weight_known: bool,
    pub(crate) is_return: bool,
}

impl Requirement {
    /// What it demands, as a clause: "the requirement that … is not met".
    pub const fn clause(self) -> &'static str {
        match self {
            Self::Domestic => "departure and destination are the same country",
            Self::CrossBorder => "departure and destination are different countries",
            Self::CustomerKnown => "the document has a customer",
            Self::PriceFound => "a price was found",
            Self::CostKnown => "the cost of the item is known",
            Self::WeightKnown => "the weight of the item is known",
            Self::Return => "the quantity is below zero",
            Self::NotReturn => "the quantity is not below zero",
        }
    }

    pub(crate) fn holds<F>(self, situation: &Situation<F>) -> bool
    where
        F: Fn(KeyField) -> Option<KeyValue>,
    {
        let countries = || {
            let departure = (situation.value)(KeyField::DepartureCountry)?;
            Some((departure, (situation.value)(KeyField::ShipToCountry)?))
        };
        match self {
            Self::Domestic => countries().is_some_and(|(from, to)| from == to),
            Self::CrossBorder => countries().is_some_and(|(from, to)| from != to),
            Self::CustomerKnown => (situation.value)(KeyField::Customer).is_some(),
            Self::PriceFound => situation.price_found,
            Self::CostKnown => situation.cost_known,
            Self::WeightKnown => situation.weight_known,
            Self::Return => situation.is_return,
            Self::NotReturn => !situation.is_return,
        }
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::Code;

    use super::*;

    #[test]
    fn domestic_and_cross_border_both_need_both_countries() {
        let holds = |requirement: Requirement, to: Option<&str>| {
            let value = |field| match field {
                KeyField::DepartureCountry => Some(KeyValue::Code(Code::literal("DE"))),
                KeyField::ShipToCountry => to.map(|to| KeyValue::Code(Code::parse(to).unwrap())),
                _ => None,
            };
            requirement.holds(&Situation {
                value,
                price_found: false,
                cost_known: false,
                weight_known: false,
                is_return: false,
            })
        };
        for (to, domestic, abroad) in
            [(Some("DE"), true, false), (Some("FR"), false, true), (None, false, false)]
        {
            assert_eq!(holds(Requirement::Domestic, to), domestic);
            assert_eq!(holds(Requirement::CrossBorder, to), abroad);
        }
    }
}
