//! Setup secrets: whoever has one makes the first administrator. Each process that starts on an
//! installation without users offers one of its own; the first that is used ends all of them.

use std::sync::LazyLock;

use tessera_kernel::{
    Actor, Cell, CellRef, ColumnDef, ColumnType, Fault, RowBuffer, Select, Source, TableDef, Tx,
};

use crate::scope::Scope;
use crate::session::Opening;
use crate::sign_in_log::Method;
use crate::{Device, Identity, IdentityError, SignedIn, User, UserProfile};
use crate::{create, password, secret, user};

/// Setup secrets by their hash.
pub(crate) static SETUP_SECRET: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::required("expires_at", ColumnType::Instant),
    ];
    TableDef::new("setup_secret", columns, 1)
});

/// Seconds that one serves: the administrator may read the log tomorrow.
const LASTS: i64 = 7 * 24 * 3600;

impl Identity {
    /// A setup secret, if there is no user yet. Earlier ones, also of other processes, go on.
    pub fn offer_setup(&self) -> Result<Option<String>, Fault> {
        let secret = secret::generate(secret::SETUP)?;
        let hash = secret::hash(&secret);
        let system = Actor::system(Source::System);
        let offered = self.db().command(&system, move |tx| {
            let nobody = user::nobody(tx)?;
            if nobody {
                offer(tx, &hash)?;
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
        device: &Device,
    ) -> Result<SignedIn, IdentityError> {
        let (offered, system) = (secret::hash(setup), Actor::system(Source::Session));
        // Nobody makes us hash who has no secret.
        if !self.db().read(&system, |tx| is_offered(tx, &offered))? {
            return Err(IdentityError::WrongSetup);
        }
        let hash = self.hash_password(password, &profile.login)?;
        let profile = UserProfile { administrator: true, active: true, service: false, ..profile };
        let user = self.db().command(&system, move |tx| {
            if !take(tx, &offered)? {
                return Err(IdentityError::WrongSetup);
            }
            if !user::nobody(tx)? {
                return Err(IdentityError::SetUpAlready);
            }
            let stored = create::insert(tx, User::of(profile.clone()))?;
            password::store(tx, stored.head.id, &hash)?;
            Ok::<_, IdentityError>(stored.head.id)
        })?;
        let (device, method, scope) = (device.clone(), Method::Setup, Scope::unlimited());
        self.open_session(Opening { user, device, method, scope }, |_| Ok(()))
    }
}

/// Offers one.
fn offer(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<(), Fault> {
    let expires = tx.now().plus_seconds(LASTS).as_micros();
    let row = RowBuffer(vec![Cell::Text(secret::hex(hash)), Cell::Instant(expires)]);
    Ok(tx.connection().insert(&SETUP_SECRET, &row)?)
}

/// Whether one is offered.
fn is_offered(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<bool, Fault> {
    let (hash, now) = (secret::hex(hash), tx.now().as_micros());
    let mut offered = false;
    tx.connection().rows(&SETUP_SECRET, &[CellRef::Text(&hash)], &mut |row| {
        row.text()?;
        offered = row.instant()?.is_some_and(|expires| expires > now);
        Ok(())
    })?;
    Ok(offered)
}

/// Uses one up, and ends all others with it; false where it is not offered. Who comes at the same
/// time with another one waits here, and then finds a user.
fn take(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<bool, Fault> {
    if !is_offered(tx, hash)? {
        return Ok(false);
    }
    Ok(tx.connection().delete(&SETUP_SECRET, &[])? > 0)
}

/// Deletes those that ended.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = tx.now().as_micros();
    let mut ended = Vec::new();
    tx.select(&Select::from(&SETUP_SECRET, &[0, 1]), &mut |row| {
        let hash = row.text()?.unwrap_or_default().to_string();
        if row.instant()?.is_none_or(|expires| expires <= now) {
            ended.push(hash);
        }
        Ok(())
    })?;
    for hash in &ended {
        tx.connection().delete(&SETUP_SECRET, &[CellRef::Text(hash)])?;
    }
    Ok(ended.len())
}
