//! Ways to a server that are bad, and servers that take the place of others.

use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tessera_kernel::{
    Aggregate, Cell, CellRef, ColumnDef, ColumnType, Connection, Fault, RowBuffer, Select,
    Store as _, StoreError, TableDef,
};
use tessera_store_conformance::command;
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{Proxy, Server, TestDatabase, VARIABLE, Way, database, programs};

static NOTE: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Int),
        ColumnDef::required("text", ColumnType::Text),
    ];
    TableDef::new("note", columns, 1)
});

fn open(url: &str) -> PostgresStore {
    let store = PostgresStore::open(url.parse().expect("an address")).expect("it opens");
    store.migrate(&[&NOTE]).expect("its tables come into being");
    store
}

fn store_error(fault: Fault) -> StoreError {
    match fault {
        Fault::Store(error) => error,
        fault => StoreError::Engine(fault.to_string()),
    }
}

/// Adds a row, as commands do, after looking whether it is there.
fn note(store: &PostgresStore, id: i64) -> Result<(), StoreError> {
    command(store, move |connection| {
        connection.rows(&NOTE, &[CellRef::Int(id)], &mut |_| Ok(())).map_err(
            |fault| match fault {
                Fault::Store(error) => error,
                fault => StoreError::Engine(fault.to_string()),
            },
        )?;
        connection.insert(&NOTE, &RowBuffer(vec![Cell::Int(id), Cell::Text("kept".into())]))
    })
}

fn count(store: &PostgresStore) -> i64 {
    let mut counted = 0;
    let read = store.read(&mut |connection| {
        let query = Select::from(&NOTE, &[]).aggregate(Aggregate::Count);
        connection.select(&query, &mut |row| {
            counted = row.int()?.unwrap_or(0);
            Ok(())
        })
    });
    read.expect("it reads");
    counted
}

/// A way to the server of a test database, and what the URL of the database is by that way.
fn proxy(database: &TestDatabase, parameters: &str) -> (Proxy, String) {
    let server = std::env::var(VARIABLE).expect("it is named");
    let (_, address) = server.rsplit_once('@').expect("a user");
    let proxy = Proxy::before(address.parse().expect("an address of numbers"));
    let url = database.url(parameters).replacen(address, &proxy.address().to_string(), 1);
    (proxy, url)
}

#[test]
fn a_connection_that_leads_nowhere_is_given_up_and_the_command_is_run_on_another() {
    let Some(database) = database() else { return };
    let (proxy, url) = proxy(&database, "?writers=1&readers=1&statement_timeout=1");
    let store = open(&url);
    note(&store, 1).expect("it is kept");
    assert_eq!(count(&store), 1);
    // No error is heard of these connections, and no answer.
    proxy.mute();
    let since = Instant::now();
    note(&store, 2).expect("it is kept");
    assert_eq!(count(&store), 2);
    // Both connections are given up after the second that statements have, and some more.
    assert!(since.elapsed() < Duration::from_secs(25), "{:?}", since.elapsed());
}

#[test]
fn rows_that_a_process_holds_that_stands_still_are_free_after_the_time_that_others_wait_for_them() {
    let Some(database) = database() else { return };
    let held = open(&database.url("?writers=1&lock_timeout=1"));
    note(&held, 1).expect("it is kept");
    let (told, holds) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let held = &held;
        let mut is_first = true;
        scope.spawn(move || {
            let look = |connection: &mut dyn Connection| {
                let rows = connection.rows(&NOTE, &[CellRef::Int(1)], &mut |_| Ok(()));
                rows.map_err(store_error)
            };
            command(held, move |connection| {
                connection.hold(&NOTE, &[CellRef::Int(1)])?;
                // What waits is sent with a question.
                look(connection)?;
                if std::mem::take(&mut is_first) {
                    told.send(()).expect("somebody waits");
                    std::thread::sleep(Duration::from_secs(4));
                }
                look(connection)
            })
            .expect("it is run again, as its connection was ended");
        });
        holds.recv().expect("it holds the row");
        let other = open(&database.url("?writers=1&lock_timeout=3"));
        let since = Instant::now();
        command(&other, |connection| {
            connection.hold(&NOTE, &[CellRef::Int(1)])?;
            connection
                .set(&NOTE, &[CellRef::Int(1)], None, &[(1, CellRef::Text("other"))])
                .map(drop)
        })
        .expect("the row is free");
        assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    });
}

#[test]
fn a_statement_may_take_its_time() {
    let Some(database) = database() else { return };
    let store = open(&database.url("?writers=1&statement_timeout=1"));
    let slow = database.url("?statement_timeout=20");
    let slow = PostgresStore::open(slow.parse().expect("an address")).expect("it opens");
    database.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_sleep(8); RETURN NEW; END $$;
         CREATE TRIGGER slow BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    let refused = note(&store, 1).expect_err("it takes longer than it may");
    assert!(refused.to_string().contains("too long"), "{refused}");
    note(&slow, 1).expect("it is kept");
}

#[test]
fn of_several_servers_one_that_is_down_and_one_that_is_silent_are_passed_over() {
    let Some(database) = database() else { return };
    let (proxy, url) = proxy(&database, "?writers=1&readers=1&connect_timeout=1&patience=0");
    proxy.set(Way::Blocked);
    let down = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let (silent, there) = (proxy.address().to_string(), Proxy::before(direct()));
    let all = format!("{down},{silent},{}", there.address());
    let since = Instant::now();
    let store = open(&url.replacen(&silent, &all, 1));
    assert!(since.elapsed() >= Duration::from_secs(1), "it did not wait for the silent one");
    // Once it was found, it is asked first.
    let since = Instant::now();
    note(&store, 1).expect("it is kept");
    there.reset();
    note(&store, 2).or_else(|_| note(&store, 3)).expect("it is kept");
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

/// The server of the test databases.
fn direct() -> std::net::SocketAddr {
    let server = std::env::var(VARIABLE).expect("it is named");
    server.rsplit_once('@').expect("a user").1.parse().expect("an address of numbers")
}

#[test]
fn commands_go_on_at_the_replica_that_takes_the_place_of_its_server() {
    let Some(programs) = programs() else { return };
    let leader = Server::make(&programs);
    leader.start();
    leader.ask("postgres", "CREATE DATABASE crm").expect("made");
    let replica = leader.replica("replica");
    replica.start();
    leader.set("synchronous_standby_names", "replica");
    leader.reload();
    let url = |addresses: &str, parameters: &str| {
        format!("postgres://tessera@{addresses}/crm?writers=2&readers=1{parameters}")
    };
    let [one, two] = [&leader, &replica].map(|server| server.address().to_string());
    let store = open(&url(&format!("{two},{one}"), ""));
    note(&store, 1).expect("it is kept");
    // What does not write is no place for commands, and says so in words that mean: later.
    let on_replica = url(&two, "&patience=1").parse().expect("an address");
    let on_replica = PostgresStore::open(on_replica).expect("it opens");
    let refused = note(&on_replica, 2).expect_err("it does not write");
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    leader.kill();
    replica.promote();
    note(&store, 2).expect("it is kept");
    note(&on_replica, 3).expect("it is kept");
    assert_eq!(count(&store), 3);
}
