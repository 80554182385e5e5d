//! Several processes on one server database.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;
use tessera_events::{Dispatcher, Forwarder, Sender, broker_queue, dead_letters, lag, queue_name};
use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Database, Event, Fault, Module, ObjectId, Problem,
    RowBuffer, Select, Subscriber, TableDef, Tx,
};
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{TestDatabase, database};

use crate::broker::Stream;
use crate::support::{Received, Receiver, open_on, register, system, until};

/// Things that are counted up, one at a time.
static COUNTER: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("thing", ColumnType::Uuid),
        ColumnDef::required("count", ColumnType::Int),
    ];
    TableDef::new("counter", columns, 1)
});

/// What the subscriber heard last of each thing.
static HEARD: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("thing", ColumnType::Uuid),
        ColumnDef::required("count", ColumnType::Int),
    ];
    TableDef::new("heard", columns, 1)
});

fn value(tx: &mut Tx<'_>, table: &'static TableDef, thing: ObjectId) -> Result<i64, Fault> {
    let mut value = 0;
    tx.connection().row_held(table, &[CellRef::Uuid(thing.0)], &mut |row| {
        row.uuid()?;
        value = row.int()?.unwrap_or_default();
        Ok(())
    })?;
    Ok(value)
}

fn put(
    tx: &mut Tx<'_>,
    table: &'static TableDef,
    thing: ObjectId,
    count: i64,
) -> Result<(), Fault> {
    let row = RowBuffer(vec![Cell::Uuid(thing.0), Cell::Int(count)]);
    Ok(tx.connection().put(table, &row)?)
}

/// Fails where an event is missing, comes twice or too early: each thing counts by one.
fn listen(tx: &mut Tx<'_>, event: &Event) -> Result<(), Problem> {
    let (before, count) = (value(tx, &HEARD, event.object)?, event.payload["n"].as_i64().unwrap());
    assert_eq!(count, before + 1, "of {}", event.object);
    Ok(put(tx, &HEARD, event.object, count)?)
}

fn module() -> Module {
    Module {
        tables: vec![&COUNTER, &HEARD],
        subscribers: vec![Subscriber { name: "test.listen", events: &["thing.*"], handle: listen }],
        ..Module::default()
    }
}

fn process(database: &TestDatabase) -> Database {
    let options = database.url("?writers=4&readers=4").parse().unwrap();
    open_on(Arc::new(PostgresStore::open(options).unwrap()), 3, module())
}

/// Counts a thing up and tells it.
fn count_up(db: &Database, thing: ObjectId) {
    let counted: Result<(), Fault> = db.command(&system(), move |tx| {
        let count = value(tx, &COUNTER, thing)? + 1;
        put(tx, &COUNTER, thing, count)?;
        tx.emit("thing.happened", thing, &json!({ "n": count }))
    });
    counted.unwrap();
}

fn sum(db: &Database, table: &'static TableDef) -> i64 {
    let mut sum = 0;
    let read: Result<(), Fault> = db.read(&system(), |tx| {
        tx.select(&Select::from(table, &[1]), &mut |row| {
            sum += row.int()?.unwrap_or_default();
            Ok(())
        })
    });
    read.unwrap();
    sum
}

/// Four processes count the same things up, eight clients each; `during` runs beside them. Answers
/// how many events there are.
fn crowd(processes: &[Database], during: impl FnOnce() + Send) -> i64 {
    let new_id = |_| processes[0].command(&system(), |tx| Ok::<_, Fault>(tx.new_id())).unwrap();
    let things: Vec<ObjectId> = (0..6).map(new_id).collect();
    for thing in &things {
        let thing = *thing;
        let made = processes[0].command(&system(), move |tx| put(tx, &COUNTER, thing, 0));
        made.unwrap();
        let heard = processes[0].command(&system(), move |tx| put(tx, &HEARD, thing, 0));
        heard.unwrap();
    }
    let total = AtomicI64::new(0);
    std::thread::scope(|scope| {
        for (at, db) in processes.iter().enumerate() {
            for client in 0..8 {
                let (things, total) = (&things, &total);
                scope.spawn(move || {
                    for round in 0..25 {
                        count_up(db, things[(at + client + round) % things.len()]);
                        total.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
        scope.spawn(during);
    });
    total.into_inner()
}

#[test]
fn every_process_dispatches_and_each_event_has_its_effect_once_and_in_order() {
    let Some(database) = database() else { return };
    let processes: Vec<Database> = (0..4).map(|_| process(&database)).collect();
    // As if no lease kept them apart: each brings events into the outbox and hands them on.
    let stop = AtomicI64::new(0);
    let total = std::thread::scope(|scope| {
        for db in &processes {
            let stop = &stop;
            scope.spawn(move || {
                while stop.load(Ordering::Relaxed) == 0 {
                    Dispatcher::drain(db).unwrap();
                }
            });
        }
        let total = crowd(&processes, || {});
        stop.store(1, Ordering::Relaxed);
        total
    });
    Dispatcher::drain(&processes[3]).unwrap();
    assert_eq!((sum(&processes[0], &COUNTER), sum(&processes[0], &HEARD)), (total, total));
    assert_eq!(processes[0].read(&system(), |tx| dead_letters(tx, None)).unwrap(), []);
}

#[test]
fn when_the_process_that_dispatches_and_sends_goes_another_goes_on() {
    let Some(database) = database() else { return };
    let processes: Vec<Database> = (0..3).map(|_| process(&database)).collect();
    let receiver = Receiver::start(|_, _| 200);
    register(&processes[0], &receiver.url, "thing.*");
    let start = |db: &Database| {
        (Dispatcher::start(db.clone()).unwrap(), Sender::start(db.clone()).unwrap())
    };
    let mut services: Vec<_> = processes.iter().map(start).collect();
    let total = crowd(&processes, || {
        // One after the other goes; the last one stays.
        for _ in 0..2 {
            std::thread::sleep(std::time::Duration::from_millis(400));
            services.remove(0);
        }
    });
    until("every effect", || sum(&processes[2], &HEARD) == total);
    let sent = usize::try_from(total).unwrap();
    until("every call", || receiver.received().len() >= sent);
    // Of each thing the calls are in order, and none comes twice where everybody left in peace.
    let told = receiver.received().into_iter().map(|call| (thing(&call), call.n()));
    assert_counted_up(told, total);
}

#[test]
fn while_leases_are_taken_away_all_the_time_every_queue_gets_each_event_once_and_in_order() {
    let Some(database) = database() else { return };
    let processes: Vec<Database> = (0..4).map(|_| process(&database)).collect();
    let (receiver, stream) = (Receiver::start(|_, _| 200), Stream::default());
    let (webhook, _) = register(&processes[0], &receiver.url, "thing.*");
    let start = |db: &Database| {
        let forwarder = Forwarder::start(db.clone(), stream.connection()).unwrap();
        (Dispatcher::start(db.clone()).unwrap(), Sender::start(db.clone()).unwrap(), forwarder)
    };
    let _services: Vec<_> = processes.iter().map(start).collect();
    let total = crowd(&processes, || {
        for _ in 0..30 {
            // Whoever holds one finds out by and by, and another has it at once: for a moment both
            // believe to have it.
            database.execute("UPDATE lease SET holder = NULL, beat = beat + 1");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    });
    until("every effect", || sum(&processes[0], &HEARD) == total);
    let queues = [queue_name(webhook), broker_queue("memory")];
    until("every call and message", || {
        let lags = processes[0].read(&system(), lag).unwrap();
        lags.iter().filter(|lag| queues.contains(&lag.queue)).all(|lag| lag.behind == 0)
    });
    assert_eq!(processes[0].read(&system(), |tx| dead_letters(tx, None)).unwrap(), []);
    // Webhooks may hear the event again that was being sent; each for the first time in its order.
    let mut calls = std::collections::HashSet::new();
    let first = receiver.received().into_iter().filter(|call| calls.insert(call.delivery.clone()));
    assert_counted_up(first.map(|call| (thing(&call), call.n())), total);
    let kept = stream.kept.lock().unwrap().clone().into_iter();
    let things = kept.filter(|event| event.name == "thing.happened");
    let told = things.map(|event| (event.object.to_string(), event.payload["n"].as_i64().unwrap()));
    assert_counted_up(told, total);
}

/// What a call is about.
fn thing(call: &Received) -> String {
    let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
    body["object"].as_str().unwrap().to_string()
}

/// Each thing counts by one, so many times in all.
fn assert_counted_up(told: impl Iterator<Item = (String, i64)>, total: i64) {
    let (mut last, mut count) = (std::collections::HashMap::new(), 0);
    for (thing, n) in told {
        assert_eq!(last.insert(thing, n).unwrap_or(0) + 1, n);
        count += 1;
    }
    assert_eq!(count, total);
}
