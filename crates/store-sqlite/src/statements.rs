//! Prepared statements, found by table and operation with one hash lookup.
//!
//! A [`Statements`] keeps every statement that it ever used for as long as it lives: the writer's
//! lives as long as its thread, a reader's as long as one snapshot, after which the statements go
//! back to the connection's own cache. The SQL texts outlive both.

use hashbrown::HashTable;
use rusqlite::{CachedStatement, Statement};
use tessera_kernel::{StoreError, TableDef};

use crate::error::store_error;
use crate::sql;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Adds so many rows.
    Insert(usize),
    /// Replaces the non-key columns of a row.
    Replace,
    /// Reads the rows with so many leading key columns given.
    Rows(usize),
    /// Deletes the rows with so many leading key columns given.
    Delete(usize),
    /// Sets the columns of the shape.
    Set,
    /// The same where this column has a certain value.
    SetGuarded(usize),
    /// Adds to so many columns of the shape; the columns behind them form the bound.
    Add(usize, Bound),
}

/// What an addition must leave at a certain amount or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Anything.
    None,
    /// One column.
    One,
    /// One column, negated.
    Negated,
    /// The sum of two columns.
    Sum,
    /// One column less another.
    Difference,
}

impl Operation {
    fn code(self) -> u64 {
        match self {
            Self::Replace => 1,
            Self::Set => 2,
            Self::Insert(rows) => (rows as u64) << 3 | 3,
            Self::Rows(prefix) => (prefix as u64) << 3 | 4,
            Self::Delete(prefix) => (prefix as u64) << 3 | 5,
            Self::SetGuarded(column) => (column as u64) << 3 | 6,
            Self::Add(deltas, bound) => (deltas as u64) << 6 | (bound as u64) << 3 | 7,
        }
    }
}

/// Everything that the text of a statement depends on.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'s> {
    /// The table; definitions live as long as the program, so that an address is a name.
    pub(crate) table: &'static TableDef,
    /// The operation.
    pub(crate) operation: Operation,
    /// Columns of [`Operation::Set`].
    pub(crate) columns: &'s [usize],
}

impl Shape<'_> {
    fn hash(&self) -> u64 {
        let mix = |hash: u64, part: u64| (hash ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let start = mix(std::ptr::from_ref(self.table).addr() as u64, self.operation.code());
        let hash = self.columns.iter().fold(start, |hash, column| mix(hash, *column as u64 + 1));
        hash ^ hash >> 29
    }
}

struct Text {
    table: &'static TableDef,
    operation: Operation,
    columns: Box<[usize]>,
    sql: Box<str>,
}

impl Text {
    fn is(&self, shape: &Shape<'_>) -> bool {
        std::ptr::eq(self.table, shape.table)
            && self.operation == shape.operation
            && *self.columns == *shape.columns
    }
}

/// The SQL texts that a connection has needed so far.
#[derive(Default)]
pub(crate) struct Texts {
    list: Vec<Text>,
    index: HashTable<(u64, usize)>,
}

impl Texts {
    fn position(&mut self, hash: u64, shape: &Shape<'_>) -> usize {
        let list = &mut self.list;
        if let Some((_, position)) = self.index.find(hash, |(_, at)| list[*at].is(shape)) {
            return *position;
        }
        list.push(Text {
            table: shape.table,
            operation: shape.operation,
            columns: shape.columns.into(),
            sql: sql::statement(shape).into(),
        });
        let position = list.len() - 1;
        self.index.insert_unique(hash, (hash, position), |(hash, _)| *hash);
        position
    }
}

struct Open<'c> {
    hash: u64,
    text: usize,
    statement: CachedStatement<'c>,
}

/// The statements in use on one connection.
pub(crate) struct Statements<'c> {
    connection: &'c rusqlite::Connection,
    texts: &'c mut Texts,
    list: Vec<Open<'c>>,
    index: HashTable<usize>,
}

impl<'c> Statements<'c> {
    /// None yet.
    pub(crate) fn new(connection: &'c rusqlite::Connection, texts: &'c mut Texts) -> Self {
        Self { connection, texts, list: Vec::new(), index: HashTable::new() }
    }

    /// The connection.
    pub(crate) fn connection(&self) -> &'c rusqlite::Connection {
        self.connection
    }

    /// The statement for a shape.
    pub(crate) fn get(&mut self, shape: &Shape<'_>) -> Result<&mut Statement<'c>, StoreError> {
        let hash = shape.hash();
        let (list, texts) = (&self.list, &self.texts.list);
        let known = self.index.find(hash, |at| texts[list[*at].text].is(shape)).copied();
        let at = match known {
            Some(at) => at,
            None => self.open(hash, shape)?,
        };
        Ok(&mut self.list[at].statement)
    }

    #[cold]
    fn open(&mut self, hash: u64, shape: &Shape<'_>) -> Result<usize, StoreError> {
        let text = self.texts.position(hash, shape);
        let sql = &self.texts.list[text].sql;
        let statement = self.connection.prepare_cached(sql).map_err(|error| store_error(&error))?;
        self.list.push(Open { hash, text, statement });
        let (at, list) = (self.list.len() - 1, &self.list);
        self.index.insert_unique(hash, at, |at| list[*at].hash);
        Ok(at)
    }
}
