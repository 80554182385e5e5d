//! Sessions of browsers.

use std::net::IpAddr;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tessera_kernel::{
    Actor, Cell, CellRef, ColumnDef, ColumnType, Condition, Direction, Fault, Instant, ObjectId,
    Operator, Ref, RowBuffer, RowSource, Select, Source, TableDef, Tx,
};

use crate::client::Client;
use crate::scope::Scope;
use crate::settings::IdentitySettings;
use crate::sign_in_log::{self, Method, Outcome};
use crate::verified::Credential;
use crate::{Identity, IdentityError, SignedIn, User, own, secret};

/// Sessions by the hash of their secret.
pub(crate) static USER_SESSION: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("opened_at", ColumnType::Instant),
        ColumnDef::required("expires_at", ColumnType::Instant),
        ColumnDef::optional("seen_at", ColumnType::Instant),
        ColumnDef::optional("client", ColumnType::Text),
        ColumnDef::optional("agent", ColumnType::Text),
        ColumnDef::optional("method", ColumnType::Text),
        ColumnDef::optional("scope", ColumnType::Text),
    ];
    TableDef::new("user_session", columns, 1)
        .with_index(&["user"], false)
        .with_index(&["expires_at"], false)
});

/// Position of the moment of the last call.
const SEEN_AT: usize = 4;
/// Position of the scope.
const SCOPE: usize = 8;
/// Seconds after which a call is noted anew.
const NOTED: i64 = 60;
/// Digits of a session's hash that name it to people. They tell nothing of its secret.
const ID: usize = 16;
/// Characters that are kept of what a browser says it is.
const AGENT: usize = 200;

/// Where somebody signs in from.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// Address, where it is known.
    pub address: Option<IpAddr>,
    /// What the browser says it is.
    pub agent: Option<String>,
}

/// What can be told about a session: not its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// By what it is ended.
    pub id: String,
    /// When it was opened.
    pub opened_at: Instant,
    /// When it was used last, to the minute.
    pub seen_at: Instant,
    /// When it ends at the latest.
    pub expires_at: Instant,
    /// Address that it was opened from.
    pub client: Option<String>,
    /// What the browser said it is.
    pub agent: Option<String>,
    /// By what the user signed in.
    pub method: Option<String>,
}

impl Session {
    /// The session as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "opened_at": self.opened_at.to_string(),
            "seen_at": self.seen_at.to_string(),
            "expires_at": self.expires_at.to_string(),
            "client": self.client,
            "agent": self.agent,
            "method": self.method,
        })
    }
}

/// A session that is about to be opened.
pub(crate) struct Opening {
    pub(crate) user: ObjectId,
    pub(crate) device: Device,
    pub(crate) method: Method,
    pub(crate) scope: Scope,
}

impl Identity {
    /// Opens a session and logs it; `also` is done in the same command.
    pub(crate) fn open_session(
        &self,
        opening: Opening,
        also: impl Fn(&mut Tx<'_>) -> Result<(), IdentityError> + Send + 'static,
    ) -> Result<SignedIn, IdentityError> {
        let secret = secret::generate(secret::SESSION)?;
        self.db().command(&Actor::system(Source::Session), move |tx| {
            let profile = tx.load(Ref::<User>::new(opening.user))?.value.profile;
            let expires_at = open(tx, &opening, &secret::hash(&secret))?;
            also(tx)?;
            let (login, name) = (profile.login, profile.name);
            let client = Client::at(opening.device.address);
            let who = Some((opening.user, login.as_str()));
            sign_in_log::add(tx, who, client, &opening.method, Outcome::SignedIn)?;
            let lasts = (expires_at.as_micros() - tx.now().as_micros()) / 1_000_000;
            let must_enrol = opening.scope.grants().is_some();
            Ok(SignedIn { secret: secret.clone(), login, name, expires_at, lasts, must_enrol })
        })
    }

    /// Signs out.
    pub fn sign_out(&self, secret: &str) -> Result<(), Fault> {
        let hash = secret::hash(secret);
        let done = self.db().command(&Actor::system(Source::Session), move |tx| close(tx, &hash));
        self.forget();
        done
    }

    /// The sessions of a user that have not ended, newest first. Users see their own,
    /// administrators all.
    pub fn sessions(&self, actor: &Actor, user: ObjectId) -> Result<Vec<Session>, IdentityError> {
        self.db().read(actor, |tx| {
            own::require(tx, user, "read_sessions")?;
            tx.load(Ref::<User>::new(user))?;
            Ok(of_user(tx, user)?)
        })
    }

    /// Ends one session of a user, or all of them.
    pub fn end_sessions(
        &self,
        actor: &Actor,
        user: ObjectId,
        session: Option<&str>,
    ) -> Result<usize, IdentityError> {
        let session = session.map(str::to_string);
        let done = self.db().command(actor, move |tx| {
            own::require(tx, user, "end_sessions")?;
            let login = tx.load(Ref::<User>::new(user))?.value.profile.login;
            let ended = close_all(tx, user, session.as_deref())?;
            match &session {
                Some(session) if ended == 0 => {
                    Err(IdentityError::NoSession { login, session: session.clone() })
                }
                _ => Ok(ended),
            }
        });
        self.forget();
        done
    }
}

/// Opens a session; answers when it ends.
fn open(tx: &mut Tx<'_>, opening: &Opening, hash: &[u8; 32]) -> Result<Instant, Fault> {
    let hours = tx.settings::<IdentitySettings>()?.session.longest_hours;
    let (now, expires) = (tx.now(), tx.now().plus_seconds(i64::from(hours) * 3600));
    let agent = opening.device.agent.as_ref();
    let agent = agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(AGENT).collect());
    let scope = opening.scope.grants().map(|_| opening.scope.to_string());
    let row = RowBuffer(vec![
        Cell::Text(secret::hex(hash)),
        Cell::Uuid(opening.user.0),
        Cell::Instant(now.as_micros()),
        Cell::Instant(expires.as_micros()),
        Cell::Instant(now.as_micros()),
        Client::at(opening.device.address).cell(),
        agent.map_or(Cell::Null, Cell::Text),
        Cell::Text(opening.method.name()),
        scope.map_or(Cell::Null, Cell::Text),
    ]);
    tx.connection().insert(&USER_SESSION, &row)?;
    Ok(expires)
}

/// The session with this hash that has not ended.
pub(crate) fn find(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Credential>, Fault> {
    let (hash, now, idle) = (secret::hex(hash), tx.now(), idle(tx)?);
    let mut found = None;
    tx.connection().rows(&USER_SESSION, &[CellRef::Text(&hash)], &mut |row| {
        let (user, session, scope) = read(row)?;
        if session.expires_at > now && session.seen_at.plus_seconds(idle) > now {
            let stale = session.seen_at.plus_seconds(NOTED) <= now;
            found = Some(Credential { user, name: None, scope, stale });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Notes that a session is used.
pub(crate) fn see(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<(), Fault> {
    let (hash, now) = (secret::hex(hash), tx.now().as_micros());
    let seen = [(SEEN_AT, CellRef::Instant(now))];
    tx.connection().set(&USER_SESSION, &[CellRef::Text(&hash)], None, &seen)?;
    Ok(())
}

/// Ends one session.
fn close(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<(), Fault> {
    tx.connection().delete(&USER_SESSION, &[CellRef::Text(&secret::hex(hash))])?;
    Ok(())
}

/// Ends the session of a user with this id, or every one; answers how many.
pub(crate) fn close_all(
    tx: &mut Tx<'_>,
    user: ObjectId,
    session: Option<&str>,
) -> Result<usize, Fault> {
    let is_meant = |hash: &str| session.is_none_or(|id| hash.get(..ID) == Some(id));
    delete_where(tx, Condition::eq(1, Cell::Uuid(user.0)), is_meant)
}

/// Ends the sessions of a user that were opened for nothing but to enrol a second factor.
pub(crate) fn close_limited(tx: &mut Tx<'_>, user: ObjectId) -> Result<usize, Fault> {
    let limited = Condition { column: SCOPE, operator: Operator::NotEmpty, values: Vec::new() };
    let mut hashes = Vec::new();
    let query = Select::from(&USER_SESSION, &[0]).equals(1, Cell::Uuid(user.0)).filter(limited);
    tx.select(&query, &mut |row| {
        hashes.extend(row.text()?.map(str::to_string));
        Ok(())
    })?;
    for hash in &hashes {
        tx.connection().delete(&USER_SESSION, &[CellRef::Text(hash)])?;
    }
    Ok(hashes.len())
}

/// By what the user of a session signed in.
pub(crate) fn method(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<String>, Fault> {
    let (hash, mut method) = (secret::hex(hash), None);
    tx.connection().rows(&USER_SESSION, &[CellRef::Text(&hash)], &mut |row| {
        method = read(row)?.1.method;
        Ok(())
    })?;
    Ok(method)
}

/// Deletes sessions that ended.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = tx.now();
    let idle = Cell::Instant(now.plus_seconds(-idle(tx)?).as_micros());
    let over = Condition::compare(3, Operator::Le, Cell::Instant(now.as_micros()));
    let idle = Condition::compare(SEEN_AT, Operator::Le, idle);
    Ok(delete_where(tx, over, |_| true)? + delete_where(tx, idle, |_| true)?)
}

fn of_user(tx: &mut Tx<'_>, user: ObjectId) -> Result<Vec<Session>, Fault> {
    let query =
        Select::all(&USER_SESSION).equals(1, Cell::Uuid(user.0)).order_by(2, Direction::Descending);
    let (now, idle, mut sessions) = (tx.now(), idle(tx)?, Vec::new());
    tx.select(&query, &mut |row| {
        sessions.push(read(row)?.1);
        Ok(())
    })?;
    sessions.retain(|session| session.expires_at > now && session.seen_at.plus_seconds(idle) > now);
    Ok(sessions)
}

/// Seconds without a call after which a session ends.
fn idle(tx: &Tx<'_>) -> Result<i64, Fault> {
    Ok(i64::from(tx.settings::<IdentitySettings>()?.session.idle_minutes) * 60)
}

fn delete_where(
    tx: &mut Tx<'_>,
    condition: Condition,
    is_meant: impl Fn(&str) -> bool,
) -> Result<usize, Fault> {
    let mut hashes = Vec::new();
    tx.select(&Select::from(&USER_SESSION, &[0]).filter(condition), &mut |row| {
        hashes.extend(row.text()?.filter(|hash| is_meant(hash)).map(str::to_string));
        Ok(())
    })?;
    for hash in &hashes {
        tx.connection().delete(&USER_SESSION, &[CellRef::Text(hash)])?;
    }
    Ok(hashes.len())
}

fn read(row: &mut dyn RowSource) -> Result<(ObjectId, Session, Scope), Fault> {
    let missing = || Fault::corrupt("a session row is incomplete");
    let id = row.text()?.and_then(|hash| hash.get(..ID)).ok_or_else(missing)?.to_string();
    let user = ObjectId(row.uuid()?.ok_or_else(missing)?);
    let opened_at = Instant::from_micros(row.instant()?.ok_or_else(missing)?);
    let session = Session {
        id,
        opened_at,
        expires_at: Instant::from_micros(row.instant()?.ok_or_else(missing)?),
        // Sessions of earlier versions were not noted when used.
        seen_at: row.instant()?.map_or(opened_at, Instant::from_micros),
        client: row.text()?.map(str::to_string),
        agent: row.text()?.map(str::to_string),
        method: row.text()?.map(str::to_string),
    };
    let scope = row.text()?.map(Scope::parse).transpose().map_err(Fault::corrupt)?;
    Ok((user, session, scope.unwrap_or_default()))
}
