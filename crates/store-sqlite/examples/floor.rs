//! Compares the engine with bare prepared statements that write the same rows to a database of the
//! same settings, in turns in one run. The ratio is what counts; the figures drift with the machine.
//!
//! `floor [ROUNDS [ROWS [ONLY]]]`, by default 9 rounds of 64,000 rows each and all measurements;
//! `ONLY` is the number of one of them, from 0.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rusqlite::{Connection as Bare, params};
use tessera_kernel::{
    CellRef, ColumnDef, ColumnType, Connection, Guard, Job, RowSink, Store, StoreError, TableDef,
    Verdict, WriteRow,
};
use tessera_store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Commands in one commit.
const BATCH: usize = 64;

/// Commands that are queued at most.
const WINDOW: usize = BATCH * 8;

/// One row of ten columns.
#[derive(Clone, Copy)]
struct Line(u64);

impl Line {
    fn id(self) -> Uuid {
        Uuid::from_u64_pair(0x0190_0000_0000_7000 + self.0 / 5, 0x8000_0000_0000_0000 + self.0)
    }

    fn number(self) -> i64 {
        self.0.cast_signed()
    }
}

impl WriteRow for Line {
    fn write(&self, sink: &mut dyn RowSink) {
        let n = self.number();
        sink.uuid(self.id());
        sink.int(n % 5 * 10);
        sink.uuid(Uuid::from_u128(u128::from(self.0 % 1000)));
        sink.text("Ball bearing 6204-2RS, sealed");
        sink.int(n * 1_000_000);
        sink.text("PCE");
        sink.int(n * 1999);
        sink.text("EUR");
        sink.date(20_000);
        sink.null();
    }
}

fn line_table() -> &'static TableDef {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Uuid),
        ColumnDef::required("line", ColumnType::Int),
        ColumnDef::required("product", ColumnType::Uuid),
        ColumnDef::required("description", ColumnType::Text),
        ColumnDef::required("quantity", ColumnType::Int),
        ColumnDef::required("unit", ColumnType::Text),
        ColumnDef::required("amount", ColumnType::Int),
        ColumnDef::required("currency", ColumnType::Text),
        ColumnDef::required("day", ColumnType::Date),
        ColumnDef::optional("reason", ColumnType::Text),
    ];
    Box::leak(Box::new(TableDef::new("line", columns, 2)))
}

fn counter_table() -> &'static TableDef {
    let names = ["product", "stock", "reserved", "ordered"];
    let columns = names.map(|name| ColumnDef::required(name, ColumnType::Int)).into();
    Box::leak(Box::new(TableDef::new("counter", columns, 1)))
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
enum Work {
    Insert,
    Adjust,
}

/// One command: works on `count` rows from `first` on.
struct Command {
    table: &'static TableDef,
    work: Work,
    first: u64,
    count: u64,
    gate: Arc<Gate>,
}

/// Counts the commands that are not answered yet, and lets the producer sleep while there are
/// enough of them.
#[derive(Default)]
struct Gate {
    open: Mutex<(usize, Option<StoreError>)>,
    fewer: Condvar,
}

impl Gate {
    fn enter(&self) -> Outcome<()> {
        let mut open = self.open.lock().map_err(|_| "an answer panicked")?;
        open.0 += 1;
        let enough = open.0 >= WINDOW;
        drop(open);
        if enough { self.wait(WINDOW / 2) } else { Ok(()) }
    }

    fn leave(&self, outcome: Result<(), StoreError>) {
        let Ok(mut open) = self.open.lock() else { return };
        open.0 -= 1;
        if let Err(error) = outcome {
            open.1 = Some(error);
        }
        if open.0 == WINDOW / 2 || open.0 == 0 {
            self.fewer.notify_one();
        }
    }

    fn wait(&self, most: usize) -> Outcome<()> {
        let open = self.open.lock().map_err(|_| "an answer panicked")?;
        let mut open =
            self.fewer.wait_while(open, |open| open.0 > most).map_err(|_| "an answer panicked")?;
        open.1.take().map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Job for Command {
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        let guard = Guard { terms: vec![(1, 1), (2, -1)], least: 0 };
        for row in (self.first..self.first + self.count).map(Line) {
            let kept = match self.work {
                Work::Insert => connection.insert(self.table, &row).is_ok(),
                Work::Adjust => {
                    let key = [CellRef::Int(row.number() % 1000)];
                    let deltas = [(1, 2), (2, 1)];
                    connection.adjust(self.table, &key, &deltas, Some(&guard)) == Ok(true)
                }
            };
            if !kept {
                return Verdict::Undo;
            }
        }
        Verdict::Keep
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.gate.leave(outcome);
    }
}

struct Run {
    work: Work,
    rows_per_command: u64,
    rows: u64,
}

fn through_store(
    store: &SqliteStore,
    table: &'static TableDef,
    run: &Run,
    first: u64,
) -> Outcome<Duration> {
    let gate = Arc::new(Gate::default());
    let started = Instant::now();
    for command in 0..run.rows / run.rows_per_command {
        gate.enter()?;
        store.submit(Box::new(Command {
            table,
            work: run.work,
            first: first + command * run.rows_per_command,
            count: run.rows_per_command,
            gate: gate.clone(),
        }));
    }
    gate.wait(0)?;
    Ok(started.elapsed())
}

const INSERT: &str = "INSERT INTO line VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const ADJUST: &str = "UPDATE counter SET stock = stock + ?2, reserved = reserved + ?3
    WHERE product = ?1 AND stock + ?2 - reserved - ?3 >= 0";
const NEW: &str = "INSERT INTO counter VALUES (?1, ?2, ?3, 0)";

fn through_statements(bare: &Bare, run: &Run, first: u64) -> Outcome<Duration> {
    let mut begin = bare.prepare("BEGIN IMMEDIATE")?;
    let mut commit = bare.prepare("COMMIT")?;
    let mut insert = bare.prepare(INSERT)?;
    let (mut adjust, mut new) = (bare.prepare(ADJUST)?, bare.prepare(NEW)?);
    let batch = run.rows_per_command * BATCH as u64;
    let started = Instant::now();
    for batch_first in (first..first + run.rows).step_by(usize::try_from(batch)?) {
        begin.execute([])?;
        for row in (batch_first..(batch_first + batch).min(first + run.rows)).map(Line) {
            let n = row.number();
            match run.work {
                Work::Insert => {
                    insert.execute(params![
                        &row.id().as_bytes()[..],
                        n % 5 * 10,
                        &Uuid::from_u128(u128::from(row.0 % 1000)).as_bytes()[..],
                        "Ball bearing 6204-2RS, sealed",
                        n * 1_000_000,
                        "PCE",
                        n * 1999,
                        "EUR",
                        20_000,
                        None::<i64>
                    ])?;
                }
                Work::Adjust => {
                    if adjust.execute(params![n % 1000, 2, 1])? == 0 {
                        new.execute(params![n % 1000, 2, 1])?;
                    }
                }
            }
        }
        commit.execute([])?;
    }
    Ok(started.elapsed())
}

fn open_bare(path: &Path, sync: bool, page_size: u32) -> Outcome<Bare> {
    let bare = Bare::open(path)?;
    let synchronous = if sync { "FULL" } else { "OFF" };
    bare.execute_batch(&format!(
        "PRAGMA page_size = {page_size}; PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous}; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -65536;
         CREATE TABLE line (id BLOB NOT NULL, line INTEGER NOT NULL, product BLOB NOT NULL,
            description TEXT NOT NULL, quantity INTEGER NOT NULL, unit TEXT NOT NULL,
            amount INTEGER NOT NULL, currency TEXT NOT NULL, day INTEGER NOT NULL, reason TEXT,
            PRIMARY KEY (id, line)) STRICT, WITHOUT ROWID;
         CREATE TABLE counter (product INTEGER NOT NULL, stock INTEGER NOT NULL,
            reserved INTEGER NOT NULL, ordered INTEGER NOT NULL,
            PRIMARY KEY (product)) STRICT, WITHOUT ROWID;"
    ))?;
    Ok(bare)
}

fn per_second(rows: u64, time: Duration) -> u128 {
    u128::from(rows) * 1_000_000 / time.as_micros().max(1)
}

fn measure(run: &Run, rounds: u64, options: &Options) -> Outcome<()> {
    let folder = tempfile::tempdir_in(".")?;
    let options = Options { batch_jobs: BATCH, create: true, ..options.clone() };
    let store = SqliteStore::open(&folder.path().join("store.db"), options.clone())?;
    let tables = [line_table(), counter_table()];
    store.migrate(&tables)?;
    let bare = open_bare(&folder.path().join("bare.db"), options.sync, options.page_size)?;
    let table = if matches!(run.work, Work::Insert) { tables[0] } else { tables[1] };
    let mut ratios = Vec::new();
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for round in 0..rounds {
        let first = round * run.rows;
        let floor = through_statements(&bare, run, first)?;
        let engine = through_store(&store, table, run, first)?;
        ratios.push(floor.as_micros() * 1000 / engine.as_micros().max(1));
        (ours, theirs) = (ours + engine, theirs + floor);
    }
    ratios.sort_unstable();
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(0);
    println!(
        "{:?}, {:>2} rows per command, sync {:<5} page {:>4}: engine {:>7} rows/s, bare {:>7} rows/s, \
         ratio {}.{:03} (of all rounds {ratios:?})",
        run.work,
        run.rows_per_command,
        options.sync,
        options.page_size,
        per_second(run.rows * rounds, ours),
        per_second(run.rows * rounds, theirs),
        median / 1000,
        median % 1000
    );
    Ok(())
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse());
    let (rounds, rows, only) = (number(9)?, number(64_000)?, number(u64::MAX)?);
    let mut measurement = 0;
    for (sync, page_size) in [(true, 4096), (true, 8192), (false, 4096), (false, 8192)] {
        let options = Options { sync, page_size, ..Options::default() };
        for (work, rows_per_command) in [(Work::Insert, 1), (Work::Insert, 20), (Work::Adjust, 5)] {
            if only == u64::MAX || only == measurement {
                measure(&Run { work, rows_per_command, rows }, rounds, &options)?;
            }
            measurement += 1;
        }
    }
    Ok(())
}
