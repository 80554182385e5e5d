//! Tables, columns and indexes come into being. Nothing is dropped, and a column never takes less
//! than before.

use rusqlite::{Connection, OptionalExtension as _};
use tessera_kernel::{ColumnDef, IndexDef, StoreError, TableDef};

use crate::catalog::{self, Physical};
use crate::error::store_error;
use crate::rebuild;
use crate::sql::{create_index, neutral, push_name, push_names, quote, storage};

/// Brings the database up to date with these tables, wholly or not at all.
pub(crate) fn migrate(
    connection: &Connection,
    tables: &[&'static TableDef],
) -> Result<(), StoreError> {
    let fingerprint = catalog::fingerprint(tables);
    if catalog::is_current(connection, &fingerprint).map_err(|error| store_error(&error))? {
        return Ok(());
    }
    run(connection, "BEGIN IMMEDIATE")?;
    let outcome = tables_and_catalogue(connection, tables, &fingerprint)
        .and_then(|()| run(connection, "COMMIT"));
    if outcome.is_err() && !connection.is_autocommit() {
        run(connection, "ROLLBACK")?;
    }
    outcome
}

fn tables_and_catalogue(
    connection: &Connection,
    tables: &[&'static TableDef],
    fingerprint: &str,
) -> Result<(), StoreError> {
    catalog::create(connection).map_err(|error| store_error(&error))?;
    for table in tables {
        migrate_table(connection, table)?;
        for index in &table.indexes {
            migrate_index(connection, table, index)?;
        }
        catalog::record(connection, table).map_err(|error| store_error(&error))?;
    }
    catalog::record_fingerprint(connection, fingerprint).map_err(|error| store_error(&error))
}

/// Runs a statement without parameters.
pub(crate) fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.execute_batch(sql).map_err(|error| store_error(&error))
}

fn migrate_table(connection: &Connection, table: &TableDef) -> Result<(), StoreError> {
    if table.key == 0 || table.key > table.columns.len() {
        return Err(StoreError::Incompatible(format!("{} has no key", table.name)));
    }
    let physical =
        catalog::columns(connection, &table.name).map_err(|error| store_error(&error))?;
    if physical.is_empty() {
        let columns: Vec<Column<'_>> = table.columns.iter().map(Column::from).collect();
        return run(connection, &create_table(&table.name, &columns, table.key));
    }
    catalog::check_fit(connection, table, &physical)?;
    if rebuild::is_needed(table, &physical) {
        return rebuild::rebuild(connection, table, &physical);
    }
    for column in table.columns.iter().filter(|column| find(&physical, &column.name).is_none()) {
        let mut sql = format!("ALTER TABLE {} ADD COLUMN ", quote(&table.name));
        Column::from(column).render(&mut sql);
        if column.required {
            sql.push_str(" DEFAULT ");
            sql.push_str(neutral(storage(column.ty)));
        }
        run(connection, &sql)?;
    }
    Ok(())
}

/// The column with this name.
pub(crate) fn find<'p>(physical: &'p [Physical], name: &str) -> Option<&'p Physical> {
    physical.iter().find(|column| column.name == name)
}

/// One column of a `CREATE TABLE`.
pub(crate) struct Column<'c> {
    /// Name.
    pub(crate) name: &'c str,
    /// Storage type.
    pub(crate) storage: &'c str,
    /// Refuses NULL.
    pub(crate) required: bool,
}

impl<'c> From<&'c ColumnDef> for Column<'c> {
    fn from(column: &'c ColumnDef) -> Self {
        Self { name: &column.name, storage: storage(column.ty), required: column.required }
    }
}

impl Column<'_> {
    fn render(&self, sql: &mut String) {
        push_name(sql, self.name);
        sql.push(' ');
        sql.push_str(self.storage);
        if self.required {
            sql.push_str(" NOT NULL");
        }
    }
}

/// `CREATE TABLE`, clustered by its key.
pub(crate) fn create_table(name: &str, columns: &[Column<'_>], key: usize) -> String {
    let mut sql = format!("CREATE TABLE {} (", quote(name));
    for column in columns {
        column.render(&mut sql);
        sql.push_str(", ");
    }
    sql.push_str("PRIMARY KEY (");
    push_names(&mut sql, columns[..key].iter().map(|column| column.name));
    sql.push_str(")) STRICT, WITHOUT ROWID");
    sql
}

fn migrate_index(
    connection: &Connection,
    table: &TableDef,
    index: &IndexDef,
) -> Result<(), StoreError> {
    let wanted = create_index(table, index);
    let found: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND name = ?1",
        )
        .and_then(|mut find| {
            find.query_row([&index.name], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(|error| store_error(&error))?;
    match found {
        Some((_, sql)) if sql == wanted => return Ok(()),
        Some((other, _)) if other != table.name => {
            let name = &index.name;
            return Err(StoreError::Incompatible(format!("{name} is an index of {other} already")));
        }
        Some(_) => run(connection, &format!("DROP INDEX {}", quote(&index.name)))?,
        None => {}
    }
    connection.execute_batch(&wanted).map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => StoreError::Incompatible(format!(
            "{} can't be unique: some rows of {} have the same values",
            index.name, table.name
        )),
        _ => store_error(&error),
    })
}
