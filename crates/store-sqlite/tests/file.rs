//! The database file: whose it is, who may open it, how it grows, copies of it.

mod common;

use std::fs;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use common::{Note, add, keys, notes, open};
use tessera_kernel::{
    Aggregate, Cell, ColumnDef, ColumnType, Connection, Fault, Job, ReadMode, RowSink, Select,
    Store, StoreError, TableDef, Verdict, WriteRow,
};
use tessera_store_conformance::command;
use tessera_store_sqlite::{Options, SqliteStore};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A table of integers whose first column is its key.
fn table(name: &str, columns: &[&str]) -> &'static TableDef {
    let columns = columns.iter().map(|name| ColumnDef::required(name, ColumnType::Int)).collect();
    Box::leak(Box::new(TableDef::new(name, columns, 1)))
}

/// Two integers.
struct Pair(i64, i64);

impl WriteRow for Pair {
    fn write(&self, sink: &mut dyn RowSink) {
        sink.int(self.0);
        sink.int(self.1);
    }
}

/// A row of integers.
struct Ints(&'static [i64]);

impl WriteRow for Ints {
    fn write(&self, sink: &mut dyn RowSink) {
        self.0.iter().for_each(|value| sink.int(*value));
    }
}

#[test]
fn only_one_process_writes() {
    let folder = folder();
    let path = folder.path().join("one.db");
    let store = open(&path);
    let second = SqliteStore::open(&path, Options::creating());
    let Err(StoreError::Unavailable(why)) = second else { panic!("opened twice: {second:?}") };
    assert!(why.contains(&format!("process {}", std::process::id())), "{why}");
    drop(store);
    open(&path);
}

#[test]
fn others_read_beside_the_writer() {
    let folder = folder();
    let path = folder.path().join("read.db");
    let missing = SqliteStore::open(&path, Options::reading());
    assert!(matches!(missing, Err(StoreError::Unavailable(_))), "{missing:?}");
    let (store, note) = (open(&path), notes());
    store.migrate(&[note]).expect("the table is made");
    let reader = SqliteStore::open(&path, Options::reading()).expect("opens for reading");
    add(&store, note, Note(1, "one".into())).expect("a note is added");
    assert_eq!(keys(&reader, note), [1]);
    let refused = add(&reader, note, Note(2, "two".into()));
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(reader.migrate(&[note]), Ok(()));
    let lacking = reader.migrate(&[note, table("absent", &["k"])]);
    assert!(matches!(lacking, Err(StoreError::Incompatible(_))), "{lacking:?}");
    assert_eq!(reader.check(), Ok(Vec::new()));
    drop(store);
    assert_eq!(keys(&reader, note), [1]);
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let folder = folder();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database at all, but longer than the header of one ".repeat(3))
        .expect("a text file");
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .and_then(|other| other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a);"))
        .expect("another database");
    for path in [&text, &other] {
        let before = fs::read(path).expect("the file");
        for options in [Options::creating(), Options::reading()] {
            let refused = SqliteStore::open(path, options);
            let Err(StoreError::Incompatible(why)) = refused else { panic!("opened {path:?}") };
            assert!(why.contains("is not a Tessera database"), "{why}");
        }
        assert_eq!(fs::read(path).expect("the file"), before);
        assert!(!path.with_extension("db-wal").exists());
    }
    let absent = SqliteStore::open(&folder.path().join("absent.db"), Options::default());
    assert!(matches!(absent, Err(StoreError::Unavailable(_))), "{absent:?}");
}

#[test]
fn later_formats_are_refused() {
    let folder = folder();
    let path = folder.path().join("later.db");
    drop(open(&path));
    rusqlite::Connection::open(&path)
        .and_then(|bare| bare.execute_batch("PRAGMA user_version = 99"))
        .expect("the format is changed");
    let refused = SqliteStore::open(&path, Options::default());
    assert!(matches!(refused, Err(StoreError::Incompatible(_))), "{refused:?}");
}

#[test]
fn a_column_is_added_after_reopening() {
    let folder = folder();
    let path = folder.path().join("grows.db");
    let before = table("item", &["k", "a"]);
    let store = open(&path);
    store.migrate(&[before]).expect("the table is made");
    let filled = command(&store, move |connection| connection.insert(before, &Ints(&[1, 10])));
    assert_eq!(filled, Ok(()));
    drop(store);
    let store = open(&path);
    let mut after: TableDef = before.clone();
    after.columns.insert(1, ColumnDef::required("b", ColumnType::Text));
    let after: &'static TableDef = Box::leak(Box::new(after.with_index(&["b"], false)));
    store.migrate(&[after]).expect("the column is added");
    let mut rows = Vec::new();
    store
        .read(&mut |connection| {
            connection.rows(after, &[], &mut |row| {
                rows.push((row.int()?, row.text()?.map(str::to_string), row.int()?));
                Ok(())
            })
        })
        .expect("the read succeeds");
    assert_eq!(rows, [(Some(1), Some(String::new()), Some(10))]);
    drop(store);
    // An unchanged schema is recognised, also by a process that only reads.
    let store = open(&path);
    assert_eq!(store.migrate(&[after]), Ok(()));
    let reader = SqliteStore::open(&path, Options::reading()).expect("opens for reading");
    assert_eq!(reader.migrate(&[after]), Ok(()));
}

#[test]
fn queued_jobs_are_finished_before_closing() {
    let folder = folder();
    let path = folder.path().join("queue.db");
    let (store, note) = (open(&path), notes());
    store.migrate(&[note]).expect("the table is made");
    let store = Arc::new(store);
    let threads: Vec<_> = (0..50)
        .map(|id| {
            let store = store.clone();
            std::thread::spawn(move || add(&*store, note, Note(id, "queued".into())))
        })
        .collect();
    drop(store);
    for thread in threads {
        assert!(matches!(thread.join(), Ok(Ok(()))));
    }
    // The last thread to end closed the store.
    let store = open(&path);
    assert_eq!(keys(&store, note), (0..50).collect::<Vec<_>>());
}

/// A job that owns the store on whose thread it runs.
struct Owner {
    store: Option<Arc<SqliteStore>>,
    alone: Receiver<()>,
    table: &'static TableDef,
    done: Sender<Result<(), StoreError>>,
}

impl Job for Owner {
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        self.alone.recv().expect("the test goes on");
        drop(self.store.take());
        let outcome = connection.insert(self.table, &Note(1, "last".into()));
        if outcome.is_ok() { Verdict::Keep } else { Verdict::Undo }
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.done.send(outcome).expect("the test waits");
    }
}

#[test]
fn a_job_may_be_the_last_owner() {
    let folder = folder();
    let path = folder.path().join("owner.db");
    let (store, table) = (Arc::new(open(&path)), notes());
    store.migrate(&[table]).expect("the table is made");
    let ((go, alone), (done, outcome)) = (channel(), channel());
    store.submit(Box::new(Owner { store: Some(store.clone()), alone, table, done }));
    drop(store);
    go.send(()).expect("the job waits");
    assert_eq!(outcome.recv(), Ok(Ok(())));
    // The thread lets go of the file a moment later.
    let patience = Instant::now();
    let store = loop {
        match SqliteStore::open(&path, Options::default()) {
            Ok(store) => break store,
            Err(error) => assert!(patience.elapsed().as_secs() < 10, "{error}"),
        }
    };
    assert_eq!(keys(&store, table), [1]);
}

#[test]
fn a_full_database_refuses_and_goes_on() {
    let folder = folder();
    let path = folder.path().join("full.db");
    let options = Options { limit_mib: Some(1), ..Options::creating() };
    let (store, note) = (SqliteStore::open(&path, options).expect("opens"), notes());
    store.migrate(&[note]).expect("the table is made");
    let big = |id| Note(id, "x".repeat(100_000));
    let mut stored = Vec::new();
    for id in 0..20 {
        match add(&store, note, big(id)) {
            Ok(()) => stored.push(id),
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
        }
    }
    assert!((5..15).contains(&stored.len()), "{stored:?}");
    // A job that goes on after the error keeps nothing either.
    let swallowed = command(&store, move |connection| {
        let refused = connection.insert(note, &Note(99, "y".repeat(2_000_000)));
        assert!(refused.is_err());
        let after = connection.insert(note, &Note(98, "small".into()));
        after.map(|()| refused.is_err())
    });
    assert!(matches!(swallowed, Err(StoreError::Unavailable(_))), "{swallowed:?}");
    assert_eq!(keys(&store, note), stored);
    let emptied = command(&store, move |connection| connection.delete(note, &[]));
    assert_eq!(emptied, Ok(stored.len()));
    assert_eq!(add(&store, note, big(1)), Ok(()));
    assert_eq!(store.check(), Ok(Vec::new()));
}

#[test]
fn the_log_stays_small_under_load() {
    let folder = folder();
    let path = folder.path().join("log.db");
    let options = Options { checkpoint_mib: 1, sync: false, ..Options::creating() };
    let (store, note) = (SqliteStore::open(&path, options).expect("opens"), notes());
    store.migrate(&[note]).expect("the table is made");
    let log = path.with_extension("db-wal");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                keys(&store, note);
            }
        });
        for id in 0..400 {
            add(&store, note, Note(id, "x".repeat(100_000))).expect("a note is added");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let size = fs::metadata(&log).map_or(0, |log| log.len());
    assert!(size < 20_000_000, "40 MB were written, the log has {size} bytes");
    assert!(store.size().is_ok_and(|size| size > 40_000_000));
    drop(store);
    assert_eq!(fs::metadata(&log).map_or(0, |log| log.len()), 0);
}

#[test]
fn copies_are_consistent() {
    let folder = folder();
    let path = folder.path().join("busy.db");
    let options = Options { sync: false, ..Options::creating() };
    let (store, note) = (SqliteStore::open(&path, options).expect("opens"), notes());
    store.migrate(&[note]).expect("the table is made");
    for id in 0..200 {
        add(&store, note, Note(id, "x".repeat(100_000))).expect("a note is added");
    }
    let copy = folder.path().join("copy.db");
    let (mut steps, mut last) = (0, (0, 0));
    // Somebody writes between all steps of the copy, which goes on nonetheless.
    let outcome = store.backup(&copy, &mut |done, total| {
        (steps, last) = (steps + 1, (done, total));
        assert!(steps < 100, "the copy starts anew again and again");
        add(&store, note, Note(1000 + steps, "later".into())).expect("a note is added");
    });
    assert_eq!(outcome, Ok(()));
    assert!(steps > 3 && last.0 == last.1, "{steps} steps, the last {last:?}");
    let again = store.backup(&copy, &mut |_, _| {});
    assert!(matches!(again, Err(StoreError::Unavailable(_))), "{again:?}");
    let copied = open(&copy);
    assert_eq!(keys(&copied, note), (0..200).collect::<Vec<_>>());
    assert_eq!(copied.check(), Ok(Vec::new()));
    let strays: Vec<_> = fs::read_dir(folder.path())
        .expect("the folder")
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
        .filter(|name| name.to_string_lossy().contains("partial"))
        .collect();
    assert!(strays.is_empty(), "{strays:?}");
}

#[test]
fn a_copy_never_replaces_a_file_that_came_meanwhile_and_two_to_one_name_make_one() {
    let folder = folder();
    let (store, note) = (open(&folder.path().join("busy.db")), notes());
    store.migrate(&[note]).expect("the table is made");
    add(&store, note, Note(1, "x".repeat(10_000))).expect("a note is added");
    let taken = folder.path().join("taken.db");
    let outcome = store.backup(&taken, &mut |_, _| fs::write(&taken, "mine").expect("a file"));
    assert!(matches!(&outcome, Err(StoreError::Unavailable(why)) if why.contains("exists")));
    assert_eq!(fs::read(&taken).expect("the file"), b"mine");
    let (copy, both) = (folder.path().join("copy.db"), std::sync::Barrier::new(2));
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let backup = || {
            scope.spawn(|| {
                store.backup(&copy, &mut |_, _| {
                    both.wait();
                })
            })
        };
        let two = [backup(), backup()];
        two.map(|thread| thread.join().expect("no thread panics")).into_iter().collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(keys(&open(&copy), note), [1]);
    let strays = fs::read_dir(folder.path()).expect("the folder");
    let strays: Vec<_> = strays
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
        .filter(|name| name.to_string_lossy().contains("partial"))
        .collect();
    assert!(strays.is_empty(), "{strays:?}");
}

#[test]
fn strangers_are_reported() {
    let folder = folder();
    let path = folder.path().join("strange.db");
    let store = open(&path);
    store.migrate(&[notes()]).expect("the table is made");
    assert_eq!(store.check(), Ok(Vec::new()));
    rusqlite::Connection::open(&path)
        .and_then(|bare| {
            bare.execute_batch("CREATE TABLE stranger (a); ALTER TABLE note DROP COLUMN body;")
        })
        .expect("somebody tampers with it");
    let broken = store.check().expect("the check runs");
    assert_eq!(broken.len(), 2, "{broken:?}");
}

#[test]
fn a_read_whose_time_is_over_is_given_up_and_its_connection_serves_on() {
    let folder = folder();
    let options = Options { readers: 1, ..Options::creating() };
    let store = SqliteStore::open(&folder.path().join("slow.db"), options).expect("opens");
    let table = table("slow", &["k", "a"]);
    store.migrate(&[table]).expect("the table is made");
    let filled = command(&store, move |connection| {
        (0..100_000).try_for_each(|k| connection.insert(table, &Pair(k, k % 7)))
    });
    filled.expect("it is filled");
    let count = |mode: ReadMode, filter: i64| {
        // One statement without an answer row until its end.
        let query = Select::from(table, &[]).equals(1, Cell::Int(filter));
        let query = query.aggregate(Aggregate::Count);
        let mut counted = 0;
        let read = store.read_in(mode, &mut |connection: &mut dyn Connection| {
            connection.select(&query, &mut |row| {
                counted = row.int()?.unwrap_or(0);
                Ok(())
            })
        });
        read.map(|()| counted)
    };
    let at = |time: Duration| ReadMode { deadline: Some(Instant::now() + time), urgent: false };
    let given_up = count(at(Duration::from_micros(300)), 1);
    let Err(Fault::Store(StoreError::Unavailable(why))) = given_up else {
        panic!("it went on: {given_up:?}")
    };
    assert!(why.contains("given up"), "{why}");
    let enough = at(Duration::from_secs(60));
    assert!(matches!(count(enough, 1), Ok(14_286)), "{:?}", count(enough, 1));
    assert!(matches!(count(ReadMode::default(), 9), Ok(0)));
}

#[test]
fn a_connection_is_kept_for_urgent_reads() {
    let folder = folder();
    let options = Options { readers: 1, ..Options::creating() };
    let store = SqliteStore::open(&folder.path().join("kept.db"), options).expect("opens");
    let urgent = ReadMode { deadline: None, urgent: true };
    let soon = || ReadMode { deadline: Some(Instant::now()), urgent: false };
    let outcome = store.read(&mut |_| {
        assert!(store.read_in(urgent, &mut |_| Ok(())).is_ok());
        let waited = store.read_in(soon(), &mut |_| Ok(()));
        assert!(matches!(waited, Err(Fault::Store(StoreError::Unavailable(_)))), "{waited:?}");
        Ok(())
    });
    outcome.expect("the read succeeds");
}

#[cfg(unix)]
#[test]
fn nobody_but_its_owner_reads_what_is_made() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("own.db");
    let (store, note) = (open(&path), notes());
    store.migrate(&[note]).expect("the table is made");
    add(&store, note, Note(1, "secret".into())).expect("a note is added");
    store.backup(&folder.path().join("copy.db"), &mut |_, _| {}).expect("a copy is made");
    let mut seen = 0;
    for entry in fs::read_dir(folder.path()).expect("the folder is read") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
        seen += 1;
    }
    // Database, log, its index, lock, copy.
    assert_eq!(seen, 5);
}
