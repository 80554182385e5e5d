//! Every event once and in order, whoever dies.

use std::time::{Duration, Instant};

use tessera_events::{Broker, BrokerError, Dispatcher, Forwarder, Published, dead_letters};
use tessera_kernel::{Event, Fault, ObjectId};
use tessera_nats::Nats;
use tessera_testing_nats::{Config, TestServer, server, server_with};

use crate::support::{assert_told, behind, emit, nats, objects, open, outbox, system, until};

/// A stream that recognises repeated messages for a moment only, so that it is not this which keeps
/// events from coming twice.
fn forgetful(server: &TestServer) {
    server.make_stream(Config {
        name: "TESSERA".into(),
        subjects: vec!["tessera.>".into()],
        duplicate_window: Duration::from_millis(100),
        ..Config::default()
    });
}

#[test]
fn every_event_is_published_once_and_in_order() {
    let Some(server) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let _forwarder = Forwarder::start(db.clone(), Box::new(nats(&server))).unwrap();
    emit(&db, &objects(&db, 5), 500);
    until("every event", || behind(&db) == 0);
    assert_told(&server, &db);
}

#[test]
fn while_the_server_is_killed_and_started_again_nothing_is_lost_and_nothing_comes_twice() {
    let Some(mut server) = server() else { return };
    forgetful(&server);
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let _forwarder = Forwarder::start(db.clone(), Box::new(nats(&server))).unwrap();
    let things = objects(&db, 5);
    std::thread::scope(|scope| {
        let (db, things) = (&db, &things);
        scope.spawn(move || {
            for _ in 0..30 {
                emit(db, things, 100);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        for _ in 0..4 {
            std::thread::sleep(Duration::from_millis(300));
            server.kill();
            std::thread::sleep(Duration::from_millis(150));
            server.start();
        }
    });
    until("every event", || behind(&db) == 0);
    assert_told(&server, &db);
}

/// A process that is killed when it has published and not noted it.
struct Killed(Nats);

impl Broker for Killed {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn open(&mut self) -> Result<Option<ObjectId>, BrokerError> {
        self.0.open()
    }

    fn publish(&mut self, events: &[Event]) -> Published {
        assert_eq!(self.0.publish(events), Published { kept: events.len(), stopped: None });
        // What is done with a killed process: nothing more.
        Published { kept: 0, stopped: Some(BrokerError::Unavailable("killed".into())) }
    }
}

#[test]
fn what_a_killed_process_published_is_not_published_again_however_late() {
    let Some(server) = server() else { return };
    forgetful(&server);
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let things = objects(&db, 3);
    let killed = Forwarder::start(db.clone(), Box::new(Killed(nats(&server)))).unwrap();
    emit(&db, &things, 50);
    until("something is published", || server.count("TESSERA") > 0);
    drop(killed);
    assert!(behind(&db) > 0, "nothing of it is noted");
    // Longer than the server recognises messages.
    std::thread::sleep(Duration::from_millis(500));
    let _forwarder = Forwarder::start(db.clone(), Box::new(nats(&server))).unwrap();
    emit(&db, &things, 50);
    until("every event", || behind(&db) == 0);
    assert_told(&server, &db);
}

#[test]
fn publishers_without_a_lease_publish_every_event_once_and_in_order() {
    let Some(server) = server() else { return };
    forgetful(&server);
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    // In a database of one process nobody asks for leases: these do not know of each other.
    let start = |_| Forwarder::start(db.clone(), Box::new(nats(&server))).unwrap();
    let _forwarders: Vec<Forwarder> = (0..3).map(start).collect();
    let things = objects(&db, 5);
    for _ in 0..20 {
        emit(&db, &things, 50);
        std::thread::sleep(Duration::from_millis(20));
    }
    until("every event", || behind(&db) == 0);
    assert_told(&server, &db);
}

/// Two see the first five; the one falls asleep, the other goes on. When the one wakes up, its messages
/// are on their way already.
fn overtake(server: &TestServer, events: &[Event], foreign: usize) {
    let (mut slow, mut fast) = (nats(server), nats(server));
    assert_eq!(slow.open(), Ok(None));
    assert_eq!(slow.publish(&events[..5]), Published { kept: 5, stopped: None });
    for _ in 0..foreign {
        server.put("tessera.foreign", "no event");
    }
    let told = (foreign == 0).then_some(events[4].id);
    assert_eq!(fast.open(), Ok(told));
    assert_eq!(fast.publish(&events[5..15]), Published { kept: 10, stopped: None });
    std::thread::sleep(Duration::from_millis(500));
    let overtaken = Published { kept: 0, stopped: Some(BrokerError::Overtaken) };
    assert_eq!(slow.publish(&events[5..]), overtaken);
    let told = slow.open().unwrap().expect("an event is the last message");
    let at = events.iter().position(|event| event.id == told).unwrap() + 1;
    assert!(at >= 15, "what is there stays");
    let rest = Published { kept: events.len() - at, stopped: None };
    assert_eq!(slow.publish(&events[at..]), rest);
}

#[test]
fn who_was_overtaken_breaks_no_order_and_repeats_nothing() {
    let Some(server) = server() else { return };
    forgetful(&server);
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    emit(&db, &objects(&db, 2), 20);
    overtake(&server, &outbox(&db), 0);
    assert_told(&server, &db);
}

#[test]
fn who_was_overtaken_skips_nothing_where_somebody_else_writes_to_the_stream_too() {
    let Some(server) = server() else { return };
    forgetful(&server);
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    emit(&db, &objects(&db, 2), 30);
    let events = outbox(&db);
    // The numbers of one of the messages under way fit by chance.
    overtake(&server, &events, 3);
    let ids: Vec<String> = server.messages("TESSERA").into_iter().filter_map(|m| m.id).collect();
    let happened: Vec<String> = events.iter().map(|event| event.id.to_string()).collect();
    assert_eq!(ids, happened);
}

#[test]
fn a_server_that_hangs_holds_up_the_publisher_for_seconds_and_nobody_else() {
    let Some(server) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let things = objects(&db, 2);
    let _forwarder = Forwarder::start(db.clone(), Box::new(nats(&server))).unwrap();
    emit(&db, &things, 10);
    until("every event", || behind(&db) == 0);
    let mut other = nats(&server);
    other.open().unwrap();
    server.freeze(true);
    let started = Instant::now();
    emit(&db, &things, 10);
    Dispatcher::drain(&db).unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "nobody waits for NATS");
    // Much longer, and the lease would go to another process.
    let started = Instant::now();
    let published = other.publish(&outbox(&db)[10..]);
    assert!(matches!(published.stopped, Some(BrokerError::Unavailable(_))), "{published:?}");
    assert!(matches!(other.open(), Err(BrokerError::Unavailable(_))));
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    server.freeze(false);
    until("every event", || behind(&db) == 0);
    assert_told(&server, &db);
}

#[test]
fn an_event_too_large_for_the_server_becomes_a_dead_letter() {
    let Some(server) = server_with("max_payload: 1000") else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let things = objects(&db, 1);
    let _forwarder = Forwarder::start(db.clone(), Box::new(nats(&server))).unwrap();
    emit(&db, &things, 3);
    let (object, large) = (things[0], serde_json::json!({ "text": "x".repeat(2_000) }));
    let told: Result<(), Fault> =
        db.command(&system(), move |tx| tx.emit("thing.happened", object, &large));
    told.unwrap();
    emit(&db, &things, 3);
    until("every event", || behind(&db) == 0);
    assert_eq!(server.messages("TESSERA").len(), 6);
    let letters = db.read(&system(), |tx| dead_letters(tx, None)).unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].error.contains("too large"), "{}", letters[0].error);
}
