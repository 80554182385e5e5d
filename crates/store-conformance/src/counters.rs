//! Guarded counters.

use tessera_kernel::{CellRef, Connection, Guard, Store, StoreError, TableDef};

use crate::support::{self, Cells, command, done, fill, integers, ints, make, rows};

fn at_least(terms: &[(usize, i64)], least: i64) -> Option<Guard> {
    Some(Guard { terms: terms.to_vec(), least })
}

/// Adjusts one row in a command of its own.
fn adjust(
    store: &dyn Store,
    table: &'static TableDef,
    key: i64,
    deltas: &[(usize, i64)],
    guard: Option<Guard>,
) -> Result<bool, StoreError> {
    let deltas = deltas.to_vec();
    command(store, move |connection| {
        connection.adjust(table, &[CellRef::Int(key)], &deltas, guard.as_ref())
    })
}

pub(crate) fn rows_come_into_being(store: &dyn Store) {
    let table = make(store, integers("counters", &["k", "a", "b"], 1));
    assert_eq!(adjust(store, table, 1, &[(2, 5)], None), Ok(true));
    assert_eq!(rows(store, table, &[]), [ints(&[1, 0, 5])]);
    assert_eq!(adjust(store, table, 1, &[(1, 2), (2, -7)], None), Ok(true));
    assert_eq!(rows(store, table, &[]), [ints(&[1, 2, -2])]);
    assert_eq!(adjust(store, table, 2, &[(1, 0)], None), Ok(true));
    assert_eq!(rows(store, table, &[]), [ints(&[1, 2, -2]), ints(&[2, 0, 0])]);
    assert_eq!(adjust(store, table, 2, &[(1, 3), (1, 4)], None), Ok(true));
    assert_eq!(rows(store, table, &[CellRef::Int(2)]), [ints(&[2, 7, 0])]);
}

pub(crate) fn guards(store: &dyn Store) {
    let table = make(store, integers("guarded", &["k", "stock", "reserved"], 1));
    let available = || at_least(&[(1, 1), (2, -1)], 0);
    assert_eq!(adjust(store, table, 1, &[(2, 1)], available()), Ok(false));
    assert!(rows(store, table, &[]).is_empty(), "a refused adjustment made a row");
    assert_eq!(adjust(store, table, 1, &[(1, 10)], available()), Ok(true));
    assert_eq!(adjust(store, table, 1, &[(2, 8)], available()), Ok(true));
    assert_eq!(adjust(store, table, 1, &[(2, 3)], available()), Ok(false));
    assert_eq!(rows(store, table, &[]), [ints(&[1, 10, 8])]);
    assert_eq!(adjust(store, table, 1, &[(2, 2)], available()), Ok(true));
    assert_eq!(adjust(store, table, 1, &[(1, -1)], available()), Ok(false));
    assert_eq!(adjust(store, table, 1, &[(1, -1), (2, -1)], available()), Ok(true));
    assert_eq!(rows(store, table, &[]), [ints(&[1, 9, 9])]);
    assert_eq!(adjust(store, table, 2, &[(1, 5)], at_least(&[(1, 1)], 6)), Ok(false));
    assert_eq!(adjust(store, table, 2, &[(1, 5)], at_least(&[(1, 1)], 5)), Ok(true));
    assert_eq!(adjust(store, table, 2, &[(1, 1)], at_least(&[(1, -1)], -5)), Ok(false));
    assert_eq!(adjust(store, table, 3, &[(1, 1)], at_least(&[], 1)), Ok(false));
    assert_eq!(adjust(store, table, 3, &[(1, 1)], at_least(&[], 0)), Ok(true));
    assert_eq!(rows(store, table, &[CellRef::Int(2)]), [ints(&[2, 5, 0])]);
}

pub(crate) fn guards_beyond_64_bits(store: &dyn Store) {
    let table = make(store, integers("wide_guards", &["k", "a", "b"], 1));
    let most = i64::MAX;
    fill(store, table, vec![ints(&[1, most - 1, most])]);
    // 2 (most - 1) - 2 most + 1 = -1, then +1 after the adjustment.
    let guard = || at_least(&[(1, 2), (2, -2)], -1);
    assert_eq!(adjust(store, table, 1, &[(2, 0)], guard()), Ok(false));
    assert_eq!(adjust(store, table, 1, &[(1, 1)], guard()), Ok(true));
    let enough = at_least(&[(1, 1), (2, 1)], most);
    assert_eq!(adjust(store, table, 1, &[(1, -1)], enough), Ok(true));
    assert_eq!(rows(store, table, &[]), [ints(&[1, most - 1, most])]);
}

pub(crate) fn overflow_is_refused(store: &dyn Store) {
    let table = make(store, integers("overflowing", &["k", "a", "b"], 1));
    fill(store, table, vec![ints(&[1, i64::MAX, 0]), ints(&[2, i64::MIN, 0])]);
    for (key, delta) in [(1, 1), (2, -1), (1, i64::MAX), (2, i64::MIN)] {
        let outcome = adjust(store, table, key, &[(2, 1), (1, delta)], None);
        assert!(matches!(outcome, Err(StoreError::OutOfRange(_))), "{outcome:?}");
    }
    assert_eq!(rows(store, table, &[]), [ints(&[1, i64::MAX, 0]), ints(&[2, i64::MIN, 0])]);
}

pub(crate) fn sparse_rows_go(store: &dyn Store) {
    let mut table = integers("sparse", &["k", "a", "b"], 1);
    table.sparse = true;
    let table = make(store, table);
    assert_eq!(adjust(store, table, 1, &[(1, 3), (2, 1)], None), Ok(true));
    assert_eq!(adjust(store, table, 1, &[(1, -3)], None), Ok(true));
    assert_eq!(rows(store, table, &[]), [ints(&[1, 0, 1])]);
    assert_eq!(adjust(store, table, 1, &[(2, -1)], at_least(&[(2, 1)], 0)), Ok(true));
    assert!(rows(store, table, &[]).is_empty());
    assert_eq!(adjust(store, table, 1, &[(2, 0)], None), Ok(true));
    assert!(rows(store, table, &[]).is_empty());
    assert_eq!(adjust(store, table, 1, &[(2, -1)], at_least(&[(2, 1)], 0)), Ok(false));
    assert!(rows(store, table, &[]).is_empty());
}

pub(crate) fn several_counters_at_once(store: &dyn Store) {
    let table = make(store, integers("transfers", &["k", "a"], 1));
    fill(store, table, vec![ints(&[1, 5]), ints(&[2, 0])]);
    let transfer = move |connection: &mut dyn Connection, amount| {
        let none = at_least(&[(1, 1)], 0);
        connection.adjust(table, &[CellRef::Int(2)], &[(1, amount)], None)?;
        if connection.adjust(table, &[CellRef::Int(1)], &[(1, -amount)], none.as_ref())? {
            return Ok(());
        }
        Err(StoreError::Engine("too much".to_string()))
    };
    assert!(command(store, move |connection| transfer(connection, 6)).is_err());
    assert_eq!(rows(store, table, &[]), [ints(&[1, 5]), ints(&[2, 0])]);
    assert!(command(store, move |connection| transfer(connection, 5)).is_ok());
    assert_eq!(rows(store, table, &[]), [ints(&[1, 0]), ints(&[2, 5])]);
}

pub(crate) fn counters_beside_other_work(store: &dyn Store) {
    let table = make(store, integers("beside", &["k", "a", "b"], 1));
    let outcome = done(store, move |connection| {
        let key = [CellRef::Int(1)];
        connection.insert(table, &Cells(&ints(&[1, 1, 1])))?;
        connection.adjust(table, &key, &[(1, 1)], None)?;
        connection.set(table, &key, Some((1, CellRef::Int(2))), &[(2, CellRef::Int(7))])?;
        connection.adjust(table, &key, &[(2, -7)], at_least(&[(2, 1)], 0).as_ref())
    });
    assert!(outcome);
    assert_eq!(rows(store, table, &[]), [ints(&[1, 2, 0])]);
}

/// Counts in a command of its own, after what it adjusts; answers what it was told.
fn count(store: &dyn Store, table: &'static TableDef, key: i64, before: i64, by: i64) -> i64 {
    let told = command(store, move |connection| {
        let key = [CellRef::Int(key)];
        connection.adjust(table, &key, &[(2, before)], None)?;
        let first = connection.count(table, &key, (2, by)).map_err(support::of_store)?;
        let second = connection.count(table, &key, (2, 0)).map_err(support::of_store)?;
        assert_eq!(first, second, "what was counted is no longer there");
        Ok(second)
    });
    told.unwrap()
}

pub(crate) fn counting_tells_the_outcome(store: &dyn Store) {
    let table = make(store, integers("counted", &["k", "a", "b"], 1));
    assert_eq!(count(store, table, 1, 0, 1), 1);
    assert_eq!(count(store, table, 1, 10, -3), 8);
    assert_eq!(count(store, table, 2, 5, 1), 6);
    assert_eq!(rows(store, table, &[]), [ints(&[1, 0, 8]), ints(&[2, 0, 6])]);
}

/// Commands that take a row that all of them want, and then count under one key.
pub(crate) fn counting_has_no_gap(store: &dyn Store) {
    const THREADS: i64 = 16;
    const TIMES: i64 = 25;
    let series = make(store, integers("series", &["k", "last"], 1));
    let shared = make(store, integers("shared", &["k", "a"], 1));
    let once = |_| {
        command(store, move |connection| {
            connection.adjust(shared, &[CellRef::Int(1)], &[(1, 1)], None)?;
            connection.count(series, &[CellRef::Int(1)], (1, 1)).map_err(support::of_store)
        })
    };
    let mut told: Vec<i64> = std::thread::scope(|scope| {
        let work = || (0..TIMES).map(once).collect::<Result<Vec<i64>, _>>();
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    told.sort_unstable();
    assert_eq!(told, (1..=THREADS * TIMES).collect::<Vec<_>>());
    assert_eq!(rows(store, shared, &[]), [ints(&[1, THREADS * TIMES])]);
}
