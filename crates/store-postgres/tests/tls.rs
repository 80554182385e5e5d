//! Encrypted connections, through a proxy that does what a server with `ssl = on` does: it answers the
//! request to encrypt, and goes on in plain with the server behind it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tessera_kernel::{Store as _, StoreError};
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{TestDatabase, VARIABLE, database};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// An authority that signs for `localhost`.
struct Authority {
    certificate: PathBuf,
    acceptor: TlsAcceptor,
}

fn authority(folder: &Path, name: &str) -> Authority {
    let mut of_authority = CertificateParams::new(Vec::new()).expect("parameters");
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let own = of_authority.self_signed(&authority_key).expect("a certificate");
    let certificate = folder.join(format!("{name}.pem"));
    std::fs::write(&certificate, own.pem()).expect("written");
    let issuer = Issuer::new(of_authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let of_server = CertificateParams::new(vec!["localhost".to_string()]).expect("parameters");
    let signed = of_server.signed_by(&key, &issuer).expect("signed");
    let chain = vec![CertificateDer::from(signed.der().to_vec())];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocols")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a server");
    Authority { certificate, acceptor: TlsAcceptor::from(Arc::new(config)) }
}

/// Serves until the process ends; answers the port.
fn proxy(acceptor: TlsAcceptor, server: SocketAddr) -> u16 {
    let (told, port) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            told.send(listener.local_addr().expect("an address").port()).expect("somebody waits");
            loop {
                let (mut client, _) = listener.accept().await.expect("a client");
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut request = [0; 8];
                    client.read_exact(&mut request).await?;
                    // The length, and the code that asks for encryption.
                    assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47]);
                    client.write_all(b"S").await?;
                    let mut encrypted = acceptor.accept(client).await?;
                    let mut plain = TcpStream::connect(server).await?;
                    copy_bidirectional(&mut encrypted, &mut plain).await
                });
            }
        });
    });
    port.recv().expect("the proxy listens")
}

/// Where the test's server listens, by the variable that names it.
fn server() -> SocketAddr {
    let url = std::env::var(VARIABLE).expect("a server");
    let address = url.rsplit('@').next().expect("an address").trim_start_matches("postgres://");
    address.trim_end_matches('/').parse().expect("an address with a port")
}

fn open(database: &TestDatabase, port: u16, parameters: &str) -> Result<PostgresStore, StoreError> {
    let url = database.url(parameters);
    let (_, rest) = url.split_once("://").expect("a URL");
    let (user, path) = (rest.split_once('@').map(|(user, _)| user), rest.split_once('/'));
    let (user, path) = (user.unwrap_or("postgres"), path.expect("a database").1);
    PostgresStore::open(format!("postgres://{user}@localhost:{port}/{path}").parse()?)
}

#[test]
fn an_encrypted_connection_goes_only_to_a_server_whose_certificate_is_known() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (known, stranger) = (authority(folder.path(), "known"), authority(folder.path(), "other"));
    let port = proxy(known.acceptor, server());
    let with =
        |roots: &Path| format!("?sslmode=require&patience=0&sslrootcert={}", roots.display());
    let store = open(&database, port, &with(&known.certificate)).expect("it opens");
    store.migrate(&[]).expect("it works");
    let refused = open(&database, port, &with(&stranger.certificate)).map(drop).unwrap_err();
    assert!(refused.to_string().contains("invalid peer certificate"), "{refused}");
    let refused = open(&database, port, "?sslmode=require&patience=0").map(drop).unwrap_err();
    assert!(refused.to_string().contains("invalid peer certificate"), "{refused}");
    let plain = open(&database, server().port(), &with(&known.certificate)).map(drop).unwrap_err();
    assert!(plain.to_string().contains("does not support TLS"), "{plain}");
}
