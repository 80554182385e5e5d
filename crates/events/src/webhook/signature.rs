//! Signatures of what is sent: HMAC-SHA256 (RFC 2104) over timestamp and body.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

fn mac(secret: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

/// The value of `Tessera-Signature`: `t=…,v1=…`; `timestamp` in seconds since 1970.
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mut header = format!("t={timestamp},v1=");
    for byte in mac(secret, timestamp, body).finalize().into_bytes() {
        // Writing to a text can't fail.
        let _ = write!(header, "{byte:02x}");
    }
    header
}

/// What a receiver does: whether a header belongs to a body and is at most five minutes away from
/// `now`, in seconds since 1970.
pub fn verify(secret: &str, header: &str, body: &[u8], now: i64) -> bool {
    let part = |name: &str| header.split(',').find_map(|part| part.trim().strip_prefix(name));
    let Some(timestamp) = part("t=").and_then(|text| text.parse::<i64>().ok()) else {
        return false;
    };
    let Some(digits) = part("v1=") else { return false };
    let Some(signature) = from_hex(digits) else { return false };
    timestamp.abs_diff(now) <= 300 && mac(secret, timestamp, body).verify_slice(&signature).is_ok()
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() {
        return None;
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_another_implementation() {
        // printf '1767225600.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
        let header = sign("whsec_test", 1_767_225_600, br#"{"a":1}"#);
        assert_eq!(
            header,
            "t=1767225600,v1=6d204545ff126a339c00513d93603299c984074ce1331c3537c3f6c976b49019"
        );
    }

    #[test]
    fn another_body_secret_or_time_does_not_verify() {
        let header = sign("whsec_test", 1_000, b"body");
        assert!(verify("whsec_test", &header, b"body", 1_100));
        assert!(!verify("whsec_test", &header, b"body!", 1_100));
        assert!(!verify("whsec_other", &header, b"body", 1_100));
        assert!(!verify("whsec_test", &header, b"body", 2_000));
        assert!(!verify("whsec_test", "t=1000,v1=zz", b"body", 1_000));
        assert!(!verify("whsec_test", "", b"body", 1_000));
    }
}
