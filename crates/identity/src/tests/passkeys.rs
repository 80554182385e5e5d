//! How long a challenge serves, on every engine.

use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::here;
use super::shared::everywhere;
use crate::IdentityError;

const SITE: &str = "https://crm.example.com";

/// What a device answers whose key nobody knows.
fn answer(options: &Value) -> Value {
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let challenge = &options["publicKey"]["challenge"];
    let client = json!({ "type": "webauthn.get", "challenge": challenge, "origin": SITE });
    let mut data = digest(&SHA256, b"crm.example.com").as_ref().to_vec();
    data.extend([5, 0, 0, 0, 1]);
    json!({ "id": "AAAA", "response": {
        "clientDataJSON": text(client.to_string().as_bytes()),
        "authenticatorData": text(&data),
        "signature": "",
    } })
}

#[test]
fn a_challenge_serves_once_and_for_five_minutes() {
    for p in everywhere() {
        let one = &p.identities[0];
        let tried = |answer: &Value| one.finish_passkey_sign_in(answer, SITE, &here()).unwrap_err();
        p.set(0, 0);
        let begun: Vec<Value> =
            (0..2).map(|_| answer(&one.begin_passkey_sign_in(SITE).unwrap())).collect();
        p.set(0, 299);
        assert!(matches!(tried(&begun[0]), IdentityError::WrongPasskey), "{}", p.engine);
        assert!(matches!(tried(&begun[0]), IdentityError::Passkey(_)), "{}", p.engine);
        p.set(0, 300);
        assert!(matches!(tried(&begun[1]), IdentityError::Passkey(_)), "{}", p.engine);
    }
}
