//! What the server says about our tables, and the table in which we keep what it does not know: which
//! columns and indexes the last program had, and the fingerprint of the last migration.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tessera_kernel::{Cell, ColumnType, StoreError, TableDef};
use tessera_store_sql::fingerprint;

use crate::error::Failure;
use crate::link::{Link, Step};
use crate::statement::identifier;
use crate::store::Occupant;
use crate::value::Value;
use crate::{announcements, queue};

/// One column as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Physical {
    /// Name.
    pub(crate) name: String,
    /// Type.
    pub(crate) ty: String,
    /// Refuses NULL.
    pub(crate) required: bool,
    /// A row written without it gets a value.
    pub(crate) defaulted: bool,
    /// Position in the primary key from 1; 0 outside of it.
    pub(crate) key: usize,
}

/// Counts the layouts of the engine's own tables.
const OWN_TABLES: u32 = 3;

/// Rows of the catalogue that belong to no table.
const FINGERPRINT: (&str, &str) = ("", "fingerprint");
const SHARDED: (&str, &str) = ("", "sharded");

/// Makes the catalogue where there is none. A column's state is `known` or `former`; an index stands
/// under its name with the statement that made it.
pub(crate) const CREATE: &str = "CREATE TABLE IF NOT EXISTS tessera_schema (
    table_name text COLLATE \"C\" NOT NULL,
    column_name text COLLATE \"C\" NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (table_name, column_name)
)";

/// A text as a value.
pub(crate) fn text(value: &str) -> Value {
    Value::One(Cell::Text(value.to_string()), ColumnType::Text)
}

/// The rows of a query.
pub(crate) fn query(
    link: &mut Link,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<tokio_postgres::Row>, Failure> {
    let step = Step { sql: sql.into(), values, table: None };
    let answers = link.run(&[step])?;
    Ok(answers.into_iter().flat_map(|answer| answer.rows).collect())
}

fn corrupt(error: &tokio_postgres::Error) -> Failure {
    Failure::Refused(StoreError::Engine(error.to_string()))
}

/// A column of an answer.
pub(crate) fn column<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r tokio_postgres::Row,
    at: usize,
) -> Result<T, Failure> {
    row.try_get(at).map_err(|error| corrupt(&error))
}

/// The columns of every table in the schema of the connection, by table.
pub(crate) fn columns(link: &mut Link) -> Result<BTreeMap<String, Vec<Physical>>, Failure> {
    let sql = "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL),
            a.attnotnull, a.atthasdef, coalesce(array_position(i.indkey::int2[], a.attnum), -1)::int8
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
        ORDER BY c.relname, a.attnum";
    let mut tables: BTreeMap<String, Vec<Physical>> = BTreeMap::new();
    for row in query(link, sql, Vec::new())? {
        // The vector of key columns counts from 0.
        let key = column::<i64>(&row, 5)? + 1;
        tables.entry(column(&row, 0)?).or_default().push(Physical {
            name: column(&row, 1)?,
            ty: column(&row, 2)?,
            required: column(&row, 3)?,
            defaulted: column(&row, 4)?,
            key: usize::try_from(key).unwrap_or(0),
        });
    }
    Ok(tables)
}

/// Whose tables the schema of the connection has.
pub(crate) fn occupant(link: &mut Link) -> Result<Occupant, Failure> {
    let tables = columns(link)?;
    Ok(match tables.into_keys().next() {
        None => Occupant::Nobody,
        Some(_) if has_catalogue(link)? => Occupant::Tessera,
        Some(table) => Occupant::Stranger(table),
    })
}

fn has_catalogue(link: &mut Link) -> Result<bool, Failure> {
    let rows = query(link, "SELECT to_regclass('tessera_schema') IS NOT NULL", Vec::new())?;
    rows.first().map_or(Ok(false), |row| column(row, 0))
}

/// The valid indexes in the schema of the connection; `false` for those whose making was broken off.
pub(crate) fn indexes(link: &mut Link) -> Result<BTreeMap<String, bool>, Failure> {
    let sql = "SELECT c.relname::text, i.indisvalid FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = current_schema()::regnamespace";
    let rows = query(link, sql, Vec::new())?;
    rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect()
}

/// What the catalogue says of a table: columns and indexes, each with its state.
pub(crate) fn states(link: &mut Link, table: &str) -> Result<BTreeMap<String, String>, Failure> {
    let sql = "SELECT column_name, state FROM tessera_schema WHERE table_name = $1";
    let rows = query(link, sql, vec![text(table)])?;
    rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect()
}

/// Notes the state of columns and indexes of a table.
pub(crate) fn note(
    link: &mut Link,
    table: &str,
    states: &[(String, String)],
) -> Result<(), Failure> {
    let texts = |pick: fn(&(String, String)) -> &String| {
        let cells = states.iter().map(|state| Cell::Text(pick(state).clone())).collect();
        Value::Many(cells, ColumnType::Text)
    };
    let sql = "INSERT INTO tessera_schema SELECT $1, * FROM unnest($2, $3)
        ON CONFLICT (table_name, column_name) DO UPDATE SET state = excluded.state";
    let values = vec![text(table), texts(|state| &state.0), texts(|state| &state.1)];
    query(link, sql, values).map(drop)
}

/// Forgets an index, or another entry.
pub(crate) fn forget(link: &mut Link, table: &str, index: &str) -> Result<(), Failure> {
    let sql = "DELETE FROM tessera_schema WHERE table_name = $1 AND column_name = $2";
    query(link, sql, vec![text(table), text(index)]).map(drop)
}

/// The advisory lock of migrations: `Tessera` in letters of a telephone.
const LOCK: i64 = 8_377_372;

/// Runs `work` while nobody else migrates. Whoever waited for the lock within a statement would be
/// waited for by an index that is built beside running work: they would wait for each other.
pub(crate) fn alone<R>(
    link: &mut Link,
    work: impl FnOnce(&mut Link) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let lock = |link: &mut Link| {
        let rows = query(link, "SELECT pg_try_advisory_lock($1)", vec![Value::int(LOCK)])?;
        rows.first().map_or(Ok(false), |row| column(row, 0))
    };
    while !lock(link)? {
        std::thread::sleep(Duration::from_millis(20));
    }
    let outcome = work(link);
    link.script(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
    outcome
}

/// Stands for the tables of the program and for those of the engine itself.
fn stamp(fingerprint: &str) -> String {
    format!("{fingerprint}.{OWN_TABLES}")
}

/// Whether the last migration was for exactly these tables.
pub(crate) fn is_current(link: &mut Link, fingerprint: &str) -> Result<bool, Failure> {
    if !has_catalogue(link)? {
        return Ok(false);
    }
    let known = states(link, FINGERPRINT.0)?;
    Ok(known.get(FINGERPRINT.1).is_some_and(|known| *known == stamp(fingerprint)))
}

/// Remembers which tables were migrated last.
pub(crate) fn remember(link: &mut Link, fingerprint: &str) -> Result<(), Failure> {
    note(link, FINGERPRINT.0, &[(FINGERPRINT.1.to_string(), stamp(fingerprint))])
}

/// Whether the tables are spread over a cluster, or are to be.
pub(crate) fn is_sharded(link: &mut Link) -> Result<bool, Failure> {
    Ok(has_catalogue(link)? && states(link, SHARDED.0)?.contains_key(SHARDED.1))
}

/// Notes whether they are.
pub(crate) fn note_sharded(link: &mut Link, sharded: bool) -> Result<(), Failure> {
    if sharded {
        return note(link, SHARDED.0, &[(SHARDED.1.to_string(), "yes".to_string())]);
    }
    forget(link, SHARDED.0, SHARDED.1)
}

/// How the server calls a type.
pub(crate) fn type_name(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Uuid => "uuid",
        ColumnType::Int => "bigint",
        ColumnType::Text => "text",
        ColumnType::Date => "date",
        ColumnType::Instant => "timestamp with time zone",
        ColumnType::Bool => "boolean",
    }
}

/// Refuses a table whose key or column types are not those of its definition.
pub(crate) fn check_fit(table: &TableDef, physical: &[Physical]) -> Result<(), StoreError> {
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
        let found = physical.iter().find(|found| found.name == column.name);
        if let Some(found) = found
            && found.ty != type_name(column.ty)
        {
            let (found, wanted) = (&found.ty, type_name(column.ty));
            return misfit(format!("{}.{} is {found}, not {wanted}", table.name, column.name));
        }
    }
    Ok(())
}

/// Refuses a database that lacks something of these tables.
pub(crate) fn check_present(link: &mut Link, tables: &[&'static TableDef]) -> Result<(), Failure> {
    if is_current(link, &fingerprint(tables))? {
        return Ok(());
    }
    let physical = columns(link)?;
    for table in tables {
        let found = physical.get(&identifier(&table.name)).map_or(&[][..], Vec::as_slice);
        let has = |name: &str| found.iter().any(|column| column.name == name);
        if let Some(column) = table.columns.iter().find(|column| !has(&column.name)) {
            return Err(Failure::Refused(StoreError::Incompatible(format!(
                "it has no {}.{}; open it for writing once to bring it up to date",
                table.name, column.name
            ))));
        }
        check_fit(table, found).map_err(Failure::Refused)?;
    }
    Ok(())
}

/// Columns of the catalogue that the database does not have, and tables that the catalogue does not.
/// A migration under way is waited for.
pub(crate) fn differences(link: &mut Link) -> Result<Vec<String>, Failure> {
    alone(link, compare)
}

fn compare(link: &mut Link) -> Result<Vec<String>, Failure> {
    let physical = columns(link)?;
    let rows = query(
        link,
        "SELECT table_name, column_name FROM tessera_schema
         WHERE table_name <> '' AND state IN ('known', 'former')",
        Vec::new(),
    )?;
    let (mut found, mut tables) = (
        Vec::new(),
        BTreeSet::from(["tessera_schema", announcements::TABLE, queue::TABLE].map(String::from)),
    );
    for row in &rows {
        let (table, name): (String, String) = (column(row, 0)?, column(row, 1)?);
        let there = physical.get(&table).is_some_and(|all| all.iter().any(|one| one.name == name));
        if !there {
            found.push(format!("the column {table}.{name} is missing"));
        }
        tables.insert(table);
    }
    let strangers = physical.keys().filter(|table| !tables.contains(*table));
    found.extend(strangers.map(|table| format!("the table {table} does not belong to Tessera")));
    Ok(found)
}
