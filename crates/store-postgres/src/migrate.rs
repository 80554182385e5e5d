//! Tables, columns and indexes come into being while other processes work. Nothing is dropped that
//! holds data, and a column never takes less than before.
//!
//! One process migrates at a time, under an advisory lock. A change of a table waits shortly for its
//! lock and tries again, so that nobody queues behind it; an index of a table that is there is built
//! beside running work. Columns that must have a value keep a default, so that processes of the
//! former version, which do not know them, go on writing.

use std::time::Duration;

use tessera_kernel::{Cell, ColumnDef, ColumnType, Fill, IndexDef, StoreError, TableDef};
use tessera_store_sql::quote;

use crate::catalog::{self, Physical};
use crate::error::Failure;
use crate::link::{Answer, Link, Step};
use crate::statement::{identifier, name};
use crate::{announcements, queue};

/// How long a change of a table waits for its lock before it lets others pass.
const LOCK_TIMEOUT: &str = "1s";
/// How often it tries.
const TRIES: u32 = 60;
/// Names of what was added at run time begin so.
const ADDED: &str = "x_";
/// Rows that one statement fills.
const CHUNK: u32 = 10_000;

/// Brings the database up to date with these tables.
pub(crate) fn migrate(link: &mut Link, tables: &[&'static TableDef]) -> Result<(), Failure> {
    let fingerprint = tessera_store_sql::fingerprint(tables);
    if catalog::is_current(link, &fingerprint)? {
        return Ok(());
    }
    link.lift_limit()?;
    let outcome = catalog::alone(link, |link| under_lock(link, tables, &fingerprint));
    link.script("RESET statement_timeout; RESET lock_timeout")?;
    outcome
}

/// Creates what is missing of these tables beside the others; what they have besides stays.
pub(crate) fn extend(link: &mut Link, tables: &[&'static TableDef]) -> Result<(), Failure> {
    link.lift_limit()?;
    let outcome = catalog::alone(link, |link| {
        link.script(&format!("SET lock_timeout = '{LOCK_TIMEOUT}'"))?;
        let (there, physical) = (catalog::columns(link)?, catalog::indexes(link)?);
        for table in tables {
            let table_name = identifier(&table.name);
            match there.get(&table_name) {
                None => create(link, table)?,
                Some(physical) => alter(link, table, physical)?,
            }
            let known = table.columns.iter().map(|it| (it.name.clone(), "known".to_string()));
            catalog::note(link, &table_name, &known.collect::<Vec<_>>())?;
            missing_indexes(link, table, &physical)?;
        }
        Ok(())
    });
    link.script("RESET statement_timeout; RESET lock_timeout")?;
    outcome
}

fn under_lock(
    link: &mut Link,
    tables: &[&'static TableDef],
    fingerprint: &str,
) -> Result<(), Failure> {
    link.script(catalog::CREATE)?;
    link.script(announcements::CREATE)?;
    link.script(queue::CREATE)?;
    if catalog::is_current(link, fingerprint)? {
        return Ok(());
    }
    link.script(&format!("SET lock_timeout = '{LOCK_TIMEOUT}'"))?;
    let there = catalog::columns(link)?;
    let mut copies = Vec::new();
    for table in tables {
        let table_name = identifier(&table.name);
        let states = catalog::states(link, &table_name)?;
        let known =
            |column: &&ColumnDef| states.get(&column.name).is_some_and(|state| state == "known");
        let fresh: Vec<&ColumnDef> = table.columns.iter().filter(|c| !known(c)).collect();
        copies.extend(fresh.into_iter().map(|column| (*table, column)));
        match there.get(&table_name) {
            None => create(link, table)?,
            Some(physical) => alter(link, table, physical)?,
        }
        let former = states
            .iter()
            .filter(|(name, state)| *state == "known" && table.position(name).is_none());
        let former = former.map(|(name, _)| (name.clone(), "former".to_string()));
        let now = table.columns.iter().map(|column| (column.name.clone(), "known".to_string()));
        catalog::note(link, &table_name, &now.chain(former).collect::<Vec<_>>())?;
    }
    // Only now each column that is copied from is there, and each unique index finds the values.
    for (table, column) in copies {
        if there.contains_key(&identifier(&table.name)) {
            copy(link, table, column)?;
        }
    }
    let physical = catalog::indexes(link)?;
    for table in tables {
        indexes(link, table, &physical)?;
    }
    catalog::remember(link, fingerprint)
}

fn definition(column: &ColumnDef) -> String {
    let collation = if column.ty == ColumnType::Text { " COLLATE \"C\"" } else { "" };
    let required = if column.required { " NOT NULL" } else { "" };
    format!("{} {}{collation}{required}", quote(&column.name), catalog::type_name(column.ty))
}

fn create(link: &mut Link, table: &TableDef) -> Result<(), Failure> {
    if table.key == 0 || table.key > table.columns.len() {
        let what = format!("{} has no key", table.name);
        return Err(Failure::Refused(StoreError::Incompatible(what)));
    }
    let columns: Vec<String> = table.columns.iter().map(definition).collect();
    let key: Vec<String> = table.columns[..table.key].iter().map(|c| quote(&c.name)).collect();
    let mut script = format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({}))",
        name(table),
        columns.join(", "),
        key.join(", ")
    );
    // Counters and document states are written again and again: room on the page keeps their new
    // versions beside the old ones, and the indexes as they are.
    script.push_str(" WITH (fillfactor = 85)");
    link.script(&script)
}

fn alter(link: &mut Link, table: &TableDef, physical: &[Physical]) -> Result<(), Failure> {
    catalog::check_fit(table, physical).map_err(Failure::Refused)?;
    let table_name = name(table);
    let mut changes = Vec::new();
    for column in &table.columns {
        let column_name = quote(&column.name);
        match physical.iter().find(|found| found.name == column.name) {
            None => {
                let value = fill(link, table, column)?;
                let mut change = format!("ADD COLUMN {}", definition(column));
                if value != Cell::Null {
                    change.push_str(&format!(" DEFAULT {}", literal(&value)));
                }
                changes.push(change);
            }
            Some(found) if found.required && !column.required => {
                changes.push(format!("ALTER COLUMN {column_name} DROP NOT NULL"));
            }
            Some(found) if column.required && !found.required => {
                refuse_empty(link, table, column)?;
                changes.push(format!("ALTER COLUMN {column_name} SET NOT NULL"));
            }
            Some(_) => {}
        }
    }
    // What the program does not know any more must not stand in the way of new rows.
    for found in physical.iter().filter(|found| found.required && !found.defaulted) {
        if table.position(&found.name).is_none() {
            changes.push(format!("ALTER COLUMN {} DROP NOT NULL", quote(&found.name)));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    patiently(link, &format!("ALTER TABLE {table_name} {}", changes.join(", ")))
}

/// Runs a change that others may hold up, letting them pass now and then.
fn patiently(link: &mut Link, sql: &str) -> Result<(), Failure> {
    again_and_again(link, |link, _| link.script(sql))
}

/// The same of a change that is told the number of the attempt.
fn again_and_again(
    link: &mut Link,
    mut change: impl FnMut(&mut Link, u32) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match change(link, tries) {
            Err(Failure::Refused(StoreError::Unavailable(why))) if tries < TRIES => {
                tracing::info!(why, "a table is in use; its change waits");
                std::thread::sleep(Duration::from_millis(500));
            }
            Err(Failure::Again(_)) if tries < TRIES => {}
            outcome => return outcome,
        }
    }
}

fn ask(link: &mut Link, sql: String) -> Result<Answer, Failure> {
    let step = Step { sql: sql.into(), values: Vec::new(), table: None };
    Ok(link.run(&[step])?.pop().unwrap_or_default())
}

fn has_rows(link: &mut Link, table: &TableDef, condition: &str) -> Result<bool, Failure> {
    let sql = format!("SELECT 1 FROM {}{condition} LIMIT 1", name(table));
    Ok(ask(link, sql)?.affected > 0)
}

/// A column that must have a value now must have one in every row.
fn refuse_empty(link: &mut Link, table: &TableDef, column: &ColumnDef) -> Result<(), Failure> {
    let condition = format!(" WHERE {} IS NULL", quote(&column.name));
    if !has_rows(link, table, &condition)? {
        return Ok(());
    }
    Err(Failure::Refused(StoreError::Incompatible(format!(
        "{}.{} must have a value now, but is empty in some rows",
        table.name, column.name
    ))))
}

/// What a new column holds at first in the rows that are there.
fn fill(link: &mut Link, table: &TableDef, column: &ColumnDef) -> Result<Cell, Failure> {
    match &column.fill {
        Fill::Value(cell) => Ok(cell.clone()),
        Fill::Copy(..) => Ok(Cell::Null),
        Fill::Nothing if has_rows(link, table, "")? => {
            Err(Failure::Refused(StoreError::Incompatible(format!(
                "{}.{} must have a value, and the rows that are there have none; give the field a \
                 default, or let it be empty",
                table.name, column.name
            ))))
        }
        Fill::Nothing => Ok(column.ty.neutral()),
    }
}

/// A cell as a literal.
fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(value) => value.to_string(),
        Cell::Text(value) => format!("'{}'", value.replace('\'', "''")),
        Cell::Uuid(value) => format!("'{value}'::uuid"),
        Cell::Date(days) => format!("(DATE '1970-01-01' + {days})"),
        Cell::Instant(micros) => {
            format!("(TIMESTAMPTZ '1970-01-01 00:00:00+00' + INTERVAL '{micros} microseconds')")
        }
    }
}

/// Fills a column that holds what stands in another table, some rows at a time.
fn copy(link: &mut Link, table: &TableDef, column: &ColumnDef) -> Result<(), Failure> {
    let Fill::Copy(origin, at) = column.fill else { return Ok(()) };
    let (target, column, own) = (name(table), quote(&column.name), quote(&table.columns[0].name));
    let (from, key) = (name(origin), quote(&origin.columns[0].name));
    let value = quote(&origin.columns[at].name);
    let order: Vec<String> = origin.columns[..origin.key].iter().map(|c| quote(&c.name)).collect();
    let order = order.join(", ");
    loop {
        let sql = if origin.key == 1 {
            format!(
                "UPDATE {target} t SET {column} = o.{value} FROM {from} o
                 WHERE o.{key} = t.{own} AND t.{own} IN (
                    SELECT u.{own} FROM {target} u JOIN {from} p ON p.{key} = u.{own}
                    WHERE u.{column} IS DISTINCT FROM p.{value} LIMIT {CHUNK})"
            )
        } else {
            format!(
                "UPDATE {target} t SET {column} = f.value FROM (
                    SELECT u.{own} AS own, o.value FROM {target} u CROSS JOIN LATERAL (
                        SELECT {value} AS value FROM {from} WHERE {key} = u.{own} ORDER BY {order} LIMIT 1) o
                    WHERE u.{column} IS DISTINCT FROM o.value LIMIT {CHUNK}) f
                 WHERE f.own = t.{own}"
            )
        };
        if ask(link, sql)?.affected == 0 {
            return Ok(());
        }
    }
}

fn create_index(table: &TableDef, index: &IndexDef, beside: bool) -> String {
    let columns = index.columns.iter().map(|at| {
        let column = &table.columns[*at];
        let order = if column.required { "" } else { " NULLS FIRST" };
        format!("{}{order}", quote(&column.name))
    });
    format!(
        "CREATE {}INDEX {}{} ON {} ({})",
        if index.unique { "UNIQUE " } else { "" },
        if beside { "CONCURRENTLY " } else { "" },
        quote(&identifier(&index.name)),
        name(table),
        columns.collect::<Vec<_>>().join(", ")
    )
}

/// Makes the indexes that lack or have another definition, and drops those that are defined no more.
fn indexes(
    link: &mut Link,
    table: &TableDef,
    physical: &std::collections::BTreeMap<String, bool>,
) -> Result<(), Failure> {
    missing_indexes(link, table, physical)?;
    let table_name = identifier(&table.name);
    let beside = has_rows(link, table, "")?;
    for known in catalog::states(link, &table_name)?.keys() {
        let Some(index) = known.strip_prefix("index ") else { continue };
        // Those of columns that were added at run time are not the program's.
        if index.starts_with(ADDED) || table.indexes.iter().any(|defined| defined.name == index) {
            continue;
        }
        drop_index(link, index, beside)?;
        catalog::forget(link, &table_name, known)?;
    }
    Ok(())
}

fn missing_indexes(
    link: &mut Link,
    table: &TableDef,
    physical: &std::collections::BTreeMap<String, bool>,
) -> Result<(), Failure> {
    let table_name = identifier(&table.name);
    let states = catalog::states(link, &table_name)?;
    let label = |index: &IndexDef| format!("index {}", index.name);
    let beside = has_rows(link, table, "")?;
    for index in &table.indexes {
        let wanted = create_index(table, index, false);
        let is_there = physical.get(&identifier(&index.name)) == Some(&true);
        if is_there && states.get(&label(index)) == Some(&wanted) {
            continue;
        }
        drop_index(link, &index.name, beside)?;
        make_index(link, table, index, beside)?;
        catalog::note(link, &table_name, &[(label(index), wanted)])?;
    }
    Ok(())
}

fn drop_index(link: &mut Link, index: &str, beside: bool) -> Result<(), Failure> {
    let how = if beside { "CONCURRENTLY " } else { "" };
    patiently(link, &format!("DROP INDEX {how}IF EXISTS {}", quote(&identifier(index))))
}

fn make_index(
    link: &mut Link,
    table: &TableDef,
    index: &IndexDef,
    beside: bool,
) -> Result<(), Failure> {
    let made = again_and_again(link, |link, attempt| {
        if attempt > 1 && beside {
            // One that is made beside the writers and breaks off stays there, and is of no use.
            drop_index(link, &index.name, beside)?;
        }
        link.script(&create_index(table, index, beside))
    });
    match made {
        Err(Failure::Refused(StoreError::Duplicate { .. })) => {
            drop_index(link, &index.name, beside)?;
            Err(Failure::Refused(StoreError::Incompatible(format!(
                "{} can't be unique: some rows of {} have the same values",
                index.name, table.name
            ))))
        }
        outcome => outcome,
    }
}
