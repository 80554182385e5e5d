//! The SQL of the operations on one table.

use std::fmt::Write as _;
use std::sync::Arc;

use hashbrown::HashMap;
use sha2::{Digest as _, Sha256};
use tessera_kernel::{ColumnDef, TableDef};
use tessera_store_sql::quote;

use crate::gathered::{Gathered, Keys};
use crate::placed::{SharedHomes, bucket_column, is_told_by, key_columns};

/// What is done with a table, as far as its text depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    /// One row, a parameter per column.
    Insert,
    /// Rows, an array per column.
    InsertMany,
    /// Rows in place of those with their keys, or new ones; an array per column.
    PutMany,
    /// A row in place of the one with its key, or a new one; a parameter per column.
    PutOne,
    /// The other columns of the row with a key.
    Replace,
    /// Some columns, under a guard on one more.
    Set(Vec<usize>, Option<usize>),
    /// The same, refused where no row matches.
    SetSurely(Vec<usize>, Option<usize>),
    /// Rows by so many leading key columns.
    Delete(usize),
    /// Rows by so many leading key columns, in key order.
    Rows(usize),
    /// The row with a key, held.
    RowHeld,
    /// The same, held together with others.
    RowShared,
    /// Rows, an array per key column, held in the order of their keys; refused where one is not there.
    HoldMany,
    /// A row of zeroes where there is none.
    Zero,
    /// Adds to counters of rows, an array per column; the columns are those added to.
    AddMany(Vec<usize>),
    /// Adds to counters of one row, a parameter per column of the key and of those added to.
    AddOne(Vec<usize>),
    /// The same, refused where the guard asks for more than its terms are: columns, terms.
    AddOneGuarded(Vec<usize>, Vec<(usize, i64)>),
    /// Adds to a counter of one row, and answers what it is then.
    Draw(usize),
    /// Adds to counters of a row that is there, under a guard: columns, terms.
    Add(Vec<usize>, Vec<(usize, i64)>),
    /// Adds to counters of rows under a guard, an array per column and one of what the guards ask for
    /// at least; refused where one does not hold. Columns, terms, whether rows are made from zeroes.
    AddGuarded(Vec<usize>, Vec<(usize, i64)>, bool),
    /// A row of counters where there is none: columns that are not zero.
    Start(Vec<usize>),
    /// Deletes the rows, an array per key column, whose counters are all zero.
    Sweep,
}

/// The texts of operations, made once.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) homes: SharedHomes,
    /// The tables are spread over a cluster.
    pub(crate) sharded: bool,
    operations: HashMap<(usize, Operation), Arc<str>>,
    gathered: HashMap<(Vec<usize>, usize, Keys), Arc<Gathered>>,
}

impl Texts {
    /// None yet, of tables whose rows have these homes, spread over a cluster or not.
    pub(crate) fn new(homes: SharedHomes, sharded: bool) -> Self {
        Self { homes, sharded, ..Self::default() }
    }

    /// The text of an operation.
    pub(crate) fn get(&mut self, table: &'static TableDef, operation: Operation) -> Arc<str> {
        let key = (address(table), operation);
        if let Some(text) = self.operations.get(&key) {
            return text.clone();
        }
        let text: Arc<str> = statement(table, &key.1).into();
        self.operations.insert(key, text.clone());
        text
    }

    /// The statement over several tables by so many leading key columns.
    pub(crate) fn gathered(
        &mut self,
        tables: &[&'static TableDef],
        key: usize,
        keys: Keys,
    ) -> Arc<Gathered> {
        let names = (tables.iter().map(|table| address(table)).collect(), key, keys);
        let make = || Arc::new(Gathered::new(tables, key, keys));
        self.gathered.entry(names).or_insert_with(make).clone()
    }
}

/// A table lives as long as the program, so its address names it.
fn address(table: &'static TableDef) -> usize {
    std::ptr::from_ref(table) as usize
}

/// The server cuts longer names off, silently.
const LONGEST: usize = 63;

/// A name as the server has it: a name that is too long ends in a digest instead.
pub(crate) fn identifier(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_string();
    }
    let digest = Sha256::digest(name.as_bytes());
    let mut short: String = name.chars().take(LONGEST - 9).collect();
    let _ = write!(short, "_{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    short
}

/// The quoted name of a table.
pub(crate) fn name(table: &TableDef) -> String {
    quote(&identifier(&table.name))
}

fn column(table: &TableDef, position: usize) -> String {
    quote(&table.columns[position].name)
}

fn list<T>(items: impl IntoIterator<Item = T>, render: impl Fn(T) -> String) -> String {
    items.into_iter().map(render).collect::<Vec<_>>().join(", ")
}

fn all(table: &TableDef) -> String {
    list(&table.columns, |column: &ColumnDef| quote(&column.name))
}

fn keys(table: &TableDef) -> String {
    list(0..table.key, |position| column(table, position))
}

/// `WHERE` the leading key columns, of those that modules know, equal the parameters behind `before`, and
/// so does the bucket where they tell it.
pub(crate) fn by_key(table: &TableDef, count: usize, before: usize) -> String {
    let bucket = bucket_column(table).filter(|_| is_told_by(table, count));
    let equal = |(place, at)| format!("{} = ${}", column(table, at), before + place + 1);
    let equal: Vec<String> = (0..count).chain(bucket).enumerate().map(equal).collect();
    if equal.is_empty() { String::new() } else { format!(" WHERE {}", equal.join(" AND ")) }
}

/// The columns that modules know.
pub(crate) fn known(table: &TableDef) -> impl Iterator<Item = usize> + use<> {
    let bucket = bucket_column(table);
    (0..table.columns.len()).filter(move |at| Some(*at) != bucket)
}

/// Columns as rows of arrays.
fn unnested(count: usize) -> String {
    format!("SELECT * FROM unnest({})", list(1..=count, |position| format!("${position}")))
}

fn statement(table: &TableDef, operation: &Operation) -> String {
    let (table_name, count) = (name(table), table.columns.len());
    match operation {
        Operation::Insert => {
            let values = list(1..=count, |position| format!("${position}"));
            format!("INSERT INTO {table_name} ({}) VALUES ({values})", all(table))
        }
        Operation::InsertMany => {
            format!("INSERT INTO {table_name} ({}) {}", all(table), unnested(count))
        }
        Operation::PutMany => put(table, &Operation::InsertMany),
        Operation::PutOne => put(table, &Operation::Insert),
        Operation::Replace => replace(table),
        Operation::Set(columns, guard) => set(table, columns, *guard),
        Operation::SetSurely(columns, guard) => {
            let set = set(table, columns, *guard);
            format!(
                "WITH done AS ({set} RETURNING 1) {}",
                refused_unless("(SELECT count(*) FROM done) = 1")
            )
        }
        Operation::Delete(prefix) => {
            format!("DELETE FROM {table_name}{}", by_key(table, *prefix, 0))
        }
        Operation::Rows(prefix) => rows(table, *prefix),
        Operation::RowHeld => format!("{} FOR UPDATE", rows(table, key_columns(table))),
        Operation::RowShared => format!("{} FOR SHARE", rows(table, key_columns(table))),
        Operation::HoldMany => hold_many(table),
        Operation::Zero => {
            let values = list(0..count, |position| {
                if position < table.key { format!("${}", position + 1) } else { "0".into() }
            });
            format!(
                "INSERT INTO {table_name} ({}) VALUES ({values}) ON CONFLICT ({}) DO NOTHING",
                all(table),
                keys(table)
            )
        }
        Operation::AddMany(columns) => add_many(table, columns),
        Operation::AddOne(columns) => add_one(table, columns, None),
        Operation::AddOneGuarded(columns, terms) => add_one(table, columns, Some(terms)),
        Operation::Draw(at) => {
            let add = add_one(table, &[*at], None);
            format!("{add} RETURNING t.{}", column(table, *at))
        }
        Operation::Add(columns, terms) => add(table, columns, terms),
        Operation::AddGuarded(columns, terms, true) => upsert_guarded(table, columns, terms),
        Operation::AddGuarded(columns, terms, false) => add_guarded(table, columns, terms),
        Operation::Start(columns) => start(table, columns),
        Operation::Sweep => sweep(table),
    }
}

fn put(table: &TableDef, insert: &Operation) -> String {
    let insert = statement(table, insert);
    let changes = list(table.key..table.columns.len(), |position| {
        format!("{0} = excluded.{0}", column(table, position))
    });
    let what = if changes.is_empty() { "NOTHING".into() } else { format!("UPDATE SET {changes}") };
    format!("{insert} ON CONFLICT ({}) DO {what}", keys(table))
}

fn replace(table: &TableDef) -> String {
    // A table of nothing but a key is replaced by itself.
    let first = if table.columns.len() > table.key { table.key } else { 0 };
    let changes = list(first..table.columns.len(), |position| {
        format!("{} = ${}", column(table, position), position + 1)
    });
    format!("UPDATE {} SET {changes}{}", name(table), by_key(table, key_columns(table), 0))
}

fn set(table: &TableDef, columns: &[usize], guard: Option<usize>) -> String {
    let changes = list(columns.iter().enumerate(), |(position, changed)| {
        format!("{} = ${}", column(table, *changed), position + 1)
    });
    let by_key = by_key(table, key_columns(table), columns.len());
    let mut sql = format!("UPDATE {} SET {changes}{by_key}", name(table));
    if let Some(guard) = guard {
        let parameter = columns.len() + table.key + 1;
        let _ = write!(sql, " AND {} IS NOT DISTINCT FROM ${parameter}", column(table, guard));
    }
    sql
}

fn rows(table: &TableDef, prefix: usize) -> String {
    let (by_key, order) = (by_key(table, prefix, 0), order_behind(table, prefix));
    let known = list(known(table), |at| column(table, at));
    format!("SELECT {known} FROM {}{by_key}{order}", name(table))
}

/// `ORDER BY` the key columns behind the leading ones that are given.
pub(crate) fn order_behind(table: &TableDef, prefix: usize) -> String {
    let key = key_columns(table);
    if prefix >= key {
        return String::new();
    }
    format!(" ORDER BY {}", list(prefix..key, |position| column(table, position)))
}

fn add_many(table: &TableDef, columns: &[usize]) -> String {
    let targets = list((0..table.key).chain(columns.iter().copied()), |at| column(table, at));
    let zeroes = (table.key..table.columns.len()).filter(|at| !columns.contains(at));
    let zeroes: Vec<usize> = zeroes.collect();
    let more: String = zeroes.iter().map(|at| format!(", {}", column(table, *at))).collect();
    let nothing = ", 0".repeat(zeroes.len());
    let changes = list(columns, |at| format!("{0} = t.{0} + excluded.{0}", column(table, *at)));
    format!(
        "INSERT INTO {} AS t ({targets}{more}) SELECT u.*{nothing} FROM unnest({}) u \
         ON CONFLICT ({}) DO UPDATE SET {changes}",
        name(table),
        list(1..=table.key + columns.len(), |position| format!("${position}")),
        keys(table)
    )
}

/// A cluster sends an `INSERT` of values to one node, and no other that may find a row. It knows no way either to
/// have one tell whether its guard held: one that does not divides by zero.
fn add_one(table: &TableDef, columns: &[usize], guard: Option<&Vec<(usize, i64)>>) -> String {
    let zeroes: Vec<usize> =
        (table.key..table.columns.len()).filter(|at| !columns.contains(at)).collect();
    let given = (0..table.key).chain(columns.iter().copied());
    let targets = list(given.chain(zeroes.iter().copied()), |at| column(table, at));
    let parameters = table.key + columns.len();
    let values = list(1..=parameters, |position| format!("${position}"));
    let nothing = ", 0".repeat(zeroes.len());
    let held = guard.map_or_else(String::new, |terms| {
        let added = |place: usize| format!("excluded.{}", column(table, columns[place]));
        format!(" / ({} >= ${})::int", outcome(table, columns, terms, added), parameters + 1)
    });
    let changes = list(columns.iter().enumerate(), |(place, at)| {
        let held = if place == 0 { &*held } else { "" };
        format!("{0} = t.{0} + excluded.{0}{held}", column(table, *at))
    });
    format!(
        "INSERT INTO {} AS t ({targets}) VALUES ({values}{nothing}) ON CONFLICT ({}) DO UPDATE SET {changes}",
        name(table),
        keys(table)
    )
}

fn add(table: &TableDef, columns: &[usize], terms: &[(usize, i64)]) -> String {
    let parameter = |place: usize| format!("${}", place + 1);
    let changes = list(columns.iter().enumerate(), |(place, at)| {
        format!("{0} = t.{0} + {1}", column(table, *at), parameter(place))
    });
    format!(
        "UPDATE {} AS t SET {changes}{} AND {} >= {}",
        name(table),
        by_key(table, key_columns(table), columns.len()),
        outcome(table, columns, terms, parameter),
        parameter(columns.len() + table.key)
    )
}

/// A query that fails where the condition does not hold, and so refuses the whole transaction before
/// its commit, that is sent with it, is reached. A division by zero is the one error that any server
/// can be made to report so, and nothing else here divides.
pub(crate) fn refused_unless(condition: &str) -> String {
    format!("SELECT 1 / ({condition})::int")
}

/// The rows to add, keys and sums and what their guards ask for, as `u (k0, …, s0, …, least)`.
fn guarded_rows(table: &TableDef, columns: &[usize]) -> String {
    let parameters = list(1..=table.key + columns.len() + 1, |position| format!("${position}"));
    let keys = list(0..table.key, |at| format!("k{at}"));
    let sums = list(0..columns.len(), |place| format!("s{place}"));
    format!("u AS (SELECT * FROM unnest({parameters}) AS u ({keys}, {sums}, least))")
}

/// That a row of the table, under a name, is the one of `u` with the same key.
fn same_row(table: &TableDef, row: &str) -> String {
    let same = |at| format!("{row}.{} = u.k{at}", column(table, at));
    (0..table.key).map(same).collect::<Vec<_>>().join(" AND ")
}

/// The outcome of the guard's terms, in the table as `t`, in exact arithmetic; `added` is what is added to a column.
fn outcome(
    table: &TableDef,
    columns: &[usize],
    terms: &[(usize, i64)],
    added: impl Fn(usize) -> String,
) -> String {
    let term = |(at, factor): &(usize, i64)| {
        let place = columns.iter().position(|changed| changed == at);
        let added = place.map_or(String::new(), |place| format!(" + {}", added(place)));
        format!("(t.{}::numeric{added}) * {factor}", column(table, *at))
    };
    let terms: Vec<String> = terms.iter().map(term).collect();
    if terms.is_empty() { "0".to_string() } else { terms.join(" + ") }
}

/// That rows are in the bucket in the parameter behind so many, which is that of all rows of the statement:
/// a sharded server has to be told where to go before it looks at the keys.
fn in_bucket(table: &TableDef, row: &str, behind: usize) -> String {
    let is_it = |at| format!(" AND {row}{} = ${}", column(table, at), behind + 1);
    bucket_column(table).map_or_else(String::new, is_it)
}

fn hold_many(table: &TableDef) -> String {
    let parameters = list(1..=table.key, |position| format!("${position}"));
    let names = list(0..table.key, |at| format!("k{at}"));
    let same = same_row(table, "t");
    let order = list(0..table.key, |at| format!("t.{}", column(table, at)));
    let in_bucket = in_bucket(table, "t.", table.key);
    format!(
        "WITH u AS (SELECT * FROM unnest({parameters}) AS u ({names})), \
         done AS (SELECT 1 FROM {} AS t JOIN u ON {same}{in_bucket} ORDER BY {order} \
         FOR UPDATE OF t) {}",
        name(table),
        refused_unless(ALL_DONE)
    )
}

const ALL_DONE: &str = "(SELECT count(*) FROM done) = (SELECT count(*) FROM u)";

fn add_guarded(table: &TableDef, columns: &[usize], terms: &[(usize, i64)]) -> String {
    let changes = list(columns.iter().enumerate(), |(place, at)| {
        format!("{0} = t.{0} + u.s{place}", column(table, *at))
    });
    let same = same_row(table, "t");
    let in_bucket = in_bucket(table, "t.", table.key + columns.len() + 1);
    format!(
        "WITH {}, done AS (UPDATE {} AS t SET {changes} FROM u WHERE {same}{in_bucket} \
         AND {} >= u.least RETURNING 1) {}",
        guarded_rows(table, columns),
        name(table),
        outcome(table, columns, terms, |place| format!("u.s{place}")),
        refused_unless(ALL_DONE)
    )
}

fn upsert_guarded(table: &TableDef, columns: &[usize], terms: &[(usize, i64)]) -> String {
    let taken = (0..table.key).chain(columns.iter().copied());
    let zeroes = (table.key..table.columns.len()).filter(|at| !columns.contains(at));
    let targets = list(taken.chain(zeroes.clone()), |at| column(table, at));
    let keys_and_sums = (0..table.key).map(|at| format!("k{at}"));
    let keys_and_sums = keys_and_sums.chain((0..columns.len()).map(|place| format!("s{place}")));
    let values = list(keys_and_sums.chain(zeroes.map(|_| "0".to_string())), |value| value);
    let changes = list(columns, |at| format!("{0} = t.{0} + excluded.{0}", column(table, *at)));
    let same = same_row(table, "excluded");
    let added = |place: usize| format!("excluded.{}", column(table, columns[place]));
    format!(
        "WITH {}, done AS (INSERT INTO {} AS t ({targets}) SELECT {values} FROM u \
         ON CONFLICT ({}) DO UPDATE SET {changes} \
         WHERE {} >= (SELECT least FROM u WHERE {same}) RETURNING 1) {}",
        guarded_rows(table, columns),
        name(table),
        keys(table),
        outcome(table, columns, terms, added),
        refused_unless(ALL_DONE)
    )
}

fn start(table: &TableDef, columns: &[usize]) -> String {
    let values = list(0..table.columns.len(), |at| {
        if at < table.key {
            return format!("${}", at + 1);
        }
        let place = columns.iter().position(|changed| *changed == at);
        place.map_or("0".into(), |place| format!("${}", table.key + place + 1))
    });
    format!(
        "INSERT INTO {} ({}) VALUES ({values}) ON CONFLICT ({}) DO NOTHING",
        name(table),
        all(table),
        keys(table)
    )
}

fn sweep(table: &TableDef) -> String {
    let zero = (table.key..table.columns.len()).map(|at| format!("{} = 0", column(table, at)));
    let zero: Vec<String> = zero.collect();
    format!(
        "DELETE FROM {} WHERE ({}) IN ({}) AND {}{}",
        name(table),
        keys(table),
        unnested(table.key),
        zero.join(" AND "),
        in_bucket(table, "", table.key)
    )
}
