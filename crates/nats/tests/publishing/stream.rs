//! The stream is made, or used as it is, or refused.

use std::time::Duration;

use async_nats::jetstream::stream::{DiscardPolicy, RetentionPolicy, StorageType};
use tessera_events::{Broker as _, BrokerError, Forwarder};
use tessera_testing_nats::{Config, TestServer, server};

use crate::support::{behind, emit, nats, objects, open, until};

fn refusal(server: &TestServer) -> String {
    match nats(server).open() {
        Err(BrokerError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_stream_is_made_as_documented() {
    let Some(server) = server() else { return };
    assert_eq!(nats(&server).open(), Ok(None));
    let stream = server.stream("TESSERA");
    assert_eq!(stream.subjects, ["tessera.>"]);
    assert_eq!(stream.storage, StorageType::File);
    assert_eq!((stream.retention, stream.discard), (RetentionPolicy::Limits, DiscardPolicy::Old));
    assert_eq!(stream.max_age, Duration::from_secs(90 * 86_400));
    assert_eq!(stream.duplicate_window, Duration::from_secs(120));
    assert_eq!(stream.num_replicas, 1);
}

#[test]
fn a_stream_that_is_there_is_used_as_it_is() {
    let Some(server) = server() else { return };
    let config = Config {
        name: "TESSERA".into(),
        subjects: vec!["tessera.>".into(), "other.>".into()],
        max_messages: 5,
        storage: StorageType::Memory,
        ..Config::default()
    };
    server.make_stream(config);
    let before = server.stream("TESSERA");
    // What somebody else put there is no event, and no reason to stop.
    server.put("other.thing", "hello");
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let _forwarder = Forwarder::start(db.clone(), Box::new(nats(&server))).unwrap();
    emit(&db, &objects(&db, 2), 10);
    until("every event", || behind(&db) == 0);
    server.put("tessera.foreign", "hello again");
    emit(&db, &objects(&db, 2), 3);
    until("every event", || behind(&db) == 0);
    assert_eq!(server.messages("TESSERA").len(), 5);
    assert_eq!(server.stream("TESSERA"), before);
}

#[test]
fn a_stream_that_does_not_take_every_event_is_refused() {
    let Some(server) = server() else { return };
    server.make_stream(Config {
        name: "TESSERA".into(),
        subjects: vec!["tessera.sales_document.*".into()],
        ..Config::default()
    });
    let why = refusal(&server);
    assert!(why.contains("TESSERA takes tessera.sales_document.*"), "{why}");
    assert!(why.contains("not all of tessera.>"), "{why}");
}

#[test]
fn a_stream_of_another_name_with_the_same_subjects_is_refused() {
    let Some(server) = server() else { return };
    server.make_stream(Config {
        name: "EVERYTHING".into(),
        subjects: vec!["tessera.*.created".into()],
        ..Config::default()
    });
    let why = refusal(&server);
    assert!(why.contains("another stream than TESSERA has the subjects tessera.>"), "{why}");
}

#[test]
fn a_stream_that_was_deleted_is_made_again() {
    let Some(server) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path());
    let _forwarder = Forwarder::start(db.clone(), Box::new(nats(&server))).unwrap();
    emit(&db, &objects(&db, 2), 5);
    until("every event", || behind(&db) == 0);
    server.delete_stream("TESSERA");
    emit(&db, &objects(&db, 2), 7);
    until("every event", || behind(&db) == 0);
    assert_eq!(server.messages("TESSERA").len(), 7);
}
