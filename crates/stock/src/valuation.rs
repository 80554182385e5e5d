//! What stock is worth.

use serde_json::Value;
use tessera_kernel::{
    ChangeRule, Code, Fault, FieldProblem, Money, MoneyError, Problem, Quantity, Ref, Rule, Saved,
    Segment as _, Tx, to_micros,
};
use tessera_product::{Product, ProductPlant};

use crate::StockError;
use crate::balances::hold;
use crate::timeline;

/// Micro-units in a unit.
const MICROS: i128 = 1_000_000;

/// What goods cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardPrice {
    /// Cost of so many base units.
    pub price: Money,
    /// How many base units that is for.
    pub per: i64,
}

impl StandardPrice {
    /// The standard price of a product in a plant.
    pub const fn of(plant: &ProductPlant) -> Self {
        Self { price: plant.standard_price, per: plant.price_unit }
    }

    /// Quantity (base unit, not negative) × standard price ÷ price unit, commercially rounded to
    /// the minor unit of the price's currency.
    pub(crate) fn value_of(self, quantity: Quantity) -> Result<Money, Fault> {
        let micros = i128::from(to_micros(quantity.value())?);
        // Two 64-bit numbers multiply within 127 bits; the field rules keep the divisor positive.
        let exact = micros * i128::from(self.price.minor());
        let divisor = MICROS * i128::from(self.per.max(1));
        let (whole, rest) = (exact / divisor, exact % divisor);
        let rounded = if rest * 2 >= divisor { whole + 1 } else { whole };
        let minor = i64::try_from(rounded).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::from_minor(minor, self.price.currency()))
    }
}

/// What stock is worth follows from these fields of a product in a plant.
const VALUING: [&str; 3] = ["standard_price", "price_unit", "valuation_class"];

/// The books have what stock was worth when it came: a change of master data would leave them behind.
pub(crate) const KEPT_VALUE: ChangeRule = ChangeRule {
    object: "product",
    rule: Rule {
        name: "valuation",
        help: "Where stock lies, its value stays: change_standard_price posts what a new price makes of it.",
    },
    run: keep_value,
};

/// Refuses changes of what stock is worth that lies in a plant.
fn keep_value(tx: &mut Tx<'_>, saved: Saved<'_>) -> Result<(), Problem> {
    let mut findings = Vec::new();
    for change in tx.changes(saved.id, saved.before)? {
        let is_gone = change.field.is_empty() && change.new.is_none();
        let is_valuing = VALUING.contains(&change.field.as_str());
        if change.segment != ProductPlant::def().name || !(is_gone || is_valuing) {
            continue;
        }
        let plant = Code::parse(&change.record)
            .map_err(|error| Fault::corrupt(format!("{}: {error}", change.record)))?;
        let product = Ref::<Product>::new(saved.id);
        hold(tx, product, plant)?;
        let stock = timeline::on_hand(tx, product, plant)?;
        if stock == 0 {
            continue;
        }
        let there = crate::on_hand(tx, product, plant)?;
        let hint = match change.field.as_str() {
            "standard_price" | "price_unit" => "change_standard_price changes it with their value",
            _ => "take them out first",
        };
        let message = format!("can't change while {there} are in stock in plant {plant}: {hint}");
        findings.push(FieldProblem::new(path(saved.body, plant, &change.field), message));
    }
    if findings.is_empty() { Ok(()) } else { Err(Fault::Invalid(findings).into()) }
}

/// The path of a field of a plant in the input; the list of plants where the plant is not in it.
fn path(body: &Value, plant: Code, field: &str) -> String {
    let plants = body["plants"].as_array().map_or(&[][..], Vec::as_slice);
    let position =
        plants.iter().position(|record| record["plant"].as_str() == Some(plant.as_str()));
    match position {
        Some(position) if !field.is_empty() => format!("plants[{position}].{field}"),
        _ => "plants".to_string(),
    }
}

/// The stock of a product in a plant, and by how much it is worth more at the second price than at
/// the first. The product is held in the plant, so that both stay true until the end of the command.
pub fn revaluation(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    plant: Code,
    prices: (StandardPrice, StandardPrice),
) -> Result<(Quantity, Money), StockError> {
    hold(tx, product, plant)?;
    let quantity = crate::on_hand(tx, product, plant)?;
    Ok((quantity, value_change(quantity, prices)?))
}

/// By how much a quantity (base unit, of any sign) is worth more at the second price than at the
/// first.
pub fn value_change(
    quantity: Quantity,
    (before, after): (StandardPrice, StandardPrice),
) -> Result<Money, Fault> {
    if quantity.is_negative() {
        return Ok(value_change(quantity.negated(), (before, after))?.negated());
    }
    Ok(after.value_of(quantity)?.minus(before.value_of(quantity)?)?)
}

#[cfg(test)]
mod tests {
    use tessera_kernel::{Currency, Decimal, Unit};

    use super::*;

    fn price(minor: i64, per: i64) -> StandardPrice {
        StandardPrice { price: Money::from_minor(minor, Currency::EUR), per }
    }

    #[test]
    fn half_a_cent_is_a_cent() {
        let half = Quantity::new(Decimal::new(5, 1), Unit::KG).unwrap();
        assert_eq!(price(333, 1).value_of(half).unwrap().minor(), 167);
        assert_eq!(price(333, 100).value_of(half).unwrap().minor(), 2);
    }

    #[test]
    fn the_largest_quantity_at_the_largest_price_is_refused_not_wrong() {
        let most = Quantity::of(i64::MAX, Unit::KG);
        assert!(price(i64::MAX, 1).value_of(most).is_err());
    }

    #[test]
    fn stock_below_zero_is_worth_less_where_the_price_rises() {
        let (before, after) = (price(100, 1), price(150, 1));
        for (pieces, more) in [(10, 500), (0, 0), (-10, -500)] {
            let change = value_change(Quantity::of(pieces, Unit::PC), (before, after)).unwrap();
            assert_eq!(change.minor(), more);
        }
    }
}
