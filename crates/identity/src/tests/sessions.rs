//! How sessions and tokens end, and how guessing for many logins is slowed, on every engine.

use std::net::IpAddr;

use tessera_kernel::Fault;

use super::shared::everywhere;
use super::{PASSWORD, here, profile, system};
use crate::attempts;
use crate::client::Client;
use crate::{SignInQuery, TokenRequest};

/// Waits for what nobody else waits for: that a call is noted.
fn in_time(is_so: impl Fn() -> bool) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_so() {
        assert!(std::time::Instant::now() < until, "it was not noted");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_session_ends_two_hours_after_its_last_call_and_twelve_after_it_was_opened() {
    for p in everywhere() {
        let one = &p.identities[0];
        one.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
        let (used, idle) = (
            one.sign_in("ada", PASSWORD, None, &here()).unwrap(),
            one.sign_in("ada", PASSWORD, None, &here()),
        );
        assert_eq!(used.lasts, 12 * 3600);
        let ada = one.find("ada").unwrap();
        let lives = |secret: &str, minutes: i64| {
            p.set(0, minutes * 60);
            one.forget();
            one.authenticate(secret).unwrap().is_some()
        };
        for minutes in [100, 200, 300, 400, 500, 600, 700] {
            assert!(lives(&used.secret, minutes), "{} {minutes}", p.engine);
            let seen = || one.sessions(&system(), ada).unwrap().iter().map(|s| s.seen_at).max();
            in_time(|| seen() == Some(p.at(minutes * 60)));
        }
        assert!(!lives(&idle.unwrap().secret, 120), "{}", p.engine);
        assert!(!lives(&used.secret, 720), "{}", p.engine);
        p.set(0, 719 * 60);
        let swept = p.databases[0].command::<_, Fault>(&system(), crate::sweep).unwrap();
        assert!(swept >= 1, "{}", p.engine);
        assert_eq!(one.sessions(&system(), ada).unwrap().len(), 1, "{}", p.engine);
    }
}

#[test]
fn a_token_tells_when_it_was_used_last() {
    for p in everywhere() {
        let one = &p.identities[0];
        let ada = one.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
        let token = one.create_token(&system(), ada, &TokenRequest::new("x", 1)).unwrap();
        let used = || one.tokens(&system(), ada).unwrap()[0].used_at;
        assert_eq!(used(), None, "{}", p.engine);
        for (seconds, noted) in [(5, 5), (30, 5), (65, 65), (86_399, 86_399)] {
            p.set(0, seconds);
            one.forget();
            assert!(one.authenticate(&token.secret).unwrap().is_some(), "{}", p.engine);
            in_time(|| used() == Some(p.at(noted)));
        }
        p.set(0, 86_400);
        one.forget();
        assert!(one.authenticate(&token.secret).unwrap().is_none(), "{}", p.engine);
    }
}

#[test]
fn whoever_guesses_one_password_for_many_logins_waits_and_their_neighbours_do_not() {
    for p in everywhere() {
        let client = |last: u8| Client::at(Some(IpAddr::from([198, 51, 100, last])));
        let take = |process: usize, login: String, last: u8| {
            let run =
                move |tx: &mut tessera_kernel::Tx<'_>| attempts::take(tx, &login, client(last));
            p.databases[process].command::<_, Fault>(&system(), run).unwrap()
        };
        // Somebody who signed in from there before is not kept out by the others behind one address.
        take(0, "regular".into(), 1);
        p.run(0, move |tx| attempts::succeeded(tx, "regular", client(1)));
        for number in 0..50 {
            assert_eq!(take(number % 2, format!("user{number}"), 1), None, "{} {number}", p.engine);
        }
        assert_eq!(take(0, "another".into(), 1), Some(31), "{}", p.engine);
        assert_eq!(take(1, "another".into(), 2), None, "{}", p.engine);
        assert_eq!(take(1, "regular".into(), 1), None, "{}", p.engine);
        p.set(0, 30);
        p.set(1, 30);
        assert_eq!(take(0, "another".into(), 1), None, "{}", p.engine);
        assert_eq!(take(1, "further".into(), 1), Some(31), "{}", p.engine);
    }
}

#[test]
fn ten_thousand_guesses_are_hardly_any() {
    for p in everywhere() {
        let one = &p.identities[0];
        let ada = one.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
        let mut looked_at = 0;
        // One each second from a client of its own, for ten logins, nearly three hours long.
        for second in 0..10_000_i64 {
            p.set(0, second);
            let login = if second % 10 == 0 { "ada" } else { "nobody" };
            let client = u8::try_from(second % 5).unwrap();
            looked_at += u32::from(p.take(0, login, client).is_none());
        }
        assert!(looked_at < 400, "{}: {looked_at} were looked at", p.engine);
        p.set(0, 10_000);
        // The log has those that were looked at only.
        let query = SignInQuery { user: Some(ada), limit: 10, ..SignInQuery::default() };
        assert!(one.sign_ins(&system(), &query).unwrap().is_empty(), "{}", p.engine);
    }
}

#[test]
fn the_log_is_kept_as_long_as_the_installation_says() {
    for p in everywhere() {
        let one = &p.identities[0];
        one.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
        one.sign_in("ada", PASSWORD, None, &here()).unwrap();
        let kept = || {
            let query = SignInQuery { limit: 10, ..SignInQuery::default() };
            one.sign_ins(&system(), &query).unwrap().len()
        };
        for (days, entries) in [(180, 1), (181, 0)] {
            p.set(0, days * 86_400);
            p.databases[0].command::<_, Fault>(&system(), crate::sweep).unwrap();
            assert_eq!(kept(), entries, "{} {days}", p.engine);
        }
    }
}
