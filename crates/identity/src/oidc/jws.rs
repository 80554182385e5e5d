//! Signed tokens (RFC 7515) and the keys that they are checked with (RFC 7517).

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value;

/// The claims of a token that one of these keys has signed; a sentence where none has. What a token
/// says of its algorithm counts only where the key is of its kind: `none` is of no kind.
pub(super) fn verify(token: &str, keys: &[Value]) -> Result<Value, String> {
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(sum), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("the ID token has not three parts".to_string());
    };
    let head = json(header)?;
    let algorithm = head["alg"].as_str().unwrap_or_default();
    let message = &token[..header.len() + 1 + payload.len()];
    let sum = bytes(sum)?;
    let named = head["kid"].as_str();
    let meant = |key: &&Value| {
        let of_it = named.is_none() || key["kid"].as_str() == named;
        of_it && key["use"].as_str().is_none_or(|purpose| purpose == "sig")
    };
    let mut candidates = keys.iter().filter(meant);
    if candidates.any(|key| is_signed(algorithm, key, message.as_bytes(), &sum)) {
        return json(payload);
    }
    Err(format!("no key of the provider has signed the ID token ({algorithm})"))
}

fn is_signed(algorithm: &str, key: &Value, message: &[u8], sum: &[u8]) -> bool {
    let part = |name: &str| key[name].as_str().and_then(|text| bytes(text).ok());
    let rsa = |parameters: &RsaParameters| {
        let (Some(n), Some(e)) = (part("n"), part("e")) else { return false };
        RsaPublicKeyComponents { n, e }.verify(parameters, message, sum).is_ok()
    };
    let plain = |algorithm: &'static dyn signature::VerificationAlgorithm, key: Vec<u8>| {
        UnparsedPublicKey::new(algorithm, key).verify(message, sum).is_ok()
    };
    let point = || Some([vec![4], part("x")?, part("y")?].concat());
    match (algorithm, key["kty"].as_str(), key["crv"].as_str()) {
        ("RS256", Some("RSA"), _) => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        ("RS384", Some("RSA"), _) => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        ("RS512", Some("RSA"), _) => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        ("PS256", Some("RSA"), _) => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        ("ES256", Some("EC"), Some("P-256")) => {
            point().is_some_and(|key| plain(&signature::ECDSA_P256_SHA256_FIXED, key))
        }
        ("ES384", Some("EC"), Some("P-384")) => {
            point().is_some_and(|key| plain(&signature::ECDSA_P384_SHA384_FIXED, key))
        }
        ("EdDSA", Some("OKP"), Some("Ed25519")) => {
            part("x").is_some_and(|key| plain(&signature::ED25519, key))
        }
        _ => false,
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let broken = |_| "the ID token is no Base64url".to_string();
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(broken)
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_slice(&bytes(text)?).map_err(|_| "the ID token has no JSON".to_string())
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    fn token(header: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", encode(header), encode(&json!({ "sub": "ada" })));
        let sum = sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&sum))
    }

    fn pair() -> (Ed25519KeyPair, Value) {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let x = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "one", "use": "sig" });
        (pair, key)
    }

    #[test]
    fn a_token_is_believed_that_one_of_the_keys_has_signed() {
        let (pair, key) = pair();
        let header = json!({ "alg": "EdDSA", "kid": "one" });
        let token = token(&header, |message| pair.sign(message).as_ref().to_vec());
        assert_eq!(verify(&token, &[json!({}), key]).unwrap()["sub"], "ada");
    }

    #[test]
    fn what_nobody_signed_or_somebody_else_did_is_refused() {
        let ((pair, key), (stranger, _)) = (pair(), pair());
        let signed = |header: &Value, pair: &Ed25519KeyPair| {
            token(header, |message| pair.sign(message).as_ref().to_vec())
        };
        let header = json!({ "alg": "EdDSA", "kid": "one" });
        let keys = [key.clone()];
        verify(&signed(&header, &stranger), &keys).unwrap_err();
        for wrong in [
            json!({ "alg": "none", "kid": "one" }),
            json!({ "alg": "HS256", "kid": "one" }),
            json!({ "alg": "EdDSA", "kid": "two" }),
            json!({ "kid": "one" }),
        ] {
            verify(&signed(&wrong, &pair), &keys).unwrap_err();
            verify(&token(&wrong, |_| Vec::new()), &keys).unwrap_err();
        }
        let good = signed(&header, &pair);
        let mut parts: Vec<&str> = good.split('.').collect();
        let other = BASE64URL_NOPAD.encode(b"{\"sub\":\"eve\"}");
        parts[1] = &other;
        verify(&parts.join("."), &keys).unwrap_err();
        verify(&format!("{good}.x"), &keys).unwrap_err();
        let mut for_encryption = key;
        for_encryption["use"] = "enc".into();
        verify(&good, &[for_encryption]).unwrap_err();
    }
}
