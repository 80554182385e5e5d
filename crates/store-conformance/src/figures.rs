//! Aggregates.

use tessera_kernel::{
    Aggregate, Cell, ColumnDef, ColumnType, Condition, Direction, Fault, Operator, Select, Store,
    TableDef,
};

use crate::support::{fill, ints, make, select, text};

fn sales(store: &dyn Store, name: &str) -> &'static TableDef {
    let columns = vec![
        ColumnDef::required("k", ColumnType::Int),
        ColumnDef::required("town", ColumnType::Text),
        ColumnDef::optional("amount", ColumnType::Int),
        ColumnDef::required("day", ColumnType::Date),
    ];
    let table = make(store, TableDef::new(name, columns, 1));
    let row = |k, town: &str, amount, day| vec![Cell::Int(k), text(town), amount, Cell::Date(day)];
    let rows = vec![
        row(1, "Ulm", Cell::Int(5), 10),
        row(2, "Bonn", Cell::Int(7), 30),
        row(3, "Ulm", Cell::Null, 20),
        row(4, "Bonn", Cell::Int(-2), 5),
        row(5, "Jena", Cell::Null, 1),
    ];
    fill(store, table, rows);
    table
}

fn figures(query: Select) -> Select {
    query
        .aggregate(Aggregate::Count)
        .aggregate(Aggregate::Sum(2))
        .aggregate(Aggregate::Max(3))
        .aggregate(Aggregate::Min(2))
}

pub(crate) fn over_all_rows(store: &dyn Store) {
    let table = sales(store, "sales_in_all");
    let answer = select(store, &figures(Select::from(table, &[])));
    assert_eq!(answer, [vec![Cell::Int(5), Cell::Int(10), Cell::Date(30), Cell::Int(-2)]]);
}

pub(crate) fn by_group(store: &dyn Store) {
    let table = sales(store, "sales_by_town");
    let query = figures(Select::from(table, &[1]));
    let row = |town: &str, count, sum, day, least| {
        vec![text(town), Cell::Int(count), Cell::Int(sum), Cell::Date(day), least]
    };
    let bonn = row("Bonn", 2, 5, 30, Cell::Int(-2));
    let jena = row("Jena", 1, 0, 1, Cell::Null);
    let ulm = row("Ulm", 2, 5, 20, Cell::Int(5));
    let all = [bonn.clone(), jena.clone(), ulm.clone()];
    assert_eq!(select(store, &query), all);
    let last = query.clone().order_by(1, Direction::Descending).limit(2);
    assert_eq!(select(store, &last), [ulm, jena]);
    let some = query.filter(Condition::compare(2, Operator::Gt, Cell::Int(6)));
    assert_eq!(select(store, &some), [row("Bonn", 1, 7, 30, Cell::Int(7))]);
}

pub(crate) fn over_no_rows(store: &dyn Store) {
    let table = sales(store, "sales_of_nobody");
    let nobody = Condition::eq(1, text("Rom"));
    let all = figures(Select::from(table, &[])).filter(nobody.clone());
    assert_eq!(select(store, &all), [vec![Cell::Int(0), Cell::Int(0), Cell::Null, Cell::Null]]);
    let grouped = figures(Select::from(table, &[1])).filter(nobody);
    assert!(select(store, &grouped).is_empty());
}

pub(crate) fn sums_that_overflow(store: &dyn Store) {
    let table = make(store, crate::support::integers("huge", &["k", "a"], 1));
    fill(store, table, vec![ints(&[1, i64::MAX]), ints(&[2, 1])]);
    let query = Select::from(table, &[]).aggregate(Aggregate::Sum(1));
    let outcome = store.read(&mut |connection| {
        connection.select(&query, &mut |row| {
            let sum = row.int()?;
            Err(Fault::corrupt(format!("a sum of {sum:?}")))
        })
    });
    assert!(matches!(outcome, Err(Fault::Store(_))), "{outcome:?}");
    let fits = query.equals(0, Cell::Int(1));
    assert_eq!(select(store, &fits), [ints(&[i64::MAX])]);
}
