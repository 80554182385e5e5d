//! The service: from a secret to an actor.

use std::sync::{Mutex, PoisonError};

use tessera_kernel::{
    Actor, Database, Fault, Kind as _, Object as _, ObjectId, Query, ReadMode, Ref, Source, Tx,
};

use crate::oidc::Providers;
use crate::scope::Scope;
use crate::settings::IdentitySettings;
use crate::verified::Verified;
use crate::{
    IdentityError, User, UserProfile, VerifiedCaller, attempts, change, create, escalation,
    password, reset_link, rights, secret, session, token, user,
};

/// Who calls must be known also while others read at length.
pub(crate) const URGENT: ReadMode = ReadMode { deadline: None, urgent: true };

/// Credentials of an installation. Its methods wait for the disk, and those that take a password
/// take about 50 ms: call them where waiting is allowed.
pub struct Identity {
    db: Database,
    verified: Verified,
    providers: Providers,
    /// One password is hashed at a time: guessing must not take the machine away from others.
    hashing: Mutex<()>,
}

impl Identity {
    /// Serves the users of a database.
    pub fn new(db: Database) -> Self {
        Self {
            db,
            verified: Verified::default(),
            providers: Providers::default(),
            hashing: Mutex::default(),
        }
    }

    /// The database.
    pub(crate) fn db(&self) -> &Database {
        &self.db
    }

    /// The identity providers.
    pub(crate) fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Customizing of identity.
    pub(crate) fn settings(&self) -> Result<&IdentitySettings, Fault> {
        let settings = self.db.environment().settings.get::<IdentitySettings>();
        settings.ok_or_else(|| Fault::corrupt("the settings of identity were not set"))
    }

    /// The caller of a secret that was verified a moment ago; costs no query.
    pub fn recall(&self, secret: &str) -> Option<VerifiedCaller> {
        self.verified.get(&secret::hash(secret))
    }

    /// The caller of a session's or token's secret; none where it is not known or has ended.
    pub fn authenticate(&self, secret: &str) -> Result<Option<VerifiedCaller>, Fault> {
        let (hash, age) = (secret::hash(secret), self.verified.age());
        if let Some(caller) = self.verified.get(&hash) {
            return Ok(Some(caller));
        }
        let source = match secret {
            text if text.starts_with(secret::SESSION) => Source::Session,
            text if text.starts_with(secret::TOKEN) => Source::Token,
            _ => return Ok(None),
        };
        let system = Actor::system(Source::System);
        let found = self.db.read_in(URGENT, &system, |tx| caller(tx, &hash, source))?;
        let Some((caller, stale)) = found else { return Ok(None) };
        if stale {
            self.note(hash, source);
        }
        self.verified.keep(hash, &caller, age);
        Ok(Some(caller))
    }

    /// Notes that a credential is used. Nobody waits for it, and where it can't be noted (the disk is
    /// full, say) the call goes on all the same.
    fn note(&self, hash: [u8; 32], source: Source) {
        let see = move |tx: &mut Tx<'_>| match source {
            Source::Session => session::see(tx, &hash),
            _ => token::see(tx, &hash),
        };
        self.db.submit(Actor::system(Source::System), see, |_: Result<(), Fault>| {});
    }

    /// Asks the database again about every secret: a user was changed.
    pub fn forget(&self) {
        self.verified.forget();
    }

    /// Adds a user with a password.
    pub fn add_user(
        &self,
        actor: &Actor,
        profile: UserProfile,
        password: &str,
    ) -> Result<ObjectId, IdentityError> {
        actor.require(User::NAME, "create")?;
        let hash = self.hash_password(password, &profile.login)?;
        let user = User::of(profile);
        self.db.command(actor, move |tx| {
            if user.profile.service {
                return Err(IdentityError::ServiceAccount(user.profile.login.clone()));
            }
            let stored = create::insert(tx, user.clone())?;
            password::store(tx, stored.head.id, &hash)?;
            Ok(stored.head.id)
        })
    }

    /// Adds a user without a password: a service account, or somebody who gets a link to set one.
    pub fn add_user_without_password(
        &self,
        actor: &Actor,
        profile: UserProfile,
    ) -> Result<ObjectId, IdentityError> {
        actor.require(User::NAME, "create")?;
        let user = User::of(profile);
        self.db.command(actor, move |tx| Ok(create::insert(tx, user.clone())?.head.id))
    }

    /// Sets a user's password and ends their sessions.
    pub fn set_password(
        &self,
        actor: &Actor,
        user: ObjectId,
        password: &str,
    ) -> Result<(), IdentityError> {
        actor.require(User::NAME, "set_password")?;
        let login = self.db.read(actor, |tx| login(tx, user))?;
        let hash = self.hash_password(password, &login)?;
        self.db.command(actor, move |tx| {
            escalation::check_credential(tx, user, &Scope::unlimited())?;
            replace_password(tx, user, &hash)
        })?;
        self.forget();
        Ok(())
    }

    /// Locks a user out and signs them out, or lets them in again; letting in forgets wrong tries.
    pub fn set_active(
        &self,
        actor: &Actor,
        user: ObjectId,
        active: bool,
    ) -> Result<(), IdentityError> {
        actor.require(User::NAME, "change")?;
        let done = self.db.command(actor, move |tx| {
            let mut stored = tx.load(Ref::<User>::new(user))?;
            stored.profile.active = active;
            if active {
                attempts::forget(tx, &stored.profile.login)?;
            }
            Ok(change::save(tx, stored)?)
        });
        self.forget();
        done
    }

    /// The user with this login.
    pub fn find(&self, login: &str) -> Result<ObjectId, IdentityError> {
        let found = self
            .db
            .read(&Actor::system(Source::System), |tx| user::by_login(tx, login))?
            .map(Ref::id);
        found.ok_or_else(|| IdentityError::NoUser(login.to_string()))
    }

    /// Every user, in order of login.
    pub fn users(&self) -> Result<Vec<(ObjectId, UserProfile)>, Fault> {
        self.db.read(&Actor::system(Source::System), |tx| {
            let mut users = Vec::new();
            let mut query = Query::default().limit(500);
            loop {
                let page = tx.list(User::def(), &query)?;
                for id in page.rows.iter().filter_map(|row| user::id_of(row)) {
                    users.push((id, tx.load(Ref::<User>::new(id))?.value.profile));
                }
                match page.next {
                    Some((value, id)) => query.after = Some((value, id)),
                    None => break,
                }
            }
            users.sort_by(|a, b| a.1.login.cmp(&b.1.login));
            Ok(users)
        })
    }

    /// The hash of a new password that the policy takes.
    pub(crate) fn hash_password(
        &self,
        password: &str,
        login: &str,
    ) -> Result<String, IdentityError> {
        self.settings()?.password.check(password, login)?;
        Ok(self.one_at_a_time(|| password::hash(password))?)
    }

    pub(crate) fn one_at_a_time<R>(&self, run: impl FnOnce() -> R) -> R {
        let _turn = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        run()
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// Stores the hash of a user's password; ends their sessions and links, and forgets wrong tries.
pub(crate) fn replace_password(
    tx: &mut Tx<'_>,
    user: ObjectId,
    hash: &str,
) -> Result<(), IdentityError> {
    let profile = tx.load(Ref::<User>::new(user))?.value.profile;
    if profile.service {
        return Err(IdentityError::ServiceAccount(profile.login));
    }
    password::store(tx, user, hash)?;
    session::close_all(tx, user, None)?;
    reset_link::end_all(tx, user)?;
    attempts::forget(tx, &profile.login)?;
    Ok(tx.emit("user.password_set", user, &serde_json::json!({}))?)
}

fn login(tx: &mut Tx<'_>, user: ObjectId) -> Result<String, Fault> {
    Ok(tx.load(Ref::<User>::new(user))?.value.profile.login)
}

/// The caller of a credential, and whether its use is to be noted.
fn caller(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
    source: Source,
) -> Result<Option<(VerifiedCaller, bool)>, Fault> {
    let found = match source {
        Source::Session => session::find(tx, hash)?,
        _ => token::find(tx, hash)?,
    };
    let Some(found) = found else { return Ok(None) };
    let Some(mut actor) = rights::actor(tx, found.user, source)? else { return Ok(None) };
    if let Some(token) = found.name {
        actor = actor.through(&token);
    }
    actor = found.scope.limit(actor);
    let caller = VerifiedCaller { actor, user: found.user, scope: found.scope };
    Ok(Some((caller, found.stale)))
}
