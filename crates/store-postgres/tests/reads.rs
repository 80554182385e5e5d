//! Reads that are given up, and reads that must not wait.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tessera_kernel::{
    Aggregate, ColumnDef, ColumnType, Connection, Fault, ReadMode, Select, Store as _, StoreError,
    TableDef,
};
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{TestDatabase, database};

static NOTE: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Int),
        ColumnDef::required("text", ColumnType::Text),
    ];
    TableDef::new("note", columns, 1)
});

fn open(database: &TestDatabase, parameters: &str) -> PostgresStore {
    let options = database.url(parameters).parse().expect("an address");
    let store = PostgresStore::open(options).expect("the database opens");
    store.migrate(&[&NOTE]).expect("its tables come into being");
    store
}

fn within(time: Duration) -> ReadMode {
    ReadMode { deadline: Some(Instant::now() + time), urgent: false }
}

fn count(connection: &mut dyn Connection) -> Result<i64, Fault> {
    let mut counted = 0;
    connection.select(&Select::from(&NOTE, &[]).aggregate(Aggregate::Count), &mut |row| {
        counted = row.int()?.unwrap_or(0);
        Ok(())
    })?;
    Ok(counted)
}

#[test]
fn a_read_is_given_up_at_its_deadline_wherever_it_is() {
    let Some(database) = database() else { return };
    for parameters in ["?readers=1", "?readers=1&prepared=never"] {
        let store = open(&database, parameters);
        database.execute(
            "INSERT INTO note SELECT n, 'note ' || n FROM generate_series(1, 100000) n
             ON CONFLICT DO NOTHING",
        );
        let mut counted = Ok(0);
        let enough = store.read_in(within(Duration::from_secs(60)), &mut |connection| {
            counted = count(connection);
            Ok(())
        });
        assert!(matches!((enough, counted), (Ok(()), Ok(100_000))));
        let in_the_statement =
            store.read_in(within(Duration::from_millis(1)), &mut |c| count(c).map(drop));
        let between_statements = store.read_in(within(Duration::from_millis(400)), &mut |c| {
            count(c)?;
            std::thread::sleep(Duration::from_millis(400));
            count(c).map(drop)
        });
        for outcome in [in_the_statement, between_statements] {
            let Err(Fault::Store(StoreError::Unavailable(why))) = outcome else {
                panic!("it went on: {outcome:?}")
            };
            assert!(why.contains("too long"), "{why}");
        }
        // The connection is as good as before.
        store.read(&mut |c| count(c).map(drop)).expect("it reads");
    }
}

#[test]
fn a_connection_is_kept_for_urgent_reads() {
    let Some(database) = database() else { return };
    let store = open(&database, "?readers=1");
    let urgent = ReadMode { deadline: None, urgent: true };
    let outcome = store.read(&mut |_| {
        store.read_in(urgent, &mut |c| count(c).map(drop)).expect("it does not wait");
        let waited = store.read_in(within(Duration::ZERO), &mut |_| Ok(()));
        assert!(matches!(waited, Err(Fault::Store(StoreError::Unavailable(_)))), "{waited:?}");
        Ok(())
    });
    outcome.expect("the read succeeds");
}
