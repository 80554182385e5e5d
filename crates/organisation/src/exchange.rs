//! Exchanging money of one currency for another.

use tessera_kernel::{Currency, Date, Decimal, Fault, Money, MoneyError, Rounding, Tx, to_micros};

use crate::{ExchangeRate, OrganisationError};

/// The rate by which an amount is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Both currencies are the same.
    Identity,
    /// So many units of the new currency for one of the old.
    Direct(Decimal),
    /// So many units of the old currency for one of the new.
    Inverse(Decimal),
}

/// The amount in another currency at the rate of a day. An amount in `to` already stays as it is.
///
/// The exact product (or, with only the opposite rate known, the exact quotient) is rounded once,
/// to the minor unit of `to`, by `rounding`.
pub fn exchange(
    tx: &mut Tx<'_>,
    amount: Money,
    to: Currency,
    on: Date,
    rounding: Rounding,
) -> Result<Money, OrganisationError> {
    if amount.currency() == to {
        return Ok(amount);
    }
    let rate = rate_on(tx, amount.currency(), to, on)?;
    Ok(rate.convert(amount, to, rounding).map_err(Fault::from)?)
}

/// The rate of a day: the one entered for this direction, else the opposite one.
pub fn rate_on(
    tx: &mut Tx<'_>,
    from: Currency,
    to: Currency,
    on: Date,
) -> Result<Rate, OrganisationError> {
    if from == to {
        return Ok(Rate::Identity);
    }
    if let Some(rate) = entered(tx, from, to, on)? {
        return Ok(Rate::Direct(rate));
    }
    match entered(tx, to, from, on)? {
        Some(rate) => Ok(Rate::Inverse(rate)),
        None => Err(OrganisationError::NoRate { from, to, on }),
    }
}

fn entered(
    tx: &mut Tx<'_>,
    from: Currency,
    to: Currency,
    on: Date,
) -> Result<Option<Decimal>, Fault> {
    let mut number = *b"EUR/USD";
    number[..3].copy_from_slice(from.code().as_bytes());
    number[4..].copy_from_slice(to.code().as_bytes());
    // Codes of currencies are ASCII, so the fallback can't happen.
    let number = std::str::from_utf8(&number).unwrap_or("");
    let Some(id) = tx.lookup::<ExchangeRate>("number", number)? else { return Ok(None) };
    Ok(tx.shared(id)?.on(on))
}

impl Rate {
    /// The amount in `to` at this rate, rounded once to its minor unit.
    ///
    /// [`MoneyError::Overflow`] when the result is too large or the rate is not more than zero.
    pub fn convert(
        &self,
        amount: Money,
        to: Currency,
        rounding: Rounding,
    ) -> Result<Money, MoneyError> {
        let micros = |rate: &Decimal| match to_micros(*rate) {
            Ok(micros) if micros > 0 => Ok(i128::from(micros)),
            _ => Err(MoneyError::Overflow),
        };
        let one = 1_000_000_i128;
        let (factor, divisor) = match self {
            Self::Identity => (one, one),
            Self::Direct(rate) => (micros(rate)?, one),
            Self::Inverse(rate) => (one, micros(rate)?),
        };
        let (own, other) = (amount.currency().decimals(), to.decimals());
        // At most 64 + 64 + 14 bits in theory; amounts for which that matters are refused.
        let dividend = i128::from(amount.minor())
            .checked_mul(factor)
            .and_then(|product| product.checked_mul(10_i128.pow(other)))
            .ok_or(MoneyError::Overflow)?;
        let divisor = divisor * 10_i128.pow(own);
        round_quotient(dividend, divisor, to, rounding)
    }
}

/// `dividend` / `divisor` minor units. What is beyond the minor unit is handed on as quarters:
/// nothing, less than a half, a half, more than a half. No rounding needs to know more.
fn round_quotient(
    dividend: i128,
    divisor: i128,
    currency: Currency,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    let quarters = match (2 * rest.abs()).cmp(&divisor) {
        _ if rest == 0 => 0,
        std::cmp::Ordering::Less => 25,
        std::cmp::Ordering::Equal => 50,
        std::cmp::Ordering::Greater => 75,
    };
    let hundredths = quotient
        .checked_mul(100)
        .map(|whole| whole + quarters * rest.signum())
        .ok_or(MoneyError::Overflow)?;
    let amount = Decimal::try_from_i128_with_scale(hundredths, currency.decimals() + 2)
        .map_err(|_| MoneyError::Overflow)?;
    Money::round(amount, currency, rounding)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tessera_kernel::{from_micros, parse_decimal};

    use super::*;

    const EUR: Currency = Currency::EUR;
    const USD: Currency = Currency::USD;
    const JPY: Currency = Currency::JPY;

    fn dec(text: &str) -> Decimal {
        parse_decimal(text).unwrap()
    }

    fn convert(minor: i64, from: Currency, rate: Rate, to: Currency, rounding: Rounding) -> i64 {
        rate.convert(Money::from_minor(minor, from), to, rounding).unwrap().minor()
    }

    #[test]
    fn the_product_is_rounded_once_to_the_minor_unit() {
        let direct = Rate::Direct(dec("1.0925"));
        assert_eq!(convert(10_000, EUR, direct, USD, Rounding::HalfUp), 10_925);
        let half = Rate::Direct(dec("0.5"));
        assert_eq!(convert(-125, EUR, half, USD, Rounding::HalfUp), -63);
        assert_eq!(convert(125, EUR, half, USD, Rounding::HalfEven), 62);
        assert_eq!(convert(125, EUR, half, USD, Rounding::Up), 63);
        assert_eq!(convert(125, EUR, half, USD, Rounding::Down), 62);
    }

    #[test]
    fn the_opposite_rate_divides_and_rounds_once() {
        let inverse = Rate::Inverse(dec("3"));
        assert_eq!(convert(100, EUR, inverse, USD, Rounding::HalfUp), 33);
        assert_eq!(convert(200, EUR, inverse, USD, Rounding::HalfUp), 67);
        assert_eq!(convert(1, EUR, inverse, USD, Rounding::Up), 1);
    }

    #[test]
    fn currencies_keep_their_own_decimals() {
        assert_eq!(convert(100, EUR, Rate::Direct(dec("161.235")), JPY, Rounding::HalfUp), 161);
        assert_eq!(convert(161, JPY, Rate::Inverse(dec("161")), EUR, Rounding::HalfUp), 100);
    }

    #[test]
    fn what_is_too_large_or_no_rate_is_refused() {
        let most = Money::from_minor(i64::MAX, EUR);
        for rate in [Rate::Direct(dec("2")), Rate::Direct(dec("0")), Rate::Inverse(dec("-1"))] {
            assert_eq!(rate.convert(most, USD, Rounding::HalfUp), Err(MoneyError::Overflow));
        }
    }

    proptest! {
        #[test]
        fn a_converted_amount_errs_by_half_a_minor_unit_at_most(
            minor in -1_000_000_000_000_i64..1_000_000_000_000, micros in 1_i64..1_000_000_000,
        ) {
            let rate = from_micros(micros);
            let amount = Money::from_minor(minor, EUR);
            let half = Decimal::new(5, 3);
            let direct = Rate::Direct(rate).convert(amount, USD, Rounding::HalfUp).unwrap();
            prop_assert!((direct.amount() - amount.amount() * rate).abs() <= half);
            if let Ok(inverse) = Rate::Inverse(rate).convert(amount, USD, Rounding::HalfUp) {
                // Back by the same rate: the error is at most half a minor unit times the rate.
                let back = inverse.amount().checked_mul(rate);
                if let Some(back) = back {
                    prop_assert!((back - amount.amount()).abs() <= half * rate);
                }
            }
        }

        #[test]
        fn the_identity_keeps_every_amount(minor in any::<i64>()) {
            let amount = Money::from_minor(minor, EUR);
            prop_assert_eq!(Rate::Identity.convert(amount, EUR, Rounding::Down), Ok(amount));
        }
    }
}
