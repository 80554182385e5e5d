//! Challenges that devices are to sign: each serves once, for what it was made for.

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Fault, ObjectId, Operator, RowBuffer, Select,
    TableDef, Tx,
};

use crate::secret;

/// Challenges by their hash; without a user those to sign in.
pub(crate) static PASSKEY_CHALLENGE: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::optional("user", ColumnType::Uuid),
        ColumnDef::required("expires_at", ColumnType::Instant),
    ];
    TableDef::new("passkey_challenge", columns, 1).with_index(&["expires_at"], false)
});

/// Seconds that one serves: as long as a device gets.
const LASTS: i64 = 300;

/// What a challenge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A passkey of this user.
    Register(ObjectId),
    /// Signing in.
    SignIn,
}

/// A new challenge, in Base64url.
pub(super) fn generate() -> Result<String, Fault> {
    let mut bytes = [0; 32];
    secret::random(&mut bytes)?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

pub(super) fn store(tx: &mut Tx<'_>, challenge: &str, purpose: Purpose) -> Result<(), Fault> {
    let user = match purpose {
        Purpose::Register(user) => Cell::Uuid(user.0),
        Purpose::SignIn => Cell::Null,
    };
    let expires = Cell::Instant(tx.now().plus_seconds(LASTS).as_micros());
    let hash = Cell::Text(secret::hex(&secret::hash(challenge)));
    Ok(tx.connection().insert(&PASSKEY_CHALLENGE, &RowBuffer(vec![hash, user, expires]))?)
}

/// Uses one up; false where it was not made for this, or has ended.
pub(super) fn take(tx: &mut Tx<'_>, challenge: &str, purpose: Purpose) -> Result<bool, Fault> {
    let (hash, now) = (secret::hex(&secret::hash(challenge)), tx.now().as_micros());
    let key = [CellRef::Text(&hash)];
    let mut fits = false;
    tx.connection().rows(&PASSKEY_CHALLENGE, &key, &mut |row| {
        row.text()?;
        let of = match row.uuid()? {
            Some(user) => Purpose::Register(ObjectId(user)),
            None => Purpose::SignIn,
        };
        fits = of == purpose && row.instant()?.is_some_and(|expires| expires > now);
        Ok(())
    })?;
    // Of two that come at once one deletes it.
    Ok(tx.connection().delete(&PASSKEY_CHALLENGE, &key)? > 0 && fits)
}

/// Deletes those that ended.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = Cell::Instant(tx.now().as_micros());
    let over = Condition::compare(2, Operator::Le, now);
    let mut hashes = Vec::new();
    tx.select(&Select::from(&PASSKEY_CHALLENGE, &[0]).filter(over), &mut |row| {
        hashes.extend(row.text()?.map(str::to_string));
        Ok(())
    })?;
    for hash in &hashes {
        tx.connection().delete(&PASSKEY_CHALLENGE, &[CellRef::Text(hash)])?;
    }
    Ok(hashes.len())
}
