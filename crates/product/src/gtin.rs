//! Global trade item numbers.

/// Refuses what is no GTIN: 8, 12, 13 or 14 digits of which the last is the check digit (GS1
/// General Specifications, section 7.9: digits times 3 and 1 in turn, counted from the right).
pub(crate) fn check(number: &str) -> Result<(), String> {
    let digits = number.as_bytes();
    if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.iter().all(u8::is_ascii_digit) {
        return Err("must be a GTIN of 8, 12, 13 or 14 digits".to_string());
    }
    let weights = [1, 3].into_iter().cycle();
    let sum: u32 = digits.iter().rev().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    if sum.is_multiple_of(10) {
        return Ok(());
    }
    Err("is no GTIN: its check digit does not fit, so it is mistyped".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_must_fit() {
        for (number, fits) in [
            ("4006381333931", true),
            ("96385074", true),
            ("036000291452", true),
            ("10614141000415", true),
            ("4006381333932", false),
            ("400638133393", false),
            ("400638133393X", false),
        ] {
            assert_eq!(check(number).is_ok(), fits, "{number}");
        }
    }
}
