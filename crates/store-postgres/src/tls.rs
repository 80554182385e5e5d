//! Encrypted connections.
//!
//! An encrypted connection is only worth something to a server that is known: with `sslmode=require` its
//! certificate is always checked, name included, like `verify-full` of libpq.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tessera_kernel::StoreError;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Checks certificates against those of a file, or against the public authorities.
pub(crate) fn connector(roots: Option<&Path>) -> Result<MakeRustlsConnect, StoreError> {
    let wrong = |why: String| StoreError::Incompatible(format!("sslrootcert: {why}"));
    let mut known = RootCertStore::empty();
    match roots {
        Some(file) => {
            let at = |error: &dyn std::fmt::Display| wrong(format!("{}: {error}", file.display()));
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| at(&error))? {
                let certificate = certificate.map_err(|error| at(&error))?;
                known.add(certificate).map_err(|error| at(&error))?;
            }
            if known.is_empty() {
                return Err(wrong(format!("{} has no certificate in PEM form", file.display())));
            }
        }
        None => known.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Incompatible(error.to_string()))?
        .with_root_certificates(known)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
