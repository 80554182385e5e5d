//! Wrong passwords: after five in a row from one client a login has to wait there, and after many
//! from anywhere it is tried at most once a second from clients that never signed in with it.
//!
//! Whoever guesses is slowed; whoever knows the password is not kept out by others who guess.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::{HashMap, HashSet};

/// Wrong passwords in a row before a login waits at a client.
const FREE: u32 = 5;
/// The longest wait at a client, in seconds.
const LONGEST: u64 = 300;
/// Wrong passwords from anywhere before a login is tried once a second only.
const FREE_ANYWHERE: u32 = 50;
/// Seconds without a wrong password after which those from anywhere are forgotten.
const CALM: u64 = 900;
/// Entries at which those that hold nobody up are forgotten.
const CAPACITY: usize = 10_000;

/// Where a try comes from: an address, of IPv6 the network that one customer gets; none where it
/// is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client(Option<IpAddr>);

impl Client {
    /// The client at an address.
    pub(crate) fn at(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            address => address,
        }))
    }
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    until: Instant,
}

#[derive(Clone, Copy)]
struct Pressure {
    count: u32,
    /// The last wrong password.
    last: Instant,
    /// When the next try from a new client is taken.
    next: Instant,
}

impl Pressure {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > Duration::from_secs(CALM)
    }
}

#[derive(Default)]
struct State {
    by_client: HashMap<(String, Client), Failures>,
    by_login: HashMap<String, Pressure>,
    /// Clients that have signed in with a login.
    known: HashSet<(String, Client)>,
}

/// Wrong passwords by login and client.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<State>);

impl Attempts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds that a login still has to wait at a client; without a wait the try is taken.
    pub(crate) fn wait(&self, login: &str, client: Client, now: Instant) -> Option<u64> {
        let mut state = self.state();
        let key = (login.to_string(), client);
        let until = state.by_client.get(&key).map(|failures| failures.until);
        if let Some(left) = until.and_then(|until| until.checked_duration_since(now))
            && !left.is_zero()
        {
            return Some(left.as_secs() + 1);
        }
        if state.known.contains(&key) {
            return None;
        }
        let pressure = state.by_login.get_mut(login)?;
        if pressure.count < FREE_ANYWHERE || pressure.is_over(now) {
            return None;
        }
        if pressure.next > now {
            return Some(1);
        }
        pressure.next = now + Duration::from_secs(1);
        None
    }

    /// Notes a wrong password.
    pub(crate) fn failed(&self, login: &str, client: Client, now: Instant) {
        let mut state = self.state();
        if state.by_client.len() >= CAPACITY {
            state.by_client.retain(|_, failures| failures.until > now);
        }
        if state.by_login.len() >= CAPACITY {
            state.by_login.retain(|_, p| p.count >= FREE_ANYWHERE && !p.is_over(now));
        }
        let fresh = Failures { count: 0, until: now };
        let failures = state.by_client.entry((login.to_string(), client)).or_insert(fresh);
        failures.count = failures.count.saturating_add(1);
        if failures.count >= FREE {
            let seconds = 1u64.checked_shl(failures.count - FREE).unwrap_or(LONGEST);
            failures.until = now + Duration::from_secs(seconds.min(LONGEST));
        }
        let calm = Pressure { count: 0, last: now, next: now };
        let pressure = state.by_login.entry(login.to_string()).or_insert(calm);
        if pressure.is_over(now) {
            *pressure = calm;
        }
        (pressure.count, pressure.last) = (pressure.count.saturating_add(1), now);
    }

    /// Forgets the wrong passwords of a login at a client, which is known from now on.
    pub(crate) fn succeeded(&self, login: &str, client: Client) {
        let mut state = self.state();
        let key = (login.to_string(), client);
        state.by_client.remove(&key);
        if state.known.len() >= CAPACITY {
            state.known.clear();
        }
        state.known.insert(key);
    }

    /// Forgets everything about a login: it has a new password.
    pub(crate) fn forget(&self, login: &str) {
        let mut state = self.state();
        state.by_client.retain(|(known, _), _| known != login);
        state.known.retain(|(known, _)| known != login);
        state.by_login.remove(login);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Client {
        Client::at(Some(IpAddr::from([192, 0, 2, last])))
    }

    #[test]
    fn five_wrong_passwords_make_a_login_wait_and_each_further_one_twice_as_long() {
        let (attempts, now, here) = (Attempts::default(), Instant::now(), client(1));
        for _ in 0..4 {
            attempts.failed("ada", here, now);
            assert_eq!(attempts.wait("ada", here, now), None);
        }
        attempts.failed("ada", here, now);
        assert_eq!(attempts.wait("ada", here, now), Some(2));
        attempts.failed("ada", here, now);
        assert_eq!(attempts.wait("ada", here, now), Some(3));
        assert_eq!(attempts.wait("bob", here, now), None);
        assert_eq!(attempts.wait("ada", client(2), now), None);
        attempts.succeeded("ada", here);
        assert_eq!(attempts.wait("ada", here, now), None);
    }

    #[test]
    fn a_wait_ends_and_never_exceeds_five_minutes() {
        let (attempts, now, here) = (Attempts::default(), Instant::now(), client(1));
        for _ in 0..100 {
            attempts.failed("ada", here, now);
        }
        assert_eq!(attempts.wait("ada", here, now), Some(301));
        assert_eq!(attempts.wait("ada", here, now + Duration::from_secs(300)), None);
    }

    #[test]
    fn guesses_from_everywhere_slow_strangers_and_keep_nobody_out() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        attempts.succeeded("ada", client(200));
        for from in 0..60 {
            attempts.failed("ada", client(from), now);
        }
        // A client that signed in before is not concerned, another one has its turn each second.
        assert_eq!(attempts.wait("ada", client(200), now), None);
        assert_eq!(attempts.wait("ada", client(100), now), None);
        assert_eq!(attempts.wait("ada", client(101), now), Some(1));
        assert_eq!(attempts.wait("ada", client(101), now + Duration::from_secs(1)), None);
        let later = now + Duration::from_secs(CALM + 1);
        assert_eq!(attempts.wait("ada", client(102), later), None);
        assert_eq!(attempts.wait("ada", client(103), later), None);
    }

    #[test]
    fn the_addresses_of_one_network_are_one_client() {
        let at = |text: &str| Client::at(Some(text.parse().unwrap()));
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::7"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
