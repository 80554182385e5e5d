//! When a receivable is due.

use tessera_kernel::{Date, END_OF_TIME, Percentage, date_from_days, date_to_days};

use crate::PaymentTerms;

/// The days that terms of payment give for one baseline date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The day on which all of it is due.
    pub net: Date,
    /// The last day of the cash discount, and the discount.
    pub discount: Option<(Date, Percentage)>,
}

/// The due days of terms of payment, counted in calendar days from the baseline date (most often
/// the day of the invoice). Days beyond [`END_OF_TIME`] are that day.
pub fn due(terms: &PaymentTerms, baseline: Date) -> Due {
    let discount = terms.discount_days.zip(terms.discount_percent);
    Due {
        net: after(baseline, terms.days),
        discount: discount.map(|(days, percent)| (after(baseline, days), percent)),
    }
}

fn after(baseline: Date, days: u16) -> Date {
    date_from_days(date_to_days(baseline).saturating_add(i32::from(days))).unwrap_or(END_OF_TIME)
}

#[cfg(test)]
mod tests {
    use tessera_kernel::{LocalizedText, parse_date, parse_decimal};

    use super::*;

    fn terms(days: u16, discount: Option<(u16, &str)>) -> PaymentTerms {
        PaymentTerms {
            name: LocalizedText::default(),
            days,
            discount_days: discount.map(|(days, _)| days),
            discount_percent: discount
                .map(|(_, percent)| Percentage::new(parse_decimal(percent).unwrap()).unwrap()),
        }
    }

    fn date(text: &str) -> Date {
        parse_date(text).unwrap()
    }

    #[test]
    fn days_are_counted_from_the_baseline_date() {
        let due = due(&terms(30, Some((10, "2"))), date("2024-02-20"));
        assert_eq!(due.net, date("2024-03-21"));
        let (until, percent) = due.discount.unwrap();
        assert_eq!((until, percent.to_string().as_str()), (date("2024-03-01"), "2 %"));
    }

    #[test]
    fn without_days_all_is_due_on_the_baseline_date() {
        let day = date("2024-02-29");
        assert_eq!(due(&terms(0, None), day), Due { net: day, discount: None });
    }

    #[test]
    fn no_day_is_beyond_the_end_of_time() {
        assert_eq!(due(&terms(u16::MAX, None), date("9999-01-01")).net, END_OF_TIME);
    }
}
