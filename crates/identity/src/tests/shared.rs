//! What several processes know of each other, on every engine: each has an `Identity` of its own on
//! one database.

use std::net::IpAddr;
use std::sync::Arc;

use tessera_kernel::{Database, Fault, FixedClock, Instant, Store};
use tessera_store_postgres::PostgresStore;
use tessera_store_sqlite::{Options, SqliteStore};
use tessera_testing_postgres::{TestDatabase, database};

use super::{PASSWORD, here, open, profile, system};
use crate::attempts;
use crate::client::Client;
use crate::{Identity, IdentityError};

/// Two processes on one database, with clocks of their own.
pub(super) struct Processes {
    pub(super) engine: &'static str,
    pub(super) databases: [Database; 2],
    pub(super) identities: [Identity; 2],
    clocks: [Arc<FixedClock>; 2],
    _kept: (Option<tempfile::TempDir>, Option<TestDatabase>),
}

const START: &str = "2026-06-01T08:00:00Z";

impl Processes {
    fn on(
        engine: &'static str,
        stores: [Arc<dyn Store>; 2],
        kept: (Option<tempfile::TempDir>, Option<TestDatabase>),
    ) -> Self {
        let clock = || Arc::new(FixedClock::at(Instant::parse(START).unwrap()));
        let clocks = [clock(), clock()];
        let [first, second] = stores;
        let databases = [open(first, clocks[0].clone()), open(second, clocks[1].clone())];
        let identities = databases.each_ref().map(|db| Identity::new(db.clone()));
        Self { engine, databases, identities, clocks, _kept: kept }
    }

    /// It is so many seconds after the start, by the clock of one process.
    pub(super) fn set(&self, process: usize, seconds: i64) {
        self.clocks[process].set(self.at(seconds));
    }

    /// The moment so many seconds after the start.
    pub(super) fn at(&self, seconds: i64) -> Instant {
        Instant::parse(START).unwrap().plus_seconds(seconds)
    }

    pub(super) fn take(&self, process: usize, login: &'static str, client: u8) -> Option<u64> {
        let run = move |tx: &mut tessera_kernel::Tx<'_>| attempts::take(tx, login, at(client));
        self.databases[process].command::<_, Fault>(&system(), run).unwrap()
    }

    pub(super) fn run(
        &self,
        process: usize,
        run: impl Fn(&mut tessera_kernel::Tx<'_>) -> Result<(), Fault> + Send + 'static,
    ) {
        self.databases[process].command::<_, Fault>(&system(), run).unwrap();
    }
}

/// Two processes on each engine.
pub(super) fn everywhere() -> Vec<Processes> {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db"), Options::creating()).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let mut all = vec![Processes::on("sqlite", [store.clone(), store], (Some(folder), None))];
    if let Some(database) = database() {
        let store = || -> Arc<dyn Store> {
            let options = database.url("?writers=4&readers=2").parse().unwrap();
            Arc::new(PostgresStore::open(options).unwrap())
        };
        all.push(Processes::on("postgres", [store(), store()], (None, Some(database))));
    }
    all
}

fn at(client: u8) -> Client {
    Client::at(Some(IpAddr::from([192, 0, 2, client])))
}

#[test]
fn five_wrong_passwords_in_a_row_count_whichever_process_they_are_sent_to() {
    for p in everywhere() {
        for number in 0..5 {
            assert_eq!(p.take(number % 2, "ada", 1), None, "{} {number}", p.engine);
        }
        for process in 0..2 {
            assert_eq!(p.take(process, "ada", 1), Some(2), "{}", p.engine);
        }
        assert_eq!((p.take(1, "bob", 1), p.take(1, "ada", 2)), (None, None), "{}", p.engine);
        // Each further one waits twice as long.
        p.set(0, 1);
        p.set(1, 1);
        assert_eq!((p.take(0, "ada", 1), p.take(1, "ada", 1)), (None, Some(3)), "{}", p.engine);
        p.run(1, |tx| attempts::succeeded(tx, "ada", at(1)));
        assert_eq!(p.take(0, "ada", 1), None, "{}", p.engine);
    }
}

#[test]
fn a_wait_ends_and_never_exceeds_five_minutes_whatever_the_clocks_say() {
    for p in everywhere() {
        for number in 0..40 {
            p.set(0, number * 301);
            assert_eq!(p.take(0, "ada", 1), None, "{} {number}", p.engine);
        }
        let last = 39 * 301;
        for (clock, wait) in [(0, Some(301)), (299, Some(2)), (-200, Some(301)), (-3600, None)] {
            p.set(1, last + clock);
            assert_eq!(p.take(1, "ada", 1), wait, "{} {clock}", p.engine);
        }
    }
}

#[test]
fn guesses_from_everywhere_slow_strangers_and_keep_nobody_out() {
    for p in everywhere() {
        p.take(0, "ada", 200);
        p.run(0, |tx| attempts::succeeded(tx, "ada", at(200)));
        for client in 0..50 {
            p.take(usize::from(client % 2), "ada", client);
        }
        // A client that signed in before is not concerned, another one has its turn each second.
        assert_eq!(p.take(1, "ada", 200), None, "{}", p.engine);
        assert_eq!((p.take(0, "ada", 100), p.take(1, "ada", 101)), (None, Some(1)), "{}", p.engine);
        p.set(1, 1);
        assert_eq!(p.take(1, "ada", 101), None, "{}", p.engine);
        p.set(1, 902);
        assert_eq!((p.take(1, "ada", 102), p.take(1, "ada", 103)), (None, None), "{}", p.engine);
    }
}

#[test]
fn guesses_at_once_do_not_slip_through_together() {
    for p in everywhere() {
        let taken = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..24)
                .map(|number| {
                    let p = &p;
                    scope.spawn(move || p.take(number % 2, "ada", 1).is_none())
                })
                .collect();
            tries.into_iter().map(|t| u32::from(t.join().unwrap())).sum::<u32>()
        });
        assert_eq!(taken, 5, "{}", p.engine);
    }
}

#[test]
fn a_new_password_and_the_sweep_forget_what_counts_no_more() {
    for p in everywhere() {
        let [one, two] = &p.identities;
        let ada = one.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
        for _ in 0..5 {
            let _ = two.sign_in("ada", "wrong wrong wrong", None, &here());
        }
        let waits = one.sign_in("ada", PASSWORD, None, &here());
        assert!(matches!(waits, Err(IdentityError::TooManyTries { .. })), "{}", p.engine);
        two.set_password(&system(), ada, "another long password").unwrap();
        one.sign_in("ada", "another long password", None, &here()).unwrap();
        let _ = one.sign_in("a password in the wrong field", "ada", None, &here());
        // A session, both logins and the client of one; the client that signed in is known longer.
        for (days, deleted) in [(0, 0), (1, 4), (90, 1), (91, 0)] {
            p.set(0, days * 86_400 + 3);
            let swept = p.databases[0].command::<_, Fault>(&system(), crate::sweep).unwrap();
            assert_eq!(swept, deleted, "{} {days}", p.engine);
        }
    }
}

#[test]
fn any_process_takes_the_setup_secret_of_any_other_and_one_serves() {
    for p in everywhere() {
        let [one, two] = &p.identities;
        let first = one.offer_setup().unwrap().unwrap();
        let second = two.offer_setup().unwrap().unwrap();
        let crossed = [(two, &first, "ada"), (one, &second, "bob")];
        let outcomes = std::thread::scope(|scope| {
            let threads = crossed.map(|(identity, secret, login)| {
                scope.spawn(move || {
                    identity.set_up(secret, profile(login, false), PASSWORD, &here()).is_ok()
                })
            });
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(outcomes[0] != outcomes[1], "{} {outcomes:?}", p.engine);
        assert_eq!((one.users().unwrap().len(), two.offer_setup().unwrap()), (1, None));
        for secret in [&first, &second] {
            let again = one.set_up(secret, profile("eve", true), PASSWORD, &here());
            assert!(matches!(again, Err(IdentityError::WrongSetup)), "{}", p.engine);
        }
    }
}

#[test]
fn a_setup_secret_ends_after_a_week() {
    for p in everywhere() {
        let secret = p.identities[0].offer_setup().unwrap().unwrap();
        p.set(1, 7 * 86_400);
        let late = p.identities[1].set_up(&secret, profile("ada", true), PASSWORD, &here());
        assert!(matches!(late, Err(IdentityError::WrongSetup)), "{}", p.engine);
    }
}

#[test]
fn a_session_of_one_process_is_known_to_the_other_until_it_is_ended() {
    for p in everywhere() {
        let [one, two] = &p.identities;
        one.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
        let session = one.sign_in("ada", PASSWORD, None, &here()).unwrap().secret;
        assert!(two.authenticate(&session).unwrap().is_some(), "{}", p.engine);
        one.sign_out(&session).unwrap();
        two.forget();
        assert!(two.authenticate(&session).unwrap().is_none(), "{}", p.engine);
    }
}
