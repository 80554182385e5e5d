//! What the tests of this engine share.

use std::path::Path;

use tessera_kernel::{
    ColumnDef, ColumnType, Connection, RowSink, Store, StoreError, TableDef, WriteRow,
};
use tessera_store_conformance::command;
use tessera_store_sqlite::{Options, SqliteStore};

/// Notes with a key and as much text as a test wants.
pub(crate) fn notes() -> &'static TableDef {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Int),
        ColumnDef::required("body", ColumnType::Text),
    ];
    Box::leak(Box::new(TableDef::new("note", columns, 1)))
}

/// One note.
#[derive(Clone)]
pub(crate) struct Note(pub(crate) i64, pub(crate) String);

impl WriteRow for Note {
    fn write(&self, sink: &mut dyn RowSink) {
        sink.int(self.0);
        sink.text(&self.1);
    }
}

/// Adds a note and waits until it is durable.
pub(crate) fn add(
    store: &dyn Store,
    table: &'static TableDef,
    note: Note,
) -> Result<(), StoreError> {
    command(store, move |connection| connection.insert(table, &note))
}

/// Opens a database that is there or made.
pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Options::creating()).expect("the database opens")
}

/// Keys of a table.
pub(crate) fn keys(store: &dyn Store, table: &'static TableDef) -> Vec<i64> {
    let mut keys = Vec::new();
    let outcome = store.read(&mut |connection: &mut dyn Connection| {
        connection.rows(table, &[], &mut |row| {
            keys.extend(row.int()?);
            Ok(())
        })
    });
    outcome.expect("the read succeeds");
    keys
}
