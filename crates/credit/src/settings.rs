//! Customizing of credit: risk categories.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};
use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_kernel::{Currency, LocalizedText, Money, parse_decimal};

/// What is checked for partners of a risk category.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskCategory {
    /// Name.
    pub name: LocalizedText,
    /// Whether orders are checked against the limit.
    pub check_order: bool,
    /// Whether deliveries are: the limit may have been lowered since the order.
    pub check_delivery: bool,
    /// Largest value of one document, one amount per currency; a currency without one has no
    /// largest value.
    #[serde(default, deserialize_with = "amounts")]
    pub max_document_value: Vec<Money>,
    /// Days that the oldest open item may be overdue.
    #[serde(default)]
    pub max_overdue_days: Option<u32>,
}

impl RiskCategory {
    /// Largest value of one document in a currency.
    pub fn max_document_value_in(&self, currency: Currency) -> Option<Money> {
        self.max_document_value.iter().find(|amount| amount.currency() == currency).copied()
    }
}

/// Amounts written `{ EUR = "10000" }`.
fn amounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Money>, D::Error> {
    let entries = BTreeMap::<String, String>::deserialize(deserializer)?;
    let amount = |(code, text): (String, String)| {
        let currency = Currency::parse(&code).map_err(D::Error::custom)?;
        let value = parse_decimal(&text).map_err(D::Error::custom)?;
        Money::exact(value, currency).map_err(D::Error::custom)
    };
    entries.into_iter().map(amount).collect()
}

/// Customizing of credit.
#[derive(Clone, Debug)]
pub struct CreditSettings {
    /// Risk categories.
    pub risk_categories: Catalogue<RiskCategory>,
}

/// Reads and checks the customizing of credit.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> CreditSettings {
    let settings =
        CreditSettings { risk_categories: customizing.catalogue("risk_category", problems) };
    for (code, category) in settings.risk_categories.iter() {
        let negative = category.max_document_value.iter().find(|amount| amount.is_negative());
        if let (Some(amount), Some(origin)) = (negative, settings.risk_categories.origin(code)) {
            let message =
                format!("risk_category.{code}.max_document_value: {amount} must not be negative");
            problems.report(origin, message);
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use tessera_customizing::Shipped;

    use super::*;

    fn problems(text: &'static str) -> String {
        let mut problems = Diagnostics::default();
        let own = [Shipped { file: "own.toml", text }];
        let customizing = Customizing::load(&[crate::CONFIG, &own], None, &mut problems);
        settings(&customizing, &mut problems);
        problems.to_string()
    }

    #[test]
    fn the_shipped_risk_categories_are_valid() {
        assert_eq!(problems(""), "");
    }

    #[test]
    fn a_largest_value_that_is_no_amount_is_reported_with_its_line() {
        for amount in ["EUR = \"1.005\"", "XYZ = \"1\"", "EUR = \"-1\""] {
            let text = format!(
                "[risk_category.Z]\nname = {{ en = \"Z\" }}\ncheck_order = true\n\
                 check_delivery = true\nmax_document_value = {{ {amount} }}\n"
            );
            let found = problems(text.leak());
            assert!(found.starts_with("shipped:own.toml:"), "{amount}: {found}");
        }
    }
}
