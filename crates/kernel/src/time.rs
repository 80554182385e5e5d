//! Points in time, calendar dates and validity periods.
//!
//! Calendar and time zone rules come from [`jiff`], which reads the IANA time zone database.

use std::fmt;

use jiff::Timestamp;
pub use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;

/// The last day there is: periods without an end last until here.
pub const END_OF_TIME: Date = jiff::civil::date(9999, 12, 31);

/// 0000-01-01T00:00:00Z, the first instant RFC 3339 can write.
const FIRST_MICROS: i64 = -62_167_219_200_000_000;

/// 9999-12-30T22:00:00Z, the last whole second of [`Timestamp::MAX`].
const LAST_MICROS: i64 = 253_402_207_200_000_000;

/// Why a date, an instant or a period was refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum InvalidTime {
    /// The text is not a date.
    #[error("\"{0}\" is not a date; write it like 2026-03-29")]
    Date(String),
    /// The text is not an instant.
    #[error("\"{0}\" is not a point in time; write it like 2026-03-29T01:30:00Z")]
    Instant(String),
    /// The text is not a local date and time.
    #[error("\"{0}\" is not a local time; write it like 2026-03-29T02:30:00[Europe/Berlin]")]
    Local(String),
    /// The time zone is unknown.
    #[error("\"{0}\" is not a time zone, such as Europe/Berlin")]
    Zone(String),
    /// A period ends before it begins.
    #[error("the period ends on {to}, before it begins on {from}")]
    Period {
        /// First day.
        from: Date,
        /// Last day.
        to: Date,
    },
}

/// A point in time: whole microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// It lies between 0000-01-01T00:00:00Z and 9999-12-30T22:00:00Z, the years RFC 3339 can
/// write in any time zone; what is beyond is moved to the nearest end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The instant `micros` microseconds after (or, when negative, before) 1970-01-01T00:00:00Z.
    pub fn from_micros(micros: i64) -> Instant {
        Instant(micros.clamp(FIRST_MICROS, LAST_MICROS))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(&self) -> i64 {
        self.0
    }

    /// Reads an instant in the notation of RFC 3339: date, `T`, time with seconds, and `Z` or an
    /// offset such as `+02:00`. What is finer than a microsecond is cut off toward the past, a
    /// leap second `:60` is the second before it.
    ///
    /// [`InvalidTime::Instant`] for any other notation and for dates that do not exist.
    pub fn parse(text: &str) -> Result<Instant, InvalidTime> {
        let refused = || InvalidTime::Instant(text.to_owned());
        let offset = after_seconds(text).ok_or_else(refused)?.as_bytes();
        if !matches!(offset, [b'Z' | b'z'] | [b'+' | b'-', _, _, b':', _, _]) {
            return Err(refused());
        }
        let timestamp: Timestamp = text.parse().map_err(|_| refused())?;
        Ok(Instant::from_timestamp(timestamp))
    }

    /// The instant `seconds` later (or, when negative, earlier).
    #[must_use]
    pub fn plus_seconds(&self, seconds: i64) -> Instant {
        Instant::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The calendar date in this time zone.
    pub fn date_in(&self, zone: &Zone) -> Date {
        zone.0.to_datetime(self.timestamp()).date()
    }

    fn from_timestamp(timestamp: Timestamp) -> Instant {
        let micros = timestamp.as_nanosecond().div_euclid(1000);
        // The timestamps of jiff span less than 2^60 microseconds.
        Instant::from_micros(i64::try_from(micros).unwrap_or(LAST_MICROS))
    }

    fn timestamp(self) -> Timestamp {
        // Construction keeps to the range of a timestamp, so the fallback cannot happen.
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX)
    }
}

/// RFC 3339 in UTC, with as many decimals of a second as needed: "2026-03-29T01:30:00Z".
impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(formatter)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(formatter)
    }
}

/// A time zone of the IANA time zone database, such as Europe/Berlin. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// The zone with this name, in any mix of small and capital letters.
    ///
    /// [`InvalidTime::Zone`] when the time zone database has no such zone.
    pub fn parse(name: &str) -> Result<Zone, InvalidTime> {
        TimeZone::get(name)
            .ok()
            .filter(|zone| zone.iana_name().is_some() && !zone.is_unknown())
            .map(Zone)
            .ok_or_else(|| InvalidTime::Zone(name.to_owned()))
    }

    /// The name in the spelling of the time zone database.
    pub fn name(&self) -> &str {
        // Only zones with a name are parsed, so the fallback cannot happen.
        self.0.iana_name().unwrap_or("UTC")
    }
}

/// What the clock on the wall shows in a place, such as the cut-off time of a warehouse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LocalDateTime {
    /// Date and time of day.
    pub local: DateTime,
    /// The place.
    pub zone: Zone,
}

impl LocalDateTime {
    /// Reads a local time such as `2026-03-29T02:30:00[Europe/Berlin]`: no offset, because the
    /// zone decides it, optionally with decimals of a second.
    ///
    /// [`InvalidTime::Local`] for any other notation and for dates that do not exist,
    /// [`InvalidTime::Zone`] when the zone is unknown.
    pub fn parse(text: &str) -> Result<LocalDateTime, InvalidTime> {
        let refused = || InvalidTime::Local(text.to_owned());
        let parts = text.strip_suffix(']').and_then(|text| text.split_once('['));
        let (local, zone) = parts.ok_or_else(refused)?;
        if after_seconds(local) != Some("") || local.get(17..19) == Some("60") {
            return Err(refused());
        }
        let local = local.parse().map_err(|_| refused())?;
        let zone = Zone::parse(zone)?;
        Ok(LocalDateTime { local, zone })
    }

    /// The instant at which the clock shows this time.
    ///
    /// Whether daylight saving applies is decided by the local date itself, never by the offset in
    /// force today. A time skipped when clocks go forward is as much later as clocks went forward
    /// (02:30 is 03:30); a time that occurs twice when clocks go back is the first one. This is the
    /// "compatible" choice of [`jiff::tz::Disambiguation`], the rule of RFC 5545 (calendars).
    pub fn instant(&self) -> Instant {
        match self.zone.0.to_ambiguous_timestamp(self.local).compatible() {
            Ok(timestamp) => Instant::from_timestamp(timestamp),
            // Beyond the range of a timestamp, at one of its ends.
            Err(_) if self.local.year() > 0 => Instant(LAST_MICROS),
            Err(_) => Instant(FIRST_MICROS),
        }
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}[{}]", self.local, self.zone.name())
    }
}

/// What follows `2026-03-29T02:30:00` and the decimals of the second, if there are any.
fn after_seconds(text: &str) -> Option<&str> {
    let (seconds, rest) = text.split_at_checked(19)?;
    let mut form = seconds.bytes().zip(b"0000-00-00T00:00:00");
    let fits = form.all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte.eq_ignore_ascii_case(form),
    });
    let digit = |sign: char| sign.is_ascii_digit();
    let decimals = rest.strip_prefix('.').map(|rest| rest.trim_start_matches(digit));
    fits.then_some(decimals.unwrap_or(rest))
}

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i32 = 719_468;

/// Days in the 400 years after which the Gregorian calendar repeats.
const ERA_DAYS: i32 = 146_097;

/// Days since 1970-01-01, negative before it, in the proleptic Gregorian calendar.
///
/// Counts in years that begin in March, so that a leap day is the last day of a year (the
/// `days_from_civil` algorithm by Howard Hinnant).
pub fn date_to_days(date: Date) -> i32 {
    let (year, month) = (i32::from(date.year()), i32::from(date.month()));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i32::from(date.day()) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - EPOCH_DAYS
}

/// The date `days` days after (or, when negative, before) 1970-01-01; the inverse of
/// [`date_to_days`]. `None` outside the years -9999 to 9999.
pub fn date_from_days(days: i32) -> Option<Date> {
    let days = days.checked_add(EPOCH_DAYS)?;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(i16::try_from(year).ok()?, month, day).ok()
}

/// Reads a date written `YYYY-MM-DD`.
///
/// [`InvalidTime::Date`] for any other notation and for dates that do not exist.
pub fn parse_date(text: &str) -> Result<Date, InvalidTime> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    let read = || {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
            return None;
        };
        let pair = |tens, ones| Some(digit(tens)? * 10 + digit(ones)?);
        let (month, day) = (pair(m1, m2)?, pair(d1, d2)?);
        let year = pair(y1, y2)? * 100 + pair(y3, y4)?;
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    read().ok_or_else(|| InvalidTime::Date(text.to_owned()))
}

/// A period of whole days; both the first and the last day belong to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    /// First day.
    pub from: Date,
    /// Last day; [`END_OF_TIME`] when the end is open.
    pub to: Date,
}

impl Validity {
    /// The period from one day to another.
    ///
    /// [`InvalidTime::Period`] when it would end before it begins.
    pub fn new(from: Date, to: Date) -> Result<Validity, InvalidTime> {
        if to < from { Err(InvalidTime::Period { from, to }) } else { Ok(Validity { from, to }) }
    }

    /// The period from a day on, without an end.
    pub const fn open(from: Date) -> Validity {
        let to = END_OF_TIME;
        Validity { from, to }
    }

    /// 1900-01-01 to [`END_OF_TIME`].
    pub const fn always() -> Validity {
        Validity::open(jiff::civil::date(1900, 1, 1))
    }

    /// Whether the day belongs to the period.
    pub fn contains(&self, day: Date) -> bool {
        self.from <= day && day <= self.to
    }

    /// Whether a day belongs to both periods.
    pub fn overlaps(&self, other: Validity) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}

/// The years in which documents are dated and posted. What lies outside was mistyped, and day
/// arithmetic on what lies inside never leaves the calendar.
pub const BUSINESS_YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// Refuses a day outside of [`BUSINESS_YEARS`] with a sentence for its field. Periods of validity are
/// not asked: they may last until the end of time.
pub fn business_day(date: Date) -> Result<(), String> {
    let (first, last) = (BUSINESS_YEARS.start(), BUSINESS_YEARS.end());
    match BUSINESS_YEARS.contains(&date.year()) {
        true => Ok(()),
        false => Err(format!("must be between {first}-01-01 and {last}-12-31")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn daylight_saving_is_decided_by_the_local_date() {
        for (local, utc) in [
            ("2026-01-15T12:00:00", "2026-01-15T11:00:00Z"),
            ("2026-07-15T12:00:00", "2026-07-15T10:00:00Z"),
            ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"), // skipped: 03:30 summer time
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"), // twice: the first, summer time
            ("9999-12-31T23:30:00", "9999-12-30T22:00:00Z"), // beyond the last instant
        ] {
            let text = format!("{local}[Europe/Berlin]");
            let time = LocalDateTime::parse(&text).unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(time.instant().to_string(), utc);
        }
    }

    #[test]
    fn the_date_depends_on_the_zone() {
        let instant = Instant::parse("2026-03-28T23:30:00.5+00:00").unwrap();
        let berlin = Zone::parse("europe/berlin").unwrap();
        assert_eq!(berlin.name(), "Europe/Berlin");
        assert_eq!(Ok(instant.date_in(&berlin)), parse_date("2026-03-29"));
        assert_eq!(Ok(instant.date_in(&Zone::UTC)), parse_date("2026-03-28"));
        let later = instant.plus_seconds(1800).to_string();
        assert_eq!(later, "2026-03-29T00:00:00.5Z");
        let first = Instant::from_micros(i64::MIN).to_string();
        assert_eq!(first, "0000-01-01T00:00:00Z");
    }

    #[test]
    fn other_notations_and_days_that_do_not_exist_are_refused() {
        for text in ["2026-02-29", "2026-2-03", "2026-02-03T", "02.03.2026", ""] {
            assert!(parse_date(text).is_err(), "{text}");
        }
        for zone in " Z +01:00 [UTC] Z[UTC] +01:00[Europe/Paris] +0100 .Z -1 ,5Z".split(' ') {
            let text = format!("2026-03-29T02:30:00{zone}");
            let is_instant = matches!(zone, "Z" | "+01:00");
            assert_eq!(Instant::parse(&text).is_ok(), is_instant, "{text}");
            let is_local = LocalDateTime::parse(&text).is_ok();
            assert_eq!(is_local, zone == "[UTC]", "{text}");
        }
        for name in " Europe Mars/Olympus Etc/Unknown +01:00 EST5EDT,M3.2.0".split(' ') {
            assert!(Zone::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_first_and_the_last_day_belong_to_a_period() {
        let day = |day| date_from_days(day).unwrap();
        let period = Validity::new(day(10), day(20)).unwrap();
        assert!(Validity::new(day(1), day(0)).is_err());
        let inside = [9, 10, 20, 21].map(|number| period.contains(day(number)));
        assert_eq!(inside, [false, true, true, false]);
        assert!(period.overlaps(Validity::open(day(20))) && Validity::always().overlaps(period));
        assert!(!period.overlaps(Validity::open(day(21))));
    }

    proptest! {
        #[test]
        fn days_agree_with_the_calendar_and_end_with_it(days in -4_371_587..=2_932_896_i32) {
            let date = date_from_days(days).unwrap();
            prop_assert_eq!(date_to_days(date), days);
            let epoch = date_from_days(0).unwrap();
            prop_assert_eq!(epoch.until(date).unwrap().get_days(), days);
            prop_assert_eq!(date_from_days(days + 7_304_484), None);
        }

        #[test]
        fn instants_survive_text(micros in FIRST_MICROS..=LAST_MICROS) {
            let instant = Instant::from_micros(micros);
            prop_assert_eq!(instant.as_micros(), micros);
            prop_assert_eq!(Instant::parse(&instant.to_string()), Ok(instant));
        }
    }
}
