//! Jobs: what stays, what goes, who sees what.

use std::sync::mpsc::channel;

use tessera_kernel::{CellRef, Connection, Fault, Store, StoreError, TableDef};

use crate::support::{Cells, command, fill, integers, ints, make, rows, rows_on, submit};

fn refused() -> StoreError {
    StoreError::Engine("refused".to_string())
}

/// Writes to a table in every way.
fn rummage(connection: &mut dyn Connection, table: &'static TableDef) -> Result<(), StoreError> {
    connection.insert(table, &Cells(&ints(&[9, 9])))?;
    connection.replace(table, &Cells(&ints(&[1, 99])))?;
    connection.set(table, &[CellRef::Int(2)], None, &[(1, CellRef::Int(98))])?;
    connection.adjust(table, &[CellRef::Int(8)], &[(1, 1)], None)?;
    connection.adjust(table, &[CellRef::Int(2)], &[(1, 1)], None)?;
    connection.delete(table, &[CellRef::Int(3)]).map(drop)
}

fn prepared(store: &dyn Store, name: &str) -> (&'static TableDef, Vec<Vec<tessera_kernel::Cell>>) {
    let table = make(store, integers(name, &["k", "a"], 1).with_index(&["a"], false));
    let kept = vec![ints(&[1, 1]), ints(&[2, 2]), ints(&[3, 3])];
    fill(store, table, kept.clone());
    (table, kept)
}

pub(crate) fn an_undone_job_leaves_no_trace(store: &dyn Store) {
    let (table, kept) = prepared(store, "undone");
    let outcome = command(store, move |connection| {
        rummage(connection, table)?;
        Err::<(), _>(refused())
    });
    assert_eq!(outcome, Err(refused()));
    assert_eq!(rows(store, table, &[]), kept);
}

pub(crate) fn a_panic_leaves_no_trace(store: &dyn Store) {
    let (table, kept) = prepared(store, "panicked");
    let outcome = command(store, move |connection| {
        rummage(connection, table)?;
        let mut seen = 0;
        let outcome = connection.rows(table, &[], &mut |_| {
            seen += 1;
            assert!(seen < 2, "in the middle of a row");
            Ok(())
        });
        outcome.map_err(|_| refused())
    });
    assert!(
        matches!(&outcome, Err(error) if error.to_string().contains("in the middle of a row")),
        "{outcome:?}"
    );
    assert_eq!(rows(store, table, &[]), kept);
    fill(store, table, vec![ints(&[4, 4])]);
    assert_eq!(rows(store, table, &[]).len(), 4);
}

pub(crate) fn an_error_undoes_only_its_job(store: &dyn Store) {
    let (table, _) = prepared(store, "neighbours");
    let answers: Vec<_> = (10..74)
        .map(|k| {
            submit(store, move |connection| {
                connection.insert(table, &Cells(&ints(&[k, k])))?;
                assert!(k % 4 != 0, "every fourth panics");
                if k % 4 == 1 { Err(refused()) } else { Ok(k) }
            })
        })
        .collect();
    for (k, answer) in (10..).zip(answers) {
        let answer = answer.recv();
        let fits = match k % 4 {
            0 => matches!(answer, Ok(Err(_))),
            1 => answer == Ok(Err(refused())),
            _ => answer == Ok(Ok(k)),
        };
        assert!(fits, "job {k} was answered {answer:?}");
    }
    let wanted = (10..74).filter(|k| k % 4 > 1).map(|k| ints(&[k, k]));
    assert_eq!(rows(store, table, &[])[3..], wanted.collect::<Vec<_>>());
}

pub(crate) fn a_refused_statement_undoes_its_job(store: &dyn Store) {
    let (table, kept) = prepared(store, "half_refused");
    // Whether it hears of the refusal at once, later or in its answer, nothing of it is kept.
    let outcome = command(store, move |connection| {
        connection.insert(table, &Cells(&ints(&[4, 4])))?;
        drop(connection.insert(table, &Cells(&ints(&[1, 1]))));
        drop(connection.insert(table, &Cells(&ints(&[5, 5]))));
        Ok(())
    });
    assert!(matches!(outcome, Err(StoreError::Duplicate { .. })), "{outcome:?}");
    assert_eq!(rows(store, table, &[]), kept);
    fill(store, table, vec![ints(&[4, 4])]);
    assert_eq!(rows(store, table, &[]).len(), 4);
}

pub(crate) fn jobs_see_what_was_done_before(store: &dyn Store) {
    let (table, _) = prepared(store, "in_sequence");
    let first = submit(store, move |connection| {
        connection.insert(table, &Cells(&ints(&[4, 4])))?;
        rows_on(connection, table, &[]).map(|rows| rows.len()).map_err(|_| refused())
    });
    assert_eq!(first.recv(), Ok(Ok(4)));
    let second = submit(store, move |connection| {
        rows_on(connection, table, &[]).map(|rows| rows.len()).map_err(|_| refused())
    });
    assert_eq!(second.recv(), Ok(Ok(4)));
}

pub(crate) fn reads_see_what_was_answered(store: &dyn Store) {
    let (table, _) = prepared(store, "visible");
    for k in 10..60 {
        fill(store, table, vec![ints(&[k, k])]);
        assert_eq!(rows(store, table, &[CellRef::Int(k)]), [ints(&[k, k])]);
    }
}

pub(crate) fn reads_can_not_write(store: &dyn Store) {
    let (table, kept) = prepared(store, "only_read");
    let outcome = store.read(&mut |connection| {
        let written = connection.insert(table, &Cells(&ints(&[4, 4])));
        assert!(written.is_err(), "a read wrote");
        let deleted = connection.delete(table, &[]);
        assert!(deleted.is_err(), "a read deleted");
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(rows(store, table, &[]), kept);
}

pub(crate) fn errors_of_reads_come_back(store: &dyn Store) {
    let (table, kept) = prepared(store, "failing_reads");
    for _ in 0..20 {
        let outcome = store.read(&mut |connection| {
            connection.rows(table, &[], &mut |_| Err(Fault::corrupt("as asked")))
        });
        assert!(matches!(&outcome, Err(Fault::Corrupt(why)) if why == "as asked"), "{outcome:?}");
        let outcome = store
            .read(&mut |connection| connection.rows(table, &[], &mut |row| row.text().map(drop)));
        assert!(matches!(outcome, Err(Fault::Corrupt(_))), "{outcome:?}");
    }
    let (sender, receiver) = channel();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.read(&mut |_| {
            let _ = sender.send(());
            panic!("a read that panics")
        })
    }));
    assert!(outcome.is_err() && receiver.recv().is_ok());
    assert_eq!(rows(store, table, &[]), kept);
}
