//! Codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, thirty seconds), and the
//! recovery codes for whoever lost it.

use std::sync::LazyLock;

use data_encoding::BASE32_NOPAD;
use qrcode::QrCode;
use qrcode::render::svg;
use ring::hmac;
use tessera_kernel::{
    Actor, Cell, CellRef, ColumnDef, ColumnType, Fault, Instant, ObjectId, Ref, RowBuffer,
    TableDef, Tx,
};

use crate::scope::Scope;
use crate::{Identity, IdentityError, User, escalation, own, recovery_code, secret, session};

/// Seeds by user. They can't be stored as hashes: the codes are made from them.
pub(crate) static USER_TOTP: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("seed", ColumnType::Text),
        ColumnDef::optional("confirmed_at", ColumnType::Instant),
        ColumnDef::required("last_step", ColumnType::Int),
    ];
    TableDef::new("user_totp", columns, 1)
});

/// Seconds that a code stands.
const STEP: i64 = 30;
/// Steps that the clock of a phone may be off.
const SKEW: i64 = 1;
/// Bytes of a seed: as long as the hash, as RFC 4226 (4, R6) recommends.
const SEED: usize = 20;

/// What an authenticator app has to know: told once.
#[derive(Clone, Debug)]
pub struct TotpEnrolment {
    /// The seed in Base32, to be typed.
    pub seed: String,
    /// `otpauth://…`
    pub uri: String,
    /// The same as a QR code, an SVG image.
    pub svg: String,
}

/// Which second factors a user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotpState {
    /// Since when codes are asked for; none where they are not.
    pub confirmed_at: Option<Instant>,
    /// Recovery codes that are left.
    pub recovery_codes: usize,
}

struct Stored {
    seed: Vec<u8>,
    confirmed_at: Option<Instant>,
    last_step: i64,
}

impl Identity {
    /// Begins to enrol an app of whoever is signed in: nothing is asked for before it is confirmed.
    pub fn enrol_totp(
        &self,
        actor: &Actor,
        user: ObjectId,
    ) -> Result<TotpEnrolment, IdentityError> {
        let mut seed = [0; SEED];
        secret::random(&mut seed)?;
        let login = self.db().command(actor, move |tx| {
            own::only(tx, user)?;
            let login = tx.load(Ref::<User>::new(user))?.value.profile.login;
            if hold(tx, user)?.is_some_and(|stored| stored.confirmed_at.is_some()) {
                return Err(IdentityError::TotpAlready);
            }
            put(tx, user, &Stored { seed: seed.to_vec(), confirmed_at: None, last_step: 0 })?;
            Ok(login)
        })?;
        let seed = BASE32_NOPAD.encode(&seed);
        // A login has no character that would have to be encoded but `@`.
        let account = login.replace('@', "%40");
        let uri = format!("otpauth://totp/Tessera:{account}?secret={seed}&issuer=Tessera");
        let code = QrCode::new(&uri);
        let code = code.map_err(|error| Fault::corrupt(format!("the QR code: {error}")))?;
        let svg = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
        Ok(TotpEnrolment { seed, uri, svg })
    }

    /// Confirms the app by a code of it; from now on a code is asked for at sign-in. Answers recovery
    /// codes, this once. Sessions that were open for nothing but the enrolment end.
    pub fn confirm_totp(
        &self,
        actor: &Actor,
        user: ObjectId,
        code: &str,
    ) -> Result<Vec<String>, IdentityError> {
        let (codes, hashes) = recovery_code::generate()?;
        let code = code.to_string();
        self.db().command(actor, move |tx| {
            own::only(tx, user)?;
            match hold(tx, user)? {
                Some(stored) if stored.confirmed_at.is_none() => {}
                Some(_) => return Err(IdentityError::TotpAlready),
                None => return Err(IdentityError::NoTotp),
            }
            if !accept(tx, user, &code)? {
                return Err(IdentityError::WrongCode);
            }
            let confirmed_at = Some(tx.now());
            if let Some(stored) = hold(tx, user)? {
                put(tx, user, &Stored { confirmed_at, ..stored })?;
            }
            recovery_code::replace(tx, user, &hashes)?;
            session::close_limited(tx, user)?;
            Ok(tx.emit("user.totp_confirmed", user, &serde_json::json!({}))?)
        })?;
        self.forget();
        Ok(codes)
    }

    /// Forgets the app and the recovery codes: one's own, or as an administrator those of somebody
    /// who lost both.
    pub fn remove_totp(&self, actor: &Actor, user: ObjectId) -> Result<(), IdentityError> {
        self.db().command(actor, move |tx| {
            own::require(tx, user, "remove_second_factor")?;
            escalation::check_credential(tx, user, &Scope::unlimited())?;
            recovery_code::replace(tx, user, &[])?;
            if tx.connection().delete(&USER_TOTP, &[CellRef::Uuid(user.0)]).map_err(Fault::from)?
                == 0
            {
                return Err(IdentityError::NoTotp);
            }
            Ok(tx.emit("user.totp_removed", user, &serde_json::json!({}))?)
        })
    }

    /// Makes new recovery codes of whoever is signed in; earlier ones end.
    pub fn renew_recovery_codes(
        &self,
        actor: &Actor,
        user: ObjectId,
    ) -> Result<Vec<String>, IdentityError> {
        let (codes, hashes) = recovery_code::generate()?;
        self.db().command(actor, move |tx| {
            own::only(tx, user)?;
            if !is_confirmed(tx, user)? {
                return Err(IdentityError::NoTotp);
            }
            Ok(recovery_code::replace(tx, user, &hashes)?)
        })?;
        Ok(codes)
    }

    /// Whether codes are asked of a user, and how many recovery codes they have.
    pub fn totp(&self, actor: &Actor, user: ObjectId) -> Result<TotpState, IdentityError> {
        self.db().read(actor, |tx| {
            own::require(tx, user, "read_sessions")?;
            tx.load(Ref::<User>::new(user))?;
            let confirmed_at = load(tx, user)?.and_then(|stored| stored.confirmed_at);
            Ok(TotpState { confirmed_at, recovery_codes: recovery_code::count(tx, user)? })
        })
    }
}

/// Whether a code is asked of a user.
pub(crate) fn is_confirmed(tx: &mut Tx<'_>, user: ObjectId) -> Result<bool, Fault> {
    Ok(load(tx, user)?.is_some_and(|stored| stored.confirmed_at.is_some()))
}

/// Uses up a code of a user's app; false where it is wrong, or was used.
pub(crate) fn accept(tx: &mut Tx<'_>, user: ObjectId, code: &str) -> Result<bool, Fault> {
    let Some(stored) = hold(tx, user)? else { return Ok(false) };
    let now = tx.now().as_micros().div_euclid(1_000_000 * STEP);
    let fits = |step: &i64| *step > stored.last_step && at_step(&stored.seed, *step) == code;
    match (now - SKEW..=now + SKEW).find(fits) {
        Some(last_step) => {
            put(tx, user, &Stored { last_step, ..stored })?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// The code of a step (RFC 4226, 5.3).
pub(crate) fn at_step(seed: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = bytes.last().map_or(0, |byte| usize::from(byte & 15));
    let four = bytes.iter().skip(offset).take(4);
    let number = four.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// Of two commands at once one waits here: the user who is loaded is held.
fn hold(tx: &mut Tx<'_>, user: ObjectId) -> Result<Option<Stored>, Fault> {
    tx.load(Ref::<User>::new(user))?;
    load(tx, user)
}

fn load(tx: &mut Tx<'_>, user: ObjectId) -> Result<Option<Stored>, Fault> {
    let mut found = None;
    tx.connection().rows(&USER_TOTP, &[CellRef::Uuid(user.0)], &mut |row| {
        row.uuid()?;
        let seed = row.text()?.and_then(|seed| BASE32_NOPAD.decode(seed.as_bytes()).ok());
        found = Some(Stored {
            seed: seed.ok_or_else(|| Fault::corrupt("a TOTP seed can't be read"))?,
            confirmed_at: row.instant()?.map(Instant::from_micros),
            last_step: row.int()?.unwrap_or(0),
        });
        Ok(())
    })?;
    Ok(found)
}

fn put(tx: &mut Tx<'_>, user: ObjectId, stored: &Stored) -> Result<(), Fault> {
    let row = RowBuffer(vec![
        Cell::Uuid(user.0),
        Cell::Text(BASE32_NOPAD.encode(&stored.seed)),
        stored.confirmed_at.map_or(Cell::Null, |at| Cell::Instant(at.as_micros())),
        Cell::Int(stored.last_step),
    ]);
    Ok(tx.connection().put(&USER_TOTP, &row)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B; of its eight digits the last six.
    #[test]
    fn codes_are_those_of_the_standard() {
        let seed = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(at_step(seed, seconds / STEP), code, "{seconds}");
        }
    }
}
