//! The conformance suite on this engine.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tessera_store_sqlite::{Options, SqliteStore};

fn options() -> Options {
    Options { sync: false, ..Options::creating() }
}

#[test]
fn every_case_on_a_database_of_its_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut failed = Vec::new();
    for case in tessera_store_conformance::suite() {
        let path = folder.path().join(format!("{}.db", case.name.replace("::", "-")));
        let store = SqliteStore::open(&path, options()).expect("a new database");
        if catch_unwind(AssertUnwindSafe(|| (case.run)(&store))).is_err() {
            failed.push(case.name);
        }
    }
    assert!(failed.is_empty(), "these cases failed: {failed:#?}");
}

#[test]
fn all_cases_at_once_on_one_database() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("shared.db");
    // Small enough for the log to be moved all the time.
    let options = Options { checkpoint_mib: 0, readers: 2, page_size: 512, ..options() };
    let store = SqliteStore::open(&path, options).expect("a new database");
    let (store, mut failed) = (&store, Vec::new());
    std::thread::scope(|scope| {
        let threads: Vec<_> = tessera_store_conformance::suite()
            .into_iter()
            .map(|case| (case.name, scope.spawn(move || (case.run)(store))))
            .collect();
        failed
            .extend(threads.into_iter().filter_map(|(name, t)| t.join().is_err().then_some(name)));
    });
    assert!(failed.is_empty(), "these cases failed: {failed:#?}");
}
