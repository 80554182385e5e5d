//! Quantities, weights and values of an item as a rate or a scale wants them.

use tessera_kernel::{Decimal, Money, Quantity, SCALE, Unit};

use crate::program::ConditionStep;
use crate::run::{RowScale, Terms};
use crate::{Calculation, PricingItem, ScaleBasis};

/// What a rate is applied to; nothing where the item has no quantity in the rate's unit.
pub(crate) fn calculation_base(
    item: &PricingItem,
    terms: &Terms,
    base_value: Money,
) -> Option<Decimal> {
    match terms.calculation {
        Calculation::Percentage => Some(base_value.amount()),
        Calculation::Fixed => Some(sign_of(item.quantity)),
        Calculation::PerQuantity => quantity_in(item, terms.per?.unit()),
        Calculation::Weight => weight_in(item, terms.per?.unit()),
    }
}

/// What a scale is read with for one item.
pub(crate) fn scale_base(
    item: &PricingItem,
    scale: &RowScale,
    condition: &ConditionStep,
    base_value: Money,
) -> Option<Decimal> {
    match condition.scale_basis {
        ScaleBasis::None => None,
        ScaleBasis::Value => Some(base_value.amount()),
        ScaleBasis::Quantity => quantity_in(item, scale.unit.unwrap_or(item.base_quantity.unit())),
        ScaleBasis::Weight => weight_in(item, scale.unit?),
    }
}

fn quantity_in(item: &PricingItem, unit: Unit) -> Option<Decimal> {
    let known = [item.quantity, item.base_quantity];
    known.iter().find(|quantity| quantity.unit() == unit).map(Quantity::value)
}

fn weight_in(item: &PricingItem, unit: Unit) -> Option<Decimal> {
    let weight = item.weight.filter(|weight| weight.unit() == unit)?;
    Some(weight.value().abs() * sign_of(item.quantity))
}

fn sign_of(quantity: Quantity) -> Decimal {
    if quantity.is_zero() {
        Decimal::ZERO
    } else if quantity.is_negative() {
        Decimal::NEGATIVE_ONE
    } else {
        Decimal::ONE
    }
}

/// Rate times base, exactly; nothing where it does not fit.
pub(crate) fn exact_value(terms: &Terms, rate: Decimal, base: Decimal) -> Option<Decimal> {
    let product = rate.checked_mul(base)?;
    match (terms.calculation, terms.per) {
        (Calculation::Percentage, _) => product.checked_mul(Decimal::new(1, 2)),
        (_, Some(per)) if per.value() != Decimal::ONE => product.checked_div(per.value()),
        _ => Some(product),
    }
}

/// To six decimals, a half away from zero.
pub(crate) fn half_up(value: Decimal) -> Decimal {
    if value.scale() <= SCALE {
        return value;
    }
    let half = Decimal::new(5, SCALE + 1);
    let away = if value < Decimal::ZERO { value - half } else { value + half };
    away.trunc_with_scale(SCALE)
}
