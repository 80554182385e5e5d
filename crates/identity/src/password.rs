//! Passwords: Argon2id hashes (RFC 9106) in a table of their own.

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Fault, ObjectId, RowBuffer, TableDef, Tx,
};

use crate::password_policy::MOST;
use crate::secret;

/// Password hashes by user.
pub(crate) static USER_PASSWORD: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::required("set_at", ColumnType::Instant),
    ];
    TableDef::new("user_password", columns, 1)
});

/// 32 MiB and three passes: about 50 ms on one core of a server of 2025; above the least that the
/// OWASP cheat sheet on password storage asks for (19 MiB and two passes).
const MEMORY_KIB: u32 = 32 * 1024;
const PASSES: u32 = 3;

fn argon2() -> Argon2<'static> {
    // The parameters are constants within the bounds of the algorithm.
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a new password. Takes about 50 ms: never call it on the writer's thread.
pub(crate) fn hash(password: &str) -> Result<String, Fault> {
    let mut salt = [0; 16];
    secret::random(&mut salt)?;
    let broken = |error: argon2::password_hash::Error| Fault::corrupt(format!("Argon2: {error}"));
    let salt = SaltString::encode_b64(&salt).map_err(broken)?;
    let hash = argon2().hash_password(password.as_bytes(), &salt).map_err(broken)?;
    Ok(hash.to_string())
}

/// The hash of no password: whoever has none is compared with it.
const NOBODY: &str = "$argon2id$v=19$m=32768,t=3,p=1$bm9ib2R5J3Mgc2FsdCE$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a password belongs to a hash. Takes as long where there is no hash, so that the time
/// does not tell whether there is such a user.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> bool {
    if password.chars().count() > MOST {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    // The parameters stand in the hash.
    argon2().verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some()
}

/// Sets the hash of a user's password.
pub(crate) fn store(tx: &mut Tx<'_>, user: ObjectId, hash: &str) -> Result<(), Fault> {
    let now = Cell::Instant(tx.now().as_micros());
    let row = RowBuffer(vec![Cell::Uuid(user.0), Cell::Text(hash.to_string()), now]);
    Ok(tx.connection().put(&USER_PASSWORD, &row)?)
}

/// The hash of a user's password.
pub(crate) fn load(tx: &mut Tx<'_>, user: ObjectId) -> Result<Option<String>, Fault> {
    let mut hash = None;
    tx.connection().rows(&USER_PASSWORD, &[CellRef::Uuid(user.0)], &mut |row| {
        row.uuid()?;
        hash = row.text()?.map(str::to_string);
        Ok(())
    })?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=32768,t=3,p=1$"), "{hash}");
        assert!(verify("correct horse battery", Some(&hash)));
        assert!(!verify("correct horse batterz", Some(&hash)));
        assert!(!verify("correct horse battery", None));
        assert!(!verify("correct horse battery", Some("no hash")));
    }

    #[test]
    fn who_has_no_password_is_compared_with_a_hash_of_the_same_cost() {
        let (own, nobody) = (hash("correct horse battery").unwrap(), NOBODY);
        let (own, nobody) = (PasswordHash::new(&own).unwrap(), PasswordHash::new(nobody).unwrap());
        assert_eq!((own.algorithm, own.version), (nobody.algorithm, nobody.version));
        assert_eq!(own.params, nobody.params);
        let length = |hash: &PasswordHash<'_>| hash.hash.map(|output| output.len());
        assert_eq!((length(&own), own.salt.is_some()), (length(&nobody), nobody.salt.is_some()));
    }
}
