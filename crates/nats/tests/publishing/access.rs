//! As whom, and to whom.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tessera_events::{Broker as _, BrokerError};
use tessera_nats::{Nats, Options};
use tessera_testing_nats::{TestServer, server_with};

fn open(options: Options) -> Result<(), String> {
    match Nats::new(options).unwrap().open() {
        Ok(_) => Ok(()),
        Err(BrokerError::Unavailable(why)) => Err(why),
        Err(other) => panic!("{other:?}"),
    }
}

fn options(server: &TestServer) -> Options {
    Options::new(&server.url(), "tessera").unwrap()
}

#[test]
fn a_login_comes_from_a_file_and_is_read_again_for_every_connection() {
    let Some(server) = server_with("authorization { user: ada, password: \"pass:word\" }") else {
        return;
    };
    let file = server.folder().join("login");
    std::fs::write(&file, "ada:wrong\n").unwrap();
    let mut nats = Nats::new(options(&server).login(file.clone()).unwrap()).unwrap();
    let Err(BrokerError::Unavailable(why)) = nats.open() else { panic!("wrong and let in") };
    assert!(why.contains("authorization") && !why.contains("wrong"), "{why}");
    std::fs::write(&file, "ada:pass:word\n").unwrap();
    assert_eq!(nats.open(), Ok(None));
    assert!(open(options(&server)).is_err(), "without a login");
}

#[test]
fn a_token_is_a_login() {
    let Some(server) = server_with("authorization { token: s3cret }") else { return };
    let file = server.folder().join("login");
    std::fs::write(&file, "s3cret\n").unwrap();
    assert_eq!(open(options(&server).login(file).unwrap()), Ok(()));
}

/// Writes the certificate of an authority, and what a server on this machine shows.
fn certificates(folder: &Path) {
    let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let own = of_authority.self_signed(&authority_key).unwrap();
    std::fs::write(folder.join("authority.pem"), own.pem()).unwrap();
    let issuer = Issuer::new(of_authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let of_server = CertificateParams::new(vec!["127.0.0.1".to_string()]).unwrap();
    let signed = of_server.signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("server.pem"), signed.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

#[test]
fn an_encrypted_connection_goes_only_to_a_server_whose_certificate_is_known() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let file = |name: &str| folder.path().join(name);
    let (certificate, key) = (file("server.pem"), file("key.pem"));
    let (certificate, key) = (certificate.display(), key.display());
    let lines = format!("tls {{ cert_file: \"{certificate}\", key_file: \"{key}\" }}");
    let Some(server) = server_with(&lines) else { return };
    let options = || Options::new(&format!("tls://{}", server.address()), "tessera").unwrap();
    assert_eq!(open(options().authority(file("authority.pem")).unwrap()), Ok(()));
    let why = open(options()).unwrap_err();
    assert!(why.to_lowercase().contains("tls"), "{why}");
}

#[test]
fn a_server_without_encryption_is_no_server_for_a_tls_address() {
    let Some(server) = server_with("") else { return };
    let options = Options::new(&format!("tls://{}", server.address()), "tessera").unwrap();
    assert!(open(options).is_err());
}
