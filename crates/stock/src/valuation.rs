//! What stock is worth.

use tessera_kernel::{Fault, Money, MoneyError, Quantity, to_micros};
use tessera_product::ProductPlant;

/// Micro-units in a unit.
const MICROS: i128 = 1_000_000;

/// Quantity (base unit, not negative) × standard price ÷ price unit, commercially rounded to the
/// minor unit of the price's currency.
pub(crate) fn value_at_standard_price(
    quantity: Quantity,
    plant: &ProductPlant,
) -> Result<Money, Fault> {
    let micros = i128::from(to_micros(quantity.value())?);
    // Two 64-bit numbers multiply within 127 bits; the field rules keep the divisor positive.
    let exact = micros * i128::from(plant.standard_price.minor());
    let divisor = MICROS * i128::from(plant.price_unit.max(1));
    let (whole, rest) = (exact / divisor, exact % divisor);
    let rounded = if rest * 2 >= divisor { whole + 1 } else { whole };
    let minor = i64::try_from(rounded).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::from_minor(minor, plant.standard_price.currency()))
}

#[cfg(test)]
mod tests {
    use tessera_kernel::{Code, Currency, Decimal, Unit};
    use tessera_product::AvailabilityCheck;

    use super::*;

    fn plant(minor: i64, price_unit: i64) -> ProductPlant {
        ProductPlant {
            plant: Code::literal("1000"),
            availability_check: AvailabilityCheck::Stock,
            loading_group: None,
            standard_price: Money::from_minor(minor, Currency::EUR),
            price_unit,
            replenishment_days: None,
            valuation_class: Code::literal("GOODS"),
            storage_location: Code::literal("1000-0001"),
        }
    }

    #[test]
    fn half_a_cent_is_a_cent() {
        let half = Quantity::new(Decimal::new(5, 1), Unit::KG).unwrap();
        assert_eq!(value_at_standard_price(half, &plant(333, 1)).unwrap().minor(), 167);
        assert_eq!(value_at_standard_price(half, &plant(333, 100)).unwrap().minor(), 2);
    }

    #[test]
    fn the_largest_quantity_at_the_largest_price_is_refused_not_wrong() {
        let most = Quantity::of(i64::MAX, Unit::KG);
        assert!(value_at_standard_price(most, &plant(i64::MAX, 1)).is_err());
    }
}
