//! Chance that is the same at every run.

/// A generator of numbers: SplitMix64, by Sebastiano Vigna (public domain).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Numbers that follow from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, `end`; 0 where that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }

    /// From `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        from + i64::try_from(self.below(span + 1)).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, cases: u64) -> bool {
        self.below(100) < cases
    }

    /// True in so many of a thousand cases.
    pub(crate) fn per_mille(&mut self, cases: u64) -> bool {
        self.below(1_000) < cases
    }

    /// A position in a list of so many.
    pub(crate) fn position(&mut self, count: usize) -> usize {
        usize::try_from(self.below(u64::try_from(count).unwrap_or(0))).unwrap_or(0)
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.position(list.len())]
    }

    /// A position of which early ones come up far more often than late ones, as a few customers
    /// place most of the orders.
    pub(crate) fn early(&mut self, count: usize) -> usize {
        let first = self.position(count);
        let second = self.position(count);
        let third = self.position(count);
        if self.percent(50) { first.min(second).min(third) } else { first.min(second) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_within_their_bounds() {
        let (mut first, mut second) = (Dice::new(7), Dice::new(7));
        for _ in 0..1_000 {
            let number = first.between(-3, 4);
            assert!((-3..=4).contains(&number));
            assert_eq!(number, second.between(-3, 4));
        }
        assert_eq!(first.below(0), 0);
        assert!(first.early(5) < 5);
    }
}
