//! A message broker in memory, and what is published to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tessera_events::{
    Broker, BrokerError, Forwarder, Published, Sender, broker_queue, dead_letters, lag,
};
use tessera_kernel::{Database, Event, Fault, Module, ObjectId};
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{TestDatabase, database};

use crate::support::{Receiver, emit, open, open_on, register, system, until};

/// What the broker keeps, and how it behaves.
#[derive(Clone, Default)]
pub(crate) struct Stream {
    pub(crate) kept: Arc<Mutex<Vec<Event>>>,
    away: Arc<AtomicBool>,
    /// It keeps what it is given, and does not say so.
    silent: Arc<AtomicBool>,
}

/// A connection to it.
struct Connection {
    stream: Stream,
    /// How much it held when this connection looked.
    last: Option<usize>,
}

impl Stream {
    pub(crate) fn connection(&self) -> Box<dyn Broker> {
        Box::new(Connection { stream: self.clone(), last: None })
    }

    fn numbers(&self) -> Vec<i64> {
        let kept = self.kept.lock().unwrap();
        kept.iter().filter_map(|event| event.payload["n"].as_i64()).collect()
    }
}

impl Connection {
    fn check(&self) -> Result<(), BrokerError> {
        match self.stream.away.load(Ordering::Relaxed) {
            true => Err(BrokerError::Unavailable("it is away".into())),
            false => Ok(()),
        }
    }

    fn take(&mut self, event: &Event) -> Result<(), BrokerError> {
        self.check()?;
        if event.name == "other.happened" {
            return Err(BrokerError::Refused("it is of the wrong kind".into()));
        }
        let mut kept = self.stream.kept.lock().unwrap();
        if Some(kept.len()) != self.last {
            return Err(BrokerError::Overtaken);
        }
        kept.push(event.clone());
        self.last = Some(kept.len());
        Ok(())
    }
}

impl Broker for Connection {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn open(&mut self) -> Result<Option<ObjectId>, BrokerError> {
        self.check()?;
        let kept = self.stream.kept.lock().unwrap();
        self.last = Some(kept.len());
        Ok(kept.last().map(|event| event.id))
    }

    fn publish(&mut self, events: &[Event]) -> Published {
        let (mut kept, mut stopped) = (0, None);
        while stopped.is_none() && kept < events.len() {
            match self.take(&events[kept]) {
                Ok(()) => kept += 1,
                Err(error) => stopped = Some(error),
            }
        }
        if self.stream.silent.swap(false, Ordering::Relaxed) {
            (kept, stopped) = (0, Some(BrokerError::Unavailable("no answer".into())));
        }
        Published { kept, stopped }
    }
}

fn numbers(from: i64, to: i64) -> Vec<i64> {
    (from..=to).collect()
}

fn process(database: &TestDatabase) -> Database {
    let options = database.url("?writers=4&readers=4").parse().unwrap();
    open_on(Arc::new(PostgresStore::open(options).unwrap()), 3, Module::default())
}

fn behind(db: &Database) -> i64 {
    let lags = db.read(&system(), lag).unwrap();
    let queue = broker_queue("memory");
    lags.iter().find(|lag| lag.queue == queue).map_or(-1, |lag| lag.behind)
}

#[test]
fn what_happens_after_the_start_is_published_also_while_the_broker_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("test.db"), 3, Module::default());
    emit(&db, "thing.happened", 1, 5);
    let stream = Stream::default();
    stream.away.store(true, Ordering::Relaxed);
    let forwarder = Forwarder::start(db.clone(), stream.connection()).unwrap();
    emit(&db, "thing.happened", 6, 500);
    let failed = || db.read(&system(), lag).unwrap().iter().any(|lag| lag.failures > 0);
    until("a failure that is noted", failed);
    drop(forwarder);
    stream.away.store(false, Ordering::Relaxed);
    let _forwarder = Forwarder::start(db.clone(), stream.connection()).unwrap();
    until("every event", || behind(&db) == 0);
    assert_eq!(stream.numbers(), numbers(6, 500));
    assert!(!failed(), "what is over is not told any more");
}

#[test]
fn what_was_published_and_not_noted_is_not_published_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("test.db"), 3, Module::default());
    let stream = Stream::default();
    stream.silent.store(true, Ordering::Relaxed);
    let _forwarder = Forwarder::start(db.clone(), stream.connection()).unwrap();
    emit(&db, "thing.happened", 1, 100);
    until("every event", || behind(&db) == 0);
    emit(&db, "thing.happened", 101, 110);
    until("every event", || behind(&db) == 0);
    assert_eq!(stream.numbers(), numbers(1, 110));
}

#[test]
fn publishers_without_a_lease_publish_every_event_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("test.db"), 3, Module::default());
    let stream = Stream::default();
    // In a database of one process nobody asks for leases: these do not know of each other.
    let start = |_| Forwarder::start(db.clone(), stream.connection()).unwrap();
    let _forwarders: Vec<Forwarder> = (0..4).map(start).collect();
    for n in 0..100 {
        emit(&db, "thing.happened", n * 10 + 1, n * 10 + 10);
    }
    until("every event", || behind(&db) == 0);
    assert_eq!(stream.numbers(), numbers(1, 1_000));
}

#[test]
fn an_event_that_the_broker_never_takes_becomes_a_dead_letter_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("test.db"), 3, Module::default());
    let stream = Stream::default();
    let _forwarder = Forwarder::start(db.clone(), stream.connection()).unwrap();
    emit(&db, "thing.happened", 1, 2);
    emit(&db, "other.happened", 3, 3);
    emit(&db, "thing.happened", 4, 5);
    until("every event", || behind(&db) == 0);
    assert_eq!(stream.numbers(), [1, 2, 4, 5]);
    let letters = db.read(&system(), |tx| dead_letters(tx, None)).unwrap();
    let told: Vec<_> = letters.iter().map(|l| (l.queue.as_str(), l.error.as_str())).collect();
    assert_eq!(told, [("broker:memory", "it is of the wrong kind")]);
}

#[test]
fn an_event_of_another_database_says_nothing_about_the_place_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("test.db"), 3, Module::default());
    let stream = Stream::default();
    let forwarder = Forwarder::start(db.clone(), stream.connection()).unwrap();
    emit(&db, "thing.happened", 1, 3);
    until("every event", || behind(&db) == 0);
    drop(forwarder);
    let mut foreign = stream.kept.lock().unwrap().last().unwrap().clone();
    foreign.id = ObjectId("ffffffff-ffff-7fff-bfff-ffffffffffff".parse().unwrap());
    foreign.payload = json!({ "n": 99 });
    stream.kept.lock().unwrap().push(foreign);
    emit(&db, "thing.happened", 4, 6);
    let _forwarder = Forwarder::start(db.clone(), stream.connection()).unwrap();
    until("every event", || behind(&db) == 0);
    assert_eq!(stream.numbers(), [1, 2, 3, 99, 4, 5, 6]);
}

#[test]
fn a_broker_that_is_away_holds_up_no_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("test.db"), 3, Module::default());
    let stream = Stream::default();
    stream.away.store(true, Ordering::Relaxed);
    let _forwarder = Forwarder::start(db.clone(), stream.connection()).unwrap();
    let receiver = Receiver::start(|_, _| 200);
    register(&db, &receiver.url, "thing.*");
    let _sender = Sender::start(db.clone()).unwrap();
    emit(&db, "thing.happened", 1, 20);
    until("every call", || receiver.received().len() == 20);
    assert!(stream.numbers().is_empty());
    assert!(behind(&db) >= 20, "they wait for the broker");
}

#[test]
fn a_process_that_does_not_reach_the_broker_hands_the_work_to_one_that_does() {
    let Some(database) = database() else { return };
    let (cut_off, other) = (process(&database), process(&database));
    let (away, stream) = (Stream::default(), Stream::default());
    away.away.store(true, Ordering::Relaxed);
    let _first = Forwarder::start(cut_off.clone(), away.connection()).unwrap();
    let failed = || cut_off.read(&system(), lag).unwrap().iter().any(|lag| lag.failures > 0);
    until("a failure", failed);
    let _second = Forwarder::start(other.clone(), stream.connection()).unwrap();
    emit(&cut_off, "thing.happened", 1, 10);
    let take = |tx: &mut tessera_kernel::Tx<'_>| tx.take_events(1_000);
    assert_eq!(cut_off.command::<usize, Fault>(&system(), take).unwrap(), 10);
    until("every event", || stream.numbers() == numbers(1, 10));
}

#[test]
fn one_of_several_processes_publishes_and_another_goes_on_when_it_goes() {
    let Some(database) = database() else { return };
    let processes: Vec<Database> = (0..3).map(|_| process(&database)).collect();
    let stream = Stream::default();
    let start = |db: &Database| Forwarder::start(db.clone(), stream.connection()).unwrap();
    let mut forwarders: Vec<Forwarder> = processes.iter().map(start).collect();
    let take = |tx: &mut tessera_kernel::Tx<'_>| tx.take_events(1_000);
    for round in 0..30 {
        emit(&processes[round % 3], "thing.happened", 1, 10);
        processes[0].command::<usize, Fault>(&system(), take).unwrap();
        if round % 10 == 9 && forwarders.len() > 1 {
            forwarders.remove(0);
        }
    }
    until("every event", || behind(&processes[0]) == 0);
    let each: Vec<i64> = (0..30).flat_map(|_| 1..=10).collect();
    assert_eq!(stream.numbers(), each);
}
