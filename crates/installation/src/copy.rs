//! Moves an installation to another engine, and back: every row of every table, as it is.
//!
//! Rows go in the order of their keys, so a copy that broke off goes on behind the last row that
//! arrived. Until both sides have the same content hash, the copy is marked as unfinished, and nothing
//! else opens it.

use std::fmt;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};
use tessera_kernel::{
    Actor, Cell, CellRef, ColumnDef, ColumnType, Connection, Database, Direction, Fault, Module,
    RowBuffer, Select, Source, StoreError, TableDef, Tx, read_cell,
};

use crate::InstallationError;

/// Has a row while a copy is not finished: where it comes from.
static UNFINISHED_COPY: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Int),
        ColumnDef::required("source", ColumnType::Text),
    ];
    TableDef::new("unfinished_copy", columns, 1)
});

/// Rows read and written at a time.
const PAGE: u32 = 2_000;
/// Events taken out of a server's queue at a time.
const EVENTS: u32 = 500;

/// The table of contents.
pub(crate) fn module() -> Module {
    Module {
        name: "copy",
        owner: "platform",
        help: "Marks a copy of an installation that is not finished.",
        tables: vec![&UNFINISHED_COPY],
        ..Module::default()
    }
}

/// What the tables of an installation hold, whatever the engine: a digest over every cell of every row
/// in the order of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentHash([u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What is being done, for a progress bar: the table, and rows done of it since the last call.
pub type Progress<'p> = dyn FnMut(&'static str, u64) + 'p;

/// Where the unfinished copy in a database comes from; none where it holds no such copy.
pub(crate) fn unfinished(db: &Database) -> Result<Option<String>, Fault> {
    db.read(&actor(), |tx| {
        let mut source = None;
        tx.select(&Select::from(&UNFINISHED_COPY, &[1]).limit(1), &mut |row| {
            source = row.text()?.map(str::to_string);
            Ok(())
        })?;
        Ok::<_, Fault>(source)
    })
}

/// Copies every row of `from`, which nobody else uses meanwhile, into `to`, which is empty or has a
/// part of the same copy. `source` names `from` without secrets. Answers how many rows were written.
///
/// # Errors
///
/// [`InstallationError::NotEmpty`] where the target has rows of something else;
/// [`InstallationError::CopyDiffers`] where the contents are not the same in the end.
pub(crate) fn copy(
    from: &Database,
    to: &Database,
    source: &str,
    progress: &mut Progress<'_>,
) -> Result<(u64, ContentHash), InstallationError> {
    let tables = tables(from);
    to.store().extend(&from.environment().extensions.get().tables())?;
    begin(to, &tables, source)?;
    while from.command(&actor(), |tx| tx.take_events(EVENTS))? > 0 {}
    let mut written = 0;
    for table in &tables {
        written += copy_table(from, to, table, progress)?;
    }
    // The target has them now.
    to.adopt_extensions()?;
    let hash = content_hash(from, progress)?;
    if content_hash(to, progress)? != hash {
        return Err(InstallationError::CopyDiffers);
    }
    write(to, |connection| connection.delete(&UNFINISHED_COPY, &[]).map(drop))?;
    Ok((written, hash))
}

/// The content hash of an installation.
///
/// # Errors
///
/// Where the database can't be read.
pub fn content_hash(db: &Database, progress: &mut Progress<'_>) -> Result<ContentHash, Fault> {
    let mut tables = tables(db);
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    let mut digest = Sha256::new();
    db.read(&actor(), |tx| {
        for table in tables {
            digest_text(&mut digest, &table.name);
            pages(tx, table, None, &mut |rows| {
                for row in rows {
                    row.0.iter().for_each(|cell| digest_cell(&mut digest, cell));
                }
                progress("checking", rows.len() as u64);
                Ok(())
            })?;
        }
        Ok::<_, Fault>(())
    })?;
    Ok(ContentHash(digest.finalize().into()))
}

fn actor() -> Actor {
    Actor::system(Source::CommandLine)
}

/// Every table with content.
fn tables(db: &Database) -> Vec<&'static TableDef> {
    let mut tables = db.environment().all_tables();
    tables.retain(|table| !std::ptr::eq(*table, &raw const *UNFINISHED_COPY));
    tables
}

/// Marks the target; refused where it has content that no copy from this source began.
fn begin(
    to: &Database,
    tables: &[&'static TableDef],
    source: &str,
) -> Result<(), InstallationError> {
    match unfinished(to)? {
        Some(begun) if begun == source => return Ok(()),
        Some(begun) => return Err(InstallationError::OtherCopy(begun)),
        None => {}
    }
    let occupied = to.read(&actor(), |tx| {
        for table in tables {
            let mut found = false;
            tx.select(&Select::from(table, &[0]).limit(1), &mut |_| {
                found = true;
                Ok(())
            })?;
            if found {
                return Ok::<_, Fault>(Some(table.name.clone()));
            }
        }
        Ok(None)
    })?;
    if let Some(table) = occupied {
        return Err(InstallationError::NotEmpty(table));
    }
    let mark = RowBuffer(vec![Cell::Int(1), Cell::Text(source.to_string())]);
    Ok(write(to, move |connection| connection.insert(&UNFINISHED_COPY, &mark))?)
}

fn copy_table(
    from: &Database,
    to: &Database,
    table: &'static TableDef,
    progress: &mut Progress<'_>,
) -> Result<u64, Fault> {
    let last = to.read(&actor(), |tx| last_key(tx, table))?;
    let mut written = 0;
    from.read(&actor(), |tx| {
        pages(tx, table, last, &mut |rows| {
            let page = rows.to_vec();
            write(to, move |connection| {
                page.iter().try_for_each(|row| connection.insert(table, row))
            })?;
            written += rows.len() as u64;
            progress(&table.name, rows.len() as u64);
            Ok(())
        })
    })?;
    Ok(written)
}

/// The rows of a table behind a key, in the order of keys.
fn pages(
    tx: &mut Tx<'_>,
    table: &'static TableDef,
    after: Option<Vec<Cell>>,
    take: &mut dyn FnMut(&[RowBuffer]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut query = Select::all(table).limit(PAGE);
    query.order = (0..table.key).map(|column| (column, Direction::Ascending)).collect();
    query.after = after;
    loop {
        let mut rows: Vec<RowBuffer> = Vec::with_capacity(PAGE as usize);
        tx.select(&query, &mut |row| {
            let cells = table.columns.iter().map(|column| read_cell(row, column.ty));
            rows.push(RowBuffer(cells.collect::<Result<_, _>>()?));
            Ok(())
        })?;
        let Some(last) = rows.last() else { return Ok(()) };
        query.after = Some(last.0[..table.key].to_vec());
        take(&rows)?;
        if rows.len() < PAGE as usize {
            return Ok(());
        }
    }
}

fn last_key(tx: &mut Tx<'_>, table: &'static TableDef) -> Result<Option<Vec<Cell>>, Fault> {
    let key: Vec<usize> = (0..table.key).collect();
    let mut query = Select::from(table, &key).limit(1);
    query.order = key.iter().map(|column| (*column, Direction::Descending)).collect();
    let mut last = None;
    tx.select(&query, &mut |row| {
        let cells = table.columns[..table.key].iter().map(|column| read_cell(row, column.ty));
        last = Some(cells.collect::<Result<_, _>>()?);
        Ok(())
    })?;
    Ok(last)
}

/// Cells of different types, or of different lengths, never look the same.
fn digest_cell(digest: &mut Sha256, cell: &Cell) {
    match cell.as_ref() {
        CellRef::Null => digest.update([0]),
        CellRef::Bool(value) => digest.update([1, value.into()]),
        CellRef::Int(value) => {
            digest.update([2]);
            digest.update(value.to_be_bytes());
        }
        CellRef::Text(value) => digest_text(digest, value),
        CellRef::Uuid(value) => {
            digest.update([4]);
            digest.update(value.as_bytes());
        }
        CellRef::Date(value) => {
            digest.update([5]);
            digest.update(value.to_be_bytes());
        }
        CellRef::Instant(value) => {
            digest.update([6]);
            digest.update(value.to_be_bytes());
        }
    }
}

fn digest_text(digest: &mut Sha256, text: &str) {
    digest.update([3]);
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text.as_bytes());
}

/// Runs writes as one command, past the modules: the rows are what they are.
fn write(
    db: &Database,
    mut write: impl FnMut(&mut dyn Connection) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), Fault> {
    db.command(&actor(), move |tx| Ok(write(tx.connection())?))
}
