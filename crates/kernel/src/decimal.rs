//! Exact decimal numbers: at most six decimals, stored as whole millionths.
//!
//! Every number a business object keeps has at most [`SCALE`] decimals and fits a signed 64-bit
//! count of millionths ("micros"), so it lies within ±9 223 372 036 854.775807. Reading and storing
//! never round: a value that does not fit is refused. Rounding is always a decision of the caller,
//! who names a [`Rounding`].

use std::cmp::Ordering;

pub use rust_decimal::Decimal;
use thiserror::Error;

/// The number of decimals a stored number can have.
pub const SCALE: u32 = 6;

/// The largest power of ten a [`Decimal`] scale can ask for.
const MAX_EXPONENT: usize = 28;

/// The powers of ten from 10^0 to 10^28.
const POWERS: [i128; MAX_EXPONENT + 1] = {
    let mut powers = [1_i128; MAX_EXPONENT + 1];
    let mut exponent = 1;
    while exponent <= MAX_EXPONENT {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// Why a number was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecimalError {
    /// The text is not a number in plain notation.
    #[error("this is not a number; write it like 1234.5 or -0.25")]
    NotANumber,
    /// The number needs more than [`SCALE`] decimals.
    #[error("at most {SCALE} decimals are allowed")]
    TooManyDecimals,
    /// The number does not fit the supported range.
    #[error("the number is too large; at most 9223372036854.775807 is allowed")]
    OutOfRange,
}

/// What happens to the part of an amount that cannot be kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Rounding {
    /// To the nearest, a half away from zero: 0.125 → 0.13, -0.125 → -0.13. The commercial rounding
    /// of DIN 1333, used by default.
    #[default]
    HalfUp,
    /// To the nearest, a half to the even neighbour: 0.125 → 0.12, 0.135 → 0.14. The
    /// round-half-to-even of IEEE 754, also called banker's rounding.
    HalfEven,
    /// Away from zero: 0.121 → 0.13.
    Up,
    /// Toward zero: 0.129 → 0.12.
    Down,
}

impl Rounding {
    /// `dividend` / `divisor` as a whole number. `divisor` is above zero and
    /// below 2^126.
    pub(crate) fn quotient(self, dividend: i128, divisor: i128) -> i128 {
        let (quotient, rest) = divide(dividend, divisor);
        if rest == 0 {
            return quotient;
        }
        let away = match (self, (2 * rest.abs()).cmp(&divisor)) {
            (Rounding::Down, _) => false,
            (Rounding::Up, _) => true,
            (_, Ordering::Less) => false,
            (_, Ordering::Greater) => true,
            (Rounding::HalfUp, Ordering::Equal) => true,
            (Rounding::HalfEven, Ordering::Equal) => quotient % 2 != 0,
        };
        if away { quotient + rest.signum() } else { quotient }
    }
}

/// 10^`exponent`, for the exponents a [`Decimal`] scale can have (0 to 28).
pub(crate) fn power_of_ten(exponent: u32) -> i128 {
    POWERS[exponent as usize]
}

/// Division of whole numbers toward zero, with the remainder.
///
/// `divisor` must not be zero. Nearly every amount fits 64 bits, where dividing is several times
/// faster than with 128 bits.
pub(crate) fn divide(dividend: i128, divisor: i128) -> (i128, i128) {
    match (i64::try_from(dividend), i64::try_from(divisor)) {
        (Ok(small), Ok(by)) if by > 0 => (i128::from(small / by), i128::from(small % by)),
        _ => (dividend / divisor, dividend % divisor),
    }
}

/// Distributes `whole`, which is not negative, in proportion to the weights, of which none is
/// negative and one is above zero. `None` when whole times weight does not fit 127 bits.
///
/// The method is described at [`crate::money::Money::allocate`].
pub(crate) fn distribute(whole: i128, weights: &[Decimal]) -> Option<Vec<i128>> {
    let normalised = weights.iter().map(Decimal::normalize);
    let scale = normalised.clone().map(|weight| weight.scale()).max()?;
    let weights = normalised
        .map(|weight| weight.mantissa().checked_mul(power_of_ten(scale - weight.scale())))
        .collect::<Option<Vec<_>>>()?;
    let total = weights.iter().try_fold(0_i128, |sum, weight| sum.checked_add(*weight))?;
    let mut left = whole;
    let mut parts = Vec::with_capacity(weights.len());
    let mut rests = Vec::with_capacity(weights.len());
    for (index, weight) in weights.into_iter().enumerate() {
        let (part, rest) = divide(whole.checked_mul(weight)?, total);
        left -= part;
        parts.push(part);
        rests.push((-rest, index));
    }
    // Fewer units are left than there are parts with a rest, so each gets at most one.
    rests.sort_unstable();
    for (_, index) in rests {
        if left == 0 {
            break;
        }
        parts[index] += 1;
        left -= 1;
    }
    Some(parts)
}

/// The number as whole millionths, exactly.
///
/// Trailing zeros do not count as decimals.
///
/// # Errors
///
/// [`DecimalError::TooManyDecimals`] when the number has more than six significant decimals,
/// [`DecimalError::OutOfRange`] when the millionths do not fit 64 bits.
pub fn to_micros(value: Decimal) -> Result<i64, DecimalError> {
    let scale = value.scale();
    let micros = if scale <= SCALE {
        value.mantissa() * power_of_ten(SCALE - scale)
    } else {
        let (micros, rest) = divide(value.mantissa(), power_of_ten(scale - SCALE));
        if rest != 0 {
            return Err(DecimalError::TooManyDecimals);
        }
        micros
    };
    match i64::try_from(micros) {
        // The range is symmetric, so that every number has an opposite.
        Ok(micros) if micros != i64::MIN => Ok(micros),
        _ => Err(DecimalError::OutOfRange),
    }
}

/// The number that is `micros` millionths; it carries six decimals, also when they are zeros.
pub fn from_micros(micros: i64) -> Decimal {
    Decimal::new(micros, SCALE)
}

/// Reads a number in plain notation: digits, optionally a point and at most six decimals,
/// optionally a leading minus.
///
/// There is no exponent, no thousands separator, no plus sign, no surrounding blank, and there is
/// a digit before and after the point. Zeros at the end of the decimals do not count.
///
/// # Errors
///
/// [`DecimalError::NotANumber`] for any other notation, [`DecimalError::TooManyDecimals`] and
/// [`DecimalError::OutOfRange`] for numbers [`to_micros`] would refuse.
pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, decimals) = match digits.split_once('.') {
        Some((_, "")) => return Err(DecimalError::NotANumber),
        Some(parts) => parts,
        None => (digits, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) {
        return Err(DecimalError::NotANumber);
    }
    let decimals = decimals.trim_end_matches('0');
    let scale = u32::try_from(decimals.len()).unwrap_or(u32::MAX);
    if scale > SCALE {
        return Err(DecimalError::TooManyDecimals);
    }
    let mut mantissa = 0_i64;
    for digit in whole.bytes().chain(decimals.bytes()) {
        let digit = i64::from(digit - b'0');
        let digit = if negative { -digit } else { digit };
        mantissa = mantissa
            .checked_mul(10)
            .and_then(|shifted| shifted.checked_add(digit))
            .ok_or(DecimalError::OutOfRange)?;
    }
    let value = Decimal::new(mantissa, scale);
    to_micros(value)?;
    Ok(value)
}

/// The number in the notation [`parse`] reads, without zeros at the end of the decimals.
pub fn format(value: Decimal) -> String {
    value.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn six_decimals_are_kept_exactly() {
        assert_eq!(to_micros(Decimal::new(1_234_567, 6)), Ok(1_234_567));
        assert_eq!(to_micros(Decimal::new(-5, 1)), Ok(-500_000));
        assert_eq!(from_micros(-500_000), Decimal::new(-5, 1));
    }

    #[test]
    fn a_seventh_decimal_is_refused_unless_it_is_zero() {
        assert_eq!(to_micros(Decimal::new(1, 7)), Err(DecimalError::TooManyDecimals));
        assert_eq!(to_micros(Decimal::new(10, 7)), Ok(1));
        assert_eq!(to_micros(Decimal::new(0, 28)), Ok(0));
        assert_eq!(DecimalError::TooManyDecimals.to_string(), "at most 6 decimals are allowed");
    }

    #[test]
    fn numbers_beyond_the_64_bit_range_are_refused() {
        assert_eq!(to_micros(Decimal::MAX), Err(DecimalError::OutOfRange));
        assert_eq!(to_micros(from_micros(i64::MIN)), Err(DecimalError::OutOfRange));
        assert_eq!(parse("9223372036854.775807").and_then(to_micros), Ok(i64::MAX));
        assert_eq!(parse("-9223372036854.775807").and_then(to_micros), Ok(-i64::MAX));
        assert_eq!(parse("9223372036854.775808"), Err(DecimalError::OutOfRange));
        assert_eq!(parse("9223372036855"), Err(DecimalError::OutOfRange));
        assert_eq!(parse(&"9".repeat(1000)), Err(DecimalError::OutOfRange));
    }

    #[test]
    fn only_plain_notation_is_read() {
        for text in [
            "", "-", ".", "1.", ".5", "+1", "1e3", "1,5", "1 000", " 1", "1\n", "--1", "1.2.3",
            "1.-2", "NaN", "0x1", "١",
        ] {
            assert_eq!(parse(text), Err(DecimalError::NotANumber), "{text:?}");
        }
        assert_eq!(parse("-12.340"), Ok(Decimal::new(-1234, 2)));
        assert_eq!(parse("007"), Ok(Decimal::from(7)));
        assert_eq!(parse("0.1234567"), Err(DecimalError::TooManyDecimals));
        assert_eq!(parse("0.1000000"), Ok(Decimal::new(1, 1)));
    }

    #[test]
    fn there_is_no_negative_zero() {
        assert_eq!(parse("-0.00").map(format).as_deref(), Ok("0"));
        assert_eq!(format(-Decimal::ZERO), "0");
    }

    #[test]
    fn text_has_no_trailing_zeros() {
        assert_eq!(format(Decimal::new(1_500_000, 6)), "1.5");
        assert_eq!(format(Decimal::new(100, 0)), "100");
        assert_eq!(format(Decimal::new(-25, 2)), "-0.25");
    }

    #[test]
    fn halves_and_rests_go_where_the_rounding_says() {
        // The quotients by 10, for 121, 125, 129 and 135.
        for (mode, expected) in [
            (Rounding::HalfUp, [12, 13, 13, 14]),
            (Rounding::HalfEven, [12, 12, 13, 14]),
            (Rounding::Up, [13, 13, 13, 14]),
            (Rounding::Down, [12, 12, 12, 13]),
        ] {
            assert_eq!([121, 125, 129, 135].map(|amount| mode.quotient(amount, 10)), expected);
            let mirrored = [-121, -125, -129, -135].map(|amount| -mode.quotient(amount, 10));
            assert_eq!(mirrored, expected, "{mode:?} treats both signs alike");
        }
    }

    proptest! {
        #[test]
        fn rounding_errs_by_half_a_unit_at_most_and_directed_rounding_by_less_than_one(
            mantissa in any::<i64>(), scale in 0..=19_u32,
        ) {
            let (exact, unit) = (i128::from(mantissa), power_of_ten(scale));
            for mode in [Rounding::HalfUp, Rounding::HalfEven] {
                let error = mode.quotient(exact, unit) * unit - exact;
                prop_assert!(2 * error.abs() <= unit);
            }
            let up = Rounding::Up.quotient(exact, unit) * unit;
            let down = Rounding::Down.quotient(exact, unit) * unit;
            prop_assert!(up.abs() - exact.abs() < unit && up.abs() >= exact.abs());
            prop_assert!(exact.abs() - down.abs() < unit && down.abs() <= exact.abs());
        }

        #[test]
        fn every_stored_number_survives_text_and_storage(micros in -i64::MAX..=i64::MAX) {
            let value = from_micros(micros);
            prop_assert_eq!(to_micros(value), Ok(micros));
            prop_assert_eq!(parse(&format(value)), Ok(value));
        }

        #[test]
        fn dividing_agrees_in_both_widths(
            dividend in any::<i64>(), divisor in 1..=i64::MAX, wide in any::<i128>(),
        ) {
            let (dividend, divisor) = (i128::from(dividend), i128::from(divisor));
            prop_assert_eq!(divide(dividend, divisor), (dividend / divisor, dividend % divisor));
            prop_assert_eq!(divide(wide, divisor), (wide / divisor, wide % divisor));
        }
    }
}
