//! Wrong passwords: after five in a row a login has to wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

/// Wrong passwords in a row before a login waits.
const FREE: u32 = 5;
/// The longest wait, in seconds.
const LONGEST: u64 = 300;
/// Logins at which those that need not wait are forgotten.
const CAPACITY: usize = 10_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    until: Instant,
}

/// Wrong passwords by login.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<String, Failures>>);

impl Attempts {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds that a login still has to wait.
    pub(crate) fn wait(&self, login: &str, now: Instant) -> Option<u64> {
        let failures = self.entries().get(login).copied()?;
        let left = failures.until.checked_duration_since(now)?;
        (!left.is_zero()).then(|| left.as_secs() + 1)
    }

    /// Notes a wrong password.
    pub(crate) fn failed(&self, login: &str, now: Instant) {
        let mut entries = self.entries();
        if entries.len() >= CAPACITY {
            entries.retain(|_, failures| failures.until > now);
        }
        let failures =
            entries.entry(login.to_string()).or_insert(Failures { count: 0, until: now });
        failures.count = failures.count.saturating_add(1);
        if failures.count >= FREE {
            let seconds = 1u64.checked_shl(failures.count - FREE).unwrap_or(LONGEST);
            failures.until = now + Duration::from_secs(seconds.min(LONGEST));
        }
    }

    /// Forgets the wrong passwords of a login.
    pub(crate) fn succeeded(&self, login: &str) {
        self.entries().remove(login);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wrong_passwords_make_a_login_wait_and_each_further_one_twice_as_long() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..4 {
            attempts.failed("ada", now);
            assert_eq!(attempts.wait("ada", now), None);
        }
        attempts.failed("ada", now);
        assert_eq!(attempts.wait("ada", now), Some(2));
        attempts.failed("ada", now);
        assert_eq!(attempts.wait("ada", now), Some(3));
        assert_eq!(attempts.wait("bob", now), None);
        attempts.succeeded("ada");
        assert_eq!(attempts.wait("ada", now), None);
    }

    #[test]
    fn a_wait_ends_and_never_exceeds_five_minutes() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..100 {
            attempts.failed("ada", now);
        }
        assert_eq!(attempts.wait("ada", now), Some(301));
        assert_eq!(attempts.wait("ada", now + Duration::from_secs(300)), None);
    }
}
