//! How the server reaches the rows of commands.

use std::sync::LazyLock;
use std::time::Duration;

use tessera_kernel::{CellRef, ColumnDef, ColumnType, Guard, Store as _, TableDef};
use tessera_store_conformance::command;
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::database;

static COUNTER: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Int),
        ColumnDef::required("count", ColumnType::Int),
    ];
    TableDef::new("counter", columns, 1)
});

/// A table of a few rows is read as a whole where the planner chooses; the plan is kept when the table
/// has grown.
#[test]
fn commands_read_by_the_index_also_what_was_small_when_they_were_planned() {
    let Some(database) = database() else { return };
    for parameters in ["?writers=1", "?writers=1&prepared=never"] {
        let options = database.url(parameters).parse().expect("an address");
        let store = PostgresStore::open(options).expect("the database opens");
        store.migrate(&[&COUNTER]).expect("its tables come into being");
        database.execute(
            "TRUNCATE counter; INSERT INTO counter SELECT n, n FROM generate_series(1, 50) n; \
             ANALYZE counter; SELECT pg_stat_reset();",
        );
        for id in 1..=20 {
            command(&store, move |connection| {
                let guard = Guard { terms: vec![(1, 1)], least: 0 };
                let held = connection.hold(&COUNTER, &[CellRef::Int(id + 20)]);
                held.and_then(|()| {
                    connection.adjust(&COUNTER, &[CellRef::Int(id)], &[(1, 1)], Some(&guard))
                })
            })
            .expect("it is counted");
        }
        // The server tells what a connection did once that has ended; so it does of the one above.
        drop(store);
        std::thread::sleep(Duration::from_millis(500));
        database.execute(
            "DO $$ DECLARE used record; BEGIN
                SELECT seq_scan, idx_scan INTO used FROM pg_stat_user_tables WHERE relname = 'counter';
                ASSERT used.seq_scan < 5 AND used.idx_scan >= 40, used::text;
            END $$",
        );
    }
}
