//! Copies of a database that is in use: consistent, complete, and the same.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tessera_installation::{ContentHash, Installation, Options, content_hash};
use tessera_kernel::{Actor, Fault, Source};
use tessera_partner::BusinessPartner;

/// Runs a command that must succeed; answers its output.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tessera"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"correct horse battery\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Makes a partner; returns when it was acknowledged.
fn make_partner(address: &str, token: &str, name: &str) {
    let body = format!(
        r#"{{"general": {{"name": "{name}", "category": "organisation",
        "country": "DE", "language": "en", "tax_classification": "full"}}}}"#
    );
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST /api/v1/business_partner HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

/// Opens a database, verifies it; answers how many partners it has, and its content.
fn contents(path: &Path) -> (usize, ContentHash) {
    let url = format!("sqlite:{}", path.display());
    let opened = Installation::open(Options::reading(&url)).unwrap();
    assert_eq!(opened.verify().unwrap().differences, Vec::<String>::new());
    let actor = Actor::system(Source::System);
    let partners =
        opened.db().read(&actor, |tx| Ok::<_, Fault>(tx.all::<BusinessPartner>()?.len())).unwrap();
    (partners, content_hash(opened.db(), &mut |_, _| {}).unwrap())
}

#[test]
fn a_backup_beside_a_busy_server_has_what_was_acknowledged_before_and_agrees_with_itself() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    done(folder, &["user", "add", "ada", "--administrator"]);
    let token = done(folder, &["user", "token", "ada"]).trim().to_string();
    let mut server = Command::new(env!("CARGO_BIN_EXE_tessera"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.trim().split_once("http://").unwrap().1.to_string();
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let number = acknowledged.load(Ordering::SeqCst);
                make_partner(&address, &token, &format!("Partner {number}"));
                acknowledged.store(number + 1, Ordering::SeqCst);
            }
        });
        for copy in ["one.db", "two.db", "three.db"] {
            let before = acknowledged.load(Ordering::SeqCst);
            done(folder, &["backup", copy]);
            // One more may be committed and not yet acknowledged.
            let after = acknowledged.load(Ordering::SeqCst) + 1;
            let restored = format!("sqlite:restored-{copy}");
            done(folder, &["restore", copy, "--db", &restored]);
            let (found, _) = contents(&folder.join(format!("restored-{copy}")));
            assert!((before..=after).contains(&found), "{copy}: {before} {found} {after}");
        }
        stop.store(true, Ordering::SeqCst);
    });
    server.kill().unwrap();
    server.wait().unwrap();
    done(folder, &["backup", "last.db"]);
    let last = contents(&folder.join("last.db"));
    assert_eq!(last, contents(&folder.join("tessera.db")));
    assert_eq!(last.0, acknowledged.load(Ordering::SeqCst));
}
