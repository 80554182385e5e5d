//! A sign-in that is under way at a provider. It stands in the database: the browser may come back
//! to another process.

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use tessera_kernel::{
    Cell, CellRef, Code, ColumnDef, ColumnType, Condition, Fault, Operator, RowBuffer, Select,
    TableDef, Tx,
};

use crate::secret;
use crate::settings::IdentityProvider;

/// Attempts by the hash of their state. Nonce and verifier serve once, together with a code that only
/// the browser of the state has.
pub(crate) static OIDC_ATTEMPT: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("state", ColumnType::Text),
        ColumnDef::required("provider", ColumnType::Text),
        ColumnDef::required("nonce", ColumnType::Text),
        ColumnDef::required("verifier", ColumnType::Text),
        ColumnDef::required("expires_at", ColumnType::Instant),
    ];
    TableDef::new("oidc_attempt", columns, 1).with_index(&["expires_at"], false)
});

/// Seconds that one lasts: somebody types a password and takes out their phone.
const LASTS: i64 = 600;

/// A sign-in that is under way.
pub(super) struct Attempt {
    pub(super) provider: Code,
    /// What the browser brings back (RFC 6749, 10.12).
    pub(super) state: String,
    /// What the ID token brings back.
    pub(super) nonce: String,
    /// What the code is redeemed with (RFC 7636).
    pub(super) verifier: String,
}

impl Attempt {
    pub(super) fn new(provider: Code) -> Result<Self, Fault> {
        let text = || -> Result<String, Fault> {
            let mut bytes = [0; 32];
            secret::random(&mut bytes)?;
            Ok(BASE64URL_NOPAD.encode(&bytes))
        };
        Ok(Self { provider, state: text()?, nonce: text()?, verifier: text()? })
    }

    /// The address of the provider's page for it.
    pub(super) fn location(
        &self,
        authorization: &str,
        provider: &IdentityProvider,
        return_to: &str,
    ) -> String {
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(self.verifier.as_bytes()));
        let parameters = [
            ("response_type", "code"),
            ("client_id", &provider.client_id),
            ("redirect_uri", return_to),
            ("scope", &provider.scopes),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        with_query(authorization, &parameters)
    }

    pub(super) fn store(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let row = RowBuffer(vec![
            Cell::Text(secret::hex(&secret::hash(&self.state))),
            Cell::Text(self.provider.to_string()),
            Cell::Text(self.nonce.clone()),
            Cell::Text(self.verifier.clone()),
            Cell::Instant(tx.now().plus_seconds(LASTS).as_micros()),
        ]);
        Ok(tx.connection().insert(&OIDC_ATTEMPT, &row)?)
    }
}

/// Takes the attempt with the hash of this state out; none where there is none of this provider, or
/// it has ended.
pub(super) fn take(
    tx: &mut Tx<'_>,
    state: &[u8; 32],
    provider: Code,
) -> Result<Option<Attempt>, Fault> {
    let (hash, now) = (secret::hex(state), tx.now().as_micros());
    let key = [CellRef::Text(&hash)];
    let mut found = None;
    tx.connection().rows(&OIDC_ATTEMPT, &key, &mut |row| {
        row.text()?;
        let is_ours = row.text()? == Some(provider.as_str());
        let (nonce, verifier) = (row.text()?.map(str::to_string), row.text()?.map(str::to_string));
        let lasts = row.instant()?.is_some_and(|expires| expires > now);
        if let (true, true, Some(nonce), Some(verifier)) = (is_ours, lasts, nonce, verifier) {
            found = Some(Attempt { provider, state: String::new(), nonce, verifier });
        }
        Ok(())
    })?;
    // Of two that come at once one deletes it.
    let deleted = tx.connection().delete(&OIDC_ATTEMPT, &key)? > 0;
    Ok(found.filter(|_| deleted))
}

/// Deletes attempts that nobody ended.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = Cell::Instant(tx.now().as_micros());
    let over = Condition::compare(4, Operator::Le, now);
    let mut states = Vec::new();
    tx.select(&Select::from(&OIDC_ATTEMPT, &[0]).filter(over), &mut |row| {
        states.extend(row.text()?.map(str::to_string));
        Ok(())
    })?;
    for state in &states {
        tx.connection().delete(&OIDC_ATTEMPT, &[CellRef::Text(state)])?;
    }
    Ok(states.len())
}

/// An address with parameters, which it may have some of already.
pub(super) fn with_query(address: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", query.finish())
}
