//! The conformance suite on this engine.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{TestDatabase, database};

fn open(database: &TestDatabase, parameters: &str) -> PostgresStore {
    let options = database.url(parameters).parse().expect("an address");
    PostgresStore::open(options).expect("the database opens")
}

#[test]
fn every_case_on_a_database_of_its_own() {
    for options in ["", "?prepared=never"] {
        let mut failed = Vec::new();
        for case in tessera_store_conformance::suite() {
            let Some(database) = database() else { return };
            let store = open(&database, options);
            if catch_unwind(AssertUnwindSafe(|| (case.run)(&store))).is_err() {
                failed.push(case.name);
            }
        }
        assert!(failed.is_empty(), "with `{options}` these cases failed: {failed:#?}");
    }
}

#[test]
fn all_cases_at_once_on_one_database() {
    let Some(database) = database() else { return };
    let store = open(&database, "?writers=16&readers=3");
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
