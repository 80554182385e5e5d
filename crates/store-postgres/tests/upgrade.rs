//! An upgrade while people work: the new program makes what its tables lack, processes of the former
//! version go on.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Guard, RowBuffer, Select, Store as _, TableDef,
};
use tessera_store_conformance::command;
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{TestDatabase, database};

static FORMER: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Int),
        ColumnDef::required("subject", ColumnType::Text),
        ColumnDef::required("count", ColumnType::Int),
    ];
    TableDef::new("letter", columns, 1)
});

/// The next version has one more column that is never empty, an index over it, and one more table.
static NEXT: LazyLock<TableDef> = LazyLock::new(|| {
    let mut columns = FORMER.columns.clone();
    columns.push(ColumnDef::required("priority", ColumnType::Int));
    TableDef::new("letter", columns, 1).with_index(&["priority"], false)
});

static STAMP: LazyLock<TableDef> =
    LazyLock::new(|| TableDef::new("stamp", vec![ColumnDef::required("id", ColumnType::Int)], 1));

fn open(database: &TestDatabase, tables: &[&'static TableDef]) -> PostgresStore {
    let options = database.url("?writers=4").parse().expect("an address");
    let store = PostgresStore::open(options).expect("the database opens");
    store.migrate(tables).expect("its tables come into being");
    store
}

/// Writes a letter, counts on it twice and reads it back, as the version of `table` does.
fn work(store: &PostgresStore, table: &'static TableDef, id: i64) -> Result<(), String> {
    let mut row = vec![Cell::Int(id), Cell::Text(format!("letter {id}")), Cell::Int(0)];
    row.extend((table.columns.len() > row.len()).then_some(Cell::Int(9)));
    let row = RowBuffer(row);
    let written = command(store, move |connection| connection.insert(table, &row));
    written.map_err(|error| format!("{id} is not written: {error}"))?;
    for _ in 0..2 {
        let counted = command(store, move |connection| {
            let guard = Guard { terms: vec![(2, 1)], least: 0 };
            connection.adjust(table, &[CellRef::Int(id)], &[(2, 1)], Some(&guard))
        });
        if counted != Ok(true) {
            return Err(format!("{id} is not counted: {counted:?}"));
        }
    }
    let mut count = None;
    let read = store.read(&mut |connection| {
        let query = Select::from(table, &[2]).equals(0, Cell::Int(id));
        connection.select(&query, &mut |row| {
            count = row.int()?;
            Ok(())
        })
    });
    match (read, count) {
        (Ok(()), Some(2)) => Ok(()),
        other => Err(format!("{id} is read as {other:?}")),
    }
}

#[test]
fn the_former_version_works_on_while_and_after_the_next_one_migrates() {
    let Some(database) = database() else { return };
    let former = open(&database, &[&FORMER]);
    for id in 0..2_000 {
        let row = RowBuffer(vec![Cell::Int(-1 - id), Cell::Text("old".into()), Cell::Int(0)]);
        command(&former, move |connection| connection.insert(&FORMER, &row)).expect("written");
    }
    let (next_id, stop) = (AtomicI64::new(1), AtomicBool::new(false));
    let written = std::thread::scope(|scope| {
        let client = || {
            let mut written = 0_usize;
            while !stop.load(Ordering::Relaxed) {
                work(&former, &FORMER, next_id.fetch_add(1, Ordering::Relaxed))?;
                written += 1;
            }
            Ok::<_, String>(written)
        };
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(client)).collect();
        let wait_for = |id| {
            while next_id.load(Ordering::Relaxed) < id && clients.iter().all(|c| !c.is_finished()) {
                std::thread::yield_now();
            }
        };
        wait_for(50);
        let next = open(&database, &[&NEXT, &STAMP]);
        let migrated = next_id.load(Ordering::Relaxed);
        wait_for(migrated + 50);
        for id in 1_000_000..1_000_050 {
            work(&next, &NEXT, id).expect("the next version works");
        }
        stop.store(true, Ordering::Relaxed);
        let written = clients.into_iter().map(|client| client.join().expect("no panic"));
        written.sum::<Result<usize, String>>().expect("the former version works on")
    });
    let next = open(&database, &[&NEXT, &STAMP]);
    let (mut neutral, mut set) = (0, 0);
    let read = next.read(&mut |connection| {
        connection.rows(&NEXT, &[], &mut |row| {
            row.int()?;
            row.text()?;
            row.int()?;
            match row.int()? {
                Some(0) => neutral += 1,
                Some(9) => set += 1,
                other => panic!("a priority is {other:?}"),
            }
            Ok(())
        })
    });
    read.expect("the next version reads");
    assert_eq!((neutral, set), (2_000 + written, 50));
    assert_eq!(next.check().expect("checked"), [""; 0]);
}
