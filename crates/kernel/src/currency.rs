//! Currencies of ISO 4217.
//!
//! The table follows "List One: current currency & funds" of the ISO 4217 maintenance agency (SIX)
//! as published on 2026-01-01: without BGN (Bulgaria uses EUR), ANG (now XCG) and ZWL (now ZWG),
//! with XAD. Codes to which the list gives no minor unit are left out because no amount can be kept
//! in them: metals (XAU), bond-market and accounting units (XBA, XDR), the test code XTS and XXX.

use std::fmt;

use thiserror::Error;

/// An active ISO 4217 currency. Sorts by code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is not the code of an active currency.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("\"{code}\" is not an active currency code of ISO 4217, such as EUR or USD")]
pub struct UnknownCurrency {
    /// The refused text.
    pub code: String,
}

/// All active codes, sorted. How many decimals each has is in [`Currency::decimals`].
#[rustfmt::skip]
const ACTIVE: [&[u8; 3]; 165] = [
    b"AED", b"AFN", b"ALL", b"AMD", b"AOA", b"ARS", b"AUD", b"AWG", b"AZN",
    b"BAM", b"BBD", b"BDT", b"BHD", b"BIF", b"BMD", b"BND", b"BOB", b"BOV", b"BRL", b"BSD", b"BTN",
    b"BWP", b"BYN", b"BZD",
    b"CAD", b"CDF", b"CHE", b"CHF", b"CHW", b"CLF", b"CLP", b"CNY", b"COP", b"COU", b"CRC", b"CUP",
    b"CVE", b"CZK",
    b"DJF", b"DKK", b"DOP", b"DZD",
    b"EGP", b"ERN", b"ETB", b"EUR",
    b"FJD", b"FKP",
    b"GBP", b"GEL", b"GHS", b"GIP", b"GMD", b"GNF", b"GTQ", b"GYD",
    b"HKD", b"HNL", b"HTG", b"HUF",
    b"IDR", b"ILS", b"INR", b"IQD", b"IRR", b"ISK",
    b"JMD", b"JOD", b"JPY",
    b"KES", b"KGS", b"KHR", b"KMF", b"KPW", b"KRW", b"KWD", b"KYD", b"KZT",
    b"LAK", b"LBP", b"LKR", b"LRD", b"LSL", b"LYD",
    b"MAD", b"MDL", b"MGA", b"MKD", b"MMK", b"MNT", b"MOP", b"MRU", b"MUR", b"MVR", b"MWK", b"MXN",
    b"MXV", b"MYR", b"MZN",
    b"NAD", b"NGN", b"NIO", b"NOK", b"NPR", b"NZD",
    b"OMR",
    b"PAB", b"PEN", b"PGK", b"PHP", b"PKR", b"PLN", b"PYG",
    b"QAR",
    b"RON", b"RSD", b"RUB", b"RWF",
    b"SAR", b"SBD", b"SCR", b"SDG", b"SEK", b"SGD", b"SHP", b"SLE", b"SOS", b"SRD", b"SSP", b"STN",
    b"SVC", b"SYP", b"SZL",
    b"THB", b"TJS", b"TMT", b"TND", b"TOP", b"TRY", b"TTD", b"TWD", b"TZS",
    b"UAH", b"UGX", b"USD", b"USN", b"UYI", b"UYU", b"UYW", b"UZS",
    b"VED", b"VES", b"VND", b"VUV",
    b"WST",
    b"XAD", b"XAF", b"XCD", b"XCG", b"XOF", b"XPF",
    b"YER",
    b"ZAR", b"ZMW", b"ZWG",
];

impl Currency {
    /// Euro.
    pub const EUR: Currency = Currency(*b"EUR");
    /// US dollar.
    pub const USD: Currency = Currency(*b"USD");
    /// Pound sterling.
    pub const GBP: Currency = Currency(*b"GBP");
    /// Chinese yuan renminbi.
    pub const CNY: Currency = Currency(*b"CNY");
    /// Japanese yen; no decimals.
    pub const JPY: Currency = Currency(*b"JPY");
    /// Swiss franc; cash amounts are rounded to 0.05, see [`crate::money::RoundingRule`].
    pub const CHF: Currency = Currency(*b"CHF");

    /// The currency with this code, written in three capital letters.
    ///
    /// # Errors
    ///
    /// [`UnknownCurrency`] when no active currency has exactly this code.
    pub fn parse(code: &str) -> Result<Currency, UnknownCurrency> {
        <[u8; 3]>::try_from(code.as_bytes())
            .ok()
            .filter(|bytes| ACTIVE.binary_search(&bytes).is_ok())
            .map(Currency)
            .ok_or_else(|| UnknownCurrency { code: code.to_owned() })
    }

    /// The three-letter code.
    pub fn code(&self) -> &str {
        // A currency is only ever made of ASCII letters, so the fallback cannot happen.
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// How many decimals the minor unit has: 2 for EUR (cents), 0 for JPY, 3 for KWD, 4 for CLF.
    ///
    /// This is the "minor unit" column of ISO 4217, not a cash rounding rule.
    pub const fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }

    /// All active currencies, sorted by code.
    pub fn all() -> impl Iterator<Item = Currency> {
        ACTIVE.iter().map(|code| Currency(**code))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes_with(decimals: u32) -> usize {
        Currency::all().filter(|currency| currency.decimals() == decimals).count()
    }

    #[test]
    fn the_table_is_sorted_without_duplicates() {
        assert!(ACTIVE.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn every_currency_without_two_decimals_is_in_the_table() {
        assert_eq!((codes_with(0), codes_with(3), codes_with(4)), (17, 7, 2));
    }

    #[test]
    fn every_active_code_reads_back_as_itself() {
        for currency in Currency::all() {
            assert_eq!(Currency::parse(currency.code()), Ok(currency));
            assert!(currency.code().bytes().all(|byte| byte.is_ascii_uppercase()));
        }
    }

    #[test]
    fn the_named_currencies_are_active() {
        for (currency, decimals) in [
            (Currency::EUR, 2),
            (Currency::USD, 2),
            (Currency::GBP, 2),
            (Currency::CNY, 2),
            (Currency::JPY, 0),
            (Currency::CHF, 2),
        ] {
            assert_eq!(Currency::parse(currency.code()), Ok(currency));
            assert_eq!(currency.decimals(), decimals);
        }
    }

    #[test]
    fn withdrawn_codes_metals_and_other_spellings_are_refused() {
        for code in ["DEM", "HRK", "BGN", "ANG", "XAU", "XXX", "XTS", "eur", "EU", "EURO", "", "€"]
        {
            assert!(Currency::parse(code).is_err(), "{code}");
        }
    }

    #[test]
    fn a_currency_shows_as_its_code() {
        assert_eq!(
            format!("{} {:?} {:>5}", Currency::EUR, Currency::JPY, Currency::CHF),
            "EUR JPY   CHF"
        );
    }
}
