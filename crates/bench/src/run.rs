//! A run: clients in a closed loop, or paced.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tessera_installation::archive::ArchiveOptions;
use tessera_installation::{Installation, Location};
use tessera_kernel::{Aggregate, Database, Object, ObjectId, Problem, Select, Statistics};
use tessera_sales::SalesDocument;

use crate::embedded::Embedded;
use crate::fixture::{self, Fixture};
use crate::load::{Draws, Driver, cycle};
use crate::report::{Report, StepFigures};
use crate::{BenchError, STEPS, floor, http, memory};

/// How the steps are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Through the modules, in this process.
    Embedded,
    /// Through the HTTP API, over loopback.
    Http,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Measured time.
    pub seconds: u64,
    /// Time before it in which nothing is measured.
    pub warm_up: u64,
    /// Clients at once.
    pub clients: usize,
    /// Calls.
    pub via: Via,
    /// Cycles per second in all, for latencies at a given load; none: as fast as it goes.
    pub rate: Option<u64>,
    /// Full cycles to run before anything is measured, to grow the database.
    pub prefill: u64,
    /// URL of the database; none: a new file that is removed afterwards.
    pub db: Option<String>,
    /// File in which every write that was answered is noted, right after the answer.
    pub acknowledged: Option<PathBuf>,
    /// Folder in which every commit of a file is archived.
    pub archive: Option<PathBuf>,
    /// Products that are ordered, of 1,000: with 1, all orders are for one stock row.
    pub products: usize,
    /// Whether to measure the floor.
    pub floor: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seconds: 20,
            warm_up: 5,
            clients: 32,
            via: Via::Embedded,
            rate: None,
            prefill: 0,
            db: None,
            acknowledged: None,
            archive: None,
            products: fixture::PRODUCTS,
            floor: true,
        }
    }
}

/// Runs the workload; `progress` hears what is going on.
pub fn run(options: &Options, progress: &dyn Fn(&str)) -> Result<Report, BenchError> {
    let scratch = tempfile::tempdir()?;
    let file = || format!("sqlite:{}", scratch.path().join("bench.db").display());
    let url = options.db.clone().unwrap_or_else(file);
    let installation = open(options, &url)?;
    progress("master data: 1,000 customers, 1,000 products");
    let fixture = Arc::new(fixture::prepare(installation.db())?);
    if options.prefill > 0 {
        prefill(installation.db(), &fixture, options.prefill, progress)?;
    }
    let server = match options.via {
        Via::Embedded => None,
        Via::Http => Some(http::Server::start(&installation)?),
    };
    let driver = |_client: usize| -> Result<Box<dyn Driver>, BenchError> {
        Ok(match &server {
            None => Box::new(Embedded::new(installation.db(), &fixture)),
            Some(server) => Box::new(server.client(&fixture)?),
        })
    };
    progress("warm-up");
    load(options, options.warm_up, 0, &driver)?;
    let orders_before = count_orders(installation.db())?;
    let (size_before, before) =
        (installation.db().store().size()?, installation.db().store().statistics());
    progress("measuring");
    let measured = load(options, options.seconds, options.clients, &driver)?;
    let after = installation.db().store().statistics();
    let size_after = installation.db().store().size()?;
    let rss_mb = memory::resident_mb();
    let commands_per_commit = per_commit(before, after);
    let mut report = Report {
        via: if options.via == Via::Embedded { "embedded" } else { "http" },
        clients: options.clients,
        orders_before,
        seconds: measured.seconds,
        cycles: measured.cycles,
        floor_cycles_per_s: 0.0,
        writes_per_cycle: 0.0,
        commands_per_commit,
        steps: measured.latencies.map(StepFigures::of),
        rss_mb,
        bytes_per_cycle: size_after.saturating_sub(size_before) as f64
            / measured.cycles.max(1) as f64,
    };
    if options.floor {
        progress("floor");
        let floor = match installation.location() {
            Some(Location::Postgres(server)) => {
                floor::of_server(server, &fixture, report.cycles_per_s())?
            }
            _ => {
                let store = installation.db().store();
                floor::of_file(store, scratch.path(), &fixture, commands_per_commit)?
            }
        };
        report.floor_cycles_per_s = floor.cycles_per_s;
        report.writes_per_cycle = floor.writes_per_cycle;
    }
    Ok(report)
}

fn open(options: &Options, url: &str) -> Result<Installation, BenchError> {
    let mut opening = tessera_installation::Options::creating(url);
    opening.engine.archive = options.archive.as_ref().map(ArchiveOptions::new);
    Ok(Installation::open(opening)?)
}

fn per_commit(before: Statistics, after: Statistics) -> f64 {
    let commits = after.commits.saturating_sub(before.commits).max(1);
    after.commands.saturating_sub(before.commands) as f64 / commits as f64
}

fn count_orders(db: &Database) -> Result<u64, BenchError> {
    let actor = tessera_kernel::Actor::system(tessera_kernel::Source::System);
    let mut orders = 0;
    db.read::<_, Problem>(&actor, |tx| {
        let query = Select::from(SalesDocument::def().head, &[]).aggregate(Aggregate::Count);
        tx.select(&query, &mut |row| {
            orders = row.int()?.unwrap_or(0);
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(u64::try_from(orders).unwrap_or(0))
}

struct Measured {
    cycles: u64,
    seconds: f64,
    latencies: [Vec<u64>; STEPS.len()],
}

type MakeDriver<'d> = dyn Fn(usize) -> Result<Box<dyn Driver>, BenchError> + Sync + 'd;

/// Runs every client for so long; sequences of draws start at `first`.
fn load(
    options: &Options,
    seconds: u64,
    first: usize,
    driver: &MakeDriver<'_>,
) -> Result<Measured, BenchError> {
    let stop = AtomicBool::new(false);
    let tickets = AtomicU64::new(0);
    let acknowledged = Acknowledged::open(options.acknowledged.as_deref())?;
    let start = Instant::now();
    let clients = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..options.clients)
            .map(|client| {
                let (stop, tickets, acknowledged) = (&stop, &tickets, &acknowledged);
                scope.spawn(move || {
                    let mut driver = driver(client)?;
                    let draws = Draws::new(first + client, options.products);
                    let pace = Pace { rate: options.rate, tickets, start };
                    one_client(&mut *driver, draws, stop, &pace, acknowledged)
                })
            })
            .collect();
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        let joined = handles.into_iter().map(|handle| {
            handle.join().unwrap_or_else(|_| Err(std::io::Error::other("a client panicked").into()))
        });
        joined.collect::<Result<Vec<_>, BenchError>>()
    })?;
    let mut measured = Measured {
        cycles: 0,
        seconds: start.elapsed().as_secs_f64(),
        latencies: std::array::from_fn(|_| Vec::new()),
    };
    for client in clients {
        measured.cycles += client[0].len() as u64;
        for (all, own) in measured.latencies.iter_mut().zip(client) {
            all.extend(own);
        }
    }
    Ok(measured)
}

/// Latencies in nanoseconds, by step.
type Latencies = [Vec<u64>; STEPS.len()];

fn one_client(
    driver: &mut dyn Driver,
    mut draws: Draws,
    stop: &AtomicBool,
    pace: &Pace<'_>,
    acknowledged: &Acknowledged,
) -> Result<Latencies, BenchError> {
    let mut latencies: Latencies = std::array::from_fn(|_| Vec::new());
    while !stop.load(Ordering::Relaxed) {
        pace.wait();
        let mut since = Instant::now();
        cycle(driver, &draws.next(), &mut |step, id| {
            let now = Instant::now();
            let took = now.duration_since(since).as_nanos();
            latencies[step].push(u64::try_from(took).unwrap_or(u64::MAX));
            since = now;
            acknowledged.note(step, id)
        })?;
    }
    Ok(latencies)
}

/// When the next cycle starts.
struct Pace<'p> {
    rate: Option<u64>,
    tickets: &'p AtomicU64,
    start: Instant,
}

impl Pace<'_> {
    fn wait(&self) {
        if let Some(rate) = self.rate {
            let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
            let due = self.start + Duration::from_nanos(ticket * 1_000_000_000 / rate.max(1));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
}

/// Notes what was answered. A line is handed to the operating system before the next step, so it
/// outlives this process.
struct Acknowledged(Option<Mutex<File>>);

impl Acknowledged {
    fn open(path: Option<&Path>) -> Result<Self, BenchError> {
        let open = |path| File::options().create(true).append(true).open(path);
        Ok(Self(path.map(open).transpose()?.map(Mutex::new)))
    }

    fn note(&self, step: usize, id: ObjectId) -> Result<(), BenchError> {
        if let Some(file) = &self.0 {
            let line = format!("{} {id}\n", STEPS[step]);
            file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())?;
        }
        Ok(())
    }
}

/// Full cycles that nobody measures.
fn prefill(
    db: &Database,
    fixture: &Arc<Fixture>,
    cycles: u64,
    progress: &dyn Fn(&str),
) -> Result<(), BenchError> {
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..64)
            .map(|client| {
                let done = &done;
                scope.spawn(move || {
                    let mut driver = Embedded::new(db, fixture);
                    let mut draws = Draws::new(10_000 + client, fixture::PRODUCTS);
                    while done.fetch_add(1, Ordering::Relaxed) < cycles {
                        cycle(&mut driver, &draws.next(), &mut |_, _| Ok(()))?;
                    }
                    Ok::<(), BenchError>(())
                })
            })
            .collect();
        while handles.iter().any(|handle| !handle.is_finished()) {
            let so_far = done.load(Ordering::Relaxed).min(cycles);
            progress(&format!("prefill: {so_far} of {cycles} cycles"));
            std::thread::sleep(Duration::from_secs(2));
        }
        for handle in handles {
            handle
                .join()
                .unwrap_or_else(|_| Err(std::io::Error::other("a client panicked").into()))?;
        }
        Ok(())
    })
}
