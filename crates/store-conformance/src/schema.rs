//! Tables come into being and grow.

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Fill, IndexDef, Select, Store, StoreError, TableDef,
};
use uuid::Uuid;

use crate::support::{Cells, command, fill, integers, ints, make, rows, select, text};

/// Brings a later definition of a table into the database.
fn migrate(store: &dyn Store, table: TableDef) -> Result<&'static TableDef, StoreError> {
    let table: &'static TableDef = Box::leak(Box::new(table));
    store.migrate(&[table]).map(|()| table)
}

pub(crate) fn migrating_twice(store: &dyn Store) {
    let def = integers("twice", &["k", "a"], 1).with_index(&["a"], false);
    let table = make(store, def.clone());
    fill(store, table, vec![ints(&[1, 1])]);
    let again = make(store, def);
    assert_eq!(rows(store, again, &[]), [ints(&[1, 1])]);
    assert_eq!(store.migrate(&[table, again]), Ok(()));
}

pub(crate) fn columns_are_added(store: &dyn Store) {
    let before = make(store, integers("growing", &["k", "a"], 1));
    fill(store, before, vec![ints(&[1, 10])]);
    let mut def = integers("growing", &["k"], 1);
    let types = [
        ("count", ColumnType::Int),
        ("title", ColumnType::Text),
        ("due", ColumnType::Date),
        ("at", ColumnType::Instant),
        ("open", ColumnType::Bool),
        ("owner", ColumnType::Uuid),
    ];
    def.columns.extend(types.map(|(name, ty)| ColumnDef::required(name, ty)));
    def.columns.push(ColumnDef::required("a", ColumnType::Int));
    def.columns.push(ColumnDef::optional("note", ColumnType::Text));
    let after = make(store, def);
    let old = vec![
        Cell::Int(1),
        Cell::Int(0),
        text(""),
        Cell::Date(0),
        Cell::Instant(0),
        Cell::Bool(false),
        Cell::Uuid(Uuid::nil()),
        Cell::Int(10),
        Cell::Null,
    ];
    let mut new = old.clone();
    (new[0], new[2], new[8]) = (Cell::Int(2), text("new"), text("note"));
    fill(store, after, vec![new.clone()]);
    assert_eq!(rows(store, after, &[]), [old, new]);
    assert_eq!(rows(store, before, &[CellRef::Int(1)]), [ints(&[1, 10])]);
}

pub(crate) fn earlier_rows_get_the_default(store: &dyn Store) {
    let before = make(store, integers("defaulted", &["k"], 1));
    fill(store, before, vec![ints(&[1])]);
    let mut def = integers("defaulted", &["k", "seven"], 1);
    def.columns[1].fill = Fill::Value(Cell::Int(7));
    let quoted = Fill::Value(text("it's"));
    def.columns.push(ColumnDef::required("quoted", ColumnType::Text).filled(quoted));
    let after = make(store, def);
    assert_eq!(rows(store, after, &[]), [vec![Cell::Int(1), Cell::Int(7), text("it's")]]);
}

pub(crate) fn a_column_without_a_true_value_is_refused(store: &dyn Store) {
    let def = || {
        let mut def = integers("untold", &["k", "a"], 1);
        def.columns[1].fill = Fill::Nothing;
        def
    };
    let before = make(store, integers("untold", &["k"], 1));
    fill(store, before, vec![ints(&[1])]);
    let refused = migrate(store, def()).map(drop);
    let Err(StoreError::Incompatible(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("untold.a"), "{why}");
    let emptied = command(store, move |connection| connection.delete(before, &[]));
    assert_eq!(emptied, Ok(1));
    let after = make(store, def());
    fill(store, after, vec![ints(&[1, 2])]);
    assert_eq!(rows(store, after, &[]), [ints(&[1, 2])]);
}

/// A table whose last column holds what stands in `origin`.
fn copying(origin: &'static TableDef, kept: bool) -> TableDef {
    let mut def = integers("copy", &["k"], 1);
    if kept {
        let copied = ColumnDef::optional("a", ColumnType::Int).filled(Fill::Copy(origin, 1));
        def.columns.push(copied);
        def = def.with_index(&["a"], true);
    }
    def
}

pub(crate) fn a_copied_column_is_filled(store: &dyn Store) {
    let origin = make(store, integers("origin", &["k", "a"], 1));
    fill(store, origin, vec![ints(&[1, 10]), ints(&[3, 30])]);
    let before = make(store, copying(origin, false));
    fill(store, before, (1..=3).map(|k| ints(&[k])).collect());
    let after = make(store, copying(origin, true));
    let filled = [ints(&[1, 10]), vec![Cell::Int(2), Cell::Null], ints(&[3, 30])];
    assert_eq!(rows(store, after, &[]), filled);
    // While the program does not know the column, nobody keeps it up to date.
    make(store, copying(origin, false));
    let changed = command(store, move |connection| {
        connection.replace(origin, &Cells(&ints(&[1, 11])))?;
        connection.insert(origin, &Cells(&ints(&[2, 20])))
    });
    assert_eq!(changed, Ok(()));
    let again = make(store, copying(origin, true));
    assert_eq!(rows(store, again, &[]), [ints(&[1, 11]), ints(&[2, 20]), ints(&[3, 30])]);
}

pub(crate) fn a_copied_column_is_filled_from_the_first_of_many(store: &dyn Store) {
    let origin = make(store, integers("origins", &["k", "item", "a"], 2));
    fill(store, origin, vec![ints(&[1, 20, 7]), ints(&[1, 10, 8]), ints(&[3, 10, 9])]);
    let def = || integers("first_copy", &["k"], 1);
    let before = make(store, def());
    fill(store, before, (1..=3).map(|k| ints(&[k])).collect());
    let mut def = def();
    def.columns.push(ColumnDef::optional("a", ColumnType::Int).filled(Fill::Copy(origin, 2)));
    let after = make(store, def);
    let filled = [ints(&[1, 8]), vec![Cell::Int(2), Cell::Null], ints(&[3, 9])];
    assert_eq!(rows(store, after, &[]), filled);
}

pub(crate) fn indexes_are_added(store: &dyn Store) {
    let table = make(store, integers("indexed", &["k", "a", "b"], 1));
    fill(store, table, vec![ints(&[1, 5, 1]), ints(&[2, 5, 2])]);
    let def = || integers("indexed", &["k", "a", "b"], 1);
    let table = make(store, def().with_index(&["a"], false).with_index(&["b"], true));
    let query = Select::from(table, &[0]).equals(1, Cell::Int(5));
    assert_eq!(select(store, &query), [ints(&[1]), ints(&[2])]);
    let outcome =
        command(store, move |connection| connection.insert(table, &Cells(&ints(&[3, 6, 1]))));
    assert!(matches!(outcome, Err(StoreError::Duplicate { .. })), "{outcome:?}");
    let refused = migrate(store, def().with_index(&["a"], true)).map(drop);
    assert!(matches!(refused, Err(StoreError::Incompatible(_))), "{refused:?}");
    assert_eq!(rows(store, table, &[]).len(), 2);
}

pub(crate) fn former_indexes_are_dropped(store: &dyn Store) {
    let def = || integers("freed", &["k", "a", "b"], 1);
    let table = make(store, def().with_index(&["a"], true).with_index(&["b"], false));
    fill(store, table, vec![ints(&[1, 5, 1])]);
    let table = make(store, def().with_index(&["b"], false));
    fill(store, table, vec![ints(&[2, 5, 2])]);
    assert_eq!(rows(store, table, &[]), [ints(&[1, 5, 1]), ints(&[2, 5, 2])]);
    let refused = migrate(store, def().with_index(&["a"], true)).map(drop);
    assert!(matches!(refused, Err(StoreError::Incompatible(_))), "{refused:?}");
}

pub(crate) fn other_types_are_refused(store: &dyn Store) {
    let table = make(store, integers("retyped", &["k", "a"], 1));
    fill(store, table, vec![ints(&[1, 1])]);
    for ty in [ColumnType::Text, ColumnType::Date, ColumnType::Bool] {
        let mut def = integers("retyped", &["k", "a", "more"], 1);
        def.columns[1].ty = ty;
        let refused = migrate(store, def).map(drop);
        assert!(matches!(refused, Err(StoreError::Incompatible(_))), "{refused:?}");
    }
    let refused = migrate(store, integers("retyped", &["k", "a"], 2)).map(drop);
    assert!(matches!(refused, Err(StoreError::Incompatible(_))), "{refused:?}");
    assert_eq!(rows(store, table, &[]), [ints(&[1, 1])]);
}

pub(crate) fn looser_and_tighter_columns(store: &dyn Store) {
    let loose = || {
        let mut def = integers("loosened", &["k", "a"], 1).with_index(&["a"], false);
        def.columns[1].required = false;
        def
    };
    let strict = || integers("loosened", &["k", "a"], 1).with_index(&["a"], false);
    let table = make(store, strict());
    fill(store, table, vec![ints(&[1, 1])]);
    let table = make(store, loose());
    fill(store, table, vec![vec![Cell::Int(2), Cell::Null]]);
    let refused = migrate(store, strict()).map(drop);
    assert!(matches!(refused, Err(StoreError::Incompatible(_))), "{refused:?}");
    let cleared = command(store, move |connection| connection.delete(table, &[CellRef::Int(2)]));
    assert_eq!(cleared, Ok(1));
    let table = make(store, strict());
    let outcome = command(store, move |connection| {
        connection.insert(table, &Cells(&[Cell::Int(3), Cell::Null]))
    });
    assert!(matches!(outcome, Err(StoreError::Required(_))), "{outcome:?}");
    // A column that the program does not know any more stays, and does not stand in the way.
    let fewer = make(store, integers("loosened", &["k"], 1));
    fill(store, fewer, vec![ints(&[4])]);
    let table = make(store, loose());
    let last = vec![Cell::Int(4), Cell::Null];
    assert_eq!(rows(store, table, &[]), [ints(&[1, 1]), last]);
}

pub(crate) fn a_sound_database(store: &dyn Store) {
    let table = make(store, integers("sound", &["k", "a"], 1));
    fill(store, table, (0..1000).map(|k| ints(&[k, k])).collect());
    assert!(store.size().is_ok_and(|bytes| bytes > 1000));
    assert_eq!(store.check(), Ok(Vec::new()));
}

pub(crate) fn what_was_added_at_run_time_stays(store: &dyn Store) {
    let base = make(store, integers("extended", &["k", "a"], 1).with_index(&["a"], false));
    fill(store, base, vec![ints(&[1, 1]), ints(&[2, 2])]);
    let mut def = integers("extended", &["k", "a"], 1).with_index(&["a"], false);
    def.columns.push(ColumnDef::optional("x_own", ColumnType::Int));
    let index = "x_extended_by_own".to_string();
    def.indexes.push(IndexDef { name: index, columns: vec![2], unique: true });
    let extended: &'static TableDef = Box::leak(Box::new(def));
    let added: &'static TableDef = Box::leak(Box::new(integers("x_added", &["k", "b"], 1)));
    for _ in 0..2 {
        assert_eq!(store.extend(&[extended, added]), Ok(()));
    }
    fill(store, added, vec![ints(&[1, 7])]);
    fill(store, extended, vec![ints(&[3, 3, 30])]);
    // A later program, which knows nothing of it.
    let later = make(store, integers("extended", &["k", "a", "c"], 1).with_index(&["c"], false));
    fill(store, later, vec![ints(&[4, 4, 4])]);
    assert_eq!(rows(store, extended, &[CellRef::Int(3)]), [ints(&[3, 3, 30])]);
    assert_eq!(
        rows(store, extended, &[CellRef::Int(4)]),
        [vec![Cell::Int(4), Cell::Int(4), Cell::Null]]
    );
    let twice = command(store, move |connection| {
        connection.insert(extended, &Cells(&[Cell::Int(5), Cell::Int(5), Cell::Int(30)]))
    });
    assert!(
        matches!(twice, Err(StoreError::Duplicate { .. } | StoreError::Required(_))),
        "{twice:?}"
    );
    assert_eq!(rows(store, added, &[]), [ints(&[1, 7])]);
    assert_eq!(store.check(), Ok(Vec::new()));
}
