//! Tables, columns and indexes come into being. Nothing is dropped that holds data, and a column
//! never takes less than before; an index that is no longer defined goes, for it may forbid what is
//! allowed now.

use rusqlite::{Connection, OptionalExtension as _};
use tessera_kernel::{Cell, ColumnDef, Fill, IndexDef, StoreError, TableDef};
use tessera_store_sql::{push_name, push_names, quote};

use crate::catalog::{self, Physical};
use crate::error::store_error;
use crate::rebuild;
use crate::sql::{create_index, literal, storage};

/// Brings the database up to date with these tables, wholly or not at all.
pub(crate) fn migrate(
    connection: &Connection,
    tables: &[&'static TableDef],
) -> Result<(), StoreError> {
    let fingerprint = tessera_store_sql::fingerprint(tables);
    if catalog::is_current(connection, &fingerprint).map_err(|error| store_error(&error))? {
        return Ok(());
    }
    wholly(connection, || tables_and_catalogue(connection, tables, &fingerprint))
}

/// Creates what is missing of these tables beside the others; what they have besides stays.
pub(crate) fn extend(
    connection: &Connection,
    tables: &[&'static TableDef],
) -> Result<(), StoreError> {
    wholly(connection, || {
        catalog::create(connection).map_err(|error| store_error(&error))?;
        for table in tables {
            migrate_table(connection, table)?;
            catalog::record(connection, table).map_err(|error| store_error(&error))?;
            table.indexes.iter().try_for_each(|index| migrate_index(connection, table, index))?;
        }
        Ok(())
    })
}

/// Does all of it or nothing.
fn wholly(
    connection: &Connection,
    work: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    run(connection, "BEGIN IMMEDIATE")?;
    let outcome = work().and_then(|()| run(connection, "COMMIT"));
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
    let mut copies = Vec::new();
    for table in tables {
        let known = catalog::known(connection, table).map_err(|error| store_error(&error))?;
        let unknown = table.columns.iter().filter(|column| !known.contains(&column.name));
        copies.extend(unknown.map(|column| (*table, column)));
        drop_former_indexes(connection, table)?;
        migrate_table(connection, table)?;
        catalog::record(connection, table).map_err(|error| store_error(&error))?;
    }
    // Only now each column that is copied from is there, and each unique index finds the values.
    for (table, column) in copies {
        copy(connection, table, column)?;
    }
    for table in tables {
        table.indexes.iter().try_for_each(|index| migrate_index(connection, table, index))?;
    }
    catalog::record_fingerprint(connection, fingerprint).map_err(|error| store_error(&error))
}

/// Fills a column that holds what stands in another table.
fn copy(connection: &Connection, table: &TableDef, column: &ColumnDef) -> Result<(), StoreError> {
    let Fill::Copy(origin, at) = column.fill else { return Ok(()) };
    let (name, column) = (quote(&table.name), quote(&column.name));
    let (from, value) = (quote(&origin.name), quote(&origin.columns[at].name));
    let (key, own) = (quote(&origin.columns[0].name), quote(&table.columns[0].name));
    let mut order = String::new();
    push_names(&mut order, origin.columns[..origin.key].iter().map(|column| &*column.name));
    let sql = format!(
        "UPDATE {name} SET {column} =
            (SELECT o.{value} FROM {from} o WHERE o.{key} = {name}.{own} ORDER BY {order} LIMIT 1)"
    );
    run(connection, &sql)
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
        sql.push_str(" DEFAULT ");
        sql.push_str(&literal(&fill(connection, table, column)?));
        run(connection, &sql)?;
    }
    Ok(())
}

/// What a new column holds at first in the rows that are there.
pub(crate) fn fill(
    connection: &Connection,
    table: &TableDef,
    column: &ColumnDef,
) -> Result<Cell, StoreError> {
    match &column.fill {
        Fill::Value(cell) => Ok(cell.clone()),
        Fill::Copy(..) => Ok(Cell::Null),
        Fill::Nothing => {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", quote(&table.name));
            let has_rows: bool = connection
                .query_row(&sql, [], |row| row.get(0))
                .map_err(|error| store_error(&error))?;
            if has_rows {
                return Err(StoreError::Incompatible(format!(
                    "{}.{} must have a value, and the rows that are there have none; give the \
                     field a default, or let it be empty",
                    table.name, column.name
                )));
            }
            Ok(column.ty.neutral())
        }
    }
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

/// Drops the indexes that an earlier definition of a table had. An index that somebody else made
/// has another name, and stays.
fn drop_former_indexes(connection: &Connection, table: &TableDef) -> Result<(), StoreError> {
    let ours = format!("{}_by_", table.name);
    let names: Vec<String> = connection
        .prepare_cached(
            "SELECT name FROM sqlite_schema
             WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
        )
        .and_then(|mut find| find.query_map([&table.name], |row| row.get(0))?.collect())
        .map_err(|error| store_error(&error))?;
    let is_former = |name: &&String| {
        name.starts_with(&ours) && !table.indexes.iter().any(|index| index.name == **name)
    };
    let mut former = names.iter().filter(is_former);
    former.try_for_each(|name| run(connection, &format!("DROP INDEX {}", quote(name))))
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
