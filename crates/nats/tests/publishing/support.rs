//! A database with events.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tessera_customizing::{Customizing, Diagnostics};
use tessera_events::{broker_queue, lag};
use tessera_kernel::{
    Actor, Cache, Catalogues, Database, Environment, Event, EventDef, Fault, Homes, Module,
    Numbering, OUTBOX, ObjectId, RandomIds, Registry, Select, Settings, Source, SystemClock,
};
use tessera_nats::{Nats, Options};
use tessera_store_sqlite::SqliteStore;
use tessera_testing_nats::TestServer;

/// What the tests tell.
const EVENTS: &[EventDef] = &[EventDef::new("thing.happened", "Something happened.")];

pub(crate) fn system() -> Actor {
    Actor::system(Source::System)
}

pub(crate) fn open(folder: &Path) -> Database {
    let store =
        SqliteStore::open(&folder.join("test.db"), tessera_store_sqlite::Options::creating());
    let mut problems = Diagnostics::default();
    let customizing = Customizing::load(&[tessera_events::CONFIG], None, &mut problems);
    let mut settings = Settings::default();
    settings.insert(tessera_events::settings(&customizing, &mut problems));
    assert!(problems.is_empty(), "{problems}");
    let environment = Environment {
        registry: Registry::new(vec![
            tessera_events::module(),
            Module { events: EVENTS, ..Module::default() },
        ]),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::system()),
        homes: Homes::default(),
        settings,
        catalogues: Catalogues::default(),
        numbering: Numbering::default(),
        cache: Cache::default(),
        extensions: tessera_kernel::CurrentExtensions::default(),
    };
    Database::open(Arc::new(store.unwrap()), environment).unwrap()
}

/// Tells so many events of one of these objects each, in a command each.
pub(crate) fn emit(db: &Database, objects: &[ObjectId], count: usize) {
    for at in 0..count {
        let object = objects[at % objects.len()];
        let told = move |tx: &mut tessera_kernel::Tx<'_>| {
            tx.emit("thing.happened", object, &json!({ "n": at }))
        };
        db.command::<(), Fault>(&system(), told).unwrap();
    }
}

pub(crate) fn objects(db: &Database, count: usize) -> Vec<ObjectId> {
    let make = |_| db.command::<_, Fault>(&system(), |tx| Ok(tx.new_id())).unwrap();
    (0..count).map(make).collect()
}

/// Every event of the outbox, in order.
pub(crate) fn outbox(db: &Database) -> Vec<Event> {
    let mut events = Vec::new();
    let read = db.read::<(), Fault>(&system(), |tx| {
        tx.select(&Select::all(&OUTBOX), &mut |row| {
            events.push(Event::read(row)?);
            Ok(())
        })
    });
    read.unwrap();
    events.sort_by_key(|event| event.id);
    events
}

pub(crate) fn nats(server: &TestServer) -> Nats {
    Nats::new(Options::new(&server.url(), "tessera").unwrap()).unwrap()
}

/// How far the queue is behind; -1 where there is none.
pub(crate) fn behind(db: &Database) -> i64 {
    let queue = broker_queue("nats");
    let lags = db.read(&system(), lag).unwrap();
    lags.iter().find(|lag| lag.queue == queue).map_or(-1, |lag| lag.behind)
}

/// Waits until `condition` holds, at most half a minute.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The stream has the whole outbox: each event once, in order, under its name, as webhooks get it.
pub(crate) fn assert_told(server: &TestServer, db: &Database) {
    let messages = server.messages("TESSERA");
    let events = outbox(db);
    assert_eq!(messages.len(), events.len());
    for (message, event) in messages.iter().zip(&events) {
        assert_eq!(message.id, Some(event.id.to_string()));
        assert_eq!(message.subject, format!("tessera.{}", event.name));
        assert_eq!(message.body, event.body());
    }
}
