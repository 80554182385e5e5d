//! How long events are kept.

use std::sync::Arc;

use tessera_events::{Broker, BrokerError, Forwarder, Published, Retention, lag, queue_name};
use tessera_kernel::{
    Aggregate, Cell, Database, Event, Fault, FixedClock, Instant, Module, OUTBOX, ObjectId,
    RowBuffer, Select,
};
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::database;

use crate::support::{emit, open_at, open_on, register, system};

const DAY: i64 = 86_400;

fn kept(db: &Database) -> i64 {
    let query = Select::from(&OUTBOX, &[]).aggregate(Aggregate::Count);
    let mut count = 0;
    db.read::<(), Fault>(&system(), |tx| {
        tx.select(&query, &mut |row| {
            count = row.int()?.unwrap_or(0);
            Ok(())
        })
    })
    .unwrap();
    count
}

#[test]
fn old_events_go_once_every_queue_is_done_with_them_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::parse("2026-01-01T00:00:00Z").unwrap();
    let clock = Arc::new(FixedClock::at(start));
    let path = folder.path().join("test.db");
    let db = open_at(&path, 3, Module::default(), clock.clone());
    emit(&db, "thing.happened", 1, 5);
    clock.set(start.plus_seconds(DAY));
    // The webhook is done with what came before it, and never called: it stands still.
    register(&db, "http://127.0.0.1:1/hook", "thing.*");
    let registered = kept(&db) - 5;
    clock.set(start.plus_seconds(2 * DAY));
    emit(&db, "thing.happened", 6, 7);
    clock.set(start.plus_seconds(89 * DAY));
    assert_eq!(Retention::new(db.clone(), None).prune().unwrap(), 0, "nothing is 90 days old");
    clock.set(start.plus_seconds(200 * DAY));
    assert_eq!(
        Retention::new(db.clone(), None).prune().unwrap(),
        5,
        "what the webhook is done with"
    );
    assert_eq!(kept(&db), registered + 2, "what it has not seen stays, however old");
}

#[test]
fn the_queue_of_a_webhook_that_is_not_there_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::parse("2026-01-01T00:00:00Z").unwrap();
    let clock = Arc::new(FixedClock::at(start));
    let db = open_at(&folder.path().join("test.db"), 3, Module::default(), clock.clone());
    emit(&db, "thing.happened", 1, 5);
    let tables = db.environment().tables();
    let offsets = *tables.iter().find(|table| table.name == "subscriber_offset").unwrap();
    let left: Result<(), Fault> = db.command(&system(), move |tx| {
        let queue = Cell::Text(queue_name(tx.new_id()));
        let row = RowBuffer(vec![queue, Cell::Uuid(Default::default()), Cell::Int(0), Cell::Null]);
        Ok(tx.connection().insert(offsets, &row)?)
    });
    left.unwrap();
    clock.set(start.plus_seconds(200 * DAY));
    assert_eq!(Retention::new(db.clone(), None).prune().unwrap(), 5);
    assert_eq!(db.read(&system(), lag).unwrap(), []);
}

/// A broker that takes nothing.
struct Idle;

impl Broker for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn open(&mut self) -> Result<Option<ObjectId>, BrokerError> {
        Ok(None)
    }

    fn publish(&mut self, _events: &[Event]) -> Published {
        Published { kept: 0, stopped: None }
    }
}

#[test]
fn the_queue_of_a_broker_to_which_nobody_publishes_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::parse("2026-01-01T00:00:00Z").unwrap();
    let clock = Arc::new(FixedClock::at(start));
    let db = open_at(&folder.path().join("test.db"), 3, Module::default(), clock.clone());
    drop(Forwarder::start(db.clone(), Box::new(Idle)).unwrap());
    emit(&db, "thing.happened", 1, 5);
    clock.set(start.plus_seconds(200 * DAY));
    assert_eq!(Retention::new(db.clone(), Some("idle")).prune().unwrap(), 0, "it publishes");
    assert_eq!(Retention::new(db.clone(), None).prune().unwrap(), 5);
    assert_eq!(db.read(&system(), lag).unwrap(), []);
}

#[test]
fn the_queue_of_a_broker_to_which_another_process_publishes_stays() {
    let Some(database) = database() else { return };
    let open = || {
        let options = database.url("?writers=2&readers=2").parse().unwrap();
        open_on(Arc::new(PostgresStore::open(options).unwrap()), 3, Module::default())
    };
    let (publishing, other) = (open(), open());
    let forwarder = Forwarder::start(publishing, Box::new(Idle)).unwrap();
    let mut retention = Retention::new(other.clone(), None);
    let queues = || other.read(&system(), lag).unwrap().len();
    for _ in 0..3 {
        retention.prune().unwrap();
        assert_eq!(queues(), 1);
        // It renews its lease every half a second.
        std::thread::sleep(std::time::Duration::from_millis(1_500));
    }
    drop(forwarder);
    retention.prune().unwrap();
    retention.prune().unwrap();
    assert_eq!(queues(), 0, "nobody publishes");
}
