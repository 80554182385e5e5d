//! What a device answers, read and checked as far as it tells by itself (Web Authentication, 7.1 and
//! 7.2); whether its challenge was asked, and its key is known, the caller checks.

use ciborium::Value as Cbor;
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::key::PublicKey;
use crate::IdentityError;

/// Flags of authenticator data.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const HAS_KEY: u8 = 1 << 6;
/// Bytes of authenticator data before what is attested.
const HEAD: usize = 37;

/// A passkey that a device made.
pub(super) struct Registration {
    pub(super) challenge: String,
    pub(super) id: String,
    pub(super) key: PublicKey,
    pub(super) counter: i64,
}

/// What a passkey signed.
pub(super) struct Assertion {
    pub(super) challenge: String,
    pub(super) id: String,
    pub(super) counter: i64,
    pub(super) user_handle: Option<String>,
    message: Vec<u8>,
    sum: Vec<u8>,
}

/// The id and the origin of the site at an address, which may have a path.
pub(super) fn site(address: &str) -> Result<(&str, &str), IdentityError> {
    let unknown = IdentityError::Passkey("the server does not know its address");
    let Some(host) = address.find("://").map(|at| at + 3) else { return Err(unknown) };
    let origin = address[host..].find('/').map_or(address, |end| &address[..host + end]);
    let name = origin[host..].split(':').next().unwrap_or_default();
    if name.is_empty() { Err(unknown) } else { Ok((name, origin)) }
}

impl Registration {
    /// Reads the answer of `navigator.credentials.create` for the site at an address.
    pub(super) fn read(credential: &Value, address: &str) -> Result<Self, IdentityError> {
        let (challenge, _) = client_data(credential, "webauthn.create", address)?;
        let attested = response(credential, "attestationObject")?;
        let broken = IdentityError::Passkey("its attestation object can't be read");
        let Ok(attested) = ciborium::from_reader::<Cbor, _>(attested.as_slice()) else {
            return Err(broken);
        };
        let data = attested.as_map().and_then(|members| {
            members.iter().find(|(name, _)| name.as_text() == Some("authData"))
        });
        let Some(data) = data.and_then(|(_, data)| data.as_bytes()) else { return Err(broken) };
        let counter = check(data, address, HAS_KEY)?;
        let (id, key) = attested_key(data).ok_or(IdentityError::Passkey(
            "its key is of a kind that is not taken: EdDSA, ES256 and RS256 are",
        ))?;
        if credential["id"].as_str() != Some(id.as_str()) {
            return Err(IdentityError::Passkey("its id is not that of its key"));
        }
        Ok(Self { challenge, id, key, counter })
    }
}

impl Assertion {
    /// Reads the answer of `navigator.credentials.get` for the site at an address.
    pub(super) fn read(credential: &Value, address: &str) -> Result<Self, IdentityError> {
        let (challenge, hash) = client_data(credential, "webauthn.get", address)?;
        let mut message = response(credential, "authenticatorData")?;
        let counter = check(&message, address, 0)?;
        message.extend_from_slice(&hash);
        let id = credential["id"].as_str().unwrap_or_default().to_string();
        let told = credential["response"]["userHandle"].as_str();
        let user_handle = told.filter(|told| !told.is_empty()).map(str::to_string);
        let sum = response(credential, "signature")?;
        Ok(Self { challenge, id, counter, user_handle, message, sum })
    }

    /// Whether this key has signed it.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.has_signed(&self.message, &self.sum)
    }
}

/// The challenge in the client data and their hash; they must be of this kind and site.
fn client_data(
    credential: &Value,
    kind: &str,
    address: &str,
) -> Result<(String, Vec<u8>), IdentityError> {
    let bytes = response(credential, "clientDataJSON")?;
    let data: Value = serde_json::from_slice(&bytes)
        .map_err(|_| IdentityError::Passkey("its client data are no JSON"))?;
    if data["type"].as_str() != Some(kind) {
        return Err(IdentityError::Passkey("it answers something else"));
    }
    if data["origin"].as_str() != Some(site(address)?.1) || data["crossOrigin"] == true {
        return Err(IdentityError::Passkey("it is for another site"));
    }
    let challenge = data["challenge"].as_str().unwrap_or_default().to_string();
    Ok((challenge, digest(&SHA256, &bytes).as_ref().to_vec()))
}

/// The counter in authenticator data of this site, whose owner was there and was verified.
fn check(data: &[u8], address: &str, flags: u8) -> Result<i64, IdentityError> {
    let (Some(head), id) = (data.first_chunk::<HEAD>(), site(address)?.0) else {
        return Err(IdentityError::Passkey("its data are too short"));
    };
    if head[..32] != *digest(&SHA256, id.as_bytes()).as_ref() {
        return Err(IdentityError::Passkey("it is for another site"));
    }
    let wanted = PRESENT | VERIFIED | flags;
    if head[32] & wanted != wanted {
        return Err(IdentityError::Passkey("it has not verified its owner"));
    }
    Ok(i64::from(u32::from_be_bytes([head[33], head[34], head[35], head[36]])))
}

/// The id and the key behind the head of authenticator data and the make of the device.
fn attested_key(data: &[u8]) -> Option<(String, PublicKey)> {
    let rest = data.get(HEAD + 16..)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let id = rest.get(..length).filter(|id| (16..=1023).contains(&id.len()))?;
    let key = ciborium::from_reader::<Cbor, _>(rest.get(length..)?).ok()?;
    Some((BASE64URL_NOPAD.encode(id), PublicKey::read(&key)?))
}

fn response(credential: &Value, name: &'static str) -> Result<Vec<u8>, IdentityError> {
    let text = credential["response"][name].as_str();
    let bytes = text.and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
    bytes.ok_or(IdentityError::Passkey("its answer lacks a part, or has one that is no Base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_its_origin_and_its_id_the_host() {
        for (address, id, origin) in [
            ("https://crm.example.com", "crm.example.com", "https://crm.example.com"),
            ("https://example.com:8443/crm/", "example.com", "https://example.com:8443"),
            ("http://localhost:9", "localhost", "http://localhost:9"),
        ] {
            assert_eq!(site(address).unwrap(), (id, origin));
        }
        for address in ["", "example.com", "https://", "https:///crm"] {
            site(address).unwrap_err();
        }
    }

    #[test]
    fn what_is_no_answer_of_a_device_is_refused() {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let client = |kind: &str, origin: &str| {
            let data = serde_json::json!({ "type": kind, "challenge": "c", "origin": origin });
            text(data.to_string().as_bytes())
        };
        let good = client("webauthn.get", "http://localhost:9");
        let mut data = digest(&SHA256, b"localhost").as_ref().to_vec();
        data.extend([PRESENT | VERIFIED, 0, 0, 0, 7]);
        let of = |client: &str, data: &[u8]| {
            let response = serde_json::json!({
                "clientDataJSON": client, "authenticatorData": text(data), "signature": "",
            });
            let credential = serde_json::json!({ "id": "i", "response": response });
            Assertion::read(&credential, "http://localhost:9").map(|it| it.counter)
        };
        assert_eq!(of(&good, &data).unwrap(), 7);
        of(&client("webauthn.create", "http://localhost:9"), &data).unwrap_err();
        of(&client("webauthn.get", "http://localhost:8"), &data).unwrap_err();
        of("no+base64", &data).unwrap_err();
        of(&good, &data[..36]).unwrap_err();
        let changed = |at: usize, to: u8| {
            let mut changed = data.clone();
            changed[at] = to;
            changed
        };
        of(&good, &changed(0, 0)).unwrap_err();
        // Present and not verified, verified and not present.
        of(&good, &changed(32, PRESENT)).unwrap_err();
        of(&good, &changed(32, VERIFIED)).unwrap_err();
    }
}
