//! Quantities, their units and the conversion between units.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

use crate::decimal::{self, Decimal, DecimalError};

/// A unit of measure: a code of one to six capital letters and digits. Sorts by code.
///
/// Which units exist, and what they mean, is master data; only the notation is checked here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unit([u8; 6]);

/// The text is not the code of a unit.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("\"{code}\" is not a unit code; use 1 to 6 capital letters or digits, such as PC or KG")]
pub struct InvalidUnit {
    /// The refused text.
    pub code: String,
}

impl Unit {
    /// Piece.
    pub const PC: Unit = Unit(*b"PC\0\0\0\0");
    /// Box.
    pub const BOX: Unit = Unit(*b"BOX\0\0\0");
    /// Kilogram.
    pub const KG: Unit = Unit(*b"KG\0\0\0\0");
    /// Hour.
    pub const H: Unit = Unit(*b"H\0\0\0\0\0");

    /// The unit with this code.
    ///
    /// [`InvalidUnit`] unless the code is one to six characters of A-Z and 0-9.
    pub fn parse(code: &str) -> Result<Unit, InvalidUnit> {
        let bytes = code.as_bytes();
        let mut padded = [0; 6];
        let valid = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        match padded.get_mut(..bytes.len()) {
            Some(start) if !bytes.is_empty() && bytes.iter().all(valid) => {
                start.copy_from_slice(bytes);
                Ok(Unit(padded))
            }
            _ => Err(InvalidUnit { code: code.to_owned() }),
        }
    }

    /// The code.
    pub fn code(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        // A unit is only ever made of ASCII characters, so the fallback cannot happen.
        std::str::from_utf8(&self.0[..end]).unwrap_or("")
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// Why a quantity was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum QuantityError {
    /// The value cannot be kept: too many decimals or too large.
    #[error(transparent)]
    Value(#[from] DecimalError),
    /// Two quantities of different units were combined.
    #[error("{left} and {right} quantities cannot be combined without a conversion")]
    UnitMismatch {
        /// Unit of the first quantity.
        left: Unit,
        /// Unit of the second quantity.
        right: Unit,
    },
    /// The converted quantity needs more than six decimals.
    #[error("the quantity cannot be converted exactly from {from} to {to}")]
    NotExact {
        /// Unit before the conversion.
        from: Unit,
        /// Unit the quantity should have had.
        to: Unit,
    },
    /// A conversion factor is zero or negative.
    #[error("{}/{} is no conversion factor; both must be positive", .0.numerator, .0.denominator)]
    InvalidFactor(UnitConversion),
}

/// An exact quantity with at most six decimals, such as 2.5 KG; it can be negative.
///
/// Quantities are equal when value and unit are, whatever zeros the value was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    // `Decimal` compares and hashes by numeric value.
    value: Decimal,
    unit: Unit,
}

impl Quantity {
    /// The quantity `value` `unit`.
    ///
    /// [`QuantityError::Value`] when the value has more than six significant decimals or exceeds
    /// the range of [`decimal::to_micros`].
    pub fn new(value: Decimal, unit: Unit) -> Result<Quantity, QuantityError> {
        decimal::to_micros(value)?;
        let value = if value.scale() > decimal::SCALE { value.normalize() } else { value };
        Ok(Quantity { value, unit })
    }

    /// Nothing, in this unit.
    pub const fn zero(unit: Unit) -> Quantity {
        Quantity { value: Decimal::ZERO, unit }
    }

    /// A whole number of units, for counts known to be small: beyond ±9 223 372 036 854 it is that
    /// bound. Use [`Quantity::new`] for numbers from outside.
    pub fn of(count: i64, unit: Unit) -> Quantity {
        let most = i64::MAX / 1_000_000;
        let value = Decimal::from(count.clamp(-most, most));
        Quantity { value, unit }
    }

    /// The number of units.
    pub const fn value(&self) -> Decimal {
        self.value
    }

    /// The unit.
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// Whether the quantity is zero.
    pub fn is_zero(&self) -> bool {
        self.value.is_zero()
    }

    /// Whether the quantity is above zero.
    pub fn is_positive(&self) -> bool {
        self.value > Decimal::ZERO
    }

    /// Whether the quantity is below zero.
    pub fn is_negative(&self) -> bool {
        self.value < Decimal::ZERO
    }

    /// The quantity with the opposite sign.
    #[must_use]
    pub fn negated(&self) -> Quantity {
        Quantity { value: -self.value, unit: self.unit }
    }

    /// The sum of both quantities.
    ///
    /// [`QuantityError::UnitMismatch`] for different units, [`QuantityError::Value`] when the sum
    /// is too large.
    pub fn plus(&self, other: Quantity) -> Result<Quantity, QuantityError> {
        self.same_unit(other)?;
        // Both have at most 19 digits, so the 28 digits of a decimal hold the sum.
        Quantity::new(self.value + other.value, self.unit)
    }

    /// This quantity less the other.
    ///
    /// As for [`Quantity::plus`].
    pub fn minus(&self, other: Quantity) -> Result<Quantity, QuantityError> {
        self.plus(other.negated())
    }

    /// The smaller of both quantities.
    ///
    /// [`QuantityError::UnitMismatch`] for different units.
    pub fn min(&self, other: Quantity) -> Result<Quantity, QuantityError> {
        Ok(if self.compare(other)?.is_gt() { other } else { *self })
    }

    /// Which quantity is larger.
    ///
    /// [`QuantityError::UnitMismatch`] for different units.
    pub fn compare(&self, other: Quantity) -> Result<Ordering, QuantityError> {
        self.same_unit(other)?;
        Ok(self.value.cmp(&other.value))
    }

    fn same_unit(&self, other: Quantity) -> Result<(), QuantityError> {
        let (left, right) = (self.unit, other.unit);
        if left == right { Ok(()) } else { Err(QuantityError::UnitMismatch { left, right }) }
    }
}

/// The value without trailing zeros, then the unit: "2.5 KG".
impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.value.normalize(), self.unit)
    }
}

/// How an alternative unit relates to the base unit of a product: 1 alternative unit is
/// `numerator` / `denominator` base units.
///
/// A box of 12 pieces is 12/1, a gram of a product kept in kilograms is 1/1000. The fraction need
/// not be in lowest terms. Both numbers must be positive, which is checked at every conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitConversion {
    /// Base units in `denominator` alternative units.
    pub numerator: i64,
    /// Alternative units in `numerator` base units.
    pub denominator: i64,
}

impl UnitConversion {
    /// Converts a quantity in the alternative unit to the base unit, exactly.
    ///
    /// The unit of `quantity` is not checked: the conversion belongs to one alternative unit, and
    /// the caller picked it by that unit.
    ///
    /// [`QuantityError::NotExact`] when the result needs more than six decimals,
    /// [`QuantityError::Value`] when it is too large, [`QuantityError::InvalidFactor`] when a
    /// factor is zero or negative.
    pub fn to_base(&self, quantity: Quantity, base: Unit) -> Result<Quantity, QuantityError> {
        self.convert(quantity, base, (self.numerator, self.denominator))
    }

    /// Converts a quantity in the base unit to the alternative unit, exactly.
    ///
    /// As for [`UnitConversion::to_base`]: one piece is not an exact number of boxes of three.
    pub fn from_base(&self, quantity: Quantity, unit: Unit) -> Result<Quantity, QuantityError> {
        self.convert(quantity, unit, (self.denominator, self.numerator))
    }

    fn convert(&self, from: Quantity, to: Unit, by: (i64, i64)) -> Result<Quantity, QuantityError> {
        let (multiplier, divisor) = by;
        if multiplier <= 0 || divisor <= 0 {
            return Err(QuantityError::InvalidFactor(*self));
        }
        // Two 64-bit numbers always multiply within 128 bits.
        let micros = i128::from(decimal::to_micros(from.value)?) * i128::from(multiplier);
        let (converted, rest) = decimal::divide(micros, i128::from(divisor));
        if rest != 0 {
            let from = from.unit;
            return Err(QuantityError::NotExact { from, to });
        }
        let micros = i64::try_from(converted).map_err(|_| DecimalError::OutOfRange)?;
        Quantity::new(decimal::from_micros(micros), to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOX_OF_12: UnitConversion = UnitConversion { numerator: 12, denominator: 1 };

    fn pieces(count: i64) -> Quantity {
        Quantity::of(count, Unit::PC)
    }

    fn kilos(micros: i64) -> Quantity {
        Quantity::new(decimal::from_micros(micros), Unit::KG).unwrap()
    }

    #[test]
    fn a_unit_is_one_to_six_capital_letters_and_digits() {
        for unit in [Unit::PC, Unit::BOX, Unit::KG, Unit::H] {
            assert_eq!(Unit::parse(unit.code()), Ok(unit));
        }
        assert_eq!(Unit::parse("PAL120").map(|unit| unit.to_string()).as_deref(), Ok("PAL120"));
        for code in ["", "kg", "TOOLONG", "M 2", "M²", "A\0B", "A\0"] {
            assert!(Unit::parse(code).is_err(), "{code:?}");
        }
    }

    #[test]
    fn equal_quantities_are_equal_however_they_are_written() {
        let long = Quantity::new(Decimal::new(25_000_000, 7), Unit::KG).unwrap();
        assert_eq!(long, kilos(2_500_000));
        assert_ne!(kilos(1_000_000), pieces(1));
        assert_eq!(long.to_string(), "2.5 KG");
    }

    #[test]
    fn a_seventh_decimal_and_values_out_of_range_are_refused() {
        let refused = Quantity::new(Decimal::new(1, 7), Unit::KG);
        assert_eq!(refused, Err(DecimalError::TooManyDecimals.into()));
        let too_large = Err(DecimalError::OutOfRange.into());
        assert_eq!(Quantity::new(i64::MAX.into(), Unit::PC), too_large);
        assert_eq!(pieces(i64::MIN), pieces(-9_223_372_036_854));
        assert_eq!(kilos(i64::MAX).plus(kilos(1)), too_large);
        assert_eq!(BOX_OF_12.to_base(kilos(i64::MAX), Unit::PC), too_large);
    }

    #[test]
    fn only_quantities_of_one_unit_add_and_compare() {
        let (left, right) = (Unit::PC, Unit::KG);
        let refused = QuantityError::UnitMismatch { left, right };
        assert_eq!(pieces(1).plus(kilos(1)), Err(refused));
        assert_eq!(pieces(1).minus(kilos(1)), Err(refused));
        assert_eq!(pieces(1).min(kilos(1)), Err(refused));
        assert_eq!(pieces(2).minus(pieces(5)), Ok(pieces(-3)));
        assert_eq!(pieces(2).min(pieces(-5)), Ok(pieces(-5)));
        let zero = Quantity::zero(Unit::PC).negated();
        assert!(zero.is_zero() && !zero.is_negative() && !zero.is_positive());
    }

    #[test]
    fn a_conversion_that_is_not_exact_is_refused() {
        let boxes = Quantity::of(2, Unit::BOX);
        assert_eq!(BOX_OF_12.to_base(boxes, Unit::PC), Ok(pieces(24)));
        assert_eq!(BOX_OF_12.from_base(pieces(24), Unit::BOX), Ok(boxes));
        let (from, to) = (Unit::PC, Unit::BOX);
        let refused = Err(QuantityError::NotExact { from, to });
        assert_eq!(BOX_OF_12.from_base(pieces(1), to), refused);
    }

    #[test]
    fn factors_must_be_positive() {
        for (numerator, denominator) in [(0, 1), (1, 0), (-12, 1), (12, -1)] {
            let invalid = UnitConversion { numerator, denominator };
            let refused = Err(QuantityError::InvalidFactor(invalid));
            assert_eq!(invalid.to_base(pieces(1), Unit::KG), refused);
            assert_eq!(invalid.from_base(pieces(1), Unit::KG), refused);
        }
    }

    proptest! {
        #[test]
        fn what_converts_to_the_base_unit_converts_back_unchanged(
            micros in any::<i64>(), numerator in 1..5000_i64, denominator in 1..50_i64,
        ) {
            let conversion = UnitConversion { numerator, denominator };
            let quantity = kilos(micros / 5000);
            if let Ok(base) = conversion.to_base(quantity, Unit::PC) {
                prop_assert_eq!(conversion.from_base(base, Unit::KG), Ok(quantity));
            }
            let counted = kilos(micros / 5000 / denominator * denominator);
            prop_assert!(conversion.to_base(counted, Unit::PC).is_ok());
        }
    }
}
