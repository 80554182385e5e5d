//! The algebra of validities against a map that has one entry per day.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{END_OF_TIME, date_from_days, date_to_days};

/// A record: which key, which write, when.
#[derive(Clone, Debug, PartialEq)]
struct Rate {
    key: u8,
    write: usize,
    valid: Validity,
}

impl Timed for Rate {
    fn validity(&self) -> Validity {
        self.valid
    }
    fn with_validity(&self, valid: Validity) -> Self {
        Self { valid, ..self.clone() }
    }
    fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

const FIRST: i32 = 19_000;
const DAYS: i32 = 60;

fn day(number: i32) -> Date {
    date_from_days(number).unwrap()
}

fn valid(from: i32, to: i32) -> Validity {
    Validity { from: day(from), to: day(to) }
}

/// Key, first and last day of each write.
fn writes() -> impl Strategy<Value = Vec<(u8, i32, i32)>> {
    let write = (0..3_u8, 0..DAYS, 0..DAYS)
        .prop_map(|(key, a, b)| (key, FIRST + a.min(b), FIRST + a.max(b)));
    proptest::collection::vec(write, 1..24)
}

/// Which write holds on a day of a key.
type Model = BTreeMap<(u8, i32), usize>;

fn days_of(records: &[Rate]) -> Model {
    let mut days = Model::new();
    for record in records {
        let last = date_to_days(record.valid.to).min(FIRST + DAYS);
        for number in date_to_days(record.valid.from)..=last {
            let twice = days.insert((record.key, number), record.write);
            assert_eq!(twice, None, "two records of key {} on {}", record.key, day(number));
        }
    }
    days
}

fn spans(records: &[Rate], key: u8) -> Vec<Validity> {
    records.iter().filter(|record| record.key == key).map(Timed::validity).collect()
}

proptest! {
    #[test]
    fn at_most_one_is_a_map_by_day_in_which_the_last_write_wins(writes in writes()) {
        let (mut records, mut model) = (Vec::new(), Model::new());
        for (write, (key, from, to)) in writes.into_iter().enumerate() {
            put(&mut records, Rate { key, write, valid: valid(from, to) }, TimeConstraint::AtMostOne);
            model.extend((from..=to).map(|number| ((key, number), write)));
            prop_assert_eq!(days_of(&records), model.clone());
            for key in 0..3 {
                prop_assert_eq!(check(&mut spans(&records, key), TimeConstraint::AtMostOne), Ok(()));
            }
        }
    }

    #[test]
    fn exactly_one_stays_without_a_gap(writes in writes()) {
        let always = Validity { from: day(FIRST), to: END_OF_TIME };
        let mut records: Vec<Rate> =
            (0..3).map(|key| Rate { key, write: usize::MAX, valid: always }).collect();
        let mut model = days_of(&records);
        for (write, (key, from, to)) in writes.into_iter().enumerate() {
            // Some writes hold for ever.
            let to = if write % 4 == 0 { END_OF_TIME } else { day(to) };
            let new = Rate { key, write, valid: Validity { from: day(from), to } };
            put(&mut records, new, TimeConstraint::ExactlyOne);
            let last = date_to_days(to).min(FIRST + DAYS);
            model.extend((from..=last).map(|number| ((key, number), write)));
            prop_assert_eq!(days_of(&records), model.clone());
            for key in 0..3 {
                prop_assert_eq!(check(&mut spans(&records, key), TimeConstraint::ExactlyOne), Ok(()));
            }
        }
    }

    #[test]
    fn any_number_of_records_stay_as_they_were_written(writes in writes()) {
        let mut records = Vec::new();
        let mut expected = Vec::new();
        for (write, (key, from, to)) in writes.into_iter().enumerate() {
            let new = Rate { key, write, valid: valid(from, to) };
            expected.push(new.clone());
            put(&mut records, new, TimeConstraint::Any);
        }
        prop_assert_eq!(check(&mut spans(&records, 0), TimeConstraint::Any), Ok(()));
        prop_assert_eq!(records, expected);
    }

    #[test]
    fn records_are_in_order_of_their_first_day(writes in writes()) {
        let mut records = Vec::new();
        for (write, (key, from, to)) in writes.into_iter().enumerate() {
            put(&mut records, Rate { key, write, valid: valid(from, to) }, TimeConstraint::AtMostOne);
        }
        prop_assert!(records.is_sorted_by_key(|record| record.valid.from));
    }
}

#[test]
fn a_record_in_the_middle_splits_the_one_around_it() {
    let rate = |write, from, to| Rate { key: 0, write, valid: valid(from, to) };
    let mut records = vec![rate(0, FIRST, FIRST + 30)];
    put(&mut records, rate(1, FIRST + 10, FIRST + 20), TimeConstraint::AtMostOne);
    assert_eq!(
        records,
        [
            rate(0, FIRST, FIRST + 9),
            rate(1, FIRST + 10, FIRST + 20),
            rate(0, FIRST + 21, FIRST + 30)
        ]
    );
}

#[test]
fn the_last_day_of_time_has_none_after_it() {
    let always = Validity { from: Date::MIN, to: END_OF_TIME };
    let mut records = vec![Rate { key: 0, write: 0, valid: always }];
    let new = Rate { key: 0, write: 1, valid: always };
    put(&mut records, new.clone(), TimeConstraint::ExactlyOne);
    assert_eq!(records, [new]);
}

#[test]
fn check_names_the_overlap_the_gap_and_the_end() {
    let told = |spans: &[(i32, i32)], constraint| {
        let mut spans: Vec<Validity> = spans.iter().map(|(from, to)| valid(*from, *to)).collect();
        check(&mut spans, constraint).unwrap_err()
    };
    assert_eq!(
        told(&[(19_010, 19_020), (19_000, 19_010)], TimeConstraint::AtMostOne),
        "2022-01-08 to 2022-01-18 overlaps 2022-01-18 to 2022-01-28: at most one record may be \
         valid at any time"
    );
    assert_eq!(
        told(&[(19_000, 19_010), (19_012, 19_020)], TimeConstraint::ExactlyOne),
        "there is a gap between 2022-01-18 and 2022-01-20: exactly one record must be valid at \
         any time"
    );
    assert_eq!(
        told(&[(19_000, 19_010)], TimeConstraint::ExactlyOne),
        "the last record ends on 2022-01-18: it must end on 9999-12-31"
    );
    let mut gap = [valid(19_000, 19_010), valid(19_012, 19_020)];
    assert_eq!(check(&mut gap, TimeConstraint::AtMostOne), Ok(()));
    assert_eq!(check(&mut [], TimeConstraint::ExactlyOne), Ok(()));
}
