//! The floor of the engine: given statements with given values as bare prepared statements, with
//! the same durability, and nothing else. Benchmarks compare themselves with it.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql};
use tessera_kernel::{Cell, StoreError, TableDef};
use tessera_store_sql::floor::Operation;

/// Runs the statements of `commands` on the database at `path`, `per_commit` commands in each
/// durable commit. Answers how long that took, without the time to prepare.
pub fn replay(
    path: &Path,
    commands: &[Vec<Operation>],
    per_commit: usize,
) -> Result<Duration, StoreError> {
    let connection = open(path).map_err(|error| engine(&error))?;
    let mut statements = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut program: Vec<Vec<(usize, Vec<Cell>)>> = Vec::with_capacity(commands.len());
    for command in commands {
        let mut steps = Vec::with_capacity(command.len());
        for operation in command {
            let (sql, values) = render(operation);
            let position = match known.get(&sql) {
                Some(position) => *position,
                None => {
                    statements.push(connection.prepare(&sql).map_err(|error| engine(&error))?);
                    known.insert(sql, statements.len() - 1);
                    statements.len() - 1
                }
            };
            steps.push((position, values));
        }
        program.push(steps);
    }
    run(&connection, &mut statements, &program, per_commit).map_err(|error| engine(&error))
}

fn engine(error: &rusqlite::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -262_144)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

fn run(
    connection: &Connection,
    statements: &mut [Statement<'_>],
    program: &[Vec<(usize, Vec<Cell>)>],
    per_commit: usize,
) -> rusqlite::Result<Duration> {
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let start = Instant::now();
    for batch in program.chunks(per_commit.max(1)) {
        begin.execute([])?;
        for (position, values) in batch.iter().flatten() {
            let statement = &mut statements[*position];
            for (parameter, value) in (1..).zip(values) {
                statement.raw_bind_parameter(parameter, Bare(value))?;
            }
            statement.raw_execute()?;
        }
        commit.execute([])?;
    }
    Ok(start.elapsed())
}

/// A cell as SQLite stores it, without a copy.
struct Bare<'a>(&'a Cell);

impl ToSql for Bare<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Cell::Null => ValueRef::Null,
            Cell::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Cell::Int(value) | Cell::Instant(value) => ValueRef::Integer(*value),
            Cell::Date(value) => ValueRef::Integer(i64::from(*value)),
            Cell::Text(value) => ValueRef::Text(value.as_bytes()),
            Cell::Uuid(value) => ValueRef::Blob(value.as_bytes()),
        }))
    }
}

fn columns(table: &TableDef) -> impl Iterator<Item = String> + '_ {
    table.columns.iter().map(|column| format!("\"{}\"", column.name))
}

fn by_key(table: &TableDef, count: usize) -> String {
    columns(table).take(count).map(|name| format!("{name} = ?")).collect::<Vec<_>>().join(" AND ")
}

fn insert(table: &TableDef) -> String {
    let names: Vec<String> = columns(table).collect();
    let marks = vec!["?"; names.len()].join(", ");
    format!("INSERT INTO \"{}\" ({}) VALUES ({marks})", table.name, names.join(", "))
}

/// The statement and its values in the order of its parameters.
fn render(operation: &Operation) -> (String, Vec<Cell>) {
    match operation {
        Operation::Insert { table, row } => (insert(table), row.clone()),
        Operation::Put { table, row } => {
            let names: Vec<String> = columns(table).collect();
            let changes: Vec<String> =
                names[table.key..].iter().map(|name| format!("{name} = excluded.{name}")).collect();
            let what = match changes.join(", ") {
                changes if changes.is_empty() => "NOTHING".to_string(),
                changes => format!("UPDATE SET {changes}"),
            };
            let keys = names[..table.key].join(", ");
            (format!("{} ON CONFLICT ({keys}) DO {what}", insert(table)), row.clone())
        }
        Operation::Replace { table, row } => {
            let names: Vec<String> =
                columns(table).skip(table.key).map(|name| format!("{name} = ?")).collect();
            let condition = by_key(table, table.key);
            let sql =
                format!("UPDATE \"{}\" SET {} WHERE {condition}", table.name, names.join(", "));
            let values = row[table.key..].iter().chain(&row[..table.key]).cloned().collect();
            (sql, values)
        }
        Operation::Set { table, key, columns } => {
            let names: Vec<String> = columns
                .iter()
                .map(|(column, _)| format!("\"{}\" = ?", table.columns[*column].name))
                .collect();
            let condition = by_key(table, key.len());
            let sql =
                format!("UPDATE \"{}\" SET {} WHERE {condition}", table.name, names.join(", "));
            (sql, columns.iter().map(|(_, cell)| cell.clone()).chain(key.clone()).collect())
        }
        Operation::Delete { table, prefix } => {
            let condition = by_key(table, prefix.len());
            (format!("DELETE FROM \"{}\" WHERE {condition}", table.name), prefix.clone())
        }
        Operation::Adjust { table, key, deltas } => {
            let names: Vec<String> = columns(table).collect();
            let marks = vec!["?"; names.len()].join(", ");
            let keys = names[..table.key].join(", ");
            let updates: Vec<String> = names[table.key..]
                .iter()
                .map(|name| format!("{name} = {name} + excluded.{name}"))
                .collect();
            let sql = format!(
                "INSERT INTO \"{}\" ({}) VALUES ({marks}) ON CONFLICT ({keys}) DO UPDATE SET {}",
                table.name,
                names.join(", "),
                updates.join(", ")
            );
            let mut values = key.clone();
            values.resize(names.len(), Cell::Int(0));
            for (column, delta) in deltas {
                values[*column] = Cell::Int(*delta);
            }
            (sql, values)
        }
    }
}
