//! Public keys of devices (COSE, RFC 9053) and what they have signed.

use ciborium::Value;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};

const EDDSA: i64 = -8;
const ES256: i64 = -7;
const RS256: i64 = -257;
/// Kinds of keys that are taken, by their number at IANA, the best first.
pub(super) const ALGORITHMS: [i64; 3] = [EDDSA, ES256, RS256];
/// Bytes of the exponent of an RSA key, which follows the modulus in what is stored.
const EXPONENT: usize = 3;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    algorithm: i64,
    /// Ed25519: the key. ES256: the point, not compressed. RS256: modulus and exponent.
    bytes: Vec<u8>,
}

impl PublicKey {
    /// A key as it was stored.
    pub(super) fn stored(algorithm: i64, bytes: Vec<u8>) -> Self {
        Self { algorithm, bytes }
    }

    /// Reads a COSE key; none where it is of a kind that is not taken.
    pub(super) fn read(cose: &Value) -> Option<Self> {
        let members = cose.as_map()?;
        let member = |label: i64| {
            let found = members.iter().find(|(known, _)| int(known) == Some(label));
            found.map(|(_, value)| value)
        };
        let bytes = |label: i64, length: usize| {
            member(label)?.as_bytes().filter(|bytes| bytes.len() == length).cloned()
        };
        let (kind, algorithm) = (int(member(1)?)?, int(member(3)?)?);
        let curve = member(-1).and_then(int);
        let bytes = match (algorithm, kind, curve) {
            (EDDSA, 1, Some(6)) => bytes(-2, 32)?,
            (ES256, 2, Some(1)) => [vec![4], bytes(-2, 32)?, bytes(-3, 32)?].concat(),
            (RS256, 3, _) => {
                let modulus = member(-1)?.as_bytes().filter(|bytes| bytes.len() >= 256)?;
                [modulus.clone(), bytes(-2, EXPONENT)?].concat()
            }
            _ => return None,
        };
        Some(Self { algorithm, bytes })
    }

    pub(super) fn algorithm(&self) -> i64 {
        self.algorithm
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it has signed this.
    pub(super) fn has_signed(&self, message: &[u8], sum: &[u8]) -> bool {
        let plain = |algorithm: &'static dyn signature::VerificationAlgorithm| {
            UnparsedPublicKey::new(algorithm, &self.bytes).verify(message, sum).is_ok()
        };
        match self.algorithm {
            EDDSA => plain(&signature::ED25519),
            ES256 => plain(&signature::ECDSA_P256_SHA256_ASN1),
            RS256 => {
                let middle = self.bytes.len().saturating_sub(EXPONENT);
                let (n, e) = self.bytes.split_at(middle);
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, sum).is_ok()
            }
            _ => false,
        }
    }
}

fn int(value: &Value) -> Option<i64> {
    value.as_integer().and_then(|number| i64::try_from(number).ok())
}
