//! Customizing of identity.

use std::collections::BTreeMap;
use std::path::PathBuf;

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
    /// Who must have a second factor.
    pub second_factor: SecondFactor,
    /// Who must have a passkey: no app is enough for them.
    #[serde(default = "nobody")]
    pub passkey: SecondFactor,
}

fn nobody() -> SecondFactor {
    SecondFactor::Nobody
}

/// Who must have a second factor.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// Only those of whom their profile asks it.
    Nobody,
    /// Besides them, administrators.
    Administrators,
    /// Everybody who signs in with a password.
    Everybody,
}

/// An OpenID provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityProvider {
    /// What people call it.
    pub name: String,
    /// Its address, as it tells it itself.
    pub issuer: String,
    /// Who this installation is there.
    pub client_id: String,
    /// Variable of the environment with the client's secret.
    #[serde(default)]
    pub client_secret_env: Option<String>,
    /// File with the client's secret.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for, separated by spaces; `openid` is a must.
    #[serde(default = "scopes")]
    pub scopes: String,
    /// Claim that becomes the login of users that are made.
    #[serde(default = "login_claim")]
    pub login_claim: String,
    /// Whether whoever is known there, and not here, becomes a user.
    #[serde(default)]
    pub create_users: bool,
    /// Name of the role that they are made with; it must be there.
    #[serde(default)]
    pub default_role: Option<String>,
}

fn scopes() -> String {
    "openid profile email".to_string()
}

fn login_claim() -> String {
    "preferred_username".to_string()
}

impl IdentityProvider {
    /// The client's secret; none where it is a public client. A sentence where it can't be read.
    pub(crate) fn client_secret(&self) -> Result<Option<String>, String> {
        if let Some(variable) = &self.client_secret_env {
            let value = std::env::var(variable);
            return value.map(Some).map_err(|_| format!("the variable {variable} is not set"));
        }
        let Some(file) = &self.client_secret_file else { return Ok(None) };
        match std::fs::read_to_string(file) {
            Ok(text) => Ok(Some(text.trim_end().to_string())),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }

    /// What is wrong with it, if anything.
    fn finding(&self) -> Option<&'static str> {
        let host = self
            .issuer
            .strip_prefix("http://")
            .map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
        let is_safe = self.issuer.starts_with("https://")
            || host.is_some_and(|host| matches!(host, "localhost" | "127.0.0.1"));
        if !is_safe {
            return Some("issuer must start with https://");
        }
        if !self.scopes.split(' ').any(|scope| scope == "openid") {
            return Some("scopes must contain openid");
        }
        if self.client_secret_env.is_some() && self.client_secret_file.is_some() {
            return Some("take client_secret_env or client_secret_file, not both");
        }
        if self.default_role.is_some() && !self.create_users {
            return Some("default_role is for users that are made: set create_users = true");
        }
        None
    }
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
    /// Where people may sign in besides, by code.
    pub providers: BTreeMap<Code, IdentityProvider>,
}

/// Reads `password_policy`, `session_policy`, `sign_in_policy` and `identity_provider`.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> IdentitySettings {
    let passwords = customizing.catalogue::<PasswordPolicy>("password_policy", problems);
    let sessions = customizing.catalogue::<SessionPolicy>("session_policy", problems);
    let sign_ins = customizing.catalogue::<SignInPolicy>("sign_in_policy", problems);
    let password =
        PasswordPolicy { least_characters: 10, refuse_common: true, refused_words: Vec::new() };
    let password = entry(&passwords, password, problems);
    let session = SessionPolicy { idle_minutes: 120, longest_hours: 12 };
    let session = entry(&sessions, session, problems);
    let sign_in = SignInPolicy {
        client_tries: 50,
        client_refill_seconds: 30,
        log_days: 180,
        second_factor: SecondFactor::Nobody,
        passkey: SecondFactor::Nobody,
    };
    let sign_in = entry(&sign_ins, sign_in, problems);
    check_passwords(&passwords, &password, problems);
    check_sessions(&sessions, &session, problems);
    check_sign_in(&sign_ins, &sign_in, problems);
    let providers = providers(customizing, problems);
    IdentitySettings { password, session, sign_in, providers }
}

fn providers(
    customizing: &Customizing,
    problems: &mut Diagnostics,
) -> BTreeMap<Code, IdentityProvider> {
    let catalogue = customizing.catalogue::<IdentityProvider>("identity_provider", problems);
    for (code, provider) in catalogue.iter() {
        if let (Some(rule), Some(origin)) = (provider.finding(), catalogue.origin(code)) {
            problems.report(origin, format!("identity_provider.{code}: {rule}"));
        }
    }
    catalogue.iter().map(|(code, provider)| (code, provider.clone())).collect()
}

fn check_passwords(
    passwords: &Catalogue<PasswordPolicy>,
    password: &PasswordPolicy,
    problems: &mut Diagnostics,
) {
    if !(8..=128).contains(&password.least_characters) {
        finding(passwords, "least_characters must be 8 to 128", problems);
    }
    if password.refused_words.iter().any(|word| word.chars().count() < 3) {
        finding(passwords, "refused_words: each must have at least 3 letters", problems);
    }
}

fn check_sessions(
    sessions: &Catalogue<SessionPolicy>,
    session: &SessionPolicy,
    problems: &mut Diagnostics,
) {
    if !(5..=60 * 24 * 365).contains(&session.idle_minutes) {
        finding(sessions, "idle_minutes must be 5 to 525600", problems);
    }
    if !(1..=24 * 365).contains(&session.longest_hours) {
        finding(sessions, "longest_hours must be 1 to 8760", problems);
    }
}

fn check_sign_in(
    sign_ins: &Catalogue<SignInPolicy>,
    sign_in: &SignInPolicy,
    problems: &mut Diagnostics,
) {
    if !(5..=100_000).contains(&sign_in.client_tries) {
        finding(sign_ins, "client_tries must be 5 to 100000", problems);
    }
    if !(1..=3600).contains(&sign_in.client_refill_seconds) {
        finding(sign_ins, "client_refill_seconds must be 1 to 3600", problems);
    }
    if !(1..=3650).contains(&sign_in.log_days) {
        finding(sign_ins, "log_days must be 1 to 3650", problems);
    }
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

    #[test]
    fn a_provider_is_reached_over_tls_and_its_secret_stands_elsewhere() {
        let head = "[identity_provider.CORP]\nname = \"C\"\nclient_id = \"t\"\n";
        let finding = |rest: &str| load(&format!("{head}{rest}")).1.to_string();
        assert!(finding("issuer = \"http://id.example.com\"").contains("must start with https://"));
        assert_eq!(finding("issuer = \"http://127.0.0.1:9\""), "");
        let good = "issuer = \"https://id.example.com\"\n";
        assert_eq!(finding(good), "");
        assert!(finding(&format!("{good}client_secret = \"x\"")).contains("client_secret_env"));
        assert!(finding(&format!("{good}scopes = \"email\"")).contains("contain openid"));
        let role = "default_role = \"clerk\"\n";
        assert!(finding(&format!("{good}{role}")).contains("set create_users = true"));
        assert_eq!(finding(&format!("{good}{role}create_users = true")), "");
        let provider = load(&format!("{head}{good}client_secret_env = \"TESSERA_NO_SUCH\"")).0;
        let secret = provider.providers.values().next().unwrap().client_secret();
        assert_eq!(secret, Err("the variable TESSERA_NO_SUCH is not set".to_string()));
    }
}
