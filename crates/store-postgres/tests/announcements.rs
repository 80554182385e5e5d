//! What commands announce is heard by those that begin after them, in other processes too.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock};

use tessera_kernel::{
    CellRef, ColumnDef, ColumnType, Connection, Guard, Job, Store as _, StoreError, TableDef,
    Verdict,
};
use tessera_store_postgres::PostgresStore;
use tessera_testing_postgres::{TestDatabase, database};

static COUNTER: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = ["id", "count"].map(|name| ColumnDef::required(name, ColumnType::Int));
    TableDef::new("counter", columns.to_vec(), 1)
});

static ANY: LazyLock<Guard> = LazyLock::new(|| Guard { terms: vec![(1, 1)], least: 0 });

type Run = Box<dyn FnMut(&mut dyn Connection) -> Verdict + Send>;

struct Command {
    run: Run,
    done: std::sync::mpsc::Sender<Result<(), StoreError>>,
}

impl Job for Command {
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        (self.run)(connection)
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.done.send(outcome).expect("somebody waits");
    }
}

fn open(database: &TestDatabase) -> PostgresStore {
    let options = database.url("?writers=2").parse().expect("an address");
    let store = PostgresStore::open(options).expect("the database opens");
    store.migrate(&[&COUNTER]).expect("its tables come into being");
    store
}

fn command(
    store: &PostgresStore,
    run: impl FnMut(&mut dyn Connection) -> Verdict + Send + 'static,
) {
    let (done, outcome) = channel();
    store.submit(Box::new(Command { run: Box::new(run), done }));
    outcome.recv().expect("an answer").expect("the command is kept");
}

fn announce(store: &PostgresStore, message: &'static str, verdict: Verdict) {
    command(store, move |connection| {
        connection.announce(message).expect("announced");
        verdict
    });
}

/// What a new command of this process hears.
fn heard(store: &PostgresStore) -> Vec<String> {
    let (told, hears) = channel();
    command(store, move |connection| {
        let mut tell = |message: Option<&str>| {
            told.send(message.unwrap_or("everything").to_string()).expect("somebody listens");
        };
        connection.announced(&mut tell).expect("heard");
        connection.announced(&mut tell).expect("nothing more");
        Verdict::Undo
    });
    hears.try_iter().collect()
}

/// Each of the two connections of the process begins by forgetting.
fn listen(store: &PostgresStore) {
    while heard(store) != [""; 0] {}
}

#[test]
fn each_process_hears_once_what_was_kept() {
    let Some(database) = database() else { return };
    let (here, there) = (open(&database), open(&database));
    for store in [&here, &there] {
        for _ in 0..8 {
            listen(store);
        }
    }
    announce(&here, "one", Verdict::Keep);
    announce(&there, "two", Verdict::Keep);
    announce(&there, "undone", Verdict::Undo);
    for store in [&here, &there] {
        let mut all: Vec<String> = Vec::new();
        for _ in 0..4 {
            all.extend(heard(store).into_iter().filter(|message| message != "everything"));
        }
        assert_eq!(all, ["one", "two"]);
    }
}

#[test]
fn a_message_that_is_kept_late_is_heard_although_later_ones_were_heard_before() {
    let Some(database) = database() else { return };
    let (here, there) = (open(&database), open(&database));
    for _ in 0..8 {
        listen(&there);
    }
    let (go, wait) = channel::<()>();
    let (begun, is_begun) = channel();
    let (done, outcome) = channel();
    let run = move |connection: &mut dyn Connection| {
        // It has its number from the first write on.
        let key = [CellRef::Int(1)];
        assert!(connection.adjust(&COUNTER, &key, &[(1, 1)], Some(&ANY)).expect("written"));
        connection.rows(&COUNTER, &key, &mut |_| Ok(())).expect("read behind it");
        connection.announce("early").expect("announced");
        begun.send(()).expect("somebody waits");
        wait.recv().expect("a sign");
        Verdict::Keep
    };
    here.submit(Box::new(Command { run: Box::new(run), done }));
    is_begun.recv().expect("it begins");
    announce(&there, "late", Verdict::Keep);
    let quick: Vec<String> = (0..4).flat_map(|_| heard(&there)).collect();
    assert!(quick.contains(&"late".to_string()) && !quick.contains(&"early".to_string()));
    go.send(()).expect("it waits");
    outcome.recv().expect("an answer").expect("kept");
    let slow: Vec<String> = (0..4).flat_map(|_| heard(&there)).collect();
    assert!(slow.contains(&"early".to_string()), "{slow:?}");
}

/// A command that counts on `period`, and what it needs to be held up in the middle.
struct Relying {
    begun: Receiver<()>,
    go: Sender<()>,
    outcome: Receiver<Result<(), StoreError>>,
    runs: Arc<AtomicU32>,
}

/// Begins it: its first run waits for a sign, others do not.
fn rely(store: &PostgresStore) -> Relying {
    let (told, begun) = channel();
    let (go, wait) = channel::<()>();
    let (done, outcome) = channel();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let run = move |connection: &mut dyn Connection| {
        connection.announced(&mut |_| {}).expect("heard");
        connection.rely("period").expect("noted");
        connection.adjust(&COUNTER, &[CellRef::Int(1)], &[(1, 1)], None).expect("written");
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            told.send(()).expect("somebody waits");
            wait.recv().expect("a sign");
        }
        Verdict::Keep
    };
    store.submit(Box::new(Command { run: Box::new(run), done }));
    Relying { begun, go, outcome, runs }
}

#[test]
fn a_command_that_relies_on_what_is_announced_meanwhile_runs_again() {
    let Some(database) = database() else { return };
    let (here, there) = (open(&database), open(&database));
    for (message, runs) in [("another period", 1), ("period", 2), ("period", 2)] {
        let relying = rely(&here);
        relying.begun.recv().expect("it begins");
        announce(&there, message, Verdict::Keep);
        relying.go.send(()).expect("it waits");
        relying.outcome.recv().expect("an answer").expect("kept");
        assert_eq!(relying.runs.load(Ordering::SeqCst), runs, "{message}");
    }
    // An announcement that is not kept is none.
    let relying = rely(&here);
    relying.begun.recv().expect("it begins");
    announce(&there, "period", Verdict::Undo);
    relying.go.send(()).expect("it waits");
    relying.outcome.recv().expect("an answer").expect("kept");
    assert_eq!(relying.runs.load(Ordering::SeqCst), 1);
}
