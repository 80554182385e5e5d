//! Fiscal years and periods.

use tessera_kernel::{BUSINESS_YEARS, Date};

use crate::FinanceError;

/// A period of a fiscal year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalPeriod {
    /// The calendar year in which the fiscal year starts.
    pub year: u32,
    /// The period, 1 to 12; each is a calendar month.
    pub period: u32,
}

impl FiscalPeriod {
    /// The period of a day, in fiscal years that start in `start_month` (1 to 12). A fiscal year is
    /// named after the calendar year in which it starts, as by SAP's variants `K4` and `V3`.
    pub fn of(date: Date, start_month: i8) -> Self {
        let (year, month) = (i32::from(date.year()), i32::from(date.month()));
        let start = i32::from(start_month);
        let (year, period) =
            if month >= start { (year, month - start + 1) } else { (year - 1, month - start + 13) };
        // Neither is negative: posting dates before the year 1 are refused by `post`.
        Self { year: year.try_into().unwrap_or(0), period: period.try_into().unwrap_or(0) }
    }

    /// Refuses a year in which nothing is posted.
    pub(crate) fn check_year(year: u32) -> Result<(), FinanceError> {
        let (first, last) = (*BUSINESS_YEARS.start(), *BUSINESS_YEARS.end());
        if i16::try_from(year).is_ok_and(|year| BUSINESS_YEARS.contains(&year)) {
            return Ok(());
        }
        let message = format!("a fiscal year is one between {first} and {last}");
        Err(FinanceError::Report { path: "fiscal_year", message })
    }

    /// Refuses a period that no fiscal year has.
    pub(crate) fn check_period(path: &'static str, period: u32) -> Result<(), FinanceError> {
        if (1..=12).contains(&period) {
            return Ok(());
        }
        let message = "a period is one of the 12 of a fiscal year, 1 to 12".to_string();
        Err(FinanceError::Report { path, message })
    }

    /// The last day of the period.
    pub fn last_day(self, start_month: i8) -> Option<Date> {
        let months = i64::from(start_month) + i64::from(self.period) - 2;
        let year = i16::try_from(i64::from(self.year) + months.div_euclid(12)).ok()?;
        let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
        Date::new(year, month, 1).ok().map(Date::last_of_month)
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::parse_date;

    use super::*;

    #[test]
    fn a_fiscal_year_is_named_after_the_year_in_which_it_starts() {
        for (date, start, year, period) in [
            ("2026-01-01", 1, 2026, 1),
            ("2026-12-31", 1, 2026, 12),
            ("2026-03-31", 4, 2025, 12),
            ("2026-04-01", 4, 2026, 1),
            ("2026-11-30", 12, 2025, 12),
        ] {
            let date = parse_date(date).unwrap();
            let found = FiscalPeriod::of(date, start);
            assert_eq!(found, FiscalPeriod { year, period }, "{date}");
            assert_eq!(found.last_day(start), Some(date.last_of_month()), "{date}");
        }
    }
}
