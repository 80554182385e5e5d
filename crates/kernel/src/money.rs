//! Amounts of money and how they are rounded.
//!
//! An amount is a whole number of minor units (cents) of one currency. It never carries a fraction
//! of a cent: a calculated price becomes money through [`Money::round`] or a [`RoundingRule`].

use std::fmt;

use thiserror::Error;

use crate::currency::Currency;
pub use crate::decimal::Rounding;
use crate::decimal::{Decimal, distribute, divide, power_of_ten};

/// Why an amount was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MoneyError {
    /// Two amounts of different currencies were combined.
    #[error("{left} and {right} amounts cannot be combined without an exchange rate")]
    CurrencyMismatch {
        /// Currency of the first amount.
        left: Currency,
        /// Currency of the second amount.
        right: Currency,
    },
    /// The result does not fit 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
    /// The amount has decimals its currency does not have.
    #[error("an amount in {currency} can have at most {allowed} decimals")]
    TooManyDecimals {
        /// Currency of the amount.
        currency: Currency,
        /// How many decimals the currency has.
        allowed: u32,
    },
    /// There is nothing to allocate by: no weights, or all of them are zero.
    #[error("an amount cannot be distributed without a share above zero")]
    NoWeights,
    /// A weight is below zero.
    #[error("an amount cannot be distributed by a share below zero")]
    NegativeWeight,
    /// A rounding step, in minor units, outside 1 to [`RoundingRule::MAX_STEP`].
    #[error("{0} is not a valid rounding step")]
    InvalidStep(i64),
}

/// How calculated amounts become money: the direction and the smallest amount that is used.
///
/// A step of 5 is the Swiss five-centime rounding: CHF amounts end in 0.00 or 0.05. The default is
/// commercial rounding to one minor unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RoundingRule {
    /// The direction.
    pub mode: Rounding,
    /// Results are multiples of this many minor units; 1 to [`RoundingRule::MAX_STEP`].
    pub step_minor: i64,
}

impl RoundingRule {
    /// The largest step, in minor units.
    pub const MAX_STEP: i64 = 1_000_000_000;

    /// Rounds an amount to the nearest permitted multiple of the step.
    ///
    /// [`MoneyError::InvalidStep`] for a step outside its bounds, [`MoneyError::Overflow`] when the
    /// result is too large.
    pub fn apply(&self, amount: Decimal, currency: Currency) -> Result<Money, MoneyError> {
        let RoundingRule { mode, step_minor } = *self;
        if !(1..=Self::MAX_STEP).contains(&step_minor) {
            return Err(MoneyError::InvalidStep(step_minor));
        }
        // At most 96 bits of mantissa times 10^4 above, and 10^28 * 10^9 below: both fit 127 bits.
        let step = i128::from(step_minor);
        let (mantissa, scale, decimals) = (amount.mantissa(), amount.scale(), currency.decimals());
        let steps = if scale <= decimals {
            mode.quotient(mantissa * power_of_ten(decimals - scale), step)
        } else {
            mode.quotient(mantissa, power_of_ten(scale - decimals) * step)
        };
        Money::checked(steps * step, currency)
    }
}

impl Default for RoundingRule {
    fn default() -> Self {
        let (mode, step_minor) = (Rounding::HalfUp, 1);
        RoundingRule { mode, step_minor }
    }
}

/// An exact amount of one currency: a whole number of minor units within ±(2^63 - 1).
///
/// Calculations never leave that range: what would is [`MoneyError::Overflow`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// Nothing, in this currency.
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// The amount of `minor` minor units: 123450 is 1234.50 EUR, but 123450 JPY.
    /// `i64::MIN` has no positive counterpart and becomes `-i64::MAX`; no calculation yields it.
    pub const fn from_minor(minor: i64, currency: Currency) -> Money {
        let minor = if minor == i64::MIN { -i64::MAX } else { minor };
        Money { minor, currency }
    }

    /// The amount, unchanged.
    ///
    /// [`MoneyError::TooManyDecimals`] when the currency cannot express it (zeros at the end do not
    /// count), [`MoneyError::Overflow`] when it is too large.
    pub fn exact(amount: Decimal, currency: Currency) -> Result<Money, MoneyError> {
        let (mantissa, scale, decimals) = (amount.mantissa(), amount.scale(), currency.decimals());
        if scale <= decimals {
            return Money::checked(mantissa * power_of_ten(decimals - scale), currency);
        }
        match divide(mantissa, power_of_ten(scale - decimals)) {
            (minor, 0) => Money::checked(minor, currency),
            _ => Err(MoneyError::TooManyDecimals { currency, allowed: decimals }),
        }
    }

    /// The amount rounded to the minor unit; [`MoneyError::Overflow`] when the result is too large.
    pub fn round(amount: Decimal, currency: Currency, mode: Rounding) -> Result<Money, MoneyError> {
        RoundingRule { mode, step_minor: 1 }.apply(amount, currency)
    }

    /// The amount in minor units (cents).
    pub const fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The amount in whole currency units, with all decimals of the currency: 1234.50.
    pub fn amount(&self) -> Decimal {
        Decimal::new(self.minor, self.currency.decimals())
    }

    /// Whether the amount is zero.
    pub const fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(&self) -> bool {
        self.minor < 0
    }

    /// Whether the amount is above zero.
    pub const fn is_positive(&self) -> bool {
        self.minor > 0
    }

    /// The amount with the opposite sign.
    #[must_use]
    pub const fn negated(&self) -> Money {
        Money { minor: -self.minor, currency: self.currency }
    }

    /// The amount without its sign.
    #[must_use]
    pub const fn abs(&self) -> Money {
        Money { minor: self.minor.abs(), currency: self.currency }
    }

    /// The sum of both amounts.
    ///
    /// [`MoneyError::CurrencyMismatch`] for different currencies, [`MoneyError::Overflow`] when the
    /// sum is too large.
    pub fn plus(&self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        match self.minor.checked_add(other.minor) {
            Some(minor) if minor != i64::MIN => Ok(Money { minor, currency: self.currency }),
            _ => Err(MoneyError::Overflow),
        }
    }

    /// This amount less the other; fails like [`Money::plus`].
    pub fn minus(&self, other: Money) -> Result<Money, MoneyError> {
        self.plus(other.negated())
    }

    /// `count` times the amount; [`MoneyError::Overflow`] when the result is too large.
    pub fn times(&self, count: i64) -> Result<Money, MoneyError> {
        Money::checked(i128::from(self.minor) * i128::from(count), self.currency)
    }

    /// The sum of all amounts; zero in `currency` when there are none. Only the sum has to be in
    /// range, not the sums on the way, so the order of the amounts does not matter.
    ///
    /// [`MoneyError::CurrencyMismatch`] when an amount is not in `currency`,
    /// [`MoneyError::Overflow`] when the sum is too large.
    pub fn sum<I>(amounts: I, currency: Currency) -> Result<Money, MoneyError>
    where
        I: IntoIterator<Item = Money>,
    {
        // 2^64 amounts of 63 bits fit 127 bits.
        let mut total = 0_i128;
        for amount in amounts {
            Money::zero(currency).same_currency(amount)?;
            total += i128::from(amount.minor);
        }
        Money::checked(total, currency)
    }

    /// Distributes the amount in proportion to the weights; the parts sum exactly to the amount.
    ///
    /// Largest remainder (Hamilton) method: every part is its exact share without the fraction of
    /// a minor unit, and the minor units left over go one each to the parts that lost the largest
    /// fractions, the earlier one on a tie. So a part differs from its exact share by less than one
    /// minor unit, a zero weight gets nothing, and a negative amount is distributed like its
    /// positive counterpart.
    ///
    /// [`MoneyError::NoWeights`] when no weight is above zero, [`MoneyError::NegativeWeight`] when
    /// one is below, [`MoneyError::Overflow`] when amount times weight does not fit 127 bits, which
    /// cannot happen with weights of up to six decimals within [`crate::decimal::to_micros`].
    pub fn allocate(&self, weights: &[Decimal]) -> Result<Vec<Money>, MoneyError> {
        if weights.iter().any(|weight| *weight < Decimal::ZERO) {
            return Err(MoneyError::NegativeWeight);
        }
        if weights.iter().all(Decimal::is_zero) {
            return Err(MoneyError::NoWeights);
        }
        let whole = i128::from(self.minor.unsigned_abs());
        let parts = distribute(whole, weights).ok_or(MoneyError::Overflow)?;
        let sign = i128::from(self.minor.signum());
        let money = |part: i128| Money::checked(part * sign, self.currency);
        parts.into_iter().map(money).collect()
    }

    fn checked(minor: i128, currency: Currency) -> Result<Money, MoneyError> {
        match i64::try_from(minor) {
            Ok(minor) if minor != i64::MIN => Ok(Money { minor, currency }),
            _ => Err(MoneyError::Overflow),
        }
    }

    fn same_currency(&self, other: Money) -> Result<(), MoneyError> {
        let (left, right) = (self.currency, other.currency);
        if left == right { Ok(()) } else { Err(MoneyError::CurrencyMismatch { left, right }) }
    }
}

/// The amount with all decimals of its currency, then the code: "1234.50 EUR".
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.amount(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decimal::{from_micros, parse};

    const EUR: Currency = Currency::EUR;
    const ONE_YEN: Money = Money::from_minor(1, Currency::JPY);

    fn eur(minor: i64) -> Money {
        Money::from_minor(minor, EUR)
    }

    fn dec(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    fn allocated(minor: i64, weights: &[i64]) -> Vec<i64> {
        let weights: Vec<_> = weights.iter().copied().map(from_micros).collect();
        let parts = eur(minor).allocate(&weights).unwrap();
        parts.iter().map(Money::minor).collect()
    }

    #[test]
    fn an_exact_amount_has_no_more_decimals_than_its_currency() {
        assert_eq!(Money::exact(from_micros(12_340_000), EUR), Ok(eur(1234)));
        let (currency, allowed) = (Currency::JPY, 0);
        let refused = MoneyError::TooManyDecimals { currency, allowed };
        assert_eq!(Money::exact(dec("0.5"), currency), Err(refused));
    }

    #[test]
    fn rounding_is_commercial_by_default_and_to_five_centimes_in_switzerland() {
        let (rule, step_minor) = (RoundingRule::default(), 5);
        assert_eq!(rule.apply(dec("-0.125"), EUR), Ok(eur(-13)));
        let swiss = RoundingRule { step_minor, ..rule };
        for (amount, minor) in [("1.024", 100), ("1.025", 105), ("-1.07", -105)] {
            let expected = Money::from_minor(minor, Currency::CHF);
            assert_eq!(swiss.apply(dec(amount), Currency::CHF), Ok(expected));
        }
    }

    #[test]
    fn a_step_below_one_or_beyond_the_bound_is_refused() {
        for step_minor in [0, -5, i64::MAX] {
            let mode = Rounding::Up;
            let rounded = RoundingRule { mode, step_minor }.apply(dec("1"), EUR);
            assert_eq!(rounded, Err(MoneyError::InvalidStep(step_minor)));
        }
    }

    #[test]
    fn amounts_of_different_currencies_are_never_combined() {
        let (left, right) = (EUR, Currency::JPY);
        let refused = Err(MoneyError::CurrencyMismatch { left, right });
        assert_eq!(eur(1).plus(ONE_YEN), refused);
        assert_eq!(Money::sum([eur(1), ONE_YEN], EUR), refused);
    }

    #[test]
    fn results_out_of_range_are_refused() {
        let (most, least) = (eur(i64::MAX), eur(i64::MIN));
        assert_eq!(least.negated(), most);
        assert_eq!(most.plus(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(least.minus(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(most.times(2), Err(MoneyError::Overflow));
        assert_eq!(Money::exact(Decimal::MAX, EUR), Err(MoneyError::Overflow));
        assert_eq!(Money::sum([most, eur(2), least], EUR), Ok(eur(2)));
    }

    #[test]
    fn an_amount_shows_all_decimals_of_its_currency() {
        assert_eq!(eur(123_450).to_string(), "1234.50 EUR");
        assert_eq!(eur(-5).to_string(), "-0.05 EUR");
        assert_eq!(ONE_YEN.to_string(), "1 JPY");
    }

    #[test]
    fn left_over_cents_go_to_the_largest_remainders_and_the_earlier_on_a_tie() {
        assert_eq!(allocated(-100, &[1, 1, 1]), [-34, -33, -33]);
        assert_eq!(allocated(10, &[1, 4, 0, 7]), [1, 3, 0, 6]);
    }

    #[test]
    fn an_amount_needs_a_positive_weight_and_no_negative_one() {
        let refused = |weights: &[Decimal]| eur(1).allocate(weights).unwrap_err();
        assert_eq!(refused(&[]), MoneyError::NoWeights);
        assert_eq!(refused(&[dec("0")]), MoneyError::NoWeights);
        assert_eq!(refused(&[dec("2"), dec("-1")]), MoneyError::NegativeWeight);
    }

    proptest! {
        #[test]
        fn rounded_money_errs_by_half_a_minor_unit_at_most(
            minor in -(1_i64 << 50)..(1 << 50), rest in -999_999..=999_999_i64,
        ) {
            let exact = eur(minor).amount() + Decimal::new(rest, 8);
            let rounded = Money::round(exact, EUR, Rounding::HalfEven).unwrap().amount();
            prop_assert!((rounded - exact).abs() <= Decimal::new(5, 3));
        }

        #[test]
        fn parts_sum_to_the_whole_and_reordered_weights_keep_them_within_a_unit_of_their_share(
            minor in any::<i64>(), mut weights in prop::collection::vec(0..=i64::MAX, 1..9),
        ) {
            let total: i128 = weights.iter().copied().map(i128::from).sum();
            prop_assume!(total != 0);
            for _ in 0..2 {
                let parts = allocated(minor, &weights);
                prop_assert_eq!(Money::sum(parts.iter().copied().map(eur), EUR), Ok(eur(minor)));
                for (part, weight) in parts.iter().zip(&weights) {
                    let share = i128::from(eur(minor).minor()) * i128::from(*weight);
                    prop_assert!((i128::from(*part) * total - share).abs() < total);
                }
                weights.reverse();
            }
        }
    }
}
