//! The days that business documents may name.

use std::ops::RangeInclusive;

use tessera_kernel::Date;

/// The calendar years in which documents are dated and posted. What lies outside was mistyped, and
/// day arithmetic on what lies inside never leaves the calendar.
pub const BUSINESS_YEARS: RangeInclusive<i16> = 1900..=2199;

/// Refuses a day outside of [`BUSINESS_YEARS`] with a sentence for its field. Validity periods are
/// not asked: they may last until the end of time.
pub fn business_day(date: Date) -> Result<(), String> {
    if BUSINESS_YEARS.contains(&date.year()) {
        return Ok(());
    }
    let (first, last) = (BUSINESS_YEARS.start(), BUSINESS_YEARS.end());
    Err(format!("{date} is out of the calendar: use a day from {first}-01-01 to {last}-12-31"))
}

#[cfg(test)]
mod tests {
    use tessera_kernel::parse_date;

    use super::*;

    #[test]
    fn a_day_of_a_mistyped_year_is_refused_with_the_years_there_are() {
        for (day, allowed) in [
            ("0000-01-01", false),
            ("0001-12-31", false),
            ("1899-12-31", false),
            ("1900-01-01", true),
            ("2199-12-31", true),
            ("2200-01-01", false),
            ("9999-12-31", false),
        ] {
            assert_eq!(business_day(parse_date(day).unwrap()).is_ok(), allowed, "{day}");
        }
        let refused = business_day(parse_date("9999-12-31").unwrap()).unwrap_err();
        assert!(refused.contains("1900-01-01 to 2199-12-31"), "{refused}");
    }
}
