//! Availability over time: what is left on each day, and what may be promised of it.
//!
//! All quantities are micro-units (10⁻⁶) of the base unit, all days are days since 1970-01-01.

use tessera_kernel::{Cell, CellRef, Code, Date, Fault, Ref, Tx, date_to_days};
use tessera_product::{Product, ProductPlant};

use crate::AvailabilityPolicy;
use crate::balances::{REQUIREMENT, STOCK};

/// One day on which something arrives or leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) day: i32,
    /// What is expected to arrive.
    pub(crate) receipts: i64,
    /// What is promised.
    pub(crate) reserved: i64,
    /// What may still be promised for this day: the least that is left on it or any later day.
    pub(crate) available: i64,
}

/// The stock of a product in a plant and the days from today on. The first day is today; it
/// carries what was promised for days that are over too. Receipts that are overdue are no supply.
///
/// From the `horizon` on any quantity can be had (the replenishment time is over): what is
/// promised for those days needs no cover and takes nothing from the days before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    pub(crate) on_hand: i64,
    pub(crate) days: Vec<Day>,
    horizon: i32,
}

/// What the timeline is read for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) today: i32,
    pub(crate) replenishment_days: Option<u32>,
}

impl View {
    pub(crate) fn new(today: Date, plant: &ProductPlant) -> Self {
        Self { today: date_to_days(today), replenishment_days: plant.replenishment_days }
    }

    fn horizon(self) -> i32 {
        let days = self.replenishment_days.and_then(|days| i32::try_from(days).ok());
        days.map_or(i32::MAX, |days| self.today.saturating_add(days))
    }
}

impl Timeline {
    /// Takes the days in ascending order, with what was promised or expected before `today`.
    pub(crate) fn new(on_hand: i64, view: View, days: impl IntoIterator<Item = Day>) -> Self {
        let today = view.today;
        let mut kept = Vec::with_capacity(16);
        kept.push(Day { day: today, receipts: 0, reserved: 0, available: 0 });
        for day in days {
            if day.day > today {
                kept.push(day);
                continue;
            }
            let first = &mut kept[0];
            first.reserved = first.reserved.saturating_add(day.reserved);
            if day.day == today {
                first.receipts = day.receipts;
            }
        }
        let mut timeline = Self { on_hand, days: kept, horizon: view.horizon() };
        timeline.fill_available();
        timeline
    }

    /// Two prefix reads: the stock of the plant, and its days.
    pub(crate) fn read(
        tx: &mut Tx<'_>,
        product: Ref<Product>,
        plant: Code,
        view: View,
    ) -> Result<Self, Fault> {
        let on_hand = on_hand(tx, product, plant)?;
        let prefix = [CellRef::Uuid(product.id().0), CellRef::Text(plant.as_str())];
        let mut days = Vec::with_capacity(16);
        tx.balances(&REQUIREMENT, &prefix, &mut |key, measures| {
            if let Cell::Date(day) = key[2] {
                let (receipts, reserved) = (measures[0], measures[1]);
                days.push(Day { day, receipts, reserved, available: 0 });
            }
        })?;
        Ok(Self::new(on_hand, view, days))
    }

    fn fill_available(&mut self) {
        let mut left = self.on_hand;
        for day in &mut self.days {
            left = left.saturating_add(day.receipts).saturating_sub(day.reserved);
            day.available = left;
        }
        let mut least = i64::MAX;
        let mut later = i32::MAX;
        for day in self.days.iter_mut().rev() {
            if day.day < self.horizon && later >= self.horizon {
                least = i64::MAX;
            }
            later = day.day;
            least = least.min(day.available);
            day.available = least;
        }
    }

    /// The last listed day up to `day`; days before today count as today.
    fn position(&self, day: i32) -> usize {
        self.days.partition_point(|listed| listed.day <= day).saturating_sub(1)
    }

    /// The least that is left on any day from `from` on and before `before`, up to the
    /// horizon.
    pub(crate) fn least_left(&self, from: i32, before: i32) -> i64 {
        let first = self.position(from);
        let mut left = self.on_hand;
        let mut least = i64::MAX;
        for (position, day) in self.days.iter().enumerate() {
            if day.day >= self.horizon || (position > first && day.day >= before) {
                break;
            }
            left = left.saturating_add(day.receipts).saturating_sub(day.reserved);
            if position >= first {
                least = least.min(left);
            }
        }
        least
    }

    /// What `wanted` gets from `requested` on, as days with quantities, ascending. A part of it is
    /// a whole number of `multiple`. What nothing covers is not in the answer.
    pub(crate) fn promise(
        &self,
        wanted: i64,
        requested: i32,
        policy: AvailabilityPolicy,
        multiple: i64,
    ) -> Vec<(i32, i64)> {
        let requested = requested.max(self.days[0].day);
        let mut promises = Vec::with_capacity(2);
        let mut promised = 0;
        let listed = self.days[self.position(requested) + 1..].iter();
        let days =
            listed.map(|day| (day.day, day.available)).take_while(|(d, _)| *d < self.horizon);
        let first = std::iter::once((requested, self.available_on(requested)));
        let replenished = (self.horizon.max(requested), wanted);
        let last = (self.horizon < i32::MAX).then_some(replenished);
        for (day, available) in first.chain(days).chain(last) {
            let covered = match available {
                available if available >= wanted => wanted,
                available => available.max(0) / multiple * multiple,
            };
            let enough = policy != AvailabilityPolicy::Complete || covered == wanted;
            if covered > promised && enough {
                promises.push((day, covered - promised));
                promised = covered;
            }
            if promised == wanted || policy == AvailabilityPolicy::OneTime {
                break;
            }
        }
        promises
    }

    /// What may be promised for a day.
    pub(crate) fn available_on(&self, day: i32) -> i64 {
        if day >= self.horizon { i64::MAX } else { self.days[self.position(day)].available }
    }
}

/// Stock on hand of a plant over all its storage locations.
pub(crate) fn on_hand(tx: &mut Tx<'_>, product: Ref<Product>, plant: Code) -> Result<i64, Fault> {
    let prefix = [CellRef::Uuid(product.id().0), CellRef::Text(plant.as_str())];
    let mut on_hand = 0_i64;
    tx.balances(&STOCK, &prefix, &mut |_, measures| {
        on_hand = on_hand.saturating_add(measures[0]);
    })?;
    Ok(on_hand)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use AvailabilityPolicy::{Complete, OneTime, Proposal};

    fn timeline(on_hand: i64, today: i32, days: impl IntoIterator<Item = Day>) -> Timeline {
        Timeline::new(on_hand, View { today, replenishment_days: None }, days)
    }

    fn day(day: i32, receipts: i64, reserved: i64) -> Day {
        Day { day, receipts, reserved, available: 0 }
    }

    #[test]
    fn what_is_there_is_promised_for_the_day_asked() {
        let line = timeline(10, 1, []);
        assert_eq!(line.promise(10, 5, Proposal, 1), [(5, 10)]);
        assert_eq!(line.promise(10, -5, Proposal, 1), [(1, 10)]);
    }

    #[test]
    fn a_proposal_gives_the_rest_on_the_first_days_that_receipts_cover() {
        let line = timeline(4, 1, [day(3, 3, 0), day(6, 10, 0)]);
        assert_eq!(line.promise(12, 2, Proposal, 1), [(2, 4), (3, 3), (6, 5)]);
        assert_eq!(line.promise(20, 2, Proposal, 1), [(2, 4), (3, 3), (6, 10)]);
    }

    #[test]
    fn complete_waits_for_the_day_that_covers_all_and_else_gives_nothing() {
        let line = timeline(4, 1, [day(3, 3, 0), day(6, 10, 0)]);
        assert_eq!(line.promise(12, 2, Complete, 1), [(6, 12)]);
        assert_eq!(line.promise(18, 2, Complete, 1), []);
    }

    #[test]
    fn one_time_gives_what_the_day_asked_has() {
        let line = timeline(4, 1, [day(3, 3, 0)]);
        assert_eq!(line.promise(12, 2, OneTime, 1), [(2, 4)]);
        assert_eq!(line.promise(12, 4, OneTime, 1), [(4, 7)]);
        assert_eq!(timeline(0, 1, []).promise(1, 1, OneTime, 1), []);
    }

    #[test]
    fn what_is_promised_to_others_on_later_days_is_not_taken_away() {
        let line = timeline(10, 1, [day(5, 0, 8), day(9, 8, 0)]);
        assert_eq!(line.promise(10, 2, Proposal, 1), [(2, 2), (9, 8)]);
    }

    #[test]
    fn promises_that_are_overdue_still_bind_but_receipts_that_are_overdue_cover_nothing() {
        let line = timeline(10, 5, [day(2, 100, 6), day(5, 1, 1)]);
        assert_eq!(line.available_on(5), 4);
        assert_eq!(line.promise(10, 3, Proposal, 1), [(5, 4)]);
    }

    #[test]
    fn a_part_is_a_whole_number_of_the_multiple_and_the_whole_is_not_cut() {
        let line = timeline(10, 1, [day(3, 3, 0), day(6, 10, 0)]);
        assert_eq!(line.promise(16, 1, Proposal, 6), [(1, 6), (3, 6), (6, 4)]);
    }

    #[test]
    fn after_the_replenishment_time_everything_can_be_had() {
        let view = View { today: 1, replenishment_days: Some(7) };
        let line = Timeline::new(4, view, [day(3, 3, 0), day(20, 0, 50)]);
        assert_eq!(line.promise(10, 2, Proposal, 1), [(2, 4), (3, 3), (8, 3)]);
        assert_eq!(line.promise(10, 2, Complete, 1), [(8, 10)]);
        assert_eq!(line.promise(10, 9, OneTime, 1), [(9, 10)]);
        assert_eq!(line.promise(10, 2, OneTime, 1), [(2, 4)]);
        let available: Vec<i64> = line.days.iter().map(|day| day.available).collect();
        assert_eq!(available, [4, 7, -43]);
    }

    #[test]
    fn what_moves_to_an_earlier_day_takes_from_the_days_between_only() {
        let line = timeline(10, 1, [day(5, 0, 8), day(9, 8, 9)]);
        assert_eq!(line.least_left(1, 5), 10);
        assert_eq!(line.least_left(1, 9), 2);
        assert_eq!(line.least_left(9, 20), 1);
    }

    proptest! {
        #[test]
        fn a_promise_never_leaves_less_than_nothing_on_any_day(
            on_hand in 0..40_i64,
            events in prop::collection::btree_map(1..20_i32, (0..15_i64, 0..15_i64), 0..8),
            wanted in 1..40_i64, requested in -3..20_i32, multiple in 1..5_i64,
            policy in prop::sample::select(vec![Proposal, Complete, OneTime]),
        ) {
            let days: Vec<Day> = events.iter().map(|(d, (i, o))| day(*d, *i, *o)).collect();
            let before = timeline(on_hand, 1, days.clone());
            let promises = before.promise(wanted, requested, policy, multiple);
            let mut taken = events.clone();
            for (date, quantity) in &promises {
                prop_assert!(*quantity > 0 && *date >= requested.max(1));
                taken.entry(*date).or_insert((0, 0)).1 += quantity;
            }
            let total: i64 = promises.iter().map(|(_, quantity)| quantity).sum();
            prop_assert!(total <= wanted);
            let after = timeline(
                on_hand, 1, taken.iter().map(|(d, (i, o))| day(*d, *i, *o)).collect::<Vec<_>>(),
            );
            if let Some((first, _)) = promises.first() {
                prop_assert!(after.available_on(*first) >= 0);
            }
            if policy == Proposal && multiple == 1 && total < wanted {
                prop_assert_eq!(after.available_on(100).max(0), 0, "all that covers is promised");
            }
        }
    }
}
