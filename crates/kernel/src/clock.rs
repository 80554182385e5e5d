//! Time and chance come from outside, so that a business day can be replayed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use uuid::{NoContext, Timestamp, Uuid};

use crate::{Bucket, Instant, ObjectId};

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
    /// A new id, larger than the one before, carrying the time `now` and, if there is one, the bucket
    /// in which the object is to live.
    fn next(&self, now: Instant, bucket: Option<Bucket>) -> ObjectId;

    /// Makes every further id larger than `last`. Called with the newest event of a database when
    /// it is opened, so that events stay in order although the clock went back in between.
    fn start_after(&self, last: ObjectId);
}

/// UUIDv7 with a counter and random bits (RFC 9562, method 2), from the operating system's random
/// source or, for replays, from a seed.
pub struct RandomIds(Mutex<IdState>);

struct IdState {
    /// Ordinal of the last id.
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

/// The bits of an id that tell its bucket.
const BUCKET: u128 = (1 << Bucket::BITS) - 1;

/// An id without the bits that are the same in all: 48 of time, 12 of a counter, 62 of chance, so that
/// one runs over into the one before it.
fn ordinal(id: u128) -> u128 {
    id >> 80 << 74 | (id >> 64 & 0xFFF) << 62 | id & RANDOM
}

/// The id of an ordinal: with version 7 and its variant.
fn id_of(ordinal: u128) -> u128 {
    ordinal >> 74 << 80 | 7 << 76 | (ordinal >> 62 & 0xFFF) << 64 | 2 << 62 | ordinal & RANDOM
}

/// The bits of chance.
const RANDOM: u128 = (1 << 62) - 1;

impl IdSource for RandomIds {
    fn next(&self, now: Instant, bucket: Option<Bucket>) -> ObjectId {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let random = state.random();
        let micros = u64::try_from(now.as_micros()).unwrap_or(0);
        let (seconds, nanos) = (micros / 1_000_000, (micros % 1_000_000) * 1_000);
        let nanos = u32::try_from(nanos).unwrap_or(0);
        let fresh = Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos)).as_u128();
        // Far from the end of the bits of chance, so that there is room for many of one millisecond.
        let mut next = fresh >> 80 << 74 | u128::from(random) & 0x0FFF_FFFF_FFFF;
        if next >> 74 <= state.last >> 74 {
            next = state.last + 1 + (u128::from(random) >> STRIDE_BITS);
        }
        if let Some(bucket) = bucket {
            next = next & !BUCKET | u128::from(bucket.number());
            if next <= state.last {
                next += BUCKET + 1;
            }
        }
        state.last = next;
        ObjectId(Uuid::from_u128(id_of(next)))
    }

    fn start_after(&self, last: ObjectId) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.last = state.last.max(ordinal(last.0.as_u128()));
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
            let id = ids.next(Instant::from_micros(1_700_000_000_000_000 + step * 100), None);
            assert!(id > last, "{id} after {last}");
            assert_eq!(id.0.get_version_num(), 7);
            assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
            last = id;
        }
    }

    #[test]
    fn ids_carry_the_bucket_that_they_are_given_and_grow_all_the_same() {
        let ids = RandomIds::seeded(7);
        let now = Instant::from_micros(1_700_000_000_000_000);
        let buckets = [0, 1, 1023, 512, 77].map(|low| Bucket::of_id(Uuid::from_u128(low)));
        let mut last = ObjectId(Uuid::nil());
        for step in 0..10_000 {
            let bucket = (step % 7 > 0).then(|| buckets[step % 5]);
            let id = ids.next(now, bucket);
            assert!(id > last, "{id} after {last}");
            assert!(bucket.is_none_or(|bucket| id.bucket() == bucket), "{id}");
            assert_eq!((id.0.get_version_num(), id.0.get_variant()), (7, uuid::Variant::RFC4122));
            last = id;
        }
    }

    #[test]
    fn where_the_bits_of_chance_are_used_up_the_counter_goes_on() {
        let now = Instant::from_micros(1_700_000_000_000_000);
        let ids = RandomIds::seeded(7);
        let first = ids.next(now, None).0.as_u128();
        let last = ObjectId(Uuid::from_u128(id_of(ordinal(first) | RANDOM | 0xFFF << 62)));
        ids.start_after(last);
        for bucket in [None, Some(last.bucket())] {
            let id = ids.next(now, bucket);
            assert!(id > last, "{id} after {last}");
            assert_eq!((id.0.get_version_num(), id.0.get_variant()), (7, uuid::Variant::RFC4122));
        }
    }

    #[test]
    fn ids_grow_although_the_clock_goes_back() {
        let ids = RandomIds::system();
        let first = ids.next(Instant::from_micros(2_000_000_000), None);
        let second = ids.next(Instant::from_micros(1_000_000_000), None);
        assert!(second > first);
    }

    #[test]
    fn ids_grow_beyond_those_of_an_earlier_run() {
        let earlier = RandomIds::system().next(Instant::from_micros(2_000_000_000), None);
        let ids = RandomIds::system();
        ids.start_after(earlier);
        assert!(ids.next(Instant::from_micros(1_000_000_000), None) > earlier);
    }

    #[test]
    fn a_seed_gives_the_same_ids() {
        let now = Instant::from_micros(5_000_000);
        assert_eq!(RandomIds::seeded(1).next(now, None), RandomIds::seeded(1).next(now, None));
    }
}
