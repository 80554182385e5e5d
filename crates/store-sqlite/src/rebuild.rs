//! A table is written anew where SQLite can't change it in place: when a column that always had a
//! value may be empty now or is no longer known to the program, or the other way round.

use rusqlite::Connection;
use tessera_kernel::{ColumnDef, StoreError, TableDef};
use tessera_store_sql::{push_names, quote};

use crate::catalog::Physical;
use crate::error::store_error;
use crate::migrate::{Column, create_table, fill, find, run};
use crate::sql::literal;

/// Whether the table can't be brought up to date by adding columns.
pub(crate) fn is_needed(table: &TableDef, physical: &[Physical]) -> bool {
    physical.iter().filter(|column| column.key == 0).any(|found| {
        match table.position(&found.name) {
            Some(at) => table.columns[at].required != found.required,
            None => found.required && !found.defaulted,
        }
    })
}

/// Writes the table anew with every row and every column, also those that are unknown now.
pub(crate) fn rebuild(
    connection: &Connection,
    table: &TableDef,
    physical: &[Physical],
) -> Result<(), StoreError> {
    refuse_empty(connection, table, physical)?;
    let mut columns: Vec<Column<'_>> = table.columns.iter().map(Column::from).collect();
    let unknown = physical.iter().filter(|found| table.position(&found.name).is_none());
    columns.extend(unknown.map(|found| Column {
        name: &found.name,
        storage: &found.storage,
        required: false,
    }));
    let indexes = indexes(connection, table).map_err(|error| store_error(&error))?;
    let interim = format!("{}__rebuilt", table.name);
    run(connection, &create_table(&interim, &columns, table.key))?;
    run(connection, &copy(connection, table, physical, &interim)?)?;
    run(connection, &format!("DROP TABLE {}", quote(&table.name)))?;
    run(connection, &format!("ALTER TABLE {} RENAME TO {}", quote(&interim), quote(&table.name)))?;
    indexes.iter().try_for_each(|index| run(connection, index))
}

/// A column that must have a value now must have one in every row.
fn refuse_empty(
    connection: &Connection,
    table: &TableDef,
    physical: &[Physical],
) -> Result<(), StoreError> {
    for column in table.columns.iter().filter(|column| column.required) {
        if find(physical, &column.name).is_none_or(|found| found.required) {
            continue;
        }
        let sql = format!(
            "SELECT count(*) FROM {} WHERE {} IS NULL",
            quote(&table.name),
            quote(&column.name)
        );
        let empty: i64 = connection
            .query_row(&sql, [], |row| row.get(0))
            .map_err(|error| store_error(&error))?;
        if empty > 0 {
            return Err(StoreError::Incompatible(format!(
                "{}.{} must have a value now, but is empty in {empty} rows",
                table.name, column.name
            )));
        }
    }
    Ok(())
}

fn indexes(connection: &Connection, table: &TableDef) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = connection.prepare(
        "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
    )?;
    statement.query_map([&table.name], |row| row.get(0))?.collect()
}

fn copy(
    connection: &Connection,
    table: &TableDef,
    physical: &[Physical],
    interim: &str,
) -> Result<String, StoreError> {
    let added = table.columns.iter().filter(|column| find(physical, &column.name).is_none());
    let added: Vec<&ColumnDef> = added.collect();
    let names = physical.iter().map(|found| found.name.as_str());
    let mut sql = format!("INSERT INTO {} (", quote(interim));
    push_names(&mut sql, names.clone().chain(added.iter().map(|column| column.name.as_str())));
    sql.push_str(") SELECT ");
    push_names(&mut sql, names);
    for column in added {
        sql.push_str(", ");
        sql.push_str(&literal(&fill(connection, table, column)?));
    }
    sql.push_str(" FROM ");
    sql.push_str(&quote(&table.name));
    Ok(sql)
}
