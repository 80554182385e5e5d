//! The archive: the database of any moment is made again from it, and what can't be is refused.

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use common::{Note, add, keys, notes, open};
use proptest::prelude::*;
use tessera_kernel::{CellRef, Clock, Connection, Instant, Store, StoreError, TableDef};
use tessera_store_conformance::command;
use tessera_store_sqlite::archive::{ArchiveError, ArchiveOptions, Restored, restore};
use tessera_store_sqlite::{Options, SqliteStore};

/// Notes by their keys.
type Notes = BTreeMap<i64, String>;

const DAY: i64 = 86_400_000_000;

/// A clock that stands until it is set forward.
struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A database, its archive, and what it must have.
struct Bench {
    folder: tempfile::TempDir,
    clock: Arc<Standing>,
    keep: Option<Duration>,
    reserve: u64,
    note: &'static TableDef,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(Standing(AtomicI64::new(1_800_000_000_000_000)));
        Self { folder, clock, keep: None, reserve: 0, note: notes() }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("live.db")
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    fn open(&self) -> SqliteStore {
        let (keep, reserve, clock) = (self.keep, self.reserve, self.clock.clone());
        let archive =
            ArchiveOptions { keep, reserve, clock, ..ArchiveOptions::new(self.archive()) };
        let options = Options {
            archive: Some(archive),
            sync: false,
            checkpoint_mib: 0,
            ..Options::creating()
        };
        let store = SqliteStore::open(&self.database(), options).expect("the database opens");
        store.migrate(&[self.note]).expect("the table is there");
        store
    }

    fn pass(&self, micros: i64) -> Instant {
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
        self.clock.now()
    }

    /// Restores; answers what was restored and the notes that are in it.
    fn restore(&self, at: Option<Instant>) -> Result<(Restored, Notes), ArchiveError> {
        let made = tempfile::NamedTempFile::new_in(self.folder.path()).expect("a file");
        let mut target = made.reopen().expect("it opens");
        let restored = restore(&self.archive(), at, &mut target, &mut |_| {})?;
        let path = made.into_temp_path();
        let copy = open(&path);
        assert_eq!(copy.check(), Ok(Vec::new()));
        Ok((restored, all(&copy, self.note)))
    }

    /// Files of the archive whose names end so.
    fn files(&self, end: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.archive()).expect("the folder");
        let mut files: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.to_string_lossy().ends_with(end))
            .collect();
        files.sort();
        files
    }
}

fn all(store: &SqliteStore, note: &'static TableDef) -> Notes {
    let mut notes = Notes::new();
    let read = store.read(&mut |connection: &mut dyn Connection| {
        connection.rows(note, &[], &mut |row| {
            let (id, body) = (row.int()?, row.text()?.map(str::to_string));
            notes.insert(id.unwrap_or_default(), body.unwrap_or_default());
            Ok(())
        })
    });
    read.expect("the notes are read");
    notes
}

fn remove(store: &SqliteStore, note: &'static TableDef, id: i64) {
    let removed =
        command(store, move |connection| connection.delete(note, &[CellRef::Int(id)]).map(drop));
    removed.expect("a note is removed");
}

/// What happens to a database.
#[derive(Clone, Debug)]
enum Step {
    /// A note with so many letters; it is replaced where it is there.
    Write(i64, usize),
    Remove(i64),
    /// The server is stopped and started again.
    Restart,
    /// Somebody writes who archives nothing.
    WriteElsewhere(i64),
    /// A day goes by, so that a new copy is due.
    Day,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..20_i64, prop_oneof![1..200_usize, 10_000..200_000_usize])
            .prop_map(|(id, letters)| Step::Write(id, letters)),
        3 => (0..20_i64).prop_map(Step::Remove),
        1 => Just(Step::Restart),
        1 => (20..30_i64).prop_map(Step::WriteElsewhere),
        1 => Just(Step::Day),
    ];
    proptest::collection::vec(step, 1..40)
}

/// Does it; answers the moments after each commit that was archived, with what was there.
fn play(bench: &Bench, steps: &[Step]) -> Vec<(Instant, Notes)> {
    let (mut now, mut seen) = (Notes::new(), Vec::new());
    let mut store = Some(bench.open());
    for step in steps {
        bench.pass(1000);
        let open = store.take().expect("the store of the step before");
        match step {
            Step::Write(id, letters) => {
                if now.contains_key(id) {
                    remove(&open, bench.note, *id);
                }
                let text = format!("{id} ").repeat(letters / 2);
                add(&open, bench.note, Note(*id, text.clone())).expect("a note is added");
                now.insert(*id, text);
                store = Some(open);
            }
            Step::Remove(id) => {
                remove(&open, bench.note, *id);
                now.remove(id);
                store = Some(open);
            }
            Step::Restart => {
                drop(open);
                store = Some(bench.open());
            }
            Step::WriteElsewhere(id) => {
                drop(open);
                let other = crate::open(&bench.database());
                remove(&other, bench.note, *id);
                add(&other, bench.note, Note(*id, "elsewhere".into())).expect("a note is added");
                now.insert(*id, "elsewhere".into());
                drop(other);
                store = Some(bench.open());
            }
            Step::Day => {
                bench.pass(DAY);
                store = Some(open);
            }
        }
        // Two commits of one moment have times one after the other.
        seen.push((bench.clock.now().plus_micros(500), now.clone()));
    }
    seen
}

/// A moment a little later.
trait Later {
    fn plus_micros(self, micros: i64) -> Self;
}

impl Later for Instant {
    fn plus_micros(self, micros: i64) -> Self {
        Instant::from_micros(self.as_micros() + micros)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_database_of_every_moment_is_restored(steps in steps()) {
        let bench = Bench::new();
        let seen = play(&bench, &steps);
        for (at, expected) in &seen {
            let (restored, found) = bench.restore(Some(*at)).expect("it is restored");
            prop_assert_eq!(&found, expected, "at {}", at);
            prop_assert!(restored.last <= *at && !restored.torn);
        }
        let (_, last) = bench.restore(None).expect("it is restored");
        prop_assert_eq!(Some(&last), seen.last().map(|(_, notes)| notes));
    }
}

/// So many notes, one a commit.
fn write(bench: &Bench, store: &SqliteStore, ids: std::ops::Range<i64>) {
    for id in ids {
        bench.pass(1000);
        add(store, bench.note, Note(id, format!("note {id}"))).expect("a note is added");
    }
}

#[test]
fn a_restart_goes_on_and_needs_no_new_copy() {
    let bench = Bench::new();
    for restart in 0..3 {
        let store = bench.open();
        write(&bench, &store, restart * 10..restart * 10 + 10);
    }
    assert_eq!((bench.files(".db").len(), bench.files(".log").len()), (1, 1));
    assert_eq!(bench.restore(None).expect("it is restored").1.len(), 30);
}

#[test]
fn commits_of_one_moment_have_times_one_after_the_other_also_where_the_clock_goes_back() {
    let bench = Bench::new();
    let store = bench.open();
    write(&bench, &store, 0..1);
    let last = bench.restore(None).expect("it is restored").0.last;
    for id in 1..5 {
        bench.clock.0.fetch_sub(id * DAY, Ordering::SeqCst);
        add(&store, bench.note, Note(id, "back".into())).expect("a note is added");
        let at = last.plus_micros(id);
        let (restored, found) = bench.restore(Some(at)).expect("it is restored");
        assert_eq!((restored.last, found.len() as i64), (at, id + 1));
        let (_, before) = bench.restore(Some(at.plus_micros(-1))).expect("it is restored");
        assert_eq!(before.len() as i64, id);
    }
}

#[test]
fn a_torn_end_is_left_out_and_what_is_archived_goes_on() {
    let bench = Bench::new();
    write(&bench, &bench.open(), 0..5);
    let log = bench.files(".log").remove(0);
    let whole = fs::read(&log).expect("the log");
    // The last record is a page or more, behind 60 bytes.
    for (cut, garbage) in [(1, 0), (30, 0), (4000, 0), (4100, 0), (4150, 4000), (40, 40), (1, 900)]
    {
        let mut torn = whole[..whole.len() - cut].to_vec();
        torn.extend(std::iter::repeat_n(0xA5, garbage));
        fs::write(&log, torn).expect("the log is torn");
        let (restored, found) = bench.restore(None).expect("it is restored");
        assert!(restored.torn && found.len() == 4, "{cut} {garbage}: {restored:?}");
    }
    let store = bench.open();
    // The write-ahead log still had what was torn.
    assert_eq!(bench.restore(None).expect("it is restored").1.len(), 5);
    write(&bench, &store, 5..8);
    let (restored, found) = bench.restore(None).expect("it is restored");
    assert!(!restored.torn && found == all(&store, bench.note), "{restored:?}");
    assert_eq!(bench.files(".db").len(), 1);
}

#[test]
fn damage_before_the_end_is_refused_with_file_and_offset() {
    let bench = Bench::new();
    let store = bench.open();
    write(&bench, &store, 0..5);
    let log = bench.files(".log").remove(0);
    let whole = fs::read(&log).expect("the log");
    let records: Vec<usize> =
        (0..whole.len() - 4).filter(|at| whole[*at..].starts_with(b"TSRC")).collect();
    assert!(records.len() > 5, "{records:?}");
    let third = records[records.len() - 3];
    // Magic, link, sequence, time, number of frames, pages, its checksum, a page's number, a page.
    for at in [0, 4, 8, 16, 24, 28, 57, 60, 64, 3000].map(|at| third + at) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&log, damaged).expect("the log is damaged");
        let refused = bench.restore(None).expect_err("a refusal");
        let ArchiveError::Damaged { path, offset, before, .. } = &refused else {
            panic!("{refused}")
        };
        assert_eq!((path, *offset), (&log, third as u64), "{at}: {refused}");
        // What comes before the damage can be had.
        assert_eq!(bench.restore(*before).expect("it is restored").1.len(), 2);
    }
    let mut short = whole[..third].to_vec();
    short.extend(&whole[records[records.len() - 2]..]);
    fs::write(&log, short).expect("a record is taken out");
    let refused = bench.restore(None).expect_err("a refusal");
    assert!(matches!(&refused, ArchiveError::Damaged { offset, .. } if *offset == third as u64));
    fs::write(&log, &whole).expect("the log as it was");
    let copy = bench.files(".db").remove(0);
    let mut damaged = fs::read(&copy).expect("the copy");
    damaged[2000] ^= 1;
    fs::write(&copy, damaged).expect("the copy is damaged");
    let refused = bench.restore(None).expect_err("a refusal");
    assert!(matches!(&refused, ArchiveError::Damaged { path, .. } if *path == copy), "{refused}");
    drop(store);
}

#[test]
fn a_day_later_there_is_a_new_copy_and_what_is_older_than_kept_is_removed() {
    let mut bench = Bench::new();
    bench.keep = Some(Duration::from_hours(48));
    let (store, begun) = (bench.open(), bench.clock.now());
    for day in 0..5_i64 {
        // A commit begins the copy, unless the one before it is not finished.
        let mut ids = day * 1000..;
        wait_until(|| {
            write(&bench, &store, ids.next().map_or(0..0, |id| id..id + 1));
            bench.files(".db").iter().any(|copy| named(copy, day + 1))
        });
        bench.pass(DAY);
    }
    let now = all(&store, bench.note);
    // The thread removes after it has copied.
    wait_until(|| bench.files(".log").len() <= 3);
    assert_eq!(bench.restore(None).expect("it is restored").1, now);
    let early = bench.restore(Some(begun)).expect_err("a refusal");
    assert!(matches!(&early, ArchiveError::Nothing { first: Some(first), .. } if *first > begun));
    let two_days_ago = bench.clock.now().plus_micros(-2 * DAY);
    assert!(bench.restore(Some(two_days_ago)).is_ok(), "two days are kept");
    // Without the newest copy, the one before it and both logs serve.
    fs::remove_file(bench.files(".db").pop().expect("a copy")).expect("it is removed");
    assert_eq!(bench.restore(None).expect("it is restored").1, now);
    let logs = bench.files(".log");
    fs::remove_file(&logs[logs.len() - 2]).expect("a log is removed");
    let refused = bench.restore(None).expect_err("a refusal");
    assert!(matches!(refused, ArchiveError::Missing { .. }), "{refused}");
    drop(store);
}

fn named(copy: &Path, number: i64) -> bool {
    copy.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(&format!("{number:06}-")))
}

fn wait_until(mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "the archive's thread does nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn nothing_is_lost_while_the_log_is_moved_again_and_again_under_load() {
    let bench = Bench::new();
    let store = bench.open();
    std::thread::scope(|scope| {
        for thread in 0..8_i64 {
            let (store, note) = (&store, bench.note);
            scope.spawn(move || {
                for turn in 0..100 {
                    let text = "x".repeat(usize::try_from(turn * 150).expect("a size"));
                    add(store, note, Note(turn * 8 + thread, text)).expect("a note is added");
                }
            });
        }
    });
    let found = bench.restore(None).expect("it is restored").1;
    assert_eq!(found.len(), 800);
    assert_eq!(found, all(&store, bench.note));
    let log = fs::metadata(bench.folder.path().join("live.db-wal")).expect("the log").len();
    let archived = fs::metadata(bench.files(".log").remove(0)).expect("the archive").len();
    assert!(log * 2 < archived, "the log was never moved: {log} of {archived}");
    assert_eq!(bench.files(".db").len(), 1);
}

#[test]
fn a_command_is_refused_before_it_does_anything_where_the_archive_has_no_room() {
    let mut bench = Bench::new();
    write(&bench, &bench.open(), 0..3);
    bench.reserve = u64::MAX;
    let options = ArchiveOptions { reserve: u64::MAX, ..ArchiveOptions::new(bench.archive()) };
    let options = Options { archive: Some(options), ..Options::creating() };
    let store = SqliteStore::open(&bench.database(), options).expect("the database opens");
    let refused = add(&store, bench.note, Note(9, "no room".into()));
    let Err(StoreError::Unavailable(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("make room"), "{why}");
    assert_eq!(keys(&store, bench.note), [0, 1, 2]);
}

#[test]
fn two_databases_never_write_into_one_archive_at_once() {
    let bench = Bench::new();
    let store = bench.open();
    let options =
        Options { archive: Some(ArchiveOptions::new(bench.archive())), ..Options::creating() };
    let other = SqliteStore::open(&bench.folder.path().join("other.db"), options);
    assert!(matches!(&other, Err(StoreError::Unavailable(why)) if why.contains("in use")));
    drop(store);
}

#[test]
fn an_empty_archive_and_a_moment_before_it_are_refused() {
    let bench = Bench::new();
    fs::create_dir(bench.archive()).expect("a folder");
    let refused = bench.restore(None).expect_err("a refusal");
    assert!(matches!(refused, ArchiveError::Nothing { first: None, .. }), "{refused}");
    let begun = bench.clock.now();
    drop(bench.open());
    let refused = bench.restore(Some(begun.plus_micros(-1))).expect_err("a refusal");
    assert!(matches!(refused, ArchiveError::Nothing { first: Some(_), .. }), "{refused}");
    let missing = restore(
        &bench.folder.path().join("nowhere"),
        None,
        &mut File::create(bench.folder.path().join("new.db")).expect("a file"),
        &mut |_| {},
    );
    assert!(matches!(missing, Err(ArchiveError::File { .. })), "{missing:?}");
}
