//! One-time links by which somebody sets their password: who is new, or forgot it.

use std::sync::LazyLock;

use tessera_kernel::{
    Actor, Cell, CellRef, ColumnDef, ColumnType, Condition, Fault, Instant, Kind as _, ObjectId,
    Operator, Ref, RowBuffer, Select, Source, TableDef, Tx,
};

use crate::scope::Scope;
use crate::{Identity, IdentityError, User, escalation, secret};

/// Links by the hash of their secret.
pub(crate) static RESET_LINK: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("expires_at", ColumnType::Instant),
    ];
    TableDef::new("reset_link", columns, 1).with_index(&["user"], false)
});

/// Seconds that one serves.
const LASTS: i64 = 24 * 3600;

/// A link that was made just now: the only time that it is told.
#[derive(Clone, Debug)]
pub struct ResetLink {
    /// What stands behind `#reset=` in the address.
    pub secret: String,
    /// When it ends.
    pub expires_at: Instant,
}

impl Identity {
    /// Makes a link by which a user sets their password, once, within a day. An earlier one ends;
    /// sessions and the password that there is go on until then.
    pub fn create_reset_link(
        &self,
        actor: &Actor,
        user: ObjectId,
    ) -> Result<ResetLink, IdentityError> {
        actor.require(User::NAME, "set_password")?;
        let secret = secret::generate(secret::LINK)?;
        let hash = secret::hash(&secret);
        let expires_at = self.db().command(actor, move |tx| {
            let profile = tx.load(Ref::<User>::new(user))?.value.profile;
            if profile.service {
                return Err(IdentityError::ServiceAccount(profile.login));
            }
            escalation::check_credential(tx, user, &Scope::unlimited())?;
            end_all(tx, user)?;
            let expires = tx.now().plus_seconds(LASTS);
            let row = RowBuffer(vec![
                Cell::Text(secret::hex(&hash)),
                Cell::Uuid(user.0),
                Cell::Instant(expires.as_micros()),
            ]);
            tx.connection().insert(&RESET_LINK, &row).map_err(Fault::from)?;
            tx.emit("user.reset_link_created", user, &serde_json::json!({}))?;
            Ok(expires)
        })?;
        Ok(ResetLink { secret, expires_at })
    }

    /// Sets the password of the user of a link, and ends their sessions. It signs nobody in.
    pub fn redeem_reset_link(&self, link: &str, password: &str) -> Result<(), IdentityError> {
        let (hash, system) = (secret::hash(link), Actor::system(Source::Session));
        // Nobody makes us hash who has no link.
        let login = self.db().read(&system, |tx| {
            let user = find(tx, &hash)?.ok_or(IdentityError::WrongLink)?;
            Ok::<_, IdentityError>(tx.load(Ref::<User>::new(user))?.value.profile.login)
        })?;
        let password = self.hash_password(password, &login)?;
        self.db().command(&system, move |tx| {
            let user = find(tx, &hash)?.ok_or(IdentityError::WrongLink)?;
            end_all(tx, user)?;
            crate::service::replace_password(tx, user, &password)
        })?;
        self.forget();
        Ok(())
    }
}

/// The user of a link that has not ended.
fn find(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<ObjectId>, Fault> {
    let (hash, now) = (secret::hex(hash), tx.now().as_micros());
    let mut found = None;
    tx.connection().rows(&RESET_LINK, &[CellRef::Text(&hash)], &mut |row| {
        row.text()?;
        let user = row.uuid()?;
        if row.instant()?.is_some_and(|expires| expires > now) {
            found = user.map(ObjectId);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Ends the links of a user.
pub(crate) fn end_all(tx: &mut Tx<'_>, user: ObjectId) -> Result<usize, Fault> {
    delete_where(tx, Condition::eq(1, Cell::Uuid(user.0)))
}

/// Deletes those that ended.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = Cell::Instant(tx.now().as_micros());
    delete_where(tx, Condition::compare(2, Operator::Le, now))
}

fn delete_where(tx: &mut Tx<'_>, condition: Condition) -> Result<usize, Fault> {
    let mut hashes = Vec::new();
    tx.select(&Select::from(&RESET_LINK, &[0]).filter(condition), &mut |row| {
        hashes.extend(row.text()?.map(str::to_string));
        Ok(())
    })?;
    let mut deleted = 0;
    for hash in &hashes {
        deleted += tx.connection().delete(&RESET_LINK, &[CellRef::Text(hash)])?;
    }
    Ok(deleted)
}
