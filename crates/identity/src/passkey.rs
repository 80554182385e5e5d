//! Passkeys (Web Authentication Level 3): a key of a device, unlocked by its owner, in place of password
//! and code.
//!
//! This is the relying party's part without attestation: which make a device is of is not asked, so
//! that what is signed by the key is all there is to check. Only keys that the device finds by
//! itself are made, and only those count that have verified their owner: nobody types a login, and
//! no answer tells whether somebody has one.

mod ceremony;
mod challenge;
mod key;

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tessera_kernel::{
    Actor, Cell, CellRef, ColumnDef, ColumnType, Direction, Fault, Instant, ObjectId, Problem, Ref,
    RowBuffer, RowSource, Select, Source, TableDef, Tx,
};

pub(crate) use challenge::{PASSKEY_CHALLENGE, sweep};

use crate::client::Client;
use crate::scope::Scope;
use crate::session::Opening;
use crate::sign_in_log::{self, Method, Outcome};
use crate::{Device, Identity, IdentityError, SignedIn, User, escalation, own};
use ceremony::{Assertion, Registration};
use challenge::Purpose;

/// Passkeys by the id that their device gave them.
pub(crate) static USER_PASSKEY: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Text),
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("name", ColumnType::Text),
        ColumnDef::required("algorithm", ColumnType::Int),
        ColumnDef::required("public_key", ColumnType::Text),
        ColumnDef::required("counter", ColumnType::Int),
        ColumnDef::required("created_at", ColumnType::Instant),
        ColumnDef::optional("used_at", ColumnType::Instant),
    ];
    TableDef::new("user_passkey", columns, 1).with_index(&["user"], false)
});

const COUNTER: usize = 5;
const USED_AT: usize = 7;
/// Milliseconds that a device gets.
const TIMEOUT: u32 = 300_000;

/// What is told about a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Id, in Base64url.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Since when.
    pub created_at: Instant,
    /// When it signed in last.
    pub used_at: Option<Instant>,
}

impl Passkey {
    /// The passkey as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "created_at": self.created_at.to_string(),
            "used_at": self.used_at.map(|at| at.to_string()),
        })
    }
}

struct Stored {
    user: ObjectId,
    passkey: Passkey,
    key: key::PublicKey,
    counter: i64,
}

impl Identity {
    /// Begins to make a passkey of whoever is signed in: the argument of
    /// `navigator.credentials.create`, for the site at this address.
    pub fn begin_passkey(
        &self,
        actor: &Actor,
        user: ObjectId,
        site: &str,
    ) -> Result<Value, IdentityError> {
        let (id, _) = ceremony::site(site)?;
        let challenge = challenge::generate()?;
        let asked = challenge.clone();
        let (profile, known) = self.db().command(actor, move |tx| {
            own::only(tx, user)?;
            challenge::store(tx, &asked, Purpose::Register(user))?;
            let profile = tx.load(Ref::<User>::new(user))?.value.profile;
            Ok::<_, IdentityError>((profile, of_user(tx, user)?))
        })?;
        let kinds = key::ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
        let known = known.iter().map(|one| json!({ "type": "public-key", "id": one.passkey.id }));
        Ok(json!({ "publicKey": {
            "rp": { "id": id, "name": "Tessera" },
            "user": {
                "id": handle(user),
                "name": profile.login,
                "displayName": profile.name,
            },
            "challenge": challenge,
            "pubKeyCredParams": kinds,
            "excludeCredentials": known.collect::<Vec<Value>>(),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
            "timeout": TIMEOUT,
        } }))
    }

    /// Keeps the passkey that a device made: `credential` is its answer as JSON.
    pub fn finish_passkey(
        &self,
        actor: &Actor,
        user: ObjectId,
        (name, credential): (&str, &Value),
        site: &str,
    ) -> Result<(), IdentityError> {
        if name.trim().is_empty() || name.chars().count() > 80 {
            return Err(Problem::invalid("name", "must have 1 to 80 characters").into());
        }
        let made = Registration::read(credential, site)?;
        let name = name.trim().to_string();
        self.db().command(actor, move |tx| {
            own::only(tx, user)?;
            if !challenge::take(tx, &made.challenge, Purpose::Register(user))? {
                return Err(IdentityError::Passkey("its challenge was not asked, or is too old"));
            }
            if load(tx, &made.id)?.is_some() {
                return Err(IdentityError::Passkey("it is known already"));
            }
            let row = RowBuffer(vec![
                Cell::Text(made.id.clone()),
                Cell::Uuid(user.0),
                Cell::Text(name.clone()),
                Cell::Int(made.key.algorithm()),
                Cell::Text(BASE64URL_NOPAD.encode(made.key.bytes())),
                Cell::Int(made.counter),
                Cell::Instant(tx.now().as_micros()),
                Cell::Null,
            ]);
            tx.connection().insert(&USER_PASSKEY, &row).map_err(Fault::from)?;
            crate::session::close_limited(tx, user)?;
            Ok(tx.emit("user.passkey_added", user, &json!({ "name": name }))?)
        })?;
        self.forget();
        Ok(())
    }

    /// Begins to sign in by a passkey: the argument of `navigator.credentials.get`.
    pub fn begin_passkey_sign_in(&self, site: &str) -> Result<Value, IdentityError> {
        let (id, _) = ceremony::site(site)?;
        let challenge = challenge::generate()?;
        let asked = challenge.clone();
        self.db().command(&Actor::system(Source::Session), move |tx| {
            challenge::store(tx, &asked, Purpose::SignIn)
        })?;
        Ok(json!({ "publicKey": {
            "rpId": id,
            "challenge": challenge,
            "allowCredentials": [],
            "userVerification": "required",
            "timeout": TIMEOUT,
        } }))
    }

    /// Signs in by what a device signed: `credential` is its answer as JSON.
    pub fn finish_passkey_sign_in(
        &self,
        credential: &Value,
        site: &str,
        device: &Device,
    ) -> Result<SignedIn, IdentityError> {
        let signed = Assertion::read(credential, site)?;
        let (system, client) = (Actor::system(Source::Session), Client::at(device.address));
        let challenge = signed.challenge.clone();
        let asked = self
            .db()
            .command(&system, move |tx| challenge::take(tx, &challenge, Purpose::SignIn))?;
        if !asked {
            return Err(IdentityError::Passkey("its challenge was not asked, or is too old"));
        }
        let (stored, profile) = self.db().read(&system, |tx| {
            let stored = load(tx, &signed.id)?.ok_or(IdentityError::WrongPasskey)?;
            let profile = tx.load(Ref::<User>::new(stored.user))?.value.profile;
            Ok::<_, IdentityError>((stored, profile))
        })?;
        let (user, login) = (stored.user, profile.login);
        let is_theirs = signed.user_handle.as_ref().is_none_or(|told| *told == handle(user));
        let may = profile.active && !profile.service;
        let outcome = if may && is_theirs && signed.is_signed_by(&stored.key) {
            let (device, scope) = (device.clone(), Scope::unlimited());
            let opening = Opening { user, device, method: Method::Passkey, scope };
            self.open_session(opening, move |tx| use_up(tx, &signed))
        } else {
            Err(IdentityError::WrongPasskey)
        };
        if matches!(outcome, Err(IdentityError::WrongPasskey | IdentityError::Passkey(_))) {
            self.db().command(&system, move |tx| {
                let who = Some((user, login.as_str()));
                sign_in_log::add(tx, who, client, &Method::Passkey, Outcome::Wrong)
            })?;
        }
        outcome
    }

    /// The passkeys of a user.
    pub fn passkeys(&self, actor: &Actor, user: ObjectId) -> Result<Vec<Passkey>, IdentityError> {
        self.db().read(actor, |tx| {
            own::require(tx, user, "read_sessions")?;
            tx.load(Ref::<User>::new(user))?;
            Ok(of_user(tx, user)?.into_iter().map(|stored| stored.passkey).collect())
        })
    }

    /// Forgets a passkey of a user: one's own, or as an administrator anybody's.
    pub fn remove_passkey(
        &self,
        actor: &Actor,
        user: ObjectId,
        passkey: &str,
    ) -> Result<(), IdentityError> {
        let passkey = passkey.to_string();
        self.db().command(actor, move |tx| {
            own::require(tx, user, "remove_second_factor")?;
            escalation::check_credential(tx, user, &Scope::unlimited())?;
            if load(tx, &passkey)?.is_none_or(|stored| stored.user != user) {
                let login = tx.load(Ref::<User>::new(user))?.value.profile.login;
                return Err(IdentityError::NoPasskey { login });
            }
            let key = [CellRef::Text(&passkey)];
            tx.connection().delete(&USER_PASSKEY, &key).map_err(Fault::from)?;
            Ok(tx.emit("user.passkey_removed", user, &json!({}))?)
        })
    }
}

/// Notes that a passkey signed, while its user is held. A counter that does not grow is that of a
/// copy.
fn use_up(tx: &mut Tx<'_>, signed: &Assertion) -> Result<(), IdentityError> {
    let key = [CellRef::Text(&signed.id)];
    let known = load(tx, &signed.id)?.ok_or(IdentityError::WrongPasskey)?.counter;
    if (known > 0 || signed.counter > 0) && signed.counter <= known {
        return Err(IdentityError::Passkey("its counter did not grow: there may be a copy of it"));
    }
    let now = CellRef::Instant(tx.now().as_micros());
    let columns = [(COUNTER, CellRef::Int(signed.counter)), (USED_AT, now)];
    tx.connection().set(&USER_PASSKEY, &key, None, &columns).map_err(Fault::from)?;
    Ok(())
}

/// What a device calls the user.
fn handle(user: ObjectId) -> String {
    BASE64URL_NOPAD.encode(user.0.as_bytes())
}

/// Whether a user has one.
pub(crate) fn has_any(tx: &mut Tx<'_>, user: ObjectId) -> Result<bool, Fault> {
    Ok(!of_user(tx, user)?.is_empty())
}

fn load(tx: &mut Tx<'_>, id: &str) -> Result<Option<Stored>, Fault> {
    let mut found = None;
    tx.connection().rows(&USER_PASSKEY, &[CellRef::Text(id)], &mut |row| {
        found = Some(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

fn of_user(tx: &mut Tx<'_>, user: ObjectId) -> Result<Vec<Stored>, Fault> {
    let query =
        Select::all(&USER_PASSKEY).equals(1, Cell::Uuid(user.0)).order_by(6, Direction::Ascending);
    let mut all = Vec::new();
    tx.select(&query, &mut |row| {
        all.push(read(row)?);
        Ok(())
    })?;
    Ok(all)
}

fn read(row: &mut dyn RowSource) -> Result<Stored, Fault> {
    let missing = || Fault::corrupt("a passkey row is incomplete");
    let id = row.text()?.ok_or_else(missing)?.to_string();
    let user = ObjectId(row.uuid()?.ok_or_else(missing)?);
    let name = row.text()?.ok_or_else(missing)?.to_string();
    let algorithm = row.int()?.ok_or_else(missing)?;
    let bytes = row.text()?.and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
    let key = key::PublicKey::stored(algorithm, bytes.ok_or_else(missing)?);
    let counter = row.int()?.unwrap_or(0);
    let created_at = Instant::from_micros(row.instant()?.ok_or_else(missing)?);
    let used_at = row.instant()?.map(Instant::from_micros);
    Ok(Stored { user, passkey: Passkey { id, name, created_at, used_at }, key, counter })
}
