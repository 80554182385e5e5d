//! Many threads at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use tessera_kernel::{Cell, CellRef, Connection, Guard, Job, Store, StoreError, Verdict};

use crate::support::{command, done, fill, integers, ints, make, read, rows, rows_on};

pub(crate) fn a_bounded_counter(store: &dyn Store) {
    const THREADS: i64 = 64;
    const TRIES: i64 = 20;
    const BOUND: i64 = 777;
    let table = make(store, integers("bounded", &["k", "left", "taken"], 1));
    fill(store, table, vec![ints(&[1, BOUND, 0])]);
    let taken: i64 = std::thread::scope(|scope| {
        let take = move || {
            let guard = Guard { terms: vec![(1, 1)], least: 0 };
            let deltas = [(1, -1), (2, 1)];
            command(store, move |connection| {
                connection.adjust(table, &[CellRef::Int(1)], &deltas, Some(&guard))
            })
        };
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(move || (0..TRIES).filter(|_| take() == Ok(true)).count()))
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).map(|n| n as i64).sum()
    });
    assert_eq!(taken, BOUND);
    assert_eq!(rows(store, table, &[]), [ints(&[1, 0, BOUND])]);
}

/// Counts its runs and answers.
struct Counted {
    table: &'static tessera_kernel::TableDef,
    key: i64,
    answers: Arc<[AtomicUsize]>,
    open: Arc<AtomicUsize>,
}

impl Job for Counted {
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        let outcome = connection.adjust(self.table, &[CellRef::Int(self.key)], &[(1, 1)], None);
        if self.key % 3 == 0 || outcome.is_err() { Verdict::Undo } else { Verdict::Keep }
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        let slot = usize::try_from(self.key).ok().and_then(|key| self.answers.get(key));
        if let (Ok(()), Some(slot)) = (outcome, slot) {
            slot.fetch_add(1, Ordering::Relaxed);
        }
        self.open.fetch_sub(1, Ordering::Release);
    }
}

pub(crate) fn every_job_is_answered_once(store: &dyn Store) {
    const JOBS: usize = 2000;
    let table = make(store, integers("answered", &["k", "a"], 1));
    let answers: Arc<[AtomicUsize]> = (0..JOBS).map(|_| AtomicUsize::new(0)).collect();
    let open = Arc::new(AtomicUsize::new(JOBS));
    std::thread::scope(|scope| {
        for start in 0..4 {
            let (answers, open) = (answers.clone(), open.clone());
            scope.spawn(move || {
                for key in (start..JOBS).step_by(4) {
                    let (answers, open) = (answers.clone(), open.clone());
                    store.submit(Box::new(Counted { table, key: key as i64, answers, open }));
                }
            });
        }
    });
    let patience = Instant::now();
    while open.load(Ordering::Acquire) > 0 {
        assert!(patience.elapsed() < Duration::from_secs(60), "some jobs are never answered");
        std::thread::sleep(Duration::from_millis(1));
    }
    for (key, answers) in answers.iter().enumerate() {
        assert_eq!(answers.load(Ordering::Relaxed), 1, "answers of job {key}");
    }
    let kept = (0..JOBS as i64).filter(|key| key % 3 != 0).map(|key| ints(&[key, 1]));
    assert_eq!(rows(store, table, &[]), kept.collect::<Vec<_>>());
}

fn total(rows: &[Vec<Cell>]) -> i64 {
    let amount =
        |row: &Vec<Cell>| if let Some(Cell::Int(amount)) = row.get(1) { *amount } else { 0 };
    rows.iter().map(amount).sum()
}

pub(crate) fn snapshots_are_consistent(store: &dyn Store) {
    let table = make(store, integers("transferred", &["k", "a"], 1));
    fill(store, table, (0..8).map(|k| ints(&[k, 100])).collect());
    let (stop, start) = (AtomicBool::new(false), Barrier::new(5));
    std::thread::scope(|scope| {
        for reader in 0..4 {
            let (stop, start) = (&stop, &start);
            scope.spawn(move || {
                start.wait();
                let mut reads = 0;
                while !stop.load(Ordering::Relaxed) || reads < 10 {
                    let (first, second) = read(store, |connection| {
                        let first = rows_on(connection, table, &[])?;
                        if reader % 2 == 0 {
                            std::thread::sleep(Duration::from_micros(500));
                        }
                        Ok((first, rows_on(connection, table, &[])?))
                    });
                    assert_eq!(first, second, "a snapshot changed");
                    assert_eq!(total(&first), 800, "a snapshot shows half a transfer");
                    reads += 1;
                }
            });
        }
        start.wait();
        for turn in 0..200 {
            done(store, move |connection| {
                let (from, to) = (CellRef::Int(turn % 8), CellRef::Int((turn + 3) % 8));
                connection.adjust(table, &[from], &[(1, -turn)], None)?;
                connection.adjust(table, &[to], &[(1, turn)], None)
            });
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(total(&rows(store, table, &[])), 800);
}

pub(crate) fn more_reads_than_connections(store: &dyn Store) {
    let table = make(store, integers("crowded", &["k", "a"], 1));
    fill(store, table, (0..10).map(|k| ints(&[k, k])).collect());
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(move || {
                for _ in 0..20 {
                    assert_eq!(rows(store, table, &[]).len(), 10);
                }
            });
        }
    });
}
