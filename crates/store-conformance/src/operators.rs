//! Conditions.

use tessera_kernel::{Cell, ColumnDef, ColumnType, Condition, Operator, Select, Store, TableDef};
use uuid::Uuid;

use crate::support::{fill, integers, ints, make, select, text};

/// Keys of the rows that meet the conditions.
#[track_caller]
fn keys(store: &dyn Store, table: &'static TableDef, conditions: Vec<Condition>) -> Vec<i64> {
    let mut query = Select::from(table, &[0]);
    query.conditions = conditions;
    let answer = select(store, &query);
    answer
        .iter()
        .map(|row| match row.as_slice() {
            [Cell::Int(key)] => *key,
            other => panic!("an answer of {other:?}"),
        })
        .collect()
}

pub(crate) fn comparisons(store: &dyn Store) {
    let table = make(store, integers("compared", &["k", "a"], 1).with_index(&["a"], false));
    fill(store, table, (1..=5).map(|k| ints(&[k, k * 10])).collect());
    let found = |operator| keys(store, table, vec![Condition::compare(1, operator, Cell::Int(30))]);
    assert_eq!(found(Operator::Eq), [3]);
    assert_eq!(found(Operator::Ne), [1, 2, 4, 5]);
    assert_eq!(found(Operator::Lt), [1, 2]);
    assert_eq!(found(Operator::Le), [1, 2, 3]);
    assert_eq!(found(Operator::Gt), [4, 5]);
    assert_eq!(found(Operator::Ge), [3, 4, 5]);
}

fn optional(name: &str, ty: ColumnType) -> TableDef {
    let columns = vec![ColumnDef::required("k", ColumnType::Int), ColumnDef::optional("a", ty)];
    TableDef::new(name, columns, 1).with_index(&["a"], false)
}

pub(crate) fn empty_values(store: &dyn Store) {
    let table = make(store, optional("partly_empty", ColumnType::Bool));
    let values = [Cell::Bool(true), Cell::Null, Cell::Bool(false), Cell::Null];
    fill(store, table, (1..).zip(values).map(|(k, a)| vec![Cell::Int(k), a]).collect());
    let bare =
        |operator| keys(store, table, vec![Condition { column: 1, operator, values: Vec::new() }]);
    assert_eq!(bare(Operator::Empty), [2, 4]);
    assert_eq!(bare(Operator::NotEmpty), [1, 3]);
    let with = |operator, value| keys(store, table, vec![Condition::compare(1, operator, value)]);
    assert_eq!(with(Operator::Eq, Cell::Null), [2, 4]);
    assert_eq!(with(Operator::Ne, Cell::Null), [1, 3]);
    assert_eq!(with(Operator::Ne, Cell::Bool(true)), [2, 3, 4]);
    assert_eq!(with(Operator::Le, Cell::Bool(true)), [1, 3]);
    assert!(with(Operator::Lt, Cell::Null).is_empty());
}

pub(crate) fn one_of_several(store: &dyn Store) {
    let table = make(store, optional("one_of", ColumnType::Uuid));
    let id = |n: u128| Cell::Uuid(Uuid::from_u128(n));
    let mut rows: Vec<Vec<Cell>> =
        (1..=50).map(|k: i32| vec![Cell::Int(k.into()), id(k.unsigned_abs().into())]).collect();
    rows.push(vec![Cell::Int(51), Cell::Null]);
    fill(store, table, rows);
    let one_of = |values: Vec<Cell>| {
        keys(store, table, vec![Condition { column: 1, operator: Operator::In, values }])
    };
    assert!(one_of(Vec::new()).is_empty());
    assert_eq!(one_of(vec![id(7)]), [7]);
    assert_eq!(one_of(vec![id(9), id(7), id(9), id(99)]), [7, 9]);
    assert_eq!(one_of(vec![Cell::Null]), [51]);
    assert_eq!(one_of(vec![Cell::Null, id(3)]), [3, 51]);
    let many: Vec<Cell> = (40..50_000).map(id).collect();
    assert_eq!(one_of(many), (40..=50).collect::<Vec<i64>>());
    let texts = make(store, optional("one_of_texts", ColumnType::Text));
    fill(store, texts, (1..=20).map(|k| vec![Cell::Int(k), text(&format!("t{k}"))]).collect());
    let values = (5..30).map(|k| text(&format!("t{k}"))).collect();
    let condition = Condition { column: 1, operator: Operator::In, values };
    assert_eq!(keys(store, texts, vec![condition]), (5..=20).collect::<Vec<i64>>());
}

pub(crate) fn prefixes(store: &dyn Store) {
    let table = make(store, optional("prefixed", ColumnType::Text));
    let values =
        ["Ann", "ann", "Anna", "An", "Bo", "A%n", "A_n", "", "Aö", "A\u{10ffff}z", "A\u{d7ff}"];
    let mut rows: Vec<Vec<Cell>> =
        (1..).zip(values).map(|(k, a)| vec![Cell::Int(k), text(a)]).collect();
    rows.push(vec![Cell::Int(100), Cell::Null]);
    fill(store, table, rows);
    let starting = |prefix: &str| {
        let condition = Condition::compare(1, Operator::StartsWith, text(prefix));
        keys(store, table, vec![condition])
    };
    assert_eq!(starting("An"), [1, 3, 4]);
    assert_eq!(starting("Ann"), [1, 3]);
    assert_eq!(starting("ann"), [2]);
    assert_eq!(starting("A%"), [6]);
    assert_eq!(starting("A_"), [7]);
    assert_eq!(starting("Aö"), [9]);
    assert_eq!(starting("A\u{10ffff}"), [10]);
    assert_eq!(starting("A\u{d7ff}"), [11]);
    assert_eq!(starting(""), (1..=11).collect::<Vec<i64>>());
    assert!(starting("Annabel").is_empty());
}

pub(crate) fn conditions_are_joined(store: &dyn Store) {
    let table = make(store, integers("joined", &["k", "a", "b"], 1).with_index(&["a"], false));
    fill(store, table, (0..100).map(|k| ints(&[k, k % 10, k / 10])).collect());
    let found = keys(
        store,
        table,
        vec![
            Condition::eq(1, Cell::Int(3)),
            Condition::compare(2, Operator::Ge, Cell::Int(4)),
            Condition::compare(2, Operator::Lt, Cell::Int(7)),
            Condition::compare(0, Operator::Ne, Cell::Int(53)),
        ],
    );
    assert_eq!(found, [43, 63]);
    let query = Select::from(table, &[2, 0, 0]).equals(0, Cell::Int(42));
    assert_eq!(select(store, &query), [ints(&[4, 42, 42])]);
}
