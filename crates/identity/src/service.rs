//! The service: from a secret to an actor.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tessera_kernel::{
    Actor, Database, Fault, Instant, Kind, Object, ObjectId, Problem, Query, ReadMode, Ref, Source,
    Tx,
};

use crate::attempts::{self, Client};
use crate::verified::Verified;
use crate::{
    IdentityError, NewToken, Token, User, UserProfile, change, create, password, secret, session,
    setup, token, user,
};

/// Who calls must be known also while others read at length.
const URGENT: ReadMode = ReadMode { deadline: None, urgent: true };

/// Whoever signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's secret, for the cookie.
    pub secret: String,
    /// Login.
    pub login: String,
    /// Name that people see.
    pub name: String,
    /// When the session ends.
    pub expires_at: Instant,
}

/// Credentials of an installation. Its methods wait for the disk, and those that take a password
/// take about 50 ms: call them where waiting is allowed.
pub struct Identity {
    db: Database,
    verified: Verified,
    /// One password is hashed at a time: guessing must not take the machine away from others.
    hashing: Mutex<()>,
}

impl Identity {
    /// Serves the users of a database.
    pub fn new(db: Database) -> Self {
        Self { db, verified: Verified::default(), hashing: Mutex::default() }
    }

    /// The actor of a secret that was verified a moment ago; costs no query.
    pub fn recall(&self, secret: &str) -> Option<Actor> {
        self.verified.get(&secret::hash(secret))
    }

    /// The actor of a session's or token's secret; none where it is not known or has ended.
    pub fn authenticate(&self, secret: &str) -> Result<Option<Actor>, Fault> {
        let (hash, age) = (secret::hash(secret), self.verified.age());
        if let Some(actor) = self.verified.get(&hash) {
            return Ok(Some(actor));
        }
        let source = match secret {
            text if text.starts_with(secret::SESSION) => Source::Session,
            text if text.starts_with(secret::TOKEN) => Source::Token,
            _ => return Ok(None),
        };
        let system = Actor::system(Source::System);
        let actor = self.db.read_in(URGENT, &system, |tx| actor(tx, &hash, source))?;
        if let Some(actor) = &actor {
            self.verified.keep(hash, actor, age);
        }
        Ok(actor)
    }

    /// Asks the database again about every secret: a user was changed.
    pub fn forget(&self) {
        self.verified.forget();
    }

    /// Signs in, from the client at an address where that is known.
    pub fn sign_in(
        &self,
        login: &str,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, IdentityError> {
        let key = login.chars().take(64).collect::<String>().to_lowercase();
        let client = Client::at(from);
        let system = Actor::system(Source::Session);
        let tried = key.clone();
        let wait = self.db.command(&system, move |tx| attempts::take(tx, &tried, client))?;
        if let Some(seconds) = wait {
            return Err(IdentityError::TooManyTries { login: key, seconds });
        }
        let known: Option<(ObjectId, Option<String>)> = self.db.read_in(URGENT, &system, |tx| {
            let Some(id) = user::by_login(tx, &key)? else { return Ok::<_, Fault>(None) };
            let hash = password::load(tx, id.id())?;
            let active = tx.load(id)?.profile.active;
            Ok(Some((id.id(), hash.filter(|_| active))))
        })?;
        let hash = known.as_ref().and_then(|(_, hash)| hash.as_deref());
        let fits = self.one_at_a_time(|| password::verify(password, hash));
        match known {
            Some((id, _)) if fits => {
                self.open_session(id, move |tx| attempts::succeeded(tx, &key, client))
            }
            _ => Err(IdentityError::WrongCredentials),
        }
    }

    /// Signs out.
    pub fn sign_out(&self, secret: &str) -> Result<(), Fault> {
        let hash = secret::hash(secret);
        let done =
            self.db.command(&Actor::system(Source::Session), move |tx| session::close(tx, &hash));
        self.verified.forget();
        done
    }

    /// A setup secret, if there is no user yet. Earlier ones, also of other processes, go on.
    pub fn offer_setup(&self) -> Result<Option<String>, Fault> {
        let secret = secret::generate(secret::SETUP)?;
        let hash = secret::hash(&secret);
        let system = Actor::system(Source::System);
        let offered = self.db.command(&system, move |tx| {
            let nobody = user::nobody(tx)?;
            if nobody {
                setup::offer(tx, &hash)?;
            }
            Ok::<_, Fault>(nobody)
        })?;
        Ok(offered.then_some(secret))
    }

    /// Makes the first administrator and signs them in. One setup secret serves, once.
    pub fn set_up(
        &self,
        setup: &str,
        profile: UserProfile,
        password: &str,
    ) -> Result<SignedIn, IdentityError> {
        let (offered, system) = (secret::hash(setup), Actor::system(Source::Session));
        // Nobody makes us hash who has no secret.
        if !self.db.read(&system, |tx| setup::is_offered(tx, &offered))? {
            return Err(IdentityError::WrongSetup);
        }
        let hash = self.one_at_a_time(|| password::hash(password, &profile.login))?;
        let user = User { profile: UserProfile { administrator: true, active: true, ..profile } };
        let id = self.db.command(&system, move |tx| {
            if !setup::take(tx, &offered)? {
                return Err(IdentityError::WrongSetup);
            }
            if !user::nobody(tx)? {
                return Err(IdentityError::SetUpAlready);
            }
            let stored = create::insert(tx, user.clone())?;
            password::store(tx, stored.head.id, &hash)?;
            Ok::<_, IdentityError>(stored.head.id)
        })?;
        self.open_session(id, |_| Ok(()))
    }

    /// Adds a user with a password.
    pub fn add_user(
        &self,
        actor: &Actor,
        profile: UserProfile,
        password: &str,
    ) -> Result<ObjectId, IdentityError> {
        actor.require(User::NAME, "create")?;
        let hash = self.one_at_a_time(|| password::hash(password, &profile.login))?;
        let user = User { profile };
        self.db.command(actor, move |tx| {
            let stored = create::insert(tx, user.clone())?;
            password::store(tx, stored.head.id, &hash)?;
            Ok(stored.head.id)
        })
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
        let hash = self.one_at_a_time(|| password::hash(password, &login))?;
        self.db.command(actor, move |tx| {
            password::store(tx, user, &hash)?;
            session::close_all(tx, user)?;
            attempts::forget(tx, &login)?;
            tx.emit("user.password_set", user, &serde_json::json!({}))
        })?;
        self.verified.forget();
        Ok(())
    }

    /// Makes an API token that lasts so many days.
    pub fn create_token(
        &self,
        actor: &Actor,
        user: ObjectId,
        name: &str,
        days: u32,
    ) -> Result<NewToken, IdentityError> {
        actor.require(User::NAME, "create_token")?;
        if name.trim().is_empty() || name.chars().count() > 80 {
            return Err(Problem::invalid("name", "must have 1 to 80 characters").into());
        }
        if !(1..=3650).contains(&days) {
            return Err(Problem::invalid("days", "must be between 1 and 3650").into());
        }
        let secret = secret::generate(secret::TOKEN)?;
        let (hash, name) = (secret::hash(&secret), name.trim().to_string());
        let token = self.db.command(actor, move |tx| {
            tx.load(Ref::<User>::new(user))?;
            token::create(tx, user, &hash, &name, i64::from(days) * 86_400)
        })?;
        Ok(NewToken { token, secret })
    }

    /// The tokens of a user.
    pub fn tokens(&self, actor: &Actor, user: ObjectId) -> Result<Vec<Token>, IdentityError> {
        actor.require(User::NAME, "read")?;
        self.db.read(actor, |tx| {
            tx.load(Ref::<User>::new(user))?;
            Ok(token::of_user(tx, user)?)
        })
    }

    /// Revokes a token; the next call with it is refused.
    pub fn revoke_token(
        &self,
        actor: &Actor,
        user: ObjectId,
        token: ObjectId,
    ) -> Result<(), IdentityError> {
        actor.require(User::NAME, "revoke_token")?;
        let done = self.db.command(actor, move |tx| {
            let login = login(tx, user)?;
            if token::revoke(tx, user, token)? {
                return Ok(());
            }
            Err(IdentityError::NoToken { login, token: token.to_string() })
        });
        self.verified.forget();
        done
    }

    /// Deactivates a user and signs them out.
    pub fn deactivate(&self, actor: &Actor, user: ObjectId) -> Result<(), IdentityError> {
        actor.require(User::NAME, "change")?;
        let done = self.db.command(actor, move |tx| {
            let mut stored = tx.load(Ref::<User>::new(user))?;
            stored.profile.active = false;
            Ok(change::save(tx, stored)?)
        });
        self.verified.forget();
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

    /// Opens a session; `also` is done in the same command.
    fn open_session(
        &self,
        user: ObjectId,
        also: impl Fn(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static,
    ) -> Result<SignedIn, IdentityError> {
        let secret = secret::generate(secret::SESSION)?;
        let hash = secret::hash(&secret);
        self.db.command(&Actor::system(Source::Session), move |tx| {
            let profile = tx.load(Ref::<User>::new(user))?.value.profile;
            let expires_at = session::open(tx, user, &hash)?;
            also(tx)?;
            let (login, name) = (profile.login, profile.name);
            Ok(SignedIn { secret: secret.clone(), login, name, expires_at })
        })
    }

    fn one_at_a_time<R>(&self, run: impl FnOnce() -> R) -> R {
        let _turn = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        run()
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

fn login(tx: &mut Tx<'_>, user: ObjectId) -> Result<String, Fault> {
    Ok(tx.load(Ref::<User>::new(user))?.value.profile.login)
}

fn actor(tx: &mut Tx<'_>, hash: &[u8; 32], source: Source) -> Result<Option<Actor>, Fault> {
    let found = match source {
        Source::Session => session::find(tx, hash)?.map(|user| (user, None)),
        _ => token::find(tx, hash)?.map(|(user, name)| (user, Some(name))),
    };
    let Some((user, token)) = found else { return Ok(None) };
    let profile = tx.load(Ref::<User>::new(user))?.value.profile;
    let mut actor = Actor::user(&profile.login, source, profile.administrator);
    if let Some(token) = token {
        actor = actor.through(&token);
    }
    Ok(profile.active.then_some(actor))
}
