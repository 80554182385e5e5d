//! Servers that publish to NATS are killed in the middle of the workload, and so is NATS: the stream
//! has every event once, in the order of the outbox.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tessera_events::lag;
use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Fault, OUTBOX, ObjectId, Select, Source};
use tessera_testing_nats::{Config, TestServer, server};
use tessera_testing_postgres::database;

fn tessera(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A program that ends with its owner.
struct Running(Child);

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self(tessera(arguments).spawn().unwrap())
    }

    /// A server that publishes.
    fn serve(url: &str, nats: &str) -> Self {
        Self::start(&["serve", "--db", url, "--listen", "127.0.0.1:0", "--nats", nats])
    }

    /// The workload, which goes on until it is killed.
    fn workload(url: &str, acknowledged: &Path) -> Self {
        let acknowledged = acknowledged.to_str().unwrap();
        Self::start(&[
            "bench",
            "sd",
            "--db",
            url,
            "--seconds",
            "3600",
            "--warm-up",
            "0",
            "--no-floor",
            "--clients",
            "2",
            "--rate",
            "20",
            "--acknowledged",
            acknowledged,
        ])
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(90), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn outbox(installation: &Installation) -> Vec<ObjectId> {
    let mut ids = Vec::new();
    let read = installation.db().read::<(), Fault>(&Actor::system(Source::System), |tx| {
        tx.select(&Select::from(&OUTBOX, &[0]), &mut |row| {
            ids.extend(row.uuid()?.map(ObjectId));
            Ok(())
        })
    });
    read.unwrap();
    ids.sort();
    ids
}

/// Whether the stream is as far as the outbox.
fn is_told(installation: &Installation) -> bool {
    let lags = installation.db().read(&Actor::system(Source::System), lag).unwrap();
    lags.iter().any(|lag| lag.queue == "broker:nats" && lag.behind == 0)
}

fn told(nats: &TestServer) -> Vec<ObjectId> {
    let id = |message: tessera_testing_nats::Message| message.id.unwrap().parse().unwrap();
    nats.messages("TESSERA").into_iter().map(id).collect()
}

#[test]
fn while_servers_and_nats_are_killed_the_stream_gets_every_event_once_and_in_order() {
    let (Some(database), Some(mut nats)) = (database(), server()) else { return };
    // It recognises repeated messages for a moment only: it is not this which keeps events single.
    nats.make_stream(Config {
        name: "TESSERA".into(),
        subjects: vec!["tessera.>".into()],
        duplicate_window: Duration::from_millis(100),
        ..Config::default()
    });
    let (url, folder) = (database.url("?writers=4"), tempfile::tempdir().unwrap());
    let acknowledged = folder.path().join("acknowledged");
    let workload = Running::workload(&url, &acknowledged);
    until("an answer", || std::fs::metadata(&acknowledged).is_ok_and(|file| file.len() > 0));
    let mut servers: Vec<Running> = (0..2).map(|_| Running::serve(&url, &nats.url())).collect();
    for round in 0..4 {
        let before = nats.count("TESSERA");
        until("events that are told", || nats.count("TESSERA") > before + 20);
        // One of them publishes: after two rounds it was killed, whichever it is.
        drop(servers.remove(0));
        if round % 2 == 1 {
            nats.kill();
        }
        servers.push(Running::serve(&url, &nats.url()));
        if round % 2 == 1 {
            std::thread::sleep(Duration::from_millis(500));
            nats.start();
        }
    }
    drop(workload);
    let installation = Installation::open(Options::reading(&url)).unwrap();
    let mut seen = 0;
    until("every event", || {
        let count = outbox(&installation).len();
        let stands = std::mem::replace(&mut seen, count) == count;
        std::thread::sleep(Duration::from_millis(900));
        stands && is_told(&installation)
    });
    let (told, happened) = (told(&nats), outbox(&installation));
    let first = happened.iter().position(|id| *id == told[0]).expect("an event of the outbox");
    assert_eq!(told, happened[first..]);
}

#[test]
fn an_address_with_a_password_is_refused_and_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let arguments = ["serve", "--db", &url, "--listen", "127.0.0.1:0"];
    let mut command = tessera(&arguments);
    command.args(["--nats", "nats://ada:hush@127.0.0.1:4222"]);
    let Output { status, stderr, stdout } =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(!status.success() && text.contains("file of its own"), "{text}");
    assert!(!text.contains("hush"), "{text}");
}
