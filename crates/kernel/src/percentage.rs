//! Percentages such as tax rates and discounts.

use std::fmt;

use crate::decimal::{self, Decimal, DecimalError};

/// An exact percentage with at most six decimals: 19 means 19 %, that is 0.19 of a whole.
///
/// It can be negative and can exceed 100; what makes sense is decided where it is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct Percentage(Decimal);

impl Percentage {
    /// No percent.
    pub const ZERO: Percentage = Percentage(Decimal::ZERO);

    /// The percentage `value` %.
    ///
    /// # Errors
    ///
    /// [`DecimalError`] when the value has more than six significant decimals or exceeds the range
    /// of [`decimal::to_micros`].
    pub fn new(value: Decimal) -> Result<Percentage, DecimalError> {
        decimal::to_micros(value)?;
        Ok(Percentage(value.normalize()))
    }

    /// The number before the percent sign: 19 for 19 %.
    pub const fn value(&self) -> Decimal {
        self.0
    }

    /// The percentage as a fraction of one, exactly: 0.19 for 19 %. At most eight decimals.
    pub fn fraction(&self) -> Decimal {
        let value = self.0;
        // Construction leaves at most six decimals and 64 bits, so two more decimals always fit.
        Decimal::try_from_i128_with_scale(value.mantissa(), value.scale() + 2).unwrap_or(value)
    }

    /// This percentage of `base`: 19 % of 200 is 38.
    ///
    /// Exact as long as the result has at most 28 digits, which every realistic price does; longer
    /// results are rounded by [`Decimal`] at their 28th digit. The result is not rounded to a
    /// currency. A result beyond the range of [`Decimal`] becomes [`Decimal::MAX`] or
    /// [`Decimal::MIN`], which every constructor of [`crate::money::Money`] refuses.
    pub fn of(&self, base: Decimal) -> Decimal {
        let fraction = self.fraction();
        base.checked_mul(fraction).unwrap_or_else(|| {
            let negative = base.is_sign_negative() != fraction.is_sign_negative();
            if negative { Decimal::MIN } else { Decimal::MAX }
        })
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} %", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn percent(text: &str) -> Percentage {
        Percentage::new(decimal::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn a_percentage_of_a_base_is_exact() {
        assert_eq!(percent("19").of(Decimal::from(200)), Decimal::from(38));
        assert_eq!(percent("8.1").of(Decimal::new(9999, 2)), Decimal::new(809_919, 5));
        assert_eq!(percent("-3").of(Decimal::ONE), Decimal::new(-3, 2));
    }

    #[test]
    fn the_fraction_is_the_hundredth_part() {
        assert_eq!(percent("19").fraction(), Decimal::new(19, 2));
        assert_eq!(percent("0.000001").fraction(), Decimal::new(1, 8));
        assert_eq!(Percentage::ZERO.fraction(), Decimal::ZERO);
    }

    #[test]
    fn a_seventh_decimal_is_refused() {
        assert_eq!(Percentage::new(Decimal::new(1, 7)), Err(DecimalError::TooManyDecimals));
        assert_eq!(Percentage::new(Decimal::MAX), Err(DecimalError::OutOfRange));
    }

    #[test]
    fn a_result_beyond_the_range_stays_at_its_end() {
        let huge = percent("9000000000000");
        assert_eq!(huge.of(Decimal::MAX), Decimal::MAX);
        assert_eq!(huge.of(Decimal::MIN), Decimal::MIN);
    }

    #[test]
    fn equal_percentages_are_equal_however_they_are_written() {
        let (short, long) = (percent("19"), Percentage::new(Decimal::new(19_000_000, 6)).unwrap());
        assert_eq!(short, long);
        assert_eq!(long.to_string(), "19 %");
    }

    proptest! {
        #[test]
        fn the_fraction_times_a_hundred_is_the_value(micros in -i64::MAX..=i64::MAX) {
            let percentage = Percentage::new(decimal::from_micros(micros)).unwrap();
            prop_assert_eq!(percentage.fraction() * Decimal::ONE_HUNDRED, percentage.value());
            prop_assert_eq!(percentage.of(Decimal::ONE_HUNDRED), percentage.value());
        }
    }
}
