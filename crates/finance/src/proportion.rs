//! Shares of amounts.

use tessera_kernel::{Money, MoneyError};

/// `amount` × `part` / `whole`, rounded half away from zero to the minor unit of `amount`; the
/// whole amount where `part` is `whole`, nothing where `whole` is zero.
pub(crate) fn share(amount: Money, part: Money, whole: Money) -> Result<Money, MoneyError> {
    if part.currency() != whole.currency() {
        let (left, right) = (part.currency(), whole.currency());
        return Err(MoneyError::CurrencyMismatch { left, right });
    }
    if whole.is_zero() {
        return Ok(Money::zero(amount.currency()));
    }
    // Two 64-bit factors fit 127 bits.
    let product = i128::from(amount.minor()) * i128::from(part.minor());
    let divisor = i128::from(whole.minor());
    let (quotient, rest) = (product / divisor, product % divisor);
    let away = 2 * rest.abs() >= divisor.abs();
    let sign = product.signum() * divisor.signum();
    let rounded = if away { quotient + sign } else { quotient };
    let minor = i64::try_from(rounded).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::from_minor(minor, amount.currency()))
}

#[cfg(test)]
mod tests {
    use tessera_kernel::Currency;

    use super::*;

    #[test]
    fn a_share_is_rounded_half_away_from_zero_and_the_whole_is_the_whole() {
        let eur = |minor| Money::from_minor(minor, Currency::EUR);
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        for (amount, part, whole, expected) in
            [(100, 1, 3, 33), (100, 1, 8, 13), (-100, 1, 8, -13), (100, -1, -8, 13), (7, 9, 9, 7)]
        {
            assert_eq!(share(eur(amount), usd(part), usd(whole)), Ok(eur(expected)));
        }
        assert_eq!(share(eur(5), usd(0), usd(0)), Ok(eur(0)));
    }
}
