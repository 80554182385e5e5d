//! Signing in with a password.

use tessera_kernel::{Actor, Fault, Instant, ObjectId, Ref, Source};

use crate::client::Client;
use crate::scope::Scope;
use crate::service::URGENT;
use crate::session::Opening;
use crate::sign_in_log::{self, Method, Outcome};
use crate::{Device, Identity, IdentityError, User, attempts, password, user};

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
}

/// Somebody with the login that was given.
struct Known {
    user: ObjectId,
    login: String,
    /// The hash of their password; none where they may not sign in with one.
    hash: Option<String>,
}

impl Identity {
    /// Signs in with a password.
    pub fn sign_in(
        &self,
        login: &str,
        password: &str,
        device: &Device,
    ) -> Result<SignedIn, IdentityError> {
        let key = login.chars().take(64).collect::<String>().to_lowercase();
        let client = Client::at(device.address);
        self.take_try(&key, client)?;
        let known = self.known(&key)?;
        let hash = known.as_ref().and_then(|known| known.hash.as_deref());
        let fits = self.one_at_a_time(|| password::verify(password, hash));
        match known {
            Some(known) if fits => {
                let (user, device, method) = (known.user, device.clone(), Method::Password);
                let opening = Opening { user, device, method, scope: Scope::unlimited() };
                self.open_session(opening, move |tx| Ok(attempts::succeeded(tx, &key, client)?))
            }
            known => {
                self.failed(&key, known, client, Method::Password)?;
                Err(IdentityError::WrongCredentials)
            }
        }
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
            let profile = match tx.load(Ref::<User>::new(id)) {
                Ok(stored) => stored.value.profile,
                Err(Fault::Missing { .. }) => return Ok(None),
                Err(fault) => return Err(fault),
            };
            let may = profile.active && !profile.service;
            Ok(Some(Known { user: id, login: profile.login, hash: hash.filter(|_| may) }))
        })
    }

    /// Logs a try that was not right.
    fn failed(
        &self,
        key: &str,
        known: Option<Known>,
        client: Client,
        method: Method,
    ) -> Result<(), Fault> {
        let key = key.to_string();
        self.db().command(&Actor::system(Source::Session), move |tx| {
            let locked = attempts::wait(tx, &key, client)?.is_some();
            let outcome = if locked { Outcome::Locked } else { Outcome::Wrong };
            let who = known.as_ref().map(|known| (known.user, known.login.as_str()));
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
            self.failed(&key, Some(known), client, Method::Password)?;
            return Err(IdentityError::WrongCredentials);
        }
        let (hash, user) = (self.hash_password(new, &key)?, known.user);
        let outcome =
            self.db().command(actor, move |tx| crate::service::replace_password(tx, user, &hash));
        self.forget();
        outcome?;
        let (device, method, scope) = (device.clone(), Method::Password, Scope::unlimited());
        self.open_session(Opening { user, device, method, scope }, move |tx| {
            Ok(attempts::succeeded(tx, &key, client)?)
        })
    }
}
