//! Opening installations on PostgreSQL.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use tessera_installation::{Installation, InstallationError, Options};
use tessera_testing_postgres::{database, database_with};

#[test]
fn a_new_installation_verifies_and_opens_again_also_beside_others() {
    let Some(database) = database() else { return };
    let url = database.url("?writers=2&readers=1");
    let first = Installation::open(Options::creating(&url)).unwrap();
    let second = Installation::open(Options::writing(&url)).unwrap();
    let reader = Installation::open(Options::reading(&url)).unwrap();
    for installation in [first, second, reader] {
        assert_eq!(installation.verify().unwrap().differences, Vec::<String>::new());
    }
}

#[test]
fn an_installation_is_only_made_on_demand() {
    let Some(database) = database() else { return };
    for options in [Options::writing(&database.url("")), Options::reading(&database.url(""))] {
        let error = Installation::open(options).unwrap_err();
        assert!(matches!(error, InstallationError::NoDatabase(_)), "{error}");
    }
}

#[test]
fn a_database_with_tables_of_something_else_is_left_alone() {
    let Some(database) = database() else { return };
    database.execute("CREATE TABLE wiki_page (id bigint PRIMARY KEY)");
    for options in [Options::creating(&database.url("")), Options::reading(&database.url(""))] {
        let error = Installation::open(options).unwrap_err().to_string();
        assert!(error.contains("wiki_page") && error.contains("createdb"), "{error}");
    }
}

/// Opens what can't be opened; answers why, without the password.
fn refused(url: &str) -> String {
    let error = Installation::open(Options::creating(url)).unwrap_err().to_string();
    assert!(!error.contains("hush"), "{error}");
    error
}

#[test]
fn a_database_that_is_not_there_or_not_utf8_is_refused_with_what_to_do() {
    let latin = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    let Some(database) = database_with(latin) else { return };
    let error = refused(&database.url(""));
    assert!(error.contains("LATIN1") && error.contains("--encoding=UTF8"), "{error}");
    let missing = database.url("").replace("/test_", "/nowhere_");
    let error = refused(&missing);
    assert!(error.contains("nowhere_") && error.contains("createdb"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = refused(&format!("postgres://ada:hush@{nobody}/crm?patience=0"));
    assert!(error.contains(&nobody.to_string()) && error.contains("can't be reached"), "{error}");
}

/// A server that answers every connection alike; its address.
fn server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            // The answer is the same whatever the first message says.
            let heard = stream.read(&mut [0; 1024]);
            heard.and_then(|_| stream.write_all(answer)).ok();
            // It waits until the client has gone.
            std::io::copy(&mut stream, &mut std::io::sink()).ok();
        }
    });
    address.to_string()
}

#[test]
fn a_server_that_does_not_fit_is_refused_at_once_with_what_is_needed() {
    // Messages of the protocol: authentication, parameters, errors.
    for (answer, query, needed) in [
        (
            &b"R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\x0012.4\0Z\0\0\0\x05I"[..],
            "",
            "15 or later",
        ),
        (
            &b"E\0\0\0\x31SFATAL\0VFATAL\0C28P01\0Mauthentication failed\0\0"[..],
            "",
            "refuses the user or the password",
        ),
        (&b"N"[..], "?sslmode=require", "TLS"),
    ] {
        let error = refused(&format!("postgres://ada:hush@{}/crm{query}", server(answer)));
        assert!(error.contains(needed), "{needed}: {error}");
    }
    let wants = server(b"R\0\0\0\x08\0\0\0\x03");
    let error = refused(&format!("postgres://ada@{wants}/crm"));
    assert!(error.contains("password missing"), "{error}");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let silent = server(b"");
    let error = refused(&format!("postgres://ada:hush@{silent}/crm?patience=0"));
    assert!(error.contains("does not answer"), "{error}");
}

#[test]
fn a_server_that_lets_nobody_in_any_more_is_asked_again() {
    let full = server(b"E\0\0\0\x24SFATAL\0VFATAL\0C53300\0Mtoo many\0\0");
    let since = Instant::now();
    let error = refused(&format!("postgres://ada:hush@{full}/crm?patience=1"));
    assert!(error.contains("can't be reached (too many)"), "{error}");
    assert!(since.elapsed() > Duration::from_millis(200), "it was asked once");
}

#[test]
fn a_wrong_parameter_is_refused_with_what_is_allowed() {
    let error = refused("postgres://ada:hush@db/crm?writers=0");
    assert!(error.contains("1 to 500") && error.contains("postgres://ada@db/crm"), "{error}");
}
