//! Sort orders, keysets and limits.

use tessera_kernel::{Cell, ColumnDef, ColumnType, Direction, Select, Store, TableDef};

use crate::support::{fill, integers, ints, make, select, text};
use Direction::{Ascending, Descending};

/// All rows in this order, and the same rows page by page.
#[track_caller]
fn check_pages(store: &dyn Store, table: &'static TableDef, order: &[(usize, Direction)]) {
    let mut query = Select::all(table);
    query.order = order.to_vec();
    let all = select(store, &query);
    let mut sorted = all.clone();
    sorted.sort_by(|left, right| {
        let by = |(column, direction): &(usize, Direction)| {
            // `Cell::Null` is the first variant: no value comes before every value.
            let ascending = left[*column].cmp(&right[*column]);
            if *direction == Ascending { ascending } else { ascending.reverse() }
        };
        order.iter().map(by).find(|found| found.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    assert_eq!(all, sorted, "sorted by {order:?}");
    for size in [1, 2, 3, 7] {
        let mut paged: Vec<Vec<Cell>> = Vec::new();
        loop {
            let mut page = query.clone().limit(size);
            page.after =
                paged.last().map(|row| order.iter().map(|(at, _)| row[*at].clone()).collect());
            let found = select(store, &page);
            let last = found.len() < size as usize;
            paged.extend(found);
            assert!(paged.len() <= all.len(), "pages by {order:?} repeat rows: {paged:?}");
            if last {
                break;
            }
        }
        assert_eq!(paged, all, "pages of {size} by {order:?}");
    }
}

pub(crate) fn one_direction(store: &dyn Store) {
    let table = integers("paged", &["a", "b", "c", "d"], 2).with_index(&["c", "a", "b"], false);
    let table = make(store, table);
    fill(store, table, (0..20).map(|n| ints(&[n / 5, n % 5, n % 3, -n])).collect());
    for direction in [Ascending, Descending] {
        check_pages(store, table, &[(0, direction), (1, direction)]);
        check_pages(store, table, &[(2, direction), (0, direction), (1, direction)]);
        check_pages(store, table, &[(3, direction), (0, direction), (1, direction)]);
    }
}

pub(crate) fn both_directions(store: &dyn Store) {
    let table = make(store, integers("paged_ways", &["a", "b", "c"], 2));
    fill(store, table, (0..20).map(|n| ints(&[n / 5, n % 5, n % 3])).collect());
    check_pages(store, table, &[(2, Ascending), (0, Descending), (1, Ascending)]);
    check_pages(store, table, &[(2, Descending), (0, Ascending), (1, Descending)]);
    check_pages(store, table, &[(0, Descending), (1, Ascending)]);
}

pub(crate) fn sort_columns_with_empty_values(store: &dyn Store) {
    let columns = vec![
        ColumnDef::required("k", ColumnType::Int),
        ColumnDef::optional("a", ColumnType::Text),
        ColumnDef::optional("b", ColumnType::Int),
    ];
    let table = TableDef::new("paged_gaps", columns, 1).with_index(&["a", "k"], false);
    let table = make(store, table);
    let row = |k: i64| {
        let a = if k % 3 == 0 { Cell::Null } else { text(&format!("a{}", k % 4)) };
        let b = if k % 5 == 0 { Cell::Null } else { Cell::Int(k % 2) };
        vec![Cell::Int(k), a, b]
    };
    fill(store, table, (0..24).map(row).collect());
    for first in [Ascending, Descending] {
        for second in [Ascending, Descending] {
            check_pages(store, table, &[(1, first), (0, second)]);
            check_pages(store, table, &[(2, first), (1, second), (0, first)]);
            check_pages(store, table, &[(1, first), (2, first), (0, second)]);
        }
    }
}

pub(crate) fn limits(store: &dyn Store) {
    let table = make(store, integers("limited", &["k", "a"], 1));
    fill(store, table, (0..10).map(|k| ints(&[9 - k, k])).collect());
    let keys = |query: Select| {
        let answer = select(store, &query);
        answer.into_iter().map(|mut row| row.remove(0)).collect::<Vec<Cell>>()
    };
    assert_eq!(keys(Select::all(table).limit(3)), ints(&[0, 1, 2]));
    assert_eq!(keys(Select::all(table).limit(0)), []);
    assert_eq!(keys(Select::all(table).limit(u32::MAX)).len(), 10);
    let last = Select::all(table).order_by(0, Descending).limit(2);
    assert_eq!(keys(last), ints(&[9, 8]));
}
