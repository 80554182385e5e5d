//! Single rows: what is written comes back, and what does not fit is refused.

use tessera_kernel::{
    Ahead, Cell, CellRef, ColumnDef, ColumnType, Connection, RowSink, Store, StoreError, TableDef,
    WriteRow,
};
use uuid::Uuid;

use crate::support::{Cells, command, done, fill, integers, ints, make, rows, rows_on, text};

fn every_type(name: &str) -> TableDef {
    let types = [
        ("amount", ColumnType::Int),
        ("title", ColumnType::Text),
        ("due", ColumnType::Date),
        ("changed", ColumnType::Instant),
        ("open", ColumnType::Bool),
        ("other", ColumnType::Uuid),
    ];
    let mut columns = vec![ColumnDef::required("id", ColumnType::Uuid)];
    columns.extend(types.map(|(name, ty)| ColumnDef::optional(name, ty)));
    TableDef::new(name, columns, 1)
}

fn row(id: u128, values: [Cell; 6]) -> Vec<Cell> {
    std::iter::once(Cell::Uuid(Uuid::from_u128(id))).chain(values).collect()
}

/// Days and moments go from the year 1 to 9999.
pub(crate) fn every_type_comes_back(store: &dyn Store) {
    let table = make(store, every_type("types"));
    let (largest, smallest) = (Uuid::from_u128(u128::MAX), Uuid::nil());
    let wanted = vec![
        row(1, [const { Cell::Null }; 6]),
        row(
            2,
            [
                Cell::Int(i64::MAX),
                text("it's \"quoted\" — 漢字 🧾 %_\\"),
                Cell::Date(2_932_896),
                Cell::Instant(253_402_300_799_999_999),
                Cell::Bool(true),
                Cell::Uuid(largest),
            ],
        ),
        row(
            3,
            [
                Cell::Int(i64::MIN),
                text(""),
                Cell::Date(-719_162),
                Cell::Instant(-62_135_596_800_000_000),
                Cell::Bool(false),
                Cell::Uuid(smallest),
            ],
        ),
        row(
            4,
            [
                Cell::Int(-1),
                text(&"long ".repeat(20_000)),
                Cell::Date(-1),
                Cell::Instant(-1),
                Cell::Bool(true),
                Cell::Null,
            ],
        ),
    ];
    fill(store, table, wanted.clone());
    assert_eq!(rows(store, table, &[]), wanted);
    let one = rows(store, table, &[CellRef::Uuid(Uuid::from_u128(3))]);
    assert_eq!(one, wanted[2..3]);
}

/// Of any number, in their order; and a wrong one among them undoes the command, with what went before.
pub(crate) fn rows_added_at_once(store: &dyn Store) {
    let table = make(store, every_type("at_once"));
    let numbered = |numbers: std::ops::Range<u128>| -> Vec<Vec<Cell>> {
        let texts = numbers.map(|number| {
            let mut cells = row(number, [const { Cell::Null }; 6]);
            cells[2] = text(&format!("row {number}"));
            cells
        });
        texts.collect()
    };
    let add = |some: Vec<Vec<Cell>>| {
        command(store, move |connection| {
            let cells: Vec<Cells<'_>> = some.iter().map(|row| Cells(row)).collect();
            let rows: Vec<&dyn WriteRow> = cells.iter().map(|row| row as &dyn WriteRow).collect();
            connection.insert_all(table, &rows)
        })
    };
    let mut next = 0;
    for count in [0, 1, 2, 3, 15, 16, 17, 47, 100] {
        assert_eq!(add(numbered(next..next + count)), Ok(()));
        next += count;
    }
    let wanted = numbered(0..next);
    assert_eq!(rows(store, table, &[]), wanted);
    // The last of them is there already; or lacks a column.
    let mut twice = numbered(next..next + 21);
    twice.extend(numbered(5..6));
    let refused = add(twice);
    assert!(matches!(refused, Err(StoreError::Duplicate { .. })), "{refused:?}");
    let mut short = numbered(next..next + 3);
    short[1].pop();
    assert!(add(short).is_err());
    assert_eq!(rows(store, table, &[]), wanted);
}

pub(crate) fn replace(store: &dyn Store) {
    let table = make(store, every_type("replaced"));
    let before = row(
        1,
        [
            Cell::Int(1),
            text("old"),
            Cell::Date(1),
            Cell::Instant(1),
            Cell::Bool(false),
            Cell::Uuid(Uuid::from_u128(9)),
        ],
    );
    let mut after = row(1, [const { Cell::Null }; 6]);
    after[2] = text("new");
    fill(store, table, vec![before, row(2, [const { Cell::Null }; 6])]);
    let (new, absent) = (after.clone(), row(3, [const { Cell::Null }; 6]));
    let outcome = done(store, move |connection| {
        let replaced = connection.replace(table, &Cells(&new))?;
        Ok((replaced, connection.replace(table, &Cells(&absent))?))
    });
    assert_eq!(outcome, (true, false));
    assert_eq!(rows(store, table, &[]), [after, row(2, [const { Cell::Null }; 6])]);
}

pub(crate) fn put(store: &dyn Store) {
    let table = make(store, every_type("put"));
    let mut first = row(1, [const { Cell::Null }; 6]);
    first[2] = text("first");
    let second = row(2, [const { Cell::Null }; 6]);
    fill(store, table, vec![row(1, [const { Cell::Null }; 6])]);
    let (one, two) = (first.clone(), second.clone());
    done(store, move |connection| {
        let mut twice = two.clone();
        twice[1] = Cell::Int(9);
        connection.put(table, &Cells(&twice))?;
        connection.put(table, &Cells(&one))?;
        connection.put(table, &Cells(&two))
    });
    assert_eq!(rows(store, table, &[]), [first, second]);
}

/// Asking ahead changes no answer: not that of rows that are there, not there, held, or written since.
pub(crate) fn rows_asked_ahead(store: &dyn Store) {
    let one = make(store, integers("ahead_one", &["k", "a"], 1));
    let other = make(store, integers("ahead_other", &["k", "line", "a"], 2));
    fill(store, one, vec![ints(&[1, 10])]);
    fill(store, other, vec![ints(&[1, 2, 20]), ints(&[1, 1, 10])]);
    done(store, move |connection| {
        let (key, absent) = ([CellRef::Int(1)], [CellRef::Int(9)]);
        let ask = |table, key, held| Ahead { table, key, held };
        connection.insert(other, &Cells(&ints(&[1, 3, 30])))?;
        connection.ahead(&[
            ask(one, &key, true),
            ask(other, &key, false),
            ask(one, &absent, false),
        ])?;
        let mut held = Vec::new();
        let found = connection.row_held(one, &key, &mut |row| {
            held.extend([row.int()?, row.int()?]);
            Ok(())
        });
        found.expect("the row is read");
        assert_eq!(held, [Some(1), Some(10)]);
        let read = |connection: &mut dyn Connection, table, key: &[CellRef<'_>]| {
            rows_on(connection, table, key).expect("rows are read")
        };
        let lines = [ints(&[1, 1, 10]), ints(&[1, 2, 20]), ints(&[1, 3, 30])];
        assert_eq!(read(connection, other, &key), lines);
        assert_eq!(read(connection, one, &absent), [[]; 0]);
        connection.ahead(&[ask(one, &key, false), ask(other, &key, false)])?;
        connection.replace(one, &Cells(&ints(&[1, 11])))?;
        connection.delete(other, &key)?;
        assert_eq!(read(connection, one, &key), [ints(&[1, 11])]);
        assert_eq!(read(connection, other, &key), [[]; 0]);
        connection.ahead(&[ask(one, &key, false), ask(other, &key, false)])?;
        connection.adjust(one, &key, &[(1, 5)], None)?;
        assert_eq!(read(connection, one, &key), [ints(&[1, 16])]);
        Ok(())
    });
}

pub(crate) fn set_under_a_guard(store: &dyn Store) {
    let mut table = integers("set_rows", &["k", "version", "a"], 1);
    table.columns.push(ColumnDef::optional("note", ColumnType::Text));
    let table = make(store, table);
    let row = |k, version, a, note: Cell| {
        let mut row = ints(&[k, version, a]);
        row.push(note);
        row
    };
    fill(store, table, vec![row(1, 1, 10, Cell::Null), row(2, 1, 20, text("kept"))]);
    let outcomes = done(store, move |connection| {
        let key = [CellRef::Int(1)];
        let right = Some((1, CellRef::Int(1)));
        let wrong = Some((1, CellRef::Int(7)));
        let empty = Some((3, CellRef::Null));
        let changes = [(1, CellRef::Int(2)), (3, CellRef::Text("set"))];
        Ok([
            connection.set(table, &key, wrong, &[(2, CellRef::Int(99))])?,
            connection.set(table, &key, empty, &[(2, CellRef::Int(11))])?,
            connection.set(table, &key, right, &changes)?,
            connection.set(table, &key, right, &changes)?,
            connection.set(table, &key, empty, &[(2, CellRef::Int(98))])?,
            connection.set(table, &[CellRef::Int(3)], None, &changes)?,
            connection.set(table, &[CellRef::Int(2)], None, &[(2, CellRef::Int(21))])?,
        ])
    });
    assert_eq!(outcomes, [false, true, true, false, false, false, true]);
    let wanted = [row(1, 2, 11, text("set")), row(2, 1, 21, text("kept"))];
    assert_eq!(rows(store, table, &[]), wanted);
}

pub(crate) fn delete_by_prefix(store: &dyn Store) {
    let table = make(store, integers("deleted", &["a", "b", "c", "value"], 3));
    let all: Vec<Vec<Cell>> = (0..27).map(|n| ints(&[n / 9, n / 3 % 3, n % 3, n])).collect();
    fill(store, table, all);
    let delete = |prefix: &'static [i64]| {
        done(store, move |connection| {
            let prefix: Vec<CellRef<'_>> = prefix.iter().map(|n| CellRef::Int(*n)).collect();
            connection.delete(table, &prefix)
        })
    };
    assert_eq!(delete(&[0, 0, 0]), 1);
    assert_eq!(delete(&[0, 0, 0]), 0);
    assert_eq!(delete(&[0, 0]), 2);
    assert_eq!(delete(&[0]), 6);
    assert_eq!(delete(&[7]), 0);
    assert_eq!(rows(store, table, &[]).len(), 18);
    assert_eq!(delete(&[]), 18);
    assert!(rows(store, table, &[]).is_empty());
}

pub(crate) fn rows_in_key_order(store: &dyn Store) {
    let columns = vec![
        ColumnDef::required("owner", ColumnType::Uuid),
        ColumnDef::required("name", ColumnType::Text),
        ColumnDef::required("number", ColumnType::Int),
    ];
    let table = make(store, TableDef::new("ordered", columns, 3));
    let row = |owner: u128, name: &str, number| {
        vec![Cell::Uuid(Uuid::from_u128(owner)), text(name), Cell::Int(number)]
    };
    let ordered = vec![
        row(1, "", 0),
        row(1, "Z", i64::MIN),
        row(1, "Z", -1),
        row(1, "Z", 0),
        row(1, "Z", i64::MAX),
        row(1, "a", 0),
        row(1, "é", 0),
        row(1, "漢", 0),
        row(1, "🧾", 0),
        row(1 << 120, "a", 2),
        row(u128::MAX, "a", 1),
    ];
    let mut shuffled = ordered.clone();
    shuffled.sort_by_key(|row| format!("{row:?}").len());
    fill(store, table, shuffled);
    assert_eq!(rows(store, table, &[]), ordered);
    let owner = CellRef::Uuid(Uuid::from_u128(1));
    assert_eq!(rows(store, table, &[owner]), ordered[..9]);
    assert_eq!(rows(store, table, &[owner, CellRef::Text("Z")]), ordered[1..5]);
    let whole = [owner, CellRef::Text("Z"), CellRef::Int(-1)];
    assert_eq!(rows(store, table, &whole), ordered[2..3]);
}

pub(crate) fn a_table_of_nothing_but_a_key(store: &dyn Store) {
    let table = make(store, integers("only_key", &["a", "b"], 2));
    fill(store, table, vec![ints(&[1, 2])]);
    let outcome = done(store, move |connection| {
        let present = connection.replace(table, &Cells(&ints(&[1, 2])))?;
        Ok((present, connection.replace(table, &Cells(&ints(&[1, 3])))?))
    });
    assert_eq!(outcome, (true, false));
    assert_eq!(rows(store, table, &[]), [ints(&[1, 2])]);
}

pub(crate) fn required_columns_are_named(store: &dyn Store) {
    let table = make(store, integers("demanding", &["k", "a"], 1));
    let refused = command(store, move |connection| {
        connection.insert(table, &Cells(&[Cell::Int(1), Cell::Null]))
    });
    assert_eq!(refused, Err(StoreError::Required("demanding.a".to_string())));
    fill(store, table, vec![ints(&[1, 1])]);
    let refused = command(store, move |connection| {
        connection.set(table, &[CellRef::Int(1)], None, &[(1, CellRef::Null)])
    });
    assert_eq!(refused, Err(StoreError::Required("demanding.a".to_string())));
    assert_eq!(rows(store, table, &[]), [ints(&[1, 1])]);
}

fn people(name: &str) -> TableDef {
    let mut table = integers(name, &["k"], 1);
    table.columns.push(ColumnDef::optional("mail", ColumnType::Text));
    table.columns.push(ColumnDef::optional("town", ColumnType::Text));
    table.with_index(&["mail"], true).with_index(&["town", "mail"], true)
}

pub(crate) fn duplicates_are_named(store: &dyn Store) {
    let table = make(store, people("people"));
    let row = |k, mail: &str| vec![Cell::Int(k), text(mail), Cell::Null];
    fill(store, table, vec![row(1, "a"), row(2, "b")]);
    let duplicate = |index: &str| {
        Err(StoreError::Duplicate { table: "people".to_string(), index: index.to_string() })
    };
    let again = row(1, "c");
    let outcome = command(store, move |connection| connection.insert(table, &Cells(&again)));
    assert_eq!(outcome, duplicate("primary key"));
    let again = row(3, "b");
    let outcome = command(store, move |connection| connection.insert(table, &Cells(&again)));
    assert_eq!(outcome, duplicate("people_by_mail"));
    let outcome = command(store, move |connection| {
        connection.set(table, &[CellRef::Int(1)], None, &[(1, CellRef::Text("b"))]).map(drop)
    });
    assert_eq!(outcome, duplicate("people_by_mail"));
    assert_eq!(rows(store, table, &[]), [row(1, "a"), row(2, "b")]);
}

pub(crate) fn empty_values_do_not_collide(store: &dyn Store) {
    let table = make(store, people("nameless"));
    let row = |k, town: Cell| vec![Cell::Int(k), Cell::Null, town];
    fill(store, table, vec![row(1, Cell::Null), row(2, text("x")), row(3, text("x"))]);
    assert_eq!(rows(store, table, &[]).len(), 3);
}

/// Writes fewer columns than the table has, or refuses itself.
struct Broken(Option<&'static str>);

impl WriteRow for Broken {
    fn write(&self, sink: &mut dyn RowSink) {
        sink.int(1);
        if let Some(why) = self.0 {
            sink.refuse(why);
        }
    }
}

pub(crate) fn misshapen_rows_are_refused(store: &dyn Store) {
    let table = make(store, integers("misshapen", &["k", "a"], 1));
    let short = command(store, move |connection| connection.insert(table, &Broken(None)));
    assert!(matches!(short, Err(StoreError::Engine(_))), "{short:?}");
    let refused =
        command(store, move |connection| connection.insert(table, &Broken(Some("too big"))));
    assert!(matches!(&refused, Err(error) if error.to_string().contains("too big")), "{refused:?}");
    let long =
        command(store, move |connection| connection.insert(table, &Cells(&ints(&[1, 2, 3]))));
    assert!(long.is_err(), "{long:?}");
    let mistyped = command(store, move |connection| {
        connection.insert(table, &Cells(&[Cell::Int(1), text("one")]))
    });
    assert!(mistyped.is_err(), "{mistyped:?}");
    assert!(rows(store, table, &[]).is_empty());
}
