//! Histories of 64 clients at once, and whether one after the other could have made them.
//!
//! Each kept command notes the figure that it found and the one that it left. If the commands took turns,
//! in whatever order, each found what another one left: all that was found and the last figure are then
//! the same as all that was left and the first one. A lost update breaks that, because two found the
//! same and only one is built upon.

use std::sync::Barrier;

use tessera_kernel::{Cell, CellRef, Connection, Fault, Guard, Store, StoreError, TableDef};

use crate::support::{command, fill, integers, ints, make, rows};

const CLIENTS: i64 = 64;
const TURNS: i64 = 5;

/// A figure before and after a command.
type Step = (i64, i64);

/// What all clients noted; each turn is given a number that no other has.
fn history(turn: impl Fn(i64) -> Option<Step> + Sync) -> Vec<Step> {
    let start = Barrier::new(usize::try_from(CLIENTS).unwrap_or(1));
    std::thread::scope(|scope| {
        let client = |client: i64| {
            let (turn, start) = (&turn, &start);
            scope.spawn(move || {
                start.wait();
                (0..TURNS).filter_map(|n| turn(n * CLIENTS + client)).collect::<Vec<_>>()
            })
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client panicked")).collect()
    })
}

/// Whether the commands could have taken turns, from the first figure to the last.
fn is_serial(history: &[Step], first: i64, last: i64) -> bool {
    let mut found: Vec<i64> = history.iter().map(|(before, _)| *before).chain([last]).collect();
    let mut left: Vec<i64> = history.iter().map(|(_, after)| *after).chain([first]).collect();
    found.sort_unstable();
    left.sort_unstable();
    found == left
}

fn figure(row: &[Cell], column: usize) -> i64 {
    match row.get(column) {
        Some(Cell::Int(figure)) => *figure,
        other => panic!("{other:?} is no figure"),
    }
}

/// The figure of the row with this key.
fn figure_of(
    connection: &mut dyn Connection,
    table: &'static TableDef,
    key: i64,
) -> Result<i64, StoreError> {
    let mut found = 0;
    let read = connection.rows(table, &[CellRef::Int(key)], &mut |row| {
        row.int()?;
        found = row.int()?.unwrap_or(0);
        Ok(())
    });
    match read {
        Ok(()) => Ok(found),
        Err(Fault::Store(error)) => Err(error),
        Err(fault) => Err(StoreError::Engine(fault.to_string())),
    }
}

fn last(store: &dyn Store, table: &'static TableDef, key: i64) -> i64 {
    rows(store, table, &[CellRef::Int(key)]).first().map_or(0, |row| figure(row, 1))
}

pub(crate) fn no_sum_under_a_guard_is_lost(store: &dyn Store) {
    let table = make(store, integers("accounts", &["k", "balance"], 1));
    fill(store, table, vec![ints(&[1, 100]), ints(&[2, 100])]);
    for key in [1, 2] {
        let noted = history(|turn| {
            let delta = turn % 7 - 4;
            let adjusted = command(store, move |connection| {
                let guard = Guard { terms: vec![(1, 1)], least: 0 };
                let (key_cell, other) = (CellRef::Int(key), CellRef::Int(3 - key));
                let deltas = [(1, delta)];
                if !connection.adjust(table, &[key_cell], &deltas, Some(&guard))? {
                    return Ok(None);
                }
                // What another statement needs, in the middle.
                connection.adjust(table, &[other], &[(1, 0)], None)?;
                figure_of(connection, table, key).map(Some)
            });
            adjusted.expect("adjusted").map(|after| (after - delta, after))
        });
        assert!(noted.iter().all(|(_, after)| *after >= 0), "a guard was passed");
        assert!(is_serial(&noted, 100, last(store, table, key)), "an update was lost: {noted:?}");
    }
}

pub(crate) fn no_version_is_overwritten(store: &dyn Store) {
    let table = make(store, integers("versions", &["k", "version", "value"], 1));
    fill(store, table, vec![ints(&[1, 0, 0])]);
    let noted = history(|turn| {
        let set = command(store, move |connection| {
            let found = figure_of(connection, table, 1)?;
            let guard = Some((1, CellRef::Int(found)));
            let columns = [(1, CellRef::Int(found + 1)), (2, CellRef::Int(turn))];
            let is_set = connection.set(table, &[CellRef::Int(1)], guard, &columns)?;
            Ok(is_set.then_some((found, found + 1)))
        });
        set.expect("answered")
    });
    assert!(!noted.is_empty());
    assert!(is_serial(&noted, 0, last(store, table, 1)), "a version was overwritten: {noted:?}");
}

pub(crate) fn no_write_is_skewed_under_a_hold(store: &dyn Store) {
    let table = make(store, integers("purses", &["k", "money"], 1));
    fill(store, table, vec![ints(&[1, 150]), ints(&[2, 150])]);
    let noted = history(|turn| {
        let (taken, from) = (turn % 9 + 1, turn % 2 + 1);
        let paid = command(store, move |connection| {
            // One row stands for both: what both have together is decided by one at a time.
            connection.hold(table, &[CellRef::Int(0)])?;
            let before = figure_of(connection, table, 1)? + figure_of(connection, table, 2)?;
            if before < taken {
                return Ok(None);
            }
            connection.adjust(table, &[CellRef::Int(from)], &[(1, -taken)], None)?;
            Ok(Some((before, before - taken)))
        });
        paid.expect("answered")
    });
    let left = last(store, table, 1) + last(store, table, 2);
    assert!(left >= 0, "more was paid than there was: {left}");
    assert!(is_serial(&noted, 300, left), "two paid with the same money: {noted:?}");
}

#[cfg(test)]
mod tests {
    use super::is_serial;

    #[test]
    fn a_history_with_a_lost_update_is_not_serial() {
        assert!(is_serial(&[], 5, 5));
        assert!(is_serial(&[(7, 4), (5, 7)], 5, 4));
        assert!(!is_serial(&[(5, 7), (5, 4)], 5, 7), "one was lost");
        assert!(!is_serial(&[(5, 7)], 5, 5), "it was never there");
        assert!(!is_serial(&[], 5, 6), "it came from nowhere");
    }
}
