//! Opening and closing, and the engine's interface.

use std::path::{Path, PathBuf};

use tessera_kernel::{Connection, Fault, Job, ReadMode, Statistics, Store, StoreError, TableDef};

use crate::archive::Archive;
use crate::checkpoint::Checkpoints;
use crate::lock::{WriteLock, beside};
use crate::options::{Access, Options};
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{backup, catalog, file, migrate};

/// An open SQLite database. Dropping it finishes the queued commands.
pub struct SqliteStore {
    path: PathBuf,
    options: Options,
    // In the order in which they are dropped: the writer is the last user of the file.
    readers: Readers,
    writer: Option<Writer>,
}

impl SqliteStore {
    /// Opens the database at `path`.
    ///
    /// # Errors
    ///
    /// `Unavailable` where there is none (and none is to be made), or another process writes to it;
    /// `Incompatible` where the file is something else.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let writer = match options.access {
            Access::ReadOnly => {
                file::establish(path, &Options { create: false, ..options.clone() })?;
                None
            }
            Access::ReadWrite => {
                let lock = WriteLock::take(path)?;
                file::establish(path, &options)?;
                let connection = file::writing(path, &options)?;
                let archive = options.archive.as_ref();
                let archive = archive
                    .map(|archive| Archive::open(path, &connection, &options, archive))
                    .transpose()?;
                let checkpoints = Checkpoints::start(path, &options)?;
                Some(Writer::start(connection, checkpoints, archive, lock, &options)?)
            }
        };
        let readers = Readers::open(path, &options)?;
        Ok(Self { path: path.to_path_buf(), options, readers, writer })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn read_only() -> StoreError {
    StoreError::Unavailable("the database was opened for reading only".to_string())
}

impl Store for SqliteStore {
    fn submit(&self, job: Box<dyn Job>) {
        match &self.writer {
            Some(writer) => writer.submit(job),
            None => job.finished(Err(read_only())),
        }
    }

    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.readers.read(ReadMode::default(), read)
    }

    fn read_in(
        &self,
        mode: ReadMode,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.readers.read(mode, read)
    }

    fn migrate(&self, tables: &[&'static TableDef]) -> Result<(), StoreError> {
        let Some(writer) = &self.writer else {
            let connection = file::reading(&self.path, &self.options)?;
            return catalog::check_present(&connection, tables);
        };
        let tables = tables.to_vec();
        writer.run(move |connection| migrate::migrate(connection, &tables))
    }

    fn extend(&self, tables: &[&'static TableDef]) -> Result<(), StoreError> {
        let Some(writer) = &self.writer else { return Ok(()) };
        let tables = tables.to_vec();
        writer.run(move |connection| migrate::extend(connection, &tables))
    }

    fn backup(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        let connection = file::reading(&self.path, &self.options)?;
        backup::backup(&connection, to, progress)
    }

    fn size(&self) -> Result<u64, StoreError> {
        let quick = ReadMode { urgent: true, ..ReadMode::default() };
        let pages: u64 = self.readers.bare(quick, |connection| {
            let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            Ok(u64::try_from(pages).unwrap_or(0) * u64::from(file::page_size(connection)?))
        })?;
        let log = std::fs::metadata(beside(&self.path, "-wal")).map_or(0, |log| log.len());
        Ok(pages + log)
    }

    fn statistics(&self) -> Statistics {
        self.writer.as_ref().map(Writer::statistics).unwrap_or_default()
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.readers.bare(ReadMode::default(), |connection| {
            let mut statement = connection.prepare("PRAGMA quick_check")?;
            let mut broken: Vec<String> =
                statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            broken.retain(|line| line != "ok");
            broken.extend(catalog::differences(connection)?);
            Ok(broken)
        })
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
