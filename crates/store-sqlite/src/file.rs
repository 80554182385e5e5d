//! The database file: whether it is ours, and the settings of each connection to it.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tessera_kernel::StoreError;

use crate::error::store_error;
use crate::options::{Options, pages};

/// Marks the file as ours: `TSRA`.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"TSRA");

/// Version of what lies around the tables: the catalogue and the settings of the file.
const FORMAT: i32 = 1;

/// How long a connection waits for a lock that SQLite holds for a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What stands in the first bytes of the file.
#[derive(Debug, PartialEq, Eq)]
enum Header {
    Missing,
    Empty,
    Ours,
    Foreign,
}

/// Reads the header without SQLite, which would leave traces beside a foreign file.
fn header(path: &Path) -> Result<Header, StoreError> {
    let failed = |error: std::io::Error| {
        StoreError::Unavailable(format!("{} can't be read: {error}", path.display()))
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Header::Missing),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::with_capacity(100);
    file.take(100).read_to_end(&mut bytes).map_err(failed)?;
    let ours = bytes.starts_with(b"SQLite format 3\0")
        && bytes.get(68..72) == Some(&APPLICATION_ID.to_be_bytes()[..]);
    Ok(match bytes.len() {
        0 => Header::Empty,
        _ if ours => Header::Ours,
        _ => Header::Foreign,
    })
}

/// Makes sure that the file is ours, making it where that is asked for.
pub(crate) fn establish(path: &Path, options: &Options) -> Result<(), StoreError> {
    match header(path)? {
        Header::Ours => Ok(()),
        Header::Foreign => {
            Err(StoreError::Incompatible(format!("{} is not a Tessera database", path.display())))
        }
        Header::Missing | Header::Empty if options.create => {
            private(OpenOptions::new().write(true).create(true).truncate(false))
                .open(path)
                .map_err(|error| {
                    StoreError::Unavailable(format!("{} can't be made: {error}", path.display()))
                })?;
            create(path, options).map_err(|error| store_error(&error))
        }
        Header::Missing => {
            Err(StoreError::Unavailable(format!("there is no database at {}", path.display())))
        }
        Header::Empty => {
            Err(StoreError::Incompatible(format!("{} is an empty file", path.display())))
        }
    }
}

/// Makes a new file one that only its owner reads: it holds everything. SQLite gives what it puts
/// beside a database the mode of the database.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn create(path: &Path, options: &Options) -> Result<(), rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = {};
         PRAGMA synchronous = FULL;
         BEGIN IMMEDIATE;
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {FORMAT};
         COMMIT;
         PRAGMA journal_mode = WAL;",
        options.page_size
    ))
}

/// A connection that writes.
pub(crate) fn writing(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, options.cache_mib)?;
    set_up_writing(&connection, options).map_err(|error| store_error(&error))?;
    Ok(connection)
}

fn set_up_writing(connection: &Connection, options: &Options) -> Result<(), rusqlite::Error> {
    let page_size = page_size(connection)?;
    let synchronous = if options.sync { "FULL" } else { "OFF" };
    let log = u64::from(options.checkpoint_mib) * 4 * 1024 * 1024;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous};
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = {log};"
    ))?;
    // An archive goes on where the log has what it read last.
    let keeps_log = options.archive.is_some();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keeps_log)?;
    if let Some(limit) = options.limit_mib {
        let limit = pages(limit, page_size);
        connection.execute_batch(&format!("PRAGMA max_page_count = {limit};"))?;
    }
    Ok(())
}

/// A connection that can only read.
pub(crate) fn reading(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, (options.cache_mib / 4).max(2))?;
    // A commit makes readers forget their pages, so that mapped ones serve them better. The writer
    // keeps its pages and would look each up in the log first, were the file mapped.
    let mapped = u64::from(options.mmap_mib) * 1024 * 1024;
    connection
        .execute_batch(&format!("PRAGMA mmap_size = {mapped};"))
        .map_err(|error| store_error(&error))?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags, cache_mib: u32) -> Result<Connection, StoreError> {
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| store_error(&error))?;
    let version = set_up(&connection, cache_mib).map_err(|error| store_error(&error))?;
    if version != FORMAT {
        return Err(StoreError::Incompatible(format!(
            "{} has the format {version}, this program the format {FORMAT}",
            path.display()
        )));
    }
    Ok(connection)
}

fn set_up(connection: &Connection, cache_mib: u32) -> Result<i32, rusqlite::Error> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(2048);
    rusqlite::vtab::array::load_module(connection)?;
    // Without it a parameter of `LIMIT` makes SQLite prepare the statement anew each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&format!(
        "PRAGMA foreign_keys = OFF;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{};",
        u64::from(cache_mib) * 1024
    ))?;
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Page size of the open database.
pub(crate) fn page_size(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.pragma_query_value(None, "page_size", |row| row.get(0))
}
