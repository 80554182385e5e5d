//! Subscribers within the program.

use std::sync::LazyLock;

use crate::support::{emit, open, system, until};
use serde_json::json;
use tessera_events::{Dispatcher, dead_letters, lag};
use tessera_kernel::{
    Cell, ColumnDef, ColumnType, Database, Event, Fault, Module, OUTBOX, Problem, ProblemKind,
    RowBuffer, Select, Subscriber, TableDef, Tx,
};

/// What the subscriber wrote: a row per event, so that a second time would be refused.
static SEEN: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("n", ColumnType::Int),
        ColumnDef::required("id", ColumnType::Uuid),
    ];
    TableDef::new("seen", columns, 1)
});

fn note(tx: &mut Tx<'_>, event: &Event) -> Result<(), Problem> {
    let n = event.payload["n"].as_i64().unwrap();
    let row = RowBuffer(vec![Cell::Int(n), Cell::Uuid(event.id.0)]);
    tx.connection().insert(&SEEN, &row).map_err(Fault::from)?;
    tx.emit("seen.noted", event.id, &json!({ "n": n }))?;
    if n == 13 {
        return Err(Problem::new(ProblemKind::Conflict, "test.unlucky", "13 is refused"));
    }
    assert_ne!(n, 17, "17 panics");
    Ok(())
}

fn ignore(_: &mut Tx<'_>, _: &Event) -> Result<(), Problem> {
    Ok(())
}

fn module() -> Module {
    Module {
        tables: vec![&SEEN],
        subscribers: vec![
            Subscriber { name: "test.note", events: &["thing.*"], handle: note },
            Subscriber { name: "test.never", events: &["never"], handle: ignore },
        ],
        ..Module::default()
    }
}

fn seen(db: &Database) -> Vec<i64> {
    let mut seen = Vec::new();
    let read: Result<(), Fault> = db.read(&system(), |tx| {
        tx.select(&Select::from(&SEEN, &[0]), &mut |row| {
            seen.extend(row.int()?);
            Ok(())
        })
    });
    read.unwrap();
    seen.sort_unstable();
    seen
}

#[test]
fn each_event_has_its_effect_once_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    {
        let db = open(&path, 3, module());
        let dispatcher = Dispatcher::start(db.clone()).unwrap();
        emit(&db, "thing.happened", 100, 600);
        dispatcher.wake();
        until("the first events", || seen(&db).len() == 501);
        emit(&db, "other.happened", 1, 5);
        emit(&db, "thing.happened", 601, 700);
    }
    let db = open(&path, 3, module());
    Dispatcher::drain(&db).unwrap();
    assert_eq!(seen(&db), (100..=700).collect::<Vec<i64>>());
    for queue in db.read(&system(), lag).unwrap() {
        // What the subscriber itself told while it handled the last batch may be left.
        assert!(queue.behind <= 601, "{queue:?}");
    }
    Dispatcher::drain(&db).unwrap();
    assert!(db.read(&system(), lag).unwrap().iter().all(|queue| queue.behind == 0));
}

#[test]
fn what_fails_or_panics_too_often_is_a_dead_letter_and_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 3, module());
    let _dispatcher = Dispatcher::start(db.clone()).unwrap();
    emit(&db, "thing.happened", 10, 20);
    until("two dead letters", || {
        db.read(&system(), |tx| dead_letters(tx, None)).unwrap().len() == 2
    });
    until("the events behind them", || seen(&db).len() == 9);
    let expected: Vec<i64> = (10..=20).filter(|n| ![13, 17].contains(n)).collect();
    assert_eq!(seen(&db), expected);
    let letters = db.read(&system(), |tx| dead_letters(tx, None)).unwrap();
    assert!(letters.iter().all(|letter| letter.failures == 3), "{letters:?}");
    assert!(letters[0].error.contains("13 is refused"), "{letters:?}");
}

#[test]
fn two_processes_on_one_database_handle_each_event_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 3, module());
    // As in two processes: each dispatcher has its own idea of where the queues stand.
    let dispatchers = [db.clone(), db.clone()].map(|db| Dispatcher::start(db).unwrap());
    for from in [100, 300, 500, 700] {
        emit(&db, "thing.happened", from, from + 199);
        dispatchers.iter().for_each(Dispatcher::wake);
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    until("every event", || seen(&db).len() == 800);
    let letters = db.read(&system(), |tx| dead_letters(tx, None)).unwrap();
    assert_eq!(letters, [], "an event was handled twice");
    drop(dispatchers);
    let mut told = 0;
    let read: Result<(), Fault> = db.read(&system(), |tx| {
        let named = Select::from(&OUTBOX, &[0]).equals(2, Cell::Text("seen.noted".into()));
        tx.select(&named, &mut |_| {
            told += 1;
            Ok(())
        })
    });
    read.unwrap();
    assert_eq!(told, 800);
}
