//! Time and chance come from outside, so that a business day can be replayed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use uuid::{NoContext, Timestamp, Uuid};

use crate::{Instant, ObjectId};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Instant;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::from_micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that stands where it was set: for replays, imports of history and tests.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `now`.
    pub fn at(now: Instant) -> Self {
        Self(AtomicI64::new(now.as_micros()))
    }

    /// Sets it.
    pub fn set(&self, now: Instant) {
        self.0.store(now.as_micros(), Ordering::Relaxed);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Makes object ids.
pub trait IdSource: Send + Sync {
    /// A new id, larger than the one before, carrying the time `now`.
    fn next(&self, now: Instant) -> ObjectId;

    /// Makes every further id larger than `last`. Called with the newest event of a database when
    /// it is opened, so that events stay in order although the clock went back in between.
    fn start_after(&self, last: ObjectId);
}

/// UUIDv7 with a counter and random bits (RFC 9562, method 2), from the operating system's random
/// source or, for replays, from a seed.
pub struct RandomIds(Mutex<IdState>);

struct IdState {
    last: u128,
    seeded: Option<u64>,
}

impl RandomIds {
    /// Ids nobody can guess.
    pub fn system() -> Self {
        Self(Mutex::new(IdState { last: 0, seeded: None }))
    }

    /// The same ids at every run.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(IdState { last: 0, seeded: Some(seed) }))
    }
}

impl IdState {
    fn random(&mut self) -> u64 {
        match &mut self.seeded {
            // SplitMix64, by Sebastiano Vigna (public domain).
            Some(state) => {
                *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = *state;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                z ^ (z >> 31)
            }
            None => getrandom::u64().unwrap_or(0),
        }
    }
}

/// Ids of the same millisecond step by a random stride, so that they stay in order and can't be
/// guessed from their neighbours.
const STRIDE_BITS: u32 = 32;

impl IdSource for RandomIds {
    fn next(&self, now: Instant) -> ObjectId {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let random = state.random();
        let micros = u64::try_from(now.as_micros()).unwrap_or(0);
        let (seconds, nanos) = (micros / 1_000_000, (micros % 1_000_000) * 1_000);
        let nanos = u32::try_from(nanos).unwrap_or(0);
        let fresh = Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos)).as_u128();
        // Keep the 48 bits of time and the version; the rest is ours.
        let random_bits = u128::from(random) & 0x3FFF_FFFF_FFFF_FFFF;
        let mut id = (fresh >> 80 << 80) | (7 << 76) | (2 << 62) | (random_bits & 0x0FFF_FFFF_FFFF);
        if id >> 80 <= state.last >> 80 {
            let stride = 1 + (u128::from(random) >> STRIDE_BITS);
            id = (state.last + stride) & !(3 << 62) | (2 << 62);
            if id <= state.last {
                id = ((state.last >> 76) + 1) << 76 | (2 << 62);
            }
        }
        state.last = id;
        ObjectId(Uuid::from_u128(id))
    }

    fn start_after(&self, last: ObjectId) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.last = state.last.max(last.0.as_u128());
    }
}

impl std::fmt::Debug for RandomIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RandomIds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_within_and_across_milliseconds_and_are_version_7() {
        let ids = RandomIds::seeded(7);
        let mut last = ObjectId(Uuid::nil());
        for step in 0..10_000 {
            let id = ids.next(Instant::from_micros(1_700_000_000_000_000 + step * 100));
            assert!(id > last, "{id} after {last}");
            assert_eq!(id.0.get_version_num(), 7);
            assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
            last = id;
        }
    }

    #[test]
    fn ids_grow_although_the_clock_goes_back() {
        let ids = RandomIds::system();
        let first = ids.next(Instant::from_micros(2_000_000_000));
        let second = ids.next(Instant::from_micros(1_000_000_000));
        assert!(second > first);
    }

    #[test]
    fn ids_grow_beyond_those_of_an_earlier_run() {
        let earlier = RandomIds::system().next(Instant::from_micros(2_000_000_000));
        let ids = RandomIds::system();
        ids.start_after(earlier);
        assert!(ids.next(Instant::from_micros(1_000_000_000)) > earlier);
    }

    #[test]
    fn a_seed_gives_the_same_ids() {
        let now = Instant::from_micros(5_000_000);
        assert_eq!(RandomIds::seeded(1).next(now), RandomIds::seeded(1).next(now));
    }
}
