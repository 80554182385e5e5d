//! What a query must hold besides its conditions, and the branches by which it is read.

use tessera_kernel::{
    Cell, ColumnDef, ColumnType, Condition, Direction, Operator, Predicate, Select, Store, TableDef,
};

use crate::support::{fill, make, select};

/// Every combination of a few values, empty ones among them.
fn rows() -> Vec<Vec<Cell>> {
    let values = [Cell::Null, Cell::Int(1), Cell::Int(2), Cell::Int(3)];
    let pairs = values.iter().flat_map(|a| values.iter().map(move |b| (a.clone(), b.clone())));
    (0..).zip(pairs.cycle().take(160)).map(|(k, (a, b))| vec![Cell::Int(k), a, b]).collect()
}

fn table(store: &dyn Store, name: &str) -> &'static TableDef {
    let columns = vec![
        ColumnDef::required("k", ColumnType::Int),
        ColumnDef::optional("a", ColumnType::Int),
        ColumnDef::optional("b", ColumnType::Int),
    ];
    let table = TableDef::new(name, columns, 1);
    let table = make(store, table.with_index(&["a", "k"], false).with_index(&["b", "k"], false));
    fill(store, table, rows());
    table
}

fn is(column: usize, operator: Operator, value: i64) -> Predicate {
    Predicate::Is(Condition::compare(column, operator, Cell::Int(value)))
}

pub(crate) fn a_scope_says_the_same_of_rows_in_memory(store: &dyn Store) {
    let table = table(store, "scoped");
    let few = |column| Predicate::one_of(column, vec![Cell::Int(1), Cell::Int(3)]);
    let many = Predicate::one_of(1, (0..9).map(Cell::Int).collect());
    let scopes = [
        Predicate::Always,
        Predicate::Never,
        few(1),
        few(1).negated(),
        many.clone().negated(),
        Predicate::one_of(1, vec![Cell::Null, Cell::Int(2)]).negated(),
        is(1, Operator::Lt, 2).negated(),
        is(1, Operator::Ne, 2).negated(),
        Predicate::any([is(1, Operator::Eq, 1), is(2, Operator::Gt, 2)]),
        Predicate::any([is(1, Operator::Eq, 1), is(2, Operator::Gt, 2)]).negated(),
        Predicate::all([many, Predicate::any([few(2), is(1, Operator::Ge, 3)]).negated()]),
        Predicate::Is(Condition { column: 2, operator: Operator::Empty, values: vec![] }).negated(),
    ];
    for scope in scopes {
        let mut query =
            Select::all(table).filter(Condition::compare(0, Operator::Ge, Cell::Int(9)));
        query.scope = scope.clone();
        let expected: Vec<Vec<Cell>> =
            rows().into_iter().skip(9).filter(|row| scope.holds(row)).collect();
        assert_eq!(select(store, &query), expected, "{scope:?}");
    }
}

pub(crate) fn branches_are_merged_in_order(store: &dyn Store) {
    let table = table(store, "branched");
    let value = |column, value| Condition::eq(column, Cell::Int(value));
    for (branches, scope) in [
        (vec![value(1, 1)], Predicate::Always),
        (vec![value(1, 1), value(1, 3)], is(2, Operator::Eq, 2).negated()),
        (vec![value(1, 1), value(2, 1), value(2, 3)], Predicate::Always),
    ] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let mut query = Select::all(table).order_by(0, direction).limit(500);
            (query.branches, query.scope) = (branches.clone(), scope.clone());
            query.after =
                Some(vec![Cell::Int(if direction == Direction::Ascending { 20 } else { 140 })]);
            let mut expected: Vec<Vec<Cell>> = rows();
            expected.retain(|row| {
                let behind = match direction {
                    Direction::Ascending => row[0] > Cell::Int(20),
                    Direction::Descending => row[0] < Cell::Int(140),
                };
                let found = branches.iter().any(|b| row[b.column] == b.values[0]);
                behind && found && scope.holds(row)
            });
            if direction == Direction::Descending {
                expected.reverse();
            }
            let merged = |query: &Select| {
                let mut found = select(store, query);
                found.dedup();
                found
            };
            assert_eq!(merged(&query), expected, "{branches:?} {direction:?}");
            query.limit = Some(10);
            let first = merged(&query);
            assert!(expected.starts_with(&first), "{branches:?} {direction:?}");
            let columns =
                if branches.iter().any(|b| b.column != branches[0].column) { 2 } else { 1 };
            assert!(first.len() * columns >= 10, "{}", first.len());
        }
    }
}
