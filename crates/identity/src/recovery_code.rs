//! Recovery codes: each signs in once in place of a code of the app. Only hashes are stored; a code
//! has 80 random bits, so that a fast hash serves.

use std::sync::LazyLock;

use data_encoding::BASE32_NOPAD;
use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Fault, ObjectId, RowBuffer, TableDef, Tx,
};

use crate::secret;

/// Codes that were not used, by user.
pub(crate) static USER_RECOVERY_CODE: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("hash", ColumnType::Text),
    ];
    TableDef::new("user_recovery_code", columns, 2)
});

/// Codes that a user gets.
const CODES: usize = 10;
/// Random bytes of a code.
const BYTES: usize = 10;

/// New codes and their hashes.
pub(crate) fn generate() -> Result<(Vec<String>, Vec<String>), Fault> {
    let (mut codes, mut hashes) = (Vec::new(), Vec::new());
    for _ in 0..CODES {
        let mut bytes = [0; BYTES];
        secret::random(&mut bytes)?;
        let plain = BASE32_NOPAD.encode(&bytes).to_lowercase();
        hashes.push(hash(&plain));
        let parts = [&plain[..4], &plain[4..8], &plain[8..12], &plain[12..]];
        codes.push(parts.join("-"));
    }
    Ok((codes, hashes))
}

/// Sets the codes of a user; earlier ones end.
pub(crate) fn replace(tx: &mut Tx<'_>, user: ObjectId, hashes: &[String]) -> Result<(), Fault> {
    tx.connection().delete(&USER_RECOVERY_CODE, &[CellRef::Uuid(user.0)])?;
    for hash in hashes {
        let row = RowBuffer(vec![Cell::Uuid(user.0), Cell::Text(hash.clone())]);
        tx.connection().insert(&USER_RECOVERY_CODE, &row)?;
    }
    Ok(())
}

/// Uses up a code; false where the user has no such code.
pub(crate) fn accept(tx: &mut Tx<'_>, user: ObjectId, code: &str) -> Result<bool, Fault> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let hash = hash(&plain.to_lowercase());
    let key = [CellRef::Uuid(user.0), CellRef::Text(&hash)];
    Ok(tx.connection().delete(&USER_RECOVERY_CODE, &key)? > 0)
}

/// Codes that are left to a user.
pub(crate) fn count(tx: &mut Tx<'_>, user: ObjectId) -> Result<usize, Fault> {
    let mut count = 0;
    tx.connection().rows(&USER_RECOVERY_CODE, &[CellRef::Uuid(user.0)], &mut |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

fn hash(plain: &str) -> String {
    secret::hex(&secret::hash(plain))
}
