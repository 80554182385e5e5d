//! Guarded counters.

use tessera_kernel::{Cell, CellRef, Fault};

use crate::sample::{SHELF, VISITORS};
use crate::town::{Town, undone};

const A: [CellRef<'static>; 1] = [CellRef::Text("A")];

fn adjust(town: &Town, there: i64, promised: i64) -> bool {
    town.command(move |tx| {
        let guard = SHELF.at_least(&[(0, 1), (1, -1)], 0);
        tx.adjust(&SHELF, &A, &[(0, there), (1, promised)], Some(&guard))
    })
    .unwrap()
}

fn shelf(town: &Town) -> Vec<i64> {
    town.read(|tx| tx.balance(&SHELF, &A))
}

#[test]
fn an_adjustment_holds_its_guard_or_does_nothing() {
    let town = Town::new();
    assert_eq!(shelf(&town), [0, 0]);
    assert!(!adjust(&town, 0, 1));
    assert!(adjust(&town, 10, 0));
    assert!(adjust(&town, 0, 10));
    assert!(!adjust(&town, 0, 1));
    assert!(!adjust(&town, -1, 0));
    assert!(adjust(&town, -1, -1));
    assert_eq!(shelf(&town), [9, 9]);
}

#[test]
fn a_command_sees_its_own_adjustment_and_an_undone_one_leaves_none() {
    let town = Town::new();
    let outcome = town.command(|tx| {
        tx.adjust(&SHELF, &A, &[(0, 3)], None)?;
        assert_eq!(tx.balance(&SHELF, &A)?, [3, 0]);
        undone::<()>()
    });
    assert!(outcome.is_err());
    assert_eq!(shelf(&town), [0, 0]);
}

#[test]
fn the_last_pieces_are_promised_once_under_64_threads() {
    let town = Town::new();
    adjust(&town, 10, 0);
    let promised = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                if adjust(&town, 0, 1) {
                    promised.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(promised.into_inner(), 10);
    assert_eq!(shelf(&town), [10, 10]);
}

#[test]
fn every_measure_is_adjusted_however_many_there_are() {
    let town = Town::new();
    let key = [CellRef::Text("north"), CellRef::Date(7)];
    let deltas: Vec<(usize, i64)> = (0..10).map(|hour| (hour, 1)).collect();
    town.command(move |tx| tx.adjust(&VISITORS, &key, &deltas, None)).unwrap();
    assert_eq!(town.read(|tx| tx.balance(&VISITORS, &key)), [1; 10]);
}

#[test]
fn a_sparse_balance_keeps_no_row_of_zeroes() {
    let town = Town::new();
    let visit = |day: i32, count: i64| {
        town.command(move |tx| {
            let key = [CellRef::Text("north"), CellRef::Date(day)];
            tx.adjust(&VISITORS, &key, &[(0, count)], None)
        })
        .unwrap()
    };
    let rows = || {
        let mut rows = Vec::new();
        town.read(|tx| {
            tx.balances(&VISITORS, &[CellRef::Text("north")], &mut |key, measures| {
                rows.push((key[1].clone(), measures[0]));
            })
        });
        rows
    };
    assert!(visit(1, 2) && visit(2, 3));
    assert_eq!(rows(), [(Cell::Date(1), 2), (Cell::Date(2), 3)]);
    assert!(visit(1, -2));
    assert_eq!(rows(), [(Cell::Date(2), 3)]);
}

#[test]
fn a_counter_never_leaves_its_range() {
    let town = Town::new();
    adjust(&town, i64::MAX, 0);
    let beyond = town.command(|tx| tx.adjust(&SHELF, &A, &[(0, 1)], None));
    assert!(matches!(beyond, Err(Fault::Store(_))), "{beyond:?}");
    assert_eq!(shelf(&town), [i64::MAX, 0]);
}
