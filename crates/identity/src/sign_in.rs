//! Signing in with a password.

use tessera_kernel::{Actor, Fault, Instant, ObjectId, Ref, Source, Tx};

use crate::client::Client;
use crate::scope::Scope;
use crate::service::URGENT;
use crate::session::Opening;
use crate::settings::{IdentitySettings, SecondFactor};
use crate::sign_in_log::{self, Method, Outcome};
use crate::{Device, Identity, IdentityError, User, UserProfile};
use crate::{attempts, passkey, password, recovery_code, totp, user};

/// Whoever signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's secret, for the cookie.
    pub secret: String,
    /// Login.
    pub login: String,
    /// Name that people see.
    pub name: String,
    /// When the session ends at the latest.
    pub expires_at: Instant,
    /// The same as seconds from now.
    pub lasts: i64,
    /// They may do nothing but enrol a second factor.
    pub must_enrol: bool,
}

/// Somebody with the login that was given.
struct Known {
    user: ObjectId,
    login: String,
    /// The hash of their password; none where they may not sign in with one.
    hash: Option<String>,
    /// A code of their app is asked for.
    totp: bool,
    /// They have a passkey.
    passkey: bool,
    /// What they must sign in with besides a password.
    demand: Demand,
}

/// What is demanded besides a password, each more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Demand {
    Nothing,
    /// An app or a passkey.
    SecondFactor,
    Passkey,
}

impl Known {
    /// Whether a password, also with a code, is not enough, since they have a passkey.
    fn must_use_passkey(&self) -> bool {
        let enough = if self.totp { Demand::SecondFactor } else { Demand::Nothing };
        self.passkey && self.demand > enough
    }

    /// What a session may do that is opened by a password, or by it and a code.
    fn scope(&self) -> Result<Scope, Fault> {
        let enough = if self.totp { Demand::SecondFactor } else { Demand::Nothing };
        let is_lacking = self.demand > enough;
        if is_lacking {
            Scope::parse(ENROLMENT).map_err(Fault::corrupt)
        } else {
            Ok(Scope::unlimited())
        }
    }
}

impl Identity {
    /// Signs in with a password, and with a code where the user has enrolled an app.
    pub fn sign_in(
        &self,
        login: &str,
        password: &str,
        code: Option<&str>,
        device: &Device,
    ) -> Result<SignedIn, IdentityError> {
        let key = login.chars().take(64).collect::<String>().to_lowercase();
        let client = Client::at(device.address);
        self.take_try(&key, client)?;
        let known = self.known(&key)?;
        let hash = known.as_ref().and_then(|known| known.hash.as_deref());
        let fits = self.one_at_a_time(|| password::verify(password, hash));
        match known {
            Some(known) if fits => self.let_in(&key, &known, code, device),
            known => {
                self.failed(&key, known.as_ref(), client, Method::Password)?;
                Err(IdentityError::WrongCredentials)
            }
        }
    }

    /// The password is right: asks for the second factor.
    fn let_in(
        &self,
        key: &str,
        known: &Known,
        code: Option<&str>,
        device: &Device,
    ) -> Result<SignedIn, IdentityError> {
        let (client, user) = (Client::at(device.address), known.user);
        if known.must_use_passkey() {
            self.ask_for_more(key, known, client, Outcome::PasskeyNeeded)?;
            return Err(IdentityError::PasskeyNeeded);
        }
        let method = match code {
            Some(code) if known.totp && is_totp(code) => Method::Totp,
            Some(_) if known.totp => Method::RecoveryCode,
            None if known.totp => {
                self.ask_for_more(key, known, client, Outcome::CodeNeeded)?;
                return Err(IdentityError::CodeNeeded);
            }
            _ => Method::Password,
        };
        let scope = known.scope()?;
        let code = code.filter(|_| method != Method::Password).map(str::to_string);
        let opening = Opening { user, device: device.clone(), method: method.clone(), scope };
        let tried = key.to_string();
        let outcome = self.open_session(opening, move |tx| {
            let right = match code.as_deref() {
                Some(code) if is_totp(code) => totp::accept(tx, user, code)?,
                Some(code) => recovery_code::accept(tx, user, code)?,
                None => true,
            };
            if !right {
                return Err(IdentityError::WrongCode);
            }
            Ok(attempts::succeeded(tx, &tried, client)?)
        });
        if matches!(outcome, Err(IdentityError::WrongCode)) {
            self.failed(key, Some(known), client, method)?;
        }
        outcome
    }

    /// Takes back the try, so that it counts neither as right nor as wrong, and logs it.
    fn ask_for_more(
        &self,
        key: &str,
        known: &Known,
        client: Client,
        outcome: Outcome,
    ) -> Result<(), Fault> {
        let (key, user, login) = (key.to_string(), known.user, known.login.clone());
        self.db().command(&Actor::system(Source::Session), move |tx| {
            attempts::take_back(tx, &key, client)?;
            let who = Some((user, login.as_str()));
            sign_in_log::add(tx, who, client, &Method::Password, outcome)
        })
    }

    /// Takes a try of a login at a client, or refuses it before anything is looked at.
    fn take_try(&self, key: &str, client: Client) -> Result<(), IdentityError> {
        let (system, tried) = (Actor::system(Source::Session), key.to_string());
        let wait = self.db().command(&system, move |tx| attempts::take(tx, &tried, client))?;
        match wait {
            Some(seconds) => Err(IdentityError::TooManyTries { login: key.to_string(), seconds }),
            None => Ok(()),
        }
    }

    fn known(&self, key: &str) -> Result<Option<Known>, Fault> {
        self.db().read_in(URGENT, &Actor::system(Source::Session), |tx| {
            // Nobody is looked up like somebody: the time must not tell whether there is such a user.
            let found = user::by_login(tx, key)?;
            let id = found.map_or(ObjectId(Default::default()), Ref::id);
            let hash = password::load(tx, id)?;
            let totp = totp::is_confirmed(tx, id)?;
            let passkey = passkey::has_any(tx, id)?;
            let profile = match tx.load(Ref::<User>::new(id)) {
                Ok(stored) => stored.value.profile,
                Err(Fault::Missing { .. }) => return Ok(None),
                Err(fault) => return Err(fault),
            };
            let may = profile.active && !profile.service;
            let demand = demand(tx, &profile)?;
            let hash = hash.filter(|_| may);
            Ok(Some(Known { user: id, login: profile.login, hash, totp, passkey, demand }))
        })
    }

    /// Logs a try that was not right.
    fn failed(
        &self,
        key: &str,
        known: Option<&Known>,
        client: Client,
        method: Method,
    ) -> Result<(), Fault> {
        let key = key.to_string();
        let known = known.map(|known| (known.user, known.login.clone()));
        self.db().command(&Actor::system(Source::Session), move |tx| {
            let locked = attempts::wait(tx, &key, client)?.is_some();
            let outcome = if locked { Outcome::Locked } else { Outcome::Wrong };
            let who = known.as_ref().map(|(user, login)| (*user, login.as_str()));
            sign_in_log::add(tx, who, client, &method, outcome)
        })
    }

    /// Sets the password of whoever is signed in and knows the one that there is; ends all their
    /// sessions, and opens one anew.
    pub fn change_password(
        &self,
        actor: &Actor,
        old: &str,
        new: &str,
        device: &Device,
    ) -> Result<SignedIn, IdentityError> {
        if actor.source() != Source::Session {
            return Err(IdentityError::SessionNeeded);
        }
        let (key, client) = (actor.name().to_string(), Client::at(device.address));
        self.take_try(&key, client)?;
        let Some(known) = self.known(&key)? else { return Err(IdentityError::WrongCredentials) };
        if !self.one_at_a_time(|| password::verify(old, known.hash.as_deref())) {
            self.failed(&key, Some(&known), client, Method::Password)?;
            return Err(IdentityError::WrongCredentials);
        }
        let (hash, user) = (self.hash_password(new, &key)?, known.user);
        let outcome =
            self.db().command(actor, move |tx| crate::service::replace_password(tx, user, &hash));
        self.forget();
        outcome?;
        // Whoever may do nothing but enrol does not get out of it by a new password.
        let scope = if known.passkey { Scope::unlimited() } else { known.scope()? };
        let (device, method) = (device.clone(), Method::Password);
        self.open_session(Opening { user, device, method, scope }, move |tx| {
            Ok(attempts::succeeded(tx, &key, client)?)
        })
    }
}

/// What a session may do whose user must have a second factor and has none.
const ENROLMENT: &str = "user:enrol_second_factor";

/// Whether a code is one of an app; others are recovery codes.
fn is_totp(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

fn demand(tx: &Tx<'_>, profile: &UserProfile) -> Result<Demand, Fault> {
    let policy = &tx.settings::<IdentitySettings>()?.sign_in;
    let is_meant = |who| match who {
        SecondFactor::Nobody => false,
        SecondFactor::Administrators => profile.administrator,
        SecondFactor::Everybody => true,
    };
    Ok(match () {
        () if is_meant(policy.passkey) => Demand::Passkey,
        () if profile.second_factor || is_meant(policy.second_factor) => Demand::SecondFactor,
        () => Demand::Nothing,
    })
}
