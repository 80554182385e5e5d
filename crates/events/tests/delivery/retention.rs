//! How long events are kept.

use std::sync::Arc;

use tessera_events::{lag, prune, queue_name};
use tessera_kernel::{
    Aggregate, Cell, Database, Fault, FixedClock, Instant, Module, OUTBOX, RowBuffer, Select,
};

use crate::support::{emit, open_at, register, system};

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
    assert_eq!(prune(&db).unwrap(), 0, "nothing is 90 days old");
    clock.set(start.plus_seconds(200 * DAY));
    assert_eq!(prune(&db).unwrap(), 5, "what the webhook is done with");
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
    assert_eq!(prune(&db).unwrap(), 5);
    assert_eq!(db.read(&system(), lag).unwrap(), []);
}
