//! Shares of a whole that sum to it exactly.

/// `total` × `part` / `whole`, rounded to the nearest, a half away from zero. Nothing when `whole`
/// is 0 or the product does not fit 127 bits.
///
/// Shares are made cumulatively: what falls between two marks is the share up to the second less
/// the share up to the first. So the parts of any split sum to the total, because the share up to
/// the whole is the total.
pub(crate) fn share(total: i128, part: i128, whole: i128) -> Option<i128> {
    if whole == 0 {
        return None;
    }
    if part == whole {
        return Some(total);
    }
    let product = total.checked_mul(part)?;
    let (quotient, rest) = (product / whole, product % whole);
    let away = rest.unsigned_abs() >= whole.unsigned_abs() - rest.unsigned_abs();
    let sign = product.signum() * whole.signum();
    Some(if rest != 0 && away { quotient + sign } else { quotient })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_is_rounded_to_the_nearest_and_a_half_away_from_zero() {
        let shares = [1, 2, 3].map(|part| share(10, part, 4));
        assert_eq!(shares, [Some(3), Some(5), Some(8)]);
        assert_eq!(share(-10, 1, 4), Some(-3));
        assert_eq!(share(-10, -1, -4), Some(-3));
        assert_eq!(share(10, 1, -4), Some(-3));
        assert_eq!(share(10, 1, 3), Some(3));
        assert_eq!(share(1, 1, 0), None);
    }

    proptest! {
        #[test]
        fn a_share_errs_by_half_a_unit_at_most(
            total in any::<i64>(), part in any::<i64>(), whole in any::<i64>(),
        ) {
            prop_assume!(whole != 0);
            let (total, part, whole) = (i128::from(total), i128::from(part), i128::from(whole));
            let error = share(total, part, whole).unwrap() * whole - total * part;
            prop_assert!(2 * error.unsigned_abs() <= whole.unsigned_abs());
        }
    }
}
