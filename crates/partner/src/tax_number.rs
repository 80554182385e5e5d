//! The form of tax numbers. Whether an authority knows them shows only when it is asked.

use tessera_kernel::Code;

/// VAT identification number.
pub(crate) const VAT: Code = Code::literal("VAT");

/// Refuses what has not the form of a VAT identification number: two letters of a country, then 2
/// to 12 letters, digits, `+` or `*`, as the VAT information exchange system of the European Union
/// (VIES) takes them. Greece writes EL, Northern Ireland XI.
pub(crate) fn check_vat(number: &str) -> Result<(), String> {
    let allowed = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'+' | b'*');
    let fits = match number.as_bytes() {
        [a, b, rest @ ..] => {
            a.is_ascii_uppercase()
                && b.is_ascii_uppercase()
                && (2..=12).contains(&rest.len())
                && rest.iter().all(allowed)
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err("must be a VAT number: a country, then 2 to 12 capital letters and digits, like \
         DE123456789"
        .to_string())
}

/// Refuses what no authority would give out: other than 4 to 30 letters, digits and the signs
/// between them, or no digit at all.
pub(crate) fn check_tax_number(number: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b" -./".contains(&b);
    let fits = (4..=30).contains(&number.len())
        && number.bytes().all(allowed)
        && number.bytes().any(|b| b.is_ascii_digit());
    if fits {
        return Ok(());
    }
    Err("must be 4 to 30 letters, digits, spaces, `-`, `.` or `/`, with a digit".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vat_number_starts_with_its_country() {
        for (number, fits) in [
            ("DE123456789", true),
            ("EL123456789", true),
            ("IE1234567WA", true),
            ("ATU12345678", true),
            ("123456789", false),
            ("DE 123456789", false),
            ("DE1", false),
        ] {
            assert_eq!(check_vat(number).is_ok(), fits, "{number}");
        }
    }

    #[test]
    fn another_tax_number_has_a_digit() {
        for (number, fits) in [("29/815/08150", true), ("none", false), ("12", false)] {
            assert_eq!(check_tax_number(number).is_ok(), fits, "{number}");
        }
    }
}
