//! Conditions of a part of an item: of what is invoiced of an order by its deliveries.

use tessera_kernel::{Decimal, Fault, Money, Quantity, RoundingRule, from_micros, to_micros};

use crate::share::share;
use crate::{PricingCondition, PricingError};

/// Which part of an item is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Quantity that the conditions are for.
    pub whole: Quantity,
    /// What was taken before.
    pub before: Quantity,
    /// What is taken now.
    pub quantity: Quantity,
}

impl Part {
    /// All of it, at once.
    pub fn all(whole: Quantity) -> Self {
        Self { whole, before: Quantity::zero(whole.unit()), quantity: whole }
    }
}

/// The conditions of one item for a part of its quantity, as conditions of `item` of another
/// document.
///
/// The parts of any split sum exactly to the whole, in base, value and exact value: each is what
/// falls between the quantity taken before and after, and what falls up to a quantity is the share
/// of the whole, rounded commercially to the rule's step (exact values to six decimals). More than
/// the whole continues in proportion. Quantities must have one unit and the sign of the whole.
///
/// [`PricingError::PartOfNothing`] where the whole is zero and the part is not.
pub fn copy_for_part(
    conditions: &[PricingCondition],
    item: u32,
    part: Part,
    rounding: RoundingRule,
) -> Result<Vec<PricingCondition>, PricingError> {
    let after = part.before.plus(part.quantity)?;
    part.whole.compare(part.before)?;
    let micros = |quantity: Quantity| to_micros(quantity.value()).map_err(Fault::from);
    let marks = Marks {
        before: micros(part.before)?.into(),
        after: micros(after)?.into(),
        whole: micros(part.whole)?.into(),
    };
    if marks.whole == 0 && !part.quantity.is_zero() {
        return Err(PricingError::PartOfNothing(item));
    }
    conditions.iter().map(|condition| copy(condition, item, marks, rounding.step_minor)).collect()
}

/// Cumulated quantities in millionths.
#[derive(Clone, Copy)]
struct Marks {
    before: i128,
    after: i128,
    whole: i128,
}

impl Marks {
    /// What falls between both marks.
    fn between(self, total: i128, step: i128) -> Option<i128> {
        if self.whole == 0 {
            return Some(0);
        }
        let up_to = |mark: i128| {
            if mark == self.whole || step == 1 {
                return share(total, mark, self.whole);
            }
            share(total, mark, self.whole.checked_mul(step)?)?.checked_mul(step)
        };
        up_to(self.after)?.checked_sub(up_to(self.before)?)
    }
}

fn copy(
    condition: &PricingCondition,
    item: u32,
    marks: Marks,
    step: i64,
) -> Result<PricingCondition, PricingError> {
    let too_large = || PricingError::TooLarge { item, condition_type: condition.condition_type };
    let fits = |value: Option<i128>| {
        value.and_then(|value| i64::try_from(value).ok()).ok_or_else(too_large)
    };
    let micros = |value: Decimal| to_micros(value).map_err(|_| too_large());
    let currency = condition.value.currency();
    let minor = condition.value.minor().into();
    let value = Money::from_minor(fits(marks.between(minor, step.max(1).into()))?, currency);
    let exact = micros(condition.value.amount() + condition.rounding)?;
    let exact = from_micros(fits(marks.between(exact.into(), 1))?);
    let base = fits(marks.between(micros(condition.base)?.into(), 1))?;
    Ok(PricingCondition {
        item,
        base: from_micros(base),
        value,
        rounding: exact - value.amount(),
        origin: condition.origin.copied(),
        ..condition.clone()
    })
}
