//! Secrets that a machine remembers: 256 random bits as text, of which only the hash is stored.

use sha2::{Digest, Sha256};
use tessera_kernel::{Fault, StoreError};

/// What starts a session's secret.
pub(crate) const SESSION: &str = "tss_";
/// What starts an API token's secret.
pub(crate) const TOKEN: &str = "tsr_";
/// What starts a setup secret.
pub(crate) const SETUP: &str = "setup_";

/// What starts the secret of a link by which somebody sets their password.
pub(crate) const LINK: &str = "reset_";

/// A new secret.
pub(crate) fn generate(prefix: &str) -> Result<String, Fault> {
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    Ok(format!("{prefix}{}", hex(&bytes)))
}

/// Random bytes of the operating system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Fault> {
    getrandom::fill(bytes).map_err(|error| {
        Fault::Store(StoreError::Unavailable(format!("the system has no random source: {error}")))
    })
}

/// What is stored of a secret. It has 256 random bits, so that a fast hash without salt serves.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_its_prefix_and_64_digits_and_is_never_the_same() {
        let (one, two) = (generate(TOKEN).unwrap(), generate(TOKEN).unwrap());
        assert!(one.starts_with("tsr_") && one.len() == 4 + 64, "{one}");
        assert_ne!(one, two);
    }

    #[test]
    fn bytes_become_digits() {
        assert_eq!(hex(&[0, 15, 16, 255]), "000f10ff");
    }
}
