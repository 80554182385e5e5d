//! The archive of a server that is killed in the middle of its work: any moment is restored from it,
//! and every aggregate agrees.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant as Clock};

use tessera_delivery::{Delivery, DeliveryStatus, GoodsIssueStatus};
use tessera_installation::{ContentHash, Installation, Options, content_hash};
use tessera_kernel::{Actor, Instant, Object as _, ObjectId, Problem, Source, SystemClock, Tx};
use tessera_sales::SalesDocument;

fn tessera(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command.args(arguments).current_dir(folder);
    command
}

/// Runs a command; answers whether it succeeded, and its output.
fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = tessera(folder, arguments).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (status.success(), text)
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let (succeeded, text) = run(folder, arguments);
    assert!(succeeded, "{arguments:?}: {text}");
    text
}

/// Runs the workload on the database, archived, until it is killed.
fn workload(folder: &Path) -> Child {
    tessera(folder, &["bench", "sd", "--db", "sqlite:live.db", "--archive", "archive"])
        .args(["--seconds", "3600", "--warm-up", "0", "--no-floor", "--clients", "8"])
        .args(["--acknowledged", "acknowledged"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What was answered so far, as lines of step and document.
fn acknowledged(folder: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder.join("acknowledged")).unwrap_or_default();
    // The last line may be under way.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_string).collect()
}

/// Waits until so much more was answered.
fn wait_for(folder: &Path, more: usize) {
    let (before, start) = (acknowledged(folder).len(), Clock::now());
    while acknowledged(folder).len() < before + more {
        assert!(start.elapsed() < Duration::from_secs(120), "the workload answers nothing");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn open(folder: &Path, name: &str) -> Installation {
    let url = format!("sqlite:{}", folder.join(name).display());
    Installation::open(Options::reading(&url)).unwrap()
}

/// The documents of the answers are there, as far as they were told.
fn has(installation: &Installation, answered: &BTreeSet<String>) {
    let actor = Actor::system(Source::System);
    let check = |tx: &mut Tx<'_>| {
        for line in answered {
            let (step, id) = line.split_once(' ').unwrap();
            let id: ObjectId = id.parse().unwrap();
            match step {
                "create_order" => drop(tx.head(SalesDocument::def(), id)?),
                "create_delivery" => drop(tx.head(Delivery::def(), id)?),
                "post_goods_issue" => {
                    let status: DeliveryStatus = tx.segment_one(id)?;
                    assert_eq!(status.goods_issue_status, GoodsIssueStatus::Posted, "{id}");
                }
                _ => {}
            }
        }
        Ok::<_, Problem>(())
    };
    installation.db().read(&actor, check).unwrap();
    assert_eq!(installation.verify().unwrap().differences, Vec::<String>::new());
}

/// Orders that a database has.
fn orders(installation: &Installation) -> usize {
    let actor = Actor::system(Source::System);
    let count = |tx: &mut Tx<'_>| Ok::<_, Problem>(tx.all::<SalesDocument>()?.len());
    installation.db().read(&actor, count).unwrap()
}

fn hash(installation: &Installation) -> ContentHash {
    content_hash(installation.db(), &mut |_, _| {}).unwrap()
}

#[test]
fn what_was_answered_before_a_moment_is_restored_after_kills_and_every_aggregate_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut moments: Vec<(Instant, BTreeSet<String>, usize)> = Vec::new();
    for round in 0..3 {
        let child = workload(folder);
        wait_for(folder, 30);
        let answered = acknowledged(folder);
        let now = tessera_kernel::Clock::now(&SystemClock);
        // What is answered from here on may be in it, or not.
        moments.push((now, answered, 0));
        wait_for(folder, 20 + round * 7);
        kill(child);
    }
    for (number, (at, answered, found)) in moments.iter_mut().enumerate() {
        let copy = format!("copy{number}.db");
        let told = done(
            folder,
            &["restore", "archive", "--at", &at.to_string(), "--db", &format!("sqlite:{copy}")],
        );
        assert!(told.contains("with every commit up to"), "{told}");
        let restored = open(folder, &copy);
        has(&restored, answered);
        *found = orders(&restored);
    }
    let grows = moments.windows(2).all(|pair| pair[0].2 < pair[1].2);
    assert!(
        grows,
        "a later moment has more: {:?}",
        moments.iter().map(|m| m.2).collect::<Vec<_>>()
    );
    // The server goes on with the archive, and what it ends with is what is restored.
    let mut server = tessera(folder, &["serve", "--db", "sqlite:live.db", "--archive", "archive"])
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("Tessera is at http://").unwrap();
    // Once it answers, it hears when it is asked to end.
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Asked to end: one that is killed may have kept what it had not archived, nor answered.
    let asked = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(asked.success() && server.wait().unwrap().success());
    done(folder, &["restore", "archive", "--db", "sqlite:last.db"]);
    let (live, last) = (open(folder, "live.db"), open(folder, "last.db"));
    assert_eq!(hash(&live), hash(&last));
    has(&last, &acknowledged(folder));
    let copies = std::fs::read_dir(folder.join("archive")).unwrap();
    let copies = copies.filter(|entry| {
        entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "db"))
    });
    assert_eq!(copies.count(), 1, "no kill made a new copy necessary");
}

#[test]
fn a_restore_says_what_it_lacks_and_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refused = |arguments: &[&str], says: &str| {
        let (succeeded, text) = run(folder, arguments);
        assert!(!succeeded && text.contains(says), "{arguments:?} {says}: {text}");
    };
    std::fs::create_dir(folder.join("empty")).unwrap();
    let new = "sqlite:new.db";
    refused(&["restore", "empty", "--db", new], "it is empty");
    refused(&["restore", "nowhere", "--db", new], "nowhere");
    refused(&["restore", "empty", "--at", "yesterday", "--db", new], "not a point in time");
    let live = format!("sqlite:{}", folder.join("live.db").display());
    drop(Installation::open(Options::creating(&live)).unwrap());
    done(folder, &["backup", "one.db", "--db", "sqlite:live.db"]);
    let at = ["restore", "one.db", "--at", "2026-01-01T00:00:00Z", "--db", new];
    refused(&at, "--at needs the folder of an archive");
    refused(&["restore", "empty", "--db", "sqlite:live.db"], "never replaces");
    let postgres = ["serve", "--archive", "archive", "--db", "postgres://ada@db/crm"];
    refused(&postgres, "archive_command");
    refused(&["serve", "--archive-keep", "3"], "--archive <FOLDER>");
    assert!(!folder.join("new.db").exists());
}
