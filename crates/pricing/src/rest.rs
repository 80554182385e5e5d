//! Conditions of what is left of an item after parts of it were taken.

use tessera_kernel::Decimal;

use crate::{PricingCondition, PricingError};

/// The conditions of one item less those of the parts that were taken, as conditions of `item` of
/// another document: whatever the parts were and in which sequence they were taken, with the rest
/// they sum exactly to the whole, in base, value and exact value.
///
/// Nothing where the parts were taken at other rates than the item has now: then there is no
/// common whole, and the rest is priced in proportion ([`crate::copy_for_part`]).
pub fn rest_of_parts(
    conditions: &[PricingCondition],
    item: u32,
    parts: &[PricingCondition],
) -> Result<Option<Vec<PricingCondition>>, PricingError> {
    let mut rest = Vec::with_capacity(conditions.len());
    let mut matched = 0;
    for condition in conditions {
        let mut left =
            PricingCondition { item, origin: condition.origin.copied(), ..condition.clone() };
        let mut exact: Decimal = condition.value.amount() + condition.rounding;
        for part in parts.iter().filter(|part| is_row_of(condition, part)) {
            if condition.counts() && !has_rate_of(condition, part) {
                return Ok(None);
            }
            matched += 1;
            left.base -= part.base;
            left.value = left.value.minus(part.value)?;
            exact -= part.value.amount() + part.rounding;
        }
        left.rounding = exact - left.value.amount();
        rest.push(left);
    }
    Ok((matched == parts.len()).then_some(rest))
}

/// Whether two items have the same conditions at the same rates, whatever their quantities are.
pub fn have_same_rates(one: &[PricingCondition], other: &[PricingCondition]) -> bool {
    let alike = |(one, other)| is_row_of(one, other) && has_rate_of(one, other);
    one.len() == other.len() && one.iter().zip(other).all(alike)
}

fn is_row_of(condition: &PricingCondition, part: &PricingCondition) -> bool {
    (condition.step, condition.counter, condition.condition_type)
        == (part.step, part.counter, part.condition_type)
}

fn has_rate_of(condition: &PricingCondition, part: &PricingCondition) -> bool {
    let rate = |row: &PricingCondition| {
        (row.rate, row.rate_currency, row.per, row.inactive, row.tax_code, row.value.currency())
    };
    rate(condition) == rate(part)
}
