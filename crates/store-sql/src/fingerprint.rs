//! When a database is up to date.

use sha2::{Digest as _, Sha256};
use tessera_kernel::TableDef;

/// A digest of everything that a migration depends on.
pub fn fingerprint(tables: &[&'static TableDef]) -> String {
    let mut digest = Sha256::new();
    for table in tables {
        digest.update(format!("{table:?}\n"));
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
