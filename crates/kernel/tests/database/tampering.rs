//! Whoever changes tables without the program is found out.

use tessera_kernel::{
    CHANGE_DOCUMENT, CHANGE_SEAL, CHANGE_SET, Cell, CellRef, Fault, Findings, Object, Ref,
    RowBuffer, Segment, Select, TableDef, Tx, head_column, read_cell, verify_histories,
};

use crate::sample::{Loan, LoanHeader, LoanItem, Member};
use crate::town::{Town, instant};

/// What `verify` finds.
pub(crate) fn differences(town: &Town) -> Vec<String> {
    town.read(|tx| {
        let mut findings = Findings::default();
        verify_histories(tx, &mut findings)?;
        Ok(findings.differences)
    })
}

/// Sets the next seal; answers how many change sets it covers.
pub(crate) fn seal(town: &Town) -> usize {
    town.command(|tx| {
        let sealed = tx.seal_changes()?;
        Ok(sealed)
    })
    .unwrap()
}

/// Rows of a table.
fn rows(tx: &mut Tx<'_>, table: &'static TableDef) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    tx.select(&Select::all(table), &mut |row| {
        rows.push(
            table.columns.iter().map(|c| read_cell(row, c.ty)).collect::<Result<Vec<_>, _>>()?,
        );
        Ok(())
    })
    .unwrap();
    rows
}

fn key<'c>(table: &TableDef, row: &'c [Cell]) -> Vec<CellRef<'c>> {
    row[..table.key].iter().map(Cell::as_ref).collect()
}

/// Writes rows without the program: none of the former, all of the latter.
fn rewrite(
    town: &Town,
    table: &'static TableDef,
    change: impl Fn(&mut Vec<Vec<Cell>>) + Send + 'static,
) {
    town.command(move |tx| {
        let before = rows(tx, table);
        let mut after = before.clone();
        change(&mut after);
        for row in before.iter().filter(|row| !after.contains(row)) {
            tx.connection().delete(table, &key(table, row))?;
        }
        for row in after.iter().filter(|row| !before.contains(row)) {
            tx.connection().insert(table, &RowBuffer(row.clone()))?;
        }
        Ok(())
    })
    .unwrap();
}

/// The database as an earlier version of the program left it: no change sets, no digests.
pub(crate) fn unchained(town: &Town) {
    for head in [Loan::def().head, Member::def().head] {
        rewrite(town, head, |rows| {
            for row in rows {
                row[head_column::HISTORY] = Cell::Null;
                row[head_column::CREATED_IN] = Cell::Null;
            }
        });
    }
    rewrite(town, &CHANGE_SET, Vec::clear);
    rewrite(town, &CHANGE_DOCUMENT, |rows| {
        for row in rows {
            row[11] = Cell::Null;
            row[12] = Cell::Null;
        }
    });
}

/// A loan with three changes; the second of two lines.
fn changed() -> (Town, Ref<Loan>) {
    let town = Town::new();
    let id = town.loan();
    town.change(id, |loan| loan.header.remark = Some("one".into())).unwrap();
    town.change(id, |loan| {
        loan.header.remark = Some("two".into());
        loan.items[0].title = "Emma, annotated".into();
    })
    .unwrap();
    town.change(id, |loan| loan.header.remark = Some("three".into())).unwrap();
    assert_eq!(differences(&town), [""; 0]);
    (town, id)
}

/// Exactly one difference, that begins so.
#[track_caller]
fn expect(town: &Town, beginning: &str) {
    let found = differences(town);
    assert!(
        found.iter().any(|difference| difference.contains(beginning)),
        "{beginning}\nis not in\n{}",
        found.join("\n")
    );
}

const VERSION: usize = 1;
const LINE: usize = 2;
const ACTOR: usize = 4;
const NEW: usize = 10;

fn is_line(row: &[Cell], version: i64, line: i64) -> bool {
    row[VERSION] == Cell::Int(version) && row[LINE] == Cell::Int(line)
}

#[test]
fn a_changed_line_is_named() {
    for (column, value) in [(NEW, "\"2,000\""), (ACTOR, "eve"), (9, "\"other\""), (8, "title")] {
        let (town, _) = changed();
        rewrite(&town, &CHANGE_DOCUMENT, move |rows| {
            let row = rows.iter_mut().find(|row| is_line(row, 3, 2)).unwrap();
            row[column] = Cell::Text(value.into());
        });
        if column == 8 {
            assert_eq!(differences(&town), [""; 0], "it is the title that was changed");
            continue;
        }
        expect(&town, "history: loan L0001, version 3, line 2: was changed");
    }
}

#[test]
fn a_removed_line_is_named() {
    for (version, line, told) in [(3, 1, "line 1 is missing"), (2, 1, "its lines are missing")] {
        let (town, _) = changed();
        rewrite(&town, &CHANGE_DOCUMENT, move |rows| rows.retain(|r| !is_line(r, version, line)));
        expect(&town, &format!("history: loan L0001, version {version}: {told}"));
    }
    // The last one of a version leaves no gap, but another digest.
    let (town, _) = changed();
    rewrite(&town, &CHANGE_DOCUMENT, |rows| rows.retain(|row| !is_line(row, 3, 2)));
    expect(&town, "loan L0001, version");
}

#[test]
fn an_inserted_line_is_named() {
    let (town, _) = changed();
    rewrite(&town, &CHANGE_DOCUMENT, |rows| {
        let mut row = rows.iter().find(|row| is_line(row, 3, 2)).unwrap().clone();
        row[LINE] = Cell::Int(3);
        rows.push(row);
    });
    expect(&town, "history: loan L0001, version 3, line 3: was changed");
    let (town, _) = changed();
    rewrite(&town, &CHANGE_DOCUMENT, |rows| {
        let mut row = rows.iter().find(|row| is_line(row, 4, 1)).unwrap().clone();
        row[VERSION] = Cell::Int(5);
        rows.push(row);
    });
    expect(&town, "version 5: has lines, and the object has version 4");
}

#[test]
fn lines_in_another_order_are_named() {
    let (town, _) = changed();
    rewrite(&town, &CHANGE_DOCUMENT, |rows| {
        for row in rows.iter_mut().filter(|row| row[VERSION] == Cell::Int(3)) {
            row[LINE] = if row[LINE] == Cell::Int(1) { Cell::Int(2) } else { Cell::Int(1) };
        }
    });
    expect(&town, "history: loan L0001, version 3, line 1: was changed");
    let (town, _) = changed();
    rewrite(&town, &CHANGE_DOCUMENT, |rows| {
        for row in rows {
            match row[VERSION] {
                Cell::Int(2) => row[VERSION] = Cell::Int(4),
                Cell::Int(4) => row[VERSION] = Cell::Int(2),
                _ => {}
            }
        }
    });
    expect(&town, "history: loan L0001, version");
}

#[test]
fn a_removed_tail_is_named_also_where_object_and_head_were_set_back() {
    let (town, id) = changed();
    let digest = town.read(|tx| Ok(rows(tx, Loan::def().head)[0][head_column::HISTORY].clone()));
    town.change(id, |loan| loan.header.remark = Some("four".into())).unwrap();
    rewrite(&town, &CHANGE_DOCUMENT, |rows| rows.retain(|row| row[VERSION] != Cell::Int(5)));
    expect(&town, "history: loan L0001, version 5: its lines are missing");
    rewrite(&town, LoanHeader::def().table(), |rows| rows[0][3] = Cell::Text("three".into()));
    rewrite(&town, Loan::def().head, move |rows| {
        rows[0][head_column::VERSION] = Cell::Int(4);
        rows[0][head_column::HISTORY] = digest.clone();
    });
    expect(&town, "version 5: its change set");
    rewrite(&town, &CHANGE_SET, |rows| drop(rows.pop()));
    assert_eq!(
        differences(&town),
        [""; 0],
        "nothing is left of it: only a seal kept elsewhere tells"
    );
}

#[test]
fn a_record_that_was_changed_without_the_program_is_named() {
    // One that a change document tells of.
    let (town, _) = changed();
    rewrite(&town, LoanItem::def().table(), |rows| rows[0][2] = Cell::Text("Stolen".into()));
    expect(&town, "history: loan L0001, version 3, line 2: loan_item.title is \"Stolen\"");
    // One that stands as it was made.
    let (town, _) = changed();
    rewrite(&town, LoanItem::def().table(), |rows| rows[1][2] = Cell::Text("Stolen".into()));
    expect(&town, "history: loan L0001, version 1: its change set");
    expect(&town, "a record was changed without the program");
    let (town, _) = changed();
    rewrite(&town, LoanItem::def().table(), |rows| drop(rows.remove(2)));
    expect(&town, "a record was changed without the program");
}

#[test]
fn an_object_that_is_gone_without_the_program_is_named() {
    let (town, _) = changed();
    for table in Loan::def().tables() {
        rewrite(&town, table, Vec::clear);
    }
    rewrite(&town, &CHANGE_DOCUMENT, Vec::clear);
    expect(&town, "is gone, and nothing tells of its deletion");
}

#[test]
fn what_a_deleted_object_was_can_not_be_changed_either() {
    let town = Town::new();
    let id = town.member();
    town.change(id, |member| member.general.name = "Ada King".into()).unwrap();
    town.command(move |tx| {
        let stored = tx.load(id)?;
        tx.delete(&stored)
    })
    .unwrap();
    assert_eq!(differences(&town), [""; 0]);
    rewrite(&town, &CHANGE_DOCUMENT, |rows| {
        let row = rows.iter_mut().find(|row| row[8] == Cell::Text("name".into())).unwrap();
        row[9] = Cell::Text("\"Eve\"".into());
    });
    expect(&town, "member M0001, version 2, line 1: was changed");
    rewrite(&town, &CHANGE_DOCUMENT, |rows| rows.retain(|row| row[VERSION] != Cell::Int(2)));
    expect(&town, "member M0001, version 2: its lines are missing");
}

#[test]
fn a_change_set_that_was_changed_removed_or_put_in_is_named() {
    let (town, _) = changed();
    rewrite(&town, &CHANGE_SET, |rows| rows[2][2] = Cell::Text("eve".into()));
    expect(&town, "was changed");
    let (town, _) = changed();
    rewrite(&town, &CHANGE_SET, |rows| drop(rows.remove(2)));
    expect(&town, "history: loan L0001, version 2: its change set");
    let (town, _) = changed();
    rewrite(&town, &CHANGE_SET, |rows| drop(rows.remove(1)));
    expect(&town, "history: loan L0001, version 1: its change set");
}

#[test]
fn a_history_that_was_written_anew_breaks_its_seal() {
    let (town, _) = changed();
    town.clock.set(instant("2024-05-01T12:00:00Z"));
    seal(&town);
    rewrite(&town, &CHANGE_SET, |rows| drop(rows.pop()));
    expect(&town, "history: seal 1: covers 5 change sets, 4 were found");
    let (town, _) = changed();
    town.clock.set(instant("2024-05-01T12:00:00Z"));
    seal(&town);
    rewrite(&town, &CHANGE_SEAL, |rows| rows[0][4] = Cell::Text("0".repeat(40)));
    expect(&town, "history: seal 1: its change sets are not those that it covers");
}

#[test]
fn a_digest_in_the_head_row_that_is_taken_away_is_named() {
    let (town, id) = changed();
    rewrite(&town, Loan::def().head, |rows| rows[0][head_column::HISTORY] = Cell::Null);
    expect(&town, "history: loan L0001, version 4: the head row names another history");
    rewrite(&town, Loan::def().head, |rows| rows[0][head_column::CREATED_IN] = Cell::Null);
    expect(&town, "version 1: the head row names another change set");
    // A mark that nobody set begins no chain.
    let outcome: Result<_, Fault> = town.command(|tx| tx.begin_histories(Loan::def(), None, 9));
    assert_eq!(outcome.unwrap().0, 1);
    assert!(!differences(&town).is_empty(), "{id:?}");
}
