//! Account numbers and bank codes as banks exchange them.

use tessera_kernel::Code;

/// Refuses what is no international bank account number: two letters of a country, two check
/// digits and up to 30 letters and digits, in capitals and without spaces, whose remainder modulo
/// 97 is 1 (ISO 13616, ISO 7064 MOD 97-10).
pub(crate) fn check(iban: &str) -> Result<(), String> {
    let bytes = iban.as_bytes();
    let form = (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !form {
        return Err("must be an IBAN: a country, two check digits, then capital letters and \
                    digits, without spaces"
            .to_string());
    }
    if remainder(bytes) != 1 {
        return Err("is no IBAN: its check digits do not fit, so it is mistyped".to_string());
    }
    Ok(())
}

/// Refuses an IBAN of another country than the bank's.
pub(crate) fn check_country(iban: &str, country: Code) -> Result<(), String> {
    let own = issuer_for(country.as_str());
    if iban.starts_with(own) {
        return Ok(());
    }
    Err(format!("must start with {own}: the bank is in {country}"))
}

/// The country whose IBANs the banks of a country have: its own but for the territories that the
/// IBAN registry lists with another one.
fn issuer_for(country: &str) -> &str {
    match country {
        "AX" => "FI",
        "GG" | "IM" | "JE" => "GB",
        "BL" | "GF" | "GP" | "MF" | "MQ" | "NC" | "PF" | "PM" | "RE" | "TF" | "WF" | "YT" => "FR",
        own => own,
    }
}

/// The remainder modulo 97 of the number that arises when the first four characters move to the
/// end and letters become 10 to 35.
fn remainder(bytes: &[u8]) -> u32 {
    bytes[4..].iter().chain(&bytes[..4]).fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    })
}

/// Refuses what has not the form of a business identifier code: four letters of a bank, two of a
/// country, two letters or digits of a place and, optionally, three of a branch (ISO 9362).
pub(crate) fn check_bic(bic: &str) -> Result<(), String> {
    let bytes = bic.as_bytes();
    let fits = matches!(bytes.len(), 8 | 11)
        && bytes[4..6].iter().all(u8::is_ascii_uppercase)
        && bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if fits {
        return Ok(());
    }
    Err("must be a BIC: 8 or 11 capital letters and digits, like DEUTDEFF".to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Examples of the IBAN registry that SWIFT publishes.
    const EXAMPLES: [&str; 5] = [
        "DE89370400440532013000",
        "GB29NWBK60161331926819",
        "FR1420041010050500013M02606",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
    ];

    #[test]
    fn the_examples_of_the_registry_are_ibans() {
        for iban in EXAMPLES {
            assert_eq!(check(iban), Ok(()), "{iban}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for iban in
            ["", "DE", "DE89 3704 0044 0532 0130 00", "de89370400440532013000", "ÄÖ123456789012"]
        {
            assert!(check(iban).is_err(), "{iban}");
        }
    }

    #[test]
    fn an_iban_is_of_the_country_of_the_bank() {
        for (country, fits) in [("DE", true), ("FR", false)] {
            let outcome = check_country(EXAMPLES[0], Code::parse(country).unwrap());
            assert_eq!(outcome.is_ok(), fits, "{country}");
        }
        assert_eq!(check_country(EXAMPLES[2], Code::literal("RE")), Ok(()));
        let message = check_country(EXAMPLES[0], Code::literal("JE")).unwrap_err();
        assert_eq!(message, "must start with GB: the bank is in JE");
    }

    #[test]
    fn a_bic_has_eight_or_eleven_characters() {
        for (bic, fits) in
            [("DEUTDEFF", true), ("DEUTDEFF500", true), ("DEUTDE", false), ("DEUT1EFF", false)]
        {
            assert_eq!(check_bic(bic).is_ok(), fits, "{bic}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_found(
            example in 0..EXAMPLES.len(), position in 2_usize..14, digit in b'0'..=b'9',
        ) {
            let mut bytes = EXAMPLES[example].as_bytes().to_vec();
            prop_assume!(bytes[position].is_ascii_digit() && bytes[position] != digit);
            bytes[position] = digit;
            prop_assert!(check(std::str::from_utf8(&bytes).unwrap()).is_err());
        }
    }
}
