//! Scales: which rate holds for how much.

use tessera_kernel::Decimal;

use crate::{ScaleLine, ScaleType};

/// The line that gives the rate for all of `base`, which is not negative; none where the rate of
/// the record itself holds. `lines` stand in order of threshold.
pub(crate) fn line_for(lines: &[ScaleLine], kind: ScaleType, base: Decimal) -> Option<ScaleLine> {
    match kind {
        ScaleType::To => lines.iter().find(|(threshold, _)| base <= *threshold).copied(),
        ScaleType::From | ScaleType::Graduated => {
            lines.iter().rev().find(|(threshold, _)| base >= *threshold).copied()
        }
    }
}

/// The parts of `base`, which is not negative, with the rate of each: what is below the first
/// threshold has the rate of the record. They sum to `base`; there is at least one.
pub(crate) fn intervals(
    lines: &[ScaleLine],
    base: Decimal,
    rate: Decimal,
) -> Vec<(Decimal, Decimal)> {
    let mut parts = Vec::with_capacity(lines.len() + 1);
    let (mut from, mut current) = (Decimal::ZERO, rate);
    for (threshold, next) in lines {
        if *threshold >= base {
            break;
        }
        if *threshold > from {
            parts.push((threshold - from, current));
        }
        (from, current) = (*threshold, *next);
    }
    parts.push((base - from, current));
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(lines: &[(i64, i64)]) -> Vec<ScaleLine> {
        lines.iter().map(|(t, r)| (Decimal::from(*t), Decimal::from(*r))).collect()
    }

    #[test]
    fn a_from_scale_takes_the_highest_line_reached() {
        let lines = lines(&[(10, 9), (100, 8)]);
        for (base, rate) in
            [(9, None), (10, Some(9)), (99, Some(9)), (100, Some(8)), (500, Some(8))]
        {
            let line = line_for(&lines, ScaleType::From, Decimal::from(base));
            assert_eq!(line.map(|(_, rate)| rate), rate.map(Decimal::from), "{base}");
        }
    }

    #[test]
    fn a_to_scale_takes_the_lowest_line_not_exceeded() {
        let lines = lines(&[(10, 9), (100, 8)]);
        for (base, rate) in
            [(1, Some(9)), (10, Some(9)), (11, Some(8)), (100, Some(8)), (101, None)]
        {
            let line = line_for(&lines, ScaleType::To, Decimal::from(base));
            assert_eq!(line.map(|(_, rate)| rate), rate.map(Decimal::from), "{base}");
        }
    }

    #[test]
    fn a_graduated_scale_gives_each_part_its_rate() {
        let lines_ = lines(&[(10, 9), (100, 8)]);
        let parts = |base: i64| intervals(&lines_, Decimal::from(base), Decimal::from(10));
        assert_eq!(parts(5), lines(&[(5, 10)]));
        assert_eq!(parts(10), lines(&[(10, 10)]));
        assert_eq!(parts(120), lines(&[(10, 10), (90, 9), (20, 8)]));
        assert_eq!(parts(0), lines(&[(0, 10)]));
    }

    proptest! {
        #[test]
        fn the_parts_of_a_graduated_scale_sum_to_the_base(
            mut scale in prop::collection::btree_map(0..1000_i64, 1..100_i64, 0..6),
            base in 0..2000_i64,
        ) {
            let lines = lines(&std::mem::take(&mut scale).into_iter().collect::<Vec<_>>());
            let parts = intervals(&lines, Decimal::from(base), Decimal::ONE);
            let sum: Decimal = parts.iter().map(|(part, _)| part).sum();
            prop_assert_eq!(sum, Decimal::from(base));
        }
    }
}
