//! Customizing of identity.

use serde::Deserialize;
use tessera_customizing::{Catalogue, Customizing, Diagnostics, Origin};
use tessera_kernel::Code;

/// Which passwords are taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordPolicy {
    /// Characters that a new password has at least: 8 to 128.
    pub least_characters: usize,
    /// Refuses what everybody guesses first.
    pub refuse_common: bool,
    /// Words that no password may contain, whatever the case of their letters.
    #[serde(default)]
    pub refused_words: Vec<String>,
}

/// How long sessions last.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionPolicy {
    /// Minutes without a call after which one ends: 5 or more.
    pub idle_minutes: u32,
    /// Hours after which one ends in any case.
    pub longest_hours: u32,
}

/// How signing in goes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInPolicy {
    /// Wrong tries of one client, whatever the login, that are taken at once.
    pub client_tries: u32,
    /// Seconds after which a client gets one more.
    pub client_refill_seconds: u32,
    /// Days for which the sign-in log is kept.
    pub log_days: u32,
}

/// Settings of this module.
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    /// Which passwords are taken.
    pub password: PasswordPolicy,
    /// How long sessions last.
    pub session: SessionPolicy,
    /// How signing in goes.
    pub sign_in: SignInPolicy,
}

/// Reads `password_policy`, `session_policy` and `sign_in_policy`.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> IdentitySettings {
    let passwords = customizing.catalogue::<PasswordPolicy>("password_policy", problems);
    let sessions = customizing.catalogue::<SessionPolicy>("session_policy", problems);
    let sign_ins = customizing.catalogue::<SignInPolicy>("sign_in_policy", problems);
    let password =
        PasswordPolicy { least_characters: 10, refuse_common: true, refused_words: Vec::new() };
    let password = entry(&passwords, password, problems);
    let session = SessionPolicy { idle_minutes: 120, longest_hours: 12 };
    let session = entry(&sessions, session, problems);
    let sign_in = SignInPolicy { client_tries: 50, client_refill_seconds: 30, log_days: 180 };
    let sign_in = entry(&sign_ins, sign_in, problems);
    if !(8..=128).contains(&password.least_characters) {
        finding(&passwords, "least_characters must be 8 to 128", problems);
    }
    if password.refused_words.iter().any(|word| word.chars().count() < 3) {
        finding(&passwords, "refused_words: each must have at least 3 letters", problems);
    }
    if !(5..=60 * 24 * 365).contains(&session.idle_minutes) {
        finding(&sessions, "idle_minutes must be 5 to 525600", problems);
    }
    if !(1..=24 * 365).contains(&session.longest_hours) {
        finding(&sessions, "longest_hours must be 1 to 8760", problems);
    }
    if !(5..=100_000).contains(&sign_in.client_tries) {
        finding(&sign_ins, "client_tries must be 5 to 100000", problems);
    }
    if !(1..=3600).contains(&sign_in.client_refill_seconds) {
        finding(&sign_ins, "client_refill_seconds must be 1 to 3600", problems);
    }
    if !(1..=3650).contains(&sign_in.log_days) {
        finding(&sign_ins, "log_days must be 1 to 3650", problems);
    }
    IdentitySettings { password, session, sign_in }
}

/// The one entry of a policy.
const MAIN: Code = Code::literal("MAIN");

/// The entry, or a finding and the fallback: with a finding nothing starts.
fn entry<T: Clone>(catalogue: &Catalogue<T>, fallback: T, problems: &mut Diagnostics) -> T {
    catalogue.get(MAIN).cloned().unwrap_or_else(|| {
        finding(catalogue, "is missing", problems);
        fallback
    })
}

fn finding<T>(catalogue: &Catalogue<T>, rule: &str, problems: &mut Diagnostics) {
    let origin = catalogue.origin(MAIN).cloned();
    let origin = origin.unwrap_or_else(|| Origin { file: "shipped:identity.toml".into(), line: 1 });
    problems.report(&origin, format!("{}.{MAIN}: {rule}", catalogue.name()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(own: &str) -> (IdentitySettings, Diagnostics) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.toml"), own).unwrap();
        let mut problems = Diagnostics::default();
        let customizing = Customizing::load(&[crate::CONFIG], Some(folder.path()), &mut problems);
        (settings(&customizing, &mut problems), problems)
    }

    #[test]
    fn what_is_shipped_is_in_order() {
        let (settings, problems) = load("");
        assert_eq!(problems, Diagnostics::default());
        assert_eq!((settings.password.least_characters, settings.session.longest_hours), (10, 12));
    }

    #[test]
    fn a_policy_out_of_its_bounds_is_a_finding_with_file_and_line() {
        let own = "[session_policy.MAIN]\nidle_minutes = 1\nlonger = 1\n";
        assert!(load(own).1.to_string().contains("own.toml:3"));
        let own = "\n[session_policy.MAIN]\nidle_minutes = 1\nlongest_hours = 12\n";
        let problems = load(own).1.to_string();
        assert!(problems.contains("own.toml:2: session_policy.MAIN: idle_minutes"), "{problems}");
        let own = "[password_policy.MAIN]\nleast_characters = 4\nrefuse_common = true\n";
        assert!(load(own).1.to_string().contains("least_characters must be 8 to 128"));
        assert!(load("[password_policy.MAIN]\ndelete = true\n").1.to_string().contains("missing"));
    }
}
