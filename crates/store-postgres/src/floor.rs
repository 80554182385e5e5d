//! The floor of the engine: given statements with given values, and nothing else.
//!
//! It is the best that can be written by hand for the same commits: every row of a table that a command
//! writes in one prepared statement over arrays, all statements of the command in one pipeline with
//! its `BEGIN` and `COMMIT`, so one round trip; tables and keys in one order, so that nobody dies in a
//! deadlock; several connections, so that the server shares the flushes of their commits. It works on
//! copies of the tables, with the same rows, indexes and settings, in a schema of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier, OnceLock};
use std::time::{Duration, Instant};

use tessera_kernel::{Cell, CellRef, ColumnType, Homes, StoreError, TableDef};
use tessera_store_sql::{floor::Operation, quote};

use crate::error::Failure;
use crate::link::{Link, Step};
use crate::options::Options;
use crate::pending::Pending;
use crate::placed::{self, SharedHomes, column, on_server};
use crate::statement::{self, Texts, name};
use crate::value::Value;

/// The schema of the copies.
const SCHEMA: &str = "tessera_floor";

/// Makes the copies, without the engine's own tables.
const COPY: &str = "
DROP SCHEMA IF EXISTS tessera_floor CASCADE;
CREATE SCHEMA tessera_floor;
DO $$ DECLARE t record; BEGIN
    FOR t IN SELECT relname, coalesce('WITH (' || array_to_string(reloptions, ', ') || ')', '') AS with
        FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
            AND relname !~ '^tessera_'
    LOOP
        EXECUTE format('CREATE TABLE tessera_floor.%I (LIKE %I INCLUDING ALL) ' || t.with,
            t.relname, t.relname);
        EXECUTE format('INSERT INTO tessera_floor.%I SELECT * FROM %I', t.relname, t.relname);
    END LOOP;
END $$;
ANALYZE;
CHECKPOINT;";

/// Copies of the tables of a database, gone with their owner.
#[derive(Debug)]
pub struct Floor {
    on_copies: Options,
    original: Options,
    homes: SharedHomes,
}

impl Floor {
    /// Copies the tables as they are.
    ///
    /// # Errors
    ///
    /// Where the user may not make a schema, or the server can't be reached.
    pub fn copy(options: &Options, homes: &Homes) -> Result<Self, StoreError> {
        let mut on_copies = options.for_commands();
        on_copies.set(|given| format!("{given} -c search_path={SCHEMA}"));
        let homes = Arc::new(OnceLock::from(homes.clone()));
        let floor = Self { on_copies, original: options.clone(), homes };
        floor.administer(COPY)?;
        Ok(floor)
    }

    fn administer(&self, script: &str) -> Result<(), StoreError> {
        let mut link = Link::open_patiently(&self.original).map_err(Failure::told)?;
        let ready = link.lift_limit();
        ready.and_then(|()| link.script(script)).map_err(Failure::told)
    }

    /// Runs the commands of each client, in order, on a connection of its own. Answers how long that
    /// took, without the time to connect and to prepare.
    ///
    /// # Errors
    ///
    /// Where a statement is refused.
    pub fn replay(&self, clients: &[Vec<Vec<Operation>>]) -> Result<Duration, StoreError> {
        let ready = Arc::new(Barrier::new(clients.len() + 1));
        std::thread::scope(|scope| {
            let threads: Vec<_> = clients
                .iter()
                .map(|commands| {
                    let ready = ready.clone();
                    scope.spawn(move || {
                        let mut texts = Texts::new(self.homes.clone(), false);
                        let commands: Vec<Vec<Step>> =
                            commands.iter().map(|command| steps(command, &mut texts)).collect();
                        let prepared = self.prepare(&commands);
                        ready.wait();
                        let mut link = prepared?;
                        commands.iter().try_for_each(|steps| run(&mut link, steps))
                    })
                })
                .collect();
            ready.wait();
            let start = Instant::now();
            for thread in threads {
                let panicked = |_| Err(StoreError::Engine("a client panicked".to_string()));
                thread.join().unwrap_or_else(panicked)?;
            }
            Ok(start.elapsed())
        })
    }

    /// A connection with every statement prepared.
    fn prepare(&self, commands: &[Vec<Step>]) -> Result<Link, StoreError> {
        let mut link = Link::open_patiently(&self.on_copies).map_err(Failure::told)?;
        let outcome = commands.iter().try_for_each(|steps| link.prepare(steps));
        outcome.map_err(Failure::told)?;
        Ok(link)
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        if let Err(error) = self.administer(&format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")) {
            tracing::warn!(%error, schema = SCHEMA, "the copies of the tables stay");
        }
    }
}

fn run(link: &mut Link, steps: &[Step]) -> Result<(), StoreError> {
    loop {
        match link.run(steps) {
            Ok(_) => return Ok(()),
            // The commit in the pipeline has ended the transaction by rolling it back.
            Err(Failure::Again(_)) => {}
            Err(failure) => return Err(failure.told()),
        }
    }
}

/// The writes of a command on one table that go in one statement, or few.
enum Group {
    /// Insertions, rows that are put, sums that are added.
    Gathered(Pending),
    /// Values of the same columns, by key.
    Set(Vec<usize>, BTreeMap<Vec<Cell>, Vec<Cell>>),
    /// Rows that go.
    Delete(Vec<Cell>),
}

/// A command as one pipeline: by table, in the order of names; on each table in the order of the
/// command.
fn steps(command: &[Operation], texts: &mut Texts) -> Vec<Step> {
    let mut tables: BTreeMap<&str, (&'static TableDef, Vec<Group>)> = BTreeMap::new();
    for operation in command {
        let table = on_server(operation.table());
        let (_, groups) = tables.entry(&table.name).or_insert_with(|| (table, Vec::new()));
        gather(groups, table, &texts.homes, operation);
    }
    let mut steps = vec![Step::bare("BEGIN")];
    for (table, groups) in tables.into_values() {
        for group in groups {
            match group {
                Group::Gathered(mut pending) => pending.take(texts, &mut steps),
                Group::Set(columns, rows) => steps.push(set_many(table, &columns, &rows)),
                Group::Delete(prefix) => {
                    let sql = texts.get(table, statement::Operation::Delete(prefix.len()));
                    let key: Vec<CellRef<'_>> = prefix.iter().map(Cell::as_ref).collect();
                    let bucket = placed::bucket(table, &texts.homes, &key).map(placed::cell);
                    let bucket = bucket.map(|bucket| Value::One(bucket, ColumnType::Int));
                    let values = key.iter().zip(&table.columns);
                    let values = values.map(|(cell, column)| Value::of(*cell, column.ty));
                    let values = values.chain(bucket).collect();
                    steps.push(Step { sql, values, table: Some(table) });
                }
            }
        }
    }
    steps.push(Step::bare("COMMIT"));
    steps
}

/// Adds an operation, on a table as modules know it, to the groups of the one on the server.
fn gather(
    groups: &mut Vec<Group>,
    server: &'static TableDef,
    homes: &SharedHomes,
    operation: &Operation,
) {
    let table = operation.table();
    let whole = |key: &[Cell]| {
        let cells: Vec<CellRef<'_>> = key.iter().map(Cell::as_ref).collect();
        let bucket = placed::bucket(server, homes, &cells).map(placed::cell);
        key[..table.key].iter().cloned().chain(bucket).collect::<Vec<_>>()
    };
    let on_server = |row: &[Cell]| [whole(row), row[table.key..].to_vec()].concat();
    match operation {
        Operation::Insert { row, .. } => gathered(groups).insert(server, on_server(row)),
        Operation::Put { row, .. } => gathered(groups).put(server, on_server(row)),
        Operation::Adjust { key, deltas, .. } => {
            let deltas: Vec<(usize, i64)> =
                deltas.iter().map(|(at, delta)| (column(table, *at), *delta)).collect();
            // The sums were within bounds when they were recorded.
            gathered(groups).add(server, whole(key), &deltas).unwrap_or_default();
        }
        Operation::Replace { row, .. } => {
            let columns = (server.key..server.columns.len()).collect();
            set(groups, columns, whole(row), row[table.key..].to_vec());
        }
        Operation::Set { key, columns, .. } => {
            let (positions, values) =
                columns.iter().map(|(at, cell)| (column(table, *at), cell.clone())).unzip();
            set(groups, positions, whole(key), values);
        }
        Operation::Delete { prefix, .. } => groups.push(Group::Delete(prefix.clone())),
    }
}

fn gathered(groups: &mut Vec<Group>) -> &mut Pending {
    if !matches!(groups.last(), Some(Group::Gathered(_))) {
        groups.push(Group::Gathered(Pending::default()));
    }
    match groups.last_mut() {
        Some(Group::Gathered(pending)) => pending,
        _ => unreachable!("it was just pushed"),
    }
}

fn set(groups: &mut Vec<Group>, columns: Vec<usize>, key: Vec<Cell>, values: Vec<Cell>) {
    match groups.last_mut() {
        Some(Group::Set(known, rows)) if *known == columns => drop(rows.insert(key, values)),
        _ => groups.push(Group::Set(columns, BTreeMap::from([(key, values)]))),
    }
}

/// Values of rows, an array per column.
fn set_many(
    table: &'static TableDef,
    columns: &[usize],
    rows: &BTreeMap<Vec<Cell>, Vec<Cell>>,
) -> Step {
    let column = |position: usize| quote(&table.columns[position].name);
    let of_values = |position: usize| format!("v{position}");
    let taken: Vec<usize> = (0..table.key).chain(columns.iter().copied()).collect();
    let list = |items: Vec<String>, between: &str| items.join(between);
    let sql = format!(
        "UPDATE {} AS t SET {} FROM unnest({}) AS u ({}) WHERE {}",
        name(table),
        list(
            columns.iter().map(|c| format!("{} = u.{}", column(*c), of_values(*c))).collect(),
            ", "
        ),
        list((1..=taken.len()).map(|position| format!("${position}")).collect(), ", "),
        list(taken.iter().map(|position| of_values(*position)).collect(), ", "),
        list(
            (0..table.key).map(|c| format!("t.{} = u.{}", column(c), of_values(c))).collect(),
            " AND "
        ),
    );
    let values = taken.iter().enumerate().map(|(place, position)| {
        let cell = |(key, values): (&Vec<Cell>, &Vec<Cell>)| {
            key.iter().chain(values).nth(place).cloned().unwrap_or(Cell::Null)
        };
        Value::Many(rows.iter().map(cell).collect(), table.columns[*position].ty)
    });
    Step { sql: sql.into(), values: values.collect(), table: Some(table) }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use tessera_kernel::{ColumnDef, ColumnType};

    use super::*;

    static LETTER: LazyLock<TableDef> = LazyLock::new(|| table("letter"));
    static ADDRESS: LazyLock<TableDef> = LazyLock::new(|| table("address"));

    fn table(name: &str) -> TableDef {
        let column = |name| ColumnDef::required(name, ColumnType::Int);
        TableDef::new(name, vec![column("id"), column("a"), column("b")], 1)
    }

    #[test]
    fn a_command_is_one_pipeline_with_a_statement_for_all_rows_of_a_table() {
        let row = |id| vec![Cell::Int(id), Cell::Int(1), Cell::Int(2)];
        let set = |id| Operation::Set {
            table: &LETTER,
            key: vec![Cell::Int(id)],
            columns: vec![(2, Cell::Int(9))],
        };
        let command = [
            Operation::Insert { table: &LETTER, row: row(1) },
            Operation::Insert { table: &LETTER, row: row(2) },
            Operation::Put { table: &ADDRESS, row: row(1) },
            set(2),
            set(1),
            Operation::Delete { table: &ADDRESS, prefix: vec![Cell::Int(7)] },
        ];
        let steps = steps(&command, &mut Texts::default());
        let texts: Vec<&str> = steps.iter().map(|step| &*step.sql).collect();
        assert_eq!(
            texts,
            [
                "BEGIN",
                "INSERT INTO \"address\" (\"id\", \"a\", \"b\") SELECT * FROM unnest($1, $2, $3) \
                 ON CONFLICT (\"id\") DO UPDATE SET \"a\" = excluded.\"a\", \"b\" = excluded.\"b\"",
                "DELETE FROM \"address\" WHERE \"id\" = $1",
                "INSERT INTO \"letter\" (\"id\", \"a\", \"b\") SELECT * FROM unnest($1, $2, $3)",
                "UPDATE \"letter\" AS t SET \"b\" = u.v2 FROM unnest($1, $2) AS u (v0, v2) \
                 WHERE t.\"id\" = u.v0",
                "COMMIT",
            ]
        );
    }
}
