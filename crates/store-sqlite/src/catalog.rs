//! What the file says about its tables, and the table in which we keep what SQLite does not know:
//! the exact type of each column and the fingerprint of the last migration.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use tessera_kernel::{ColumnType, StoreError, TableDef};
use tessera_store_sql::fingerprint;

use crate::error::store_error;
use crate::sql::storage;

/// Row of the catalogue that belongs to no table.
const FINGERPRINT: (&str, &str) = ("", "fingerprint");

/// Stands before the type of a column that the program does not know any more.
const FORMER: &str = "former ";

/// One column as SQLite has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Physical {
    /// Name.
    pub(crate) name: String,
    /// Storage type.
    pub(crate) storage: String,
    /// Refuses NULL.
    pub(crate) required: bool,
    /// A row written without it gets a value.
    pub(crate) defaulted: bool,
    /// Position in the primary key from 1; 0 outside of it.
    pub(crate) key: usize,
}

/// The columns of a table; none where there is no such table.
pub(crate) fn columns(
    connection: &Connection,
    table: &str,
) -> Result<Vec<Physical>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?1)",
    )?;
    let columns = statement.query_map([table], |row| {
        Ok(Physical {
            name: row.get(0)?,
            storage: row.get(1)?,
            required: row.get(2)?,
            defaulted: row.get(3)?,
            key: row.get(4)?,
        })
    })?;
    columns.collect()
}

/// Makes the catalogue where there is none.
pub(crate) fn create(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS tessera_schema (
            table_name TEXT NOT NULL,
            column_name TEXT NOT NULL,
            type TEXT NOT NULL,
            PRIMARY KEY (table_name, column_name)
        ) STRICT, WITHOUT ROWID",
    )
}

fn lookup(
    connection: &Connection,
    table: &str,
    column: &str,
) -> Result<Option<String>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT type FROM tessera_schema WHERE table_name = ?1 AND column_name = ?2",
    )?;
    statement.query_row([table, column], |row| row.get(0)).optional()
}

fn store(
    connection: &Connection,
    table: &str,
    column: &str,
    ty: &str,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO tessera_schema VALUES (?1, ?2, ?3)")?
        .execute(params![table, column, ty])
        .map(drop)
}

/// The exact types of the columns of a table go into the catalogue; what the program does not know
/// any more is marked as of the past.
pub(crate) fn record(connection: &Connection, table: &TableDef) -> Result<(), rusqlite::Error> {
    for column in known(connection, table)? {
        if table.position(&column).is_none() {
            let ty = lookup(connection, &table.name, &column)?.unwrap_or_default();
            store(connection, &table.name, &column, &format!("{FORMER}{ty}"))?;
        }
    }
    table
        .columns
        .iter()
        .try_for_each(|column| store(connection, &table.name, &column.name, type_name(column.ty)))
}

/// The columns of a table that the last program knew.
pub(crate) fn known(
    connection: &Connection,
    table: &TableDef,
) -> Result<HashSet<String>, rusqlite::Error> {
    let mut statement = connection
        .prepare_cached("SELECT column_name, type FROM tessera_schema WHERE table_name = ?1")?;
    let rows = statement.query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut columns = HashSet::new();
    for row in rows {
        let (column, ty): (String, String) = row?;
        if !ty.starts_with(FORMER) {
            columns.insert(column);
        }
    }
    Ok(columns)
}

/// Remembers which tables were migrated last.
pub(crate) fn record_fingerprint(
    connection: &Connection,
    fingerprint: &str,
) -> Result<(), rusqlite::Error> {
    store(connection, FINGERPRINT.0, FINGERPRINT.1, fingerprint)
}

/// Whether the last migration was for exactly these tables.
pub(crate) fn is_current(
    connection: &Connection,
    fingerprint: &str,
) -> Result<bool, rusqlite::Error> {
    if columns(connection, "tessera_schema")?.is_empty() {
        return Ok(false);
    }
    let known = lookup(connection, FINGERPRINT.0, FINGERPRINT.1)?;
    Ok(known.as_deref() == Some(fingerprint))
}

/// Refuses a table whose key or column types are not those of its definition.
pub(crate) fn check_fit(
    connection: &Connection,
    table: &TableDef,
    physical: &[Physical],
) -> Result<(), StoreError> {
    let misfit = |what: String| Err(StoreError::Incompatible(what));
    let mut key: Vec<&Physical> = physical.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    let key: Vec<&str> = key.iter().map(|column| column.name.as_str()).collect();
    let wanted: Vec<&str> = table.columns[..table.key].iter().map(|c| c.name.as_str()).collect();
    if key != wanted {
        let (found, wanted) = (key.join(", "), wanted.join(", "));
        return misfit(format!("the key of {} is ({found}), not ({wanted})", table.name));
    }
    for column in &table.columns {
        let Some(found) = physical.iter().find(|found| found.name == column.name) else {
            continue;
        };
        let known =
            lookup(connection, &table.name, &column.name).map_err(|error| store_error(&error))?;
        let known = known.as_deref().map(|ty| ty.strip_prefix(FORMER).unwrap_or(ty));
        let found = known.unwrap_or(&found.storage);
        let wanted = [type_name(column.ty), storage(column.ty)];
        if !wanted.contains(&found) {
            let wanted = wanted[0];
            return misfit(format!("{}.{} is {found}, not {wanted}", table.name, column.name));
        }
    }
    Ok(())
}

/// Refuses a database that lacks something of these tables.
pub(crate) fn check_present(
    connection: &Connection,
    tables: &[&'static TableDef],
) -> Result<(), StoreError> {
    let engine = |error| store_error(&error);
    if is_current(connection, &fingerprint(tables)).map_err(engine)? {
        return Ok(());
    }
    for table in tables {
        let physical = columns(connection, &table.name).map_err(engine)?;
        let has = |name: &str| physical.iter().any(|column| column.name == name);
        if let Some(column) = table.columns.iter().find(|column| !has(&column.name)) {
            return Err(StoreError::Incompatible(format!(
                "it has no {}.{}; open it for writing once to bring it up to date",
                table.name, column.name
            )));
        }
        check_fit(connection, table, &physical)?;
    }
    Ok(())
}

/// Columns of the catalogue that the file does not have, and tables that the catalogue does not.
pub(crate) fn differences(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    if columns(connection, "tessera_schema")?.is_empty() {
        return Ok(Vec::new());
    }
    let mut missing = connection.prepare(
        "SELECT 'the column ' || s.table_name || '.' || s.column_name || ' is missing'
         FROM tessera_schema s
         WHERE s.table_name <> '' AND NOT EXISTS (
            SELECT 1 FROM pragma_table_info(s.table_name) c WHERE c.name = s.column_name)",
    )?;
    let mut strangers = connection.prepare(
        "SELECT 'the table ' || name || ' does not belong to Tessera' FROM sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
            AND name <> 'tessera_schema'
            AND name NOT IN (SELECT table_name FROM tessera_schema)",
    )?;
    let mut found: Vec<String> =
        missing.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for stranger in strangers.query_map([], |row| row.get(0))? {
        found.push(stranger?);
    }
    Ok(found)
}

fn type_name(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Uuid => "uuid",
        ColumnType::Int => "int",
        ColumnType::Text => "text",
        ColumnType::Date => "date",
        ColumnType::Instant => "instant",
        ColumnType::Bool => "bool",
    }
}
