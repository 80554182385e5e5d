//! Customizing of stock: movement types and the rules of plants.

use serde::Deserialize;
use serde::de::IgnoredAny;
use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_kernel::{Code, LocalizedText};

use crate::Direction;

/// The account keys by which finance finds the accounts of a movement.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct PostingKeys {
    /// Key of the account that is debited; of a transfer, for the plant that gets the goods.
    pub debit: Code,
    /// Key of the account that is credited; of a transfer, for the plant that gives them.
    pub credit: Code,
    /// Of a transfer, key of the account that takes the difference where the plant that gets the
    /// goods values them at another standard price; `PRD` where absent.
    #[serde(default)]
    pub difference: Option<Code>,
}

/// A movement type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovementType {
    /// Name.
    pub name: LocalizedText,
    /// What it does to the stock.
    pub direction: Direction,
    /// How it is booked; absent where nothing is (a transfer within a plant).
    #[serde(default)]
    pub posting: Option<PostingKeys>,
    /// Movement type that reverses it; absent where nothing does.
    #[serde(default)]
    pub reversal: Option<Code>,
    /// Whether it may take more than there is.
    #[serde(default)]
    pub negative_stock: bool,
}

/// How a plant keeps its stock; the code is the plant's.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantStockRule {
    /// Whether any movement may take more than there is.
    #[serde(default)]
    pub negative_stock: bool,
}

/// Customizing of stock.
#[derive(Clone, Debug)]
pub struct StockSettings {
    /// Movement types.
    pub movement_types: Catalogue<MovementType>,
    /// Rules of plants; a plant that is not listed has the defaults.
    pub plant_rules: Catalogue<PlantStockRule>,
}

impl StockSettings {
    /// Whether a movement of this type may leave less than nothing in a plant.
    pub fn may_go_negative(&self, movement: &MovementType, plant: Code) -> bool {
        let rule = self.plant_rules.get(plant);
        movement.negative_stock || rule.is_some_and(|rule| rule.negative_stock)
    }
}

/// Reads and checks the customizing of stock.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> StockSettings {
    let settings = StockSettings {
        movement_types: customizing.catalogue("movement_type", problems),
        plant_rules: customizing.catalogue("plant_stock_rule", problems),
    };
    check_reversals(&settings.movement_types, problems);
    let plants: Catalogue<IgnoredAny> = customizing.catalogue("plant", problems);
    for code in settings.plant_rules.codes() {
        if let (Err(message), Some(origin)) =
            (plants.require(code), settings.plant_rules.origin(code))
        {
            problems.report(origin, format!("plant_stock_rule.{code}: {message}"));
        }
    }
    settings
}

/// A reversal must do the opposite, or stock would not come back to where it was.
fn check_reversals(types: &Catalogue<MovementType>, problems: &mut Diagnostics) {
    let reversal = |movement: &MovementType| movement.reversal.into_iter().collect();
    types.check_references("reversal", types, reversal, problems);
    for (code, movement) in types.iter() {
        let Some((reversal, found)) =
            movement.reversal.and_then(|code| Some((code, types.get(code)?)))
        else {
            continue;
        };
        if found.direction == movement.direction.opposite() {
            continue;
        }
        if let Some(origin) = types.origin(code) {
            let message =
                format!("movement_type.{code}.reversal: {reversal} does not do the opposite");
            problems.report(origin, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use tessera_customizing::Shipped;

    use super::*;

    fn problems(text: &'static str) -> String {
        let mut problems = Diagnostics::default();
        let own = Shipped { file: "own.toml", text };
        let configs = [tessera_organisation::CONFIG, crate::CONFIG, &[own]];
        let customizing = Customizing::load(&configs, None, &mut problems);
        settings(&customizing, &mut problems);
        problems.to_string()
    }

    #[test]
    fn the_shipped_movement_types_fit_together() {
        assert_eq!(problems(""), "");
    }

    #[test]
    fn a_reversal_that_does_not_do_the_opposite_is_reported_with_its_line() {
        let text = "\n[movement_type.Z01]\nname = { en = \"Z\" }\ndirection = \"issue\"\n\
                    reversal = \"601\"\n";
        let found = problems(text);
        assert!(found.contains("own.toml:2") && found.contains("601 does not do"), "{found}");
    }

    #[test]
    fn a_rule_for_a_plant_that_there_is_not_is_reported() {
        let found = problems("[plant_stock_rule.9999]\nnegative_stock = true\n");
        assert!(found.contains("9999 is no plant; allowed are: 1000, 1100"), "{found}");
    }
}
