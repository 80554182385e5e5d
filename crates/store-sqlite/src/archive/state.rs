//! The writer's side of an archive: going on with one, adding commits, beginning new logs.

#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rusqlite::Connection;
use tessera_kernel::StoreError;

use super::copier::{Copier, Source};
use super::log::{Commit, FIXED, Head, Link, Next, Reader, Record, seal};
use super::wal::{Position, Wal};
use super::{ArchiveError, ArchiveOptions, folder};
use crate::error::store_error;
use crate::lock::{WriteLock, beside};
use crate::options::Options;
use crate::{backup, file};

/// A record is closed when its pages have so many bytes.
const LARGE: usize = 16 * 1024 * 1024;

/// Whether the archive has what was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Complete,
    /// Not yet; the write-ahead log has it up to this frame.
    Behind(u32),
    /// Something was committed that may never be in the chain.
    Broken,
}

/// How far a log goes.
#[derive(Clone, Copy, Debug)]
struct End {
    offset: u64,
    link: Link,
    /// Time of the last commit in microseconds.
    time: i64,
    position: Position,
}

/// A log that is written.
struct Log {
    number: u64,
    file: File,
    end: End,
}

/// The archive of an open database.
pub(crate) struct Archive {
    options: ArchiveOptions,
    database: PathBuf,
    engine: Options,
    page_size: u32,
    wal: Wal,
    log: Log,
    health: Health,
    /// When the last copy was begun, in microseconds.
    copied: i64,
    copier: Option<Copier>,
    record: Vec<u8>,
    _lock: WriteLock,
}

impl Archive {
    /// Goes on with an archive, or begins one, for a database that `writer` has open and nobody writes
    /// meanwhile. Afterwards it has everything that is committed.
    pub(crate) fn open(
        database: &Path,
        writer: &Connection,
        engine: &Options,
        options: &ArchiveOptions,
    ) -> Result<Self, StoreError> {
        let failed = |error| StoreError::from(ArchiveError::file(&options.folder, error));
        make_folder(&options.folder).map_err(failed)?;
        let lock = WriteLock::take(&options.folder.join("archive"))?;
        folder::sweep(&options.folder)?;
        let page_size = file::page_size(writer).map_err(|error| store_error(&error))?;
        let frames = logged(writer)?;
        let mut wal = Wal::open(&beside(database, "-wal"), page_size).map_err(failed)?;
        let (log, copied) = match going_on(options, page_size, &mut wal)? {
            Some(found) => found,
            None => {
                let mut position = Position::default();
                wal.read(&mut position, frames, &mut |_| Ok(())).map_err(failed)?;
                begin_anew(database, engine, options, page_size, position)?
            }
        };
        let mut archive = Self {
            options: options.clone(),
            database: database.to_path_buf(),
            engine: engine.clone(),
            page_size,
            wal,
            log,
            health: Health::Behind(frames),
            copied,
            copier: None,
            record: Vec::new(),
            _lock: lock,
        };
        archive.catch_up()?;
        Ok(archive)
    }

    /// Adds what was committed, up to a frame of the write-ahead log.
    pub(crate) fn committed(&mut self, frames: u32) -> Result<(), StoreError> {
        // A commit behind one that is missing may have begun the write-ahead log anew.
        self.health = match self.health {
            Health::Complete => Health::Behind(frames),
            Health::Behind(_) | Health::Broken => Health::Broken,
        };
        self.catch_up()
    }

    fn catch_up(&mut self) -> Result<(), StoreError> {
        if let Health::Behind(frames) = self.health {
            let added = self.add(frames);
            added.map_err(|error| {
                // What is there of it is written again; the space may be what is lacking.
                let _ = self.log.file.set_len(self.log.end.offset);
                tracing::error!(%error, "the archive can't be written");
                StoreError::from(self.log.failed(&self.options, error))
            })?;
            self.health = Health::Complete;
        }
        self.complete()
    }

    /// Whether everything is there.
    pub(crate) fn complete(&self) -> Result<(), StoreError> {
        let folder = self.options.folder.display();
        match self.health {
            Health::Complete => Ok(()),
            Health::Behind(_) => Err(StoreError::Unavailable(format!(
                "it was kept, but the archive in {folder} can't be written: look whether it is there \
                 before you do it again"
            ))),
            Health::Broken => Err(StoreError::Unavailable(format!(
                "the archive in {folder} lacks a commit: start the server again, and it begins anew"
            ))),
        }
    }

    /// Makes sure that the next commit can be added; begins a new log where it is time.
    pub(crate) fn ready(&mut self) -> Result<(), StoreError> {
        self.catch_up()?;
        let folder = &self.options.folder;
        let disk = rustix::fs::statvfs(folder)
            .map_err(|error| StoreError::from(ArchiveError::file(folder, error.into())))?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < self.options.reserve {
            return Err(StoreError::Unavailable(format!(
                "the disk of the archive in {} is full: make room there",
                folder.display()
            )));
        }
        if self.copier.as_ref().is_some_and(|copier| !copier.is_running()) {
            self.copier = None;
        }
        let now = self.options.clock.now().as_micros();
        let is_due = now.saturating_sub(self.copied) >= micros(self.options.renew);
        if is_due && self.copier.is_none() {
            self.copied = now;
            if let Err(error) = self.renew() {
                // The log that is there goes on.
                tracing::error!(%error, "the archive has no new copy of the database");
            }
        }
        Ok(())
    }

    /// Goes on with a new log, and makes the copy that it begins with meanwhile.
    fn renew(&mut self) -> Result<(), StoreError> {
        let folder = &self.options.folder;
        let number = self.log.number + 1;
        let snapshot = file::reading(&self.database, &self.engine)?;
        let source = Source::hold(snapshot, folder, number)?;
        let End { link, time, position, .. } = self.log.end;
        let head = Head {
            continues: true,
            page_size: self.page_size,
            start: time,
            previous: link,
            position,
        };
        self.log = Log::begin(folder, number, &head)?;
        let (folder, keep) = (folder.clone(), self.options.keep);
        let now = self.copied;
        let copier = Copier::start(source, move || {
            let Some(keep) = keep else { return };
            if let Err(error) = folder::prune(&folder, now.saturating_sub(micros(keep))) {
                tracing::warn!(%error, "what is too old in the archive could not be removed");
            }
        });
        self.copier =
            Some(copier.map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?);
        Ok(())
    }

    /// Adds the frames of the write-ahead log up to one that ends a commit.
    fn add(&mut self, last: u32) -> io::Result<()> {
        let Self { log, wal, record, page_size, .. } = self;
        let mut end = log.end;
        // Two commits never have the same time, whatever the clock does.
        end.time = self.options.clock.now().as_micros().max(end.time + 1);
        let (mut position, mut pages) = (end.position, 0);
        record.clear();
        record.resize(FIXED, 0);
        wal.read(&mut position, last, &mut |frame| {
            if record.len() >= LARGE {
                let part = Commit { time: end.time, pages: 0, position: Position::default() };
                write(&log.file, record, *page_size, &mut end, &part)?;
            }
            record.extend_from_slice(&frame.page.to_le_bytes());
            record.extend_from_slice(frame.content);
            pages = frame.pages;
            Ok(())
        })?;
        if record.len() == FIXED {
            return Ok(());
        }
        if pages == 0 {
            return Err(io::Error::other("the write-ahead log ends within a commit"));
        }
        let commit = Commit { time: end.time, pages, position };
        write(&log.file, record, *page_size, &mut end, &commit)?;
        end.position = position;
        log.end = end;
        Ok(())
    }
}

/// Writes a record durably, and empties it.
fn write(
    mut file: &File,
    record: &mut Vec<u8>,
    page_size: u32,
    end: &mut End,
    commit: &Commit,
) -> io::Result<()> {
    end.link = seal(record, page_size, end.link, commit);
    file.seek(SeekFrom::Start(end.offset))?;
    file.write_all(record)?;
    file.sync_data()?;
    end.offset += record.len() as u64;
    record.truncate(FIXED);
    Ok(())
}

impl Log {
    /// Makes a log. It has its name only with its head.
    fn begin(folder: &Path, number: u64, head: &Head) -> Result<Self, StoreError> {
        let path = folder::log_path(folder, number);
        let mut partial = backup::partial(&path)?;
        let written = partial.write_all(&head.encode());
        written.map_err(|error| StoreError::from(ArchiveError::file(&path, error)))?;
        backup::settle(partial, &path)?;
        let file = open_log(&path)?;
        let Head { start: time, position, .. } = *head;
        let end = End { offset: FIXED as u64, link: head.link(), time, position };
        Ok(Self { number, file, end })
    }

    fn failed(&self, options: &ArchiveOptions, error: io::Error) -> ArchiveError {
        ArchiveError::file(&folder::log_path(&options.folder, self.number), error)
    }
}

fn open_log(path: &Path) -> Result<File, ArchiveError> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    opened.map_err(|error| ArchiveError::file(path, error))
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// How many frames the write-ahead log has.
fn logged(writer: &Connection) -> Result<u32, StoreError> {
    let frames = writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1));
    let frames: i64 = frames.map_err(|error| store_error(&error))?;
    // It is -1 where somebody else moves the log.
    u32::try_from(frames).map_err(|_| {
        StoreError::Unavailable("another program is using the file: end it".to_string())
    })
}

/// The log of an archive that can go on, as the write-ahead log has its last frame, and when its last
/// copy was made.
fn going_on(
    options: &ArchiveOptions,
    page_size: u32,
    wal: &mut Wal,
) -> Result<Option<(Log, i64)>, ArchiveError> {
    let found = match chain_end(&options.folder, page_size) {
        Err(error @ ArchiveError::Damaged { .. }) => {
            tracing::error!(%error, "the archive can't go on");
            None
        }
        outcome => outcome?,
    };
    let Some((log, copied)) = found else { return Ok(None) };
    let has = wal.has(&log.end.position).map_err(|error| log.failed(options, error))?;
    Ok(has.then_some((log, copied)))
}

/// A new chain: the copy is there before anything is written behind it.
fn begin_anew(
    database: &Path,
    engine: &Options,
    options: &ArchiveOptions,
    page_size: u32,
    position: Position,
) -> Result<(Log, i64), StoreError> {
    let folder = &options.folder;
    let segments = folder::segments(folder)?;
    // No moment belongs to two chains.
    let mut ends = segments.values().rev().filter_map(|segment| segment.log.as_deref());
    let after = ends.find_map(|log| last_commit(log).ok()).map_or(i64::MIN, |end| end.time + 1);
    let start = options.clock.now().as_micros().max(after);
    let number = segments.keys().next_back().map_or(1, |newest| newest + 1);
    tracing::info!(folder = %folder.display(), "the archive begins with a copy of the database");
    let snapshot = file::reading(database, engine)?;
    Source::hold(snapshot, folder, number)?.copy(&AtomicBool::new(false))?;
    let head = Head { continues: false, page_size, start, previous: Link::default(), position };
    Ok((Log::begin(folder, number, &head)?, start))
}

/// The last log of a chain that has a copy, without what is torn at its end, and the copy's time.
fn chain_end(folder: &Path, page_size: u32) -> Result<Option<(Log, i64)>, ArchiveError> {
    let segments = folder::segments(folder)?;
    let Some((number, newest)) = segments.last_key_value() else { return Ok(None) };
    let mut copied = None;
    let mut expected = *number;
    for (number, segment) in segments.iter().rev() {
        let Some(head) = segment.head()?.filter(|_| *number == expected) else { return Ok(None) };
        if head.page_size != page_size {
            return Ok(None);
        }
        if segment.copy.is_some() {
            copied = Some(head.start);
            break;
        }
        if !head.continues {
            return Ok(None);
        }
        expected -= 1;
    }
    let (Some(copied), Some(path)) = (copied, newest.log.as_deref()) else { return Ok(None) };
    let end = last_commit(path)?;
    let file = open_log(path)?;
    file.set_len(end.offset).map_err(|error| ArchiveError::file(path, error))?;
    Ok(Some((Log { number: *number, file, end }, copied)))
}

/// The last whole commit of a log. Only its last record can be torn, so that only the pages of that one
/// are read.
fn last_commit(path: &Path) -> Result<End, ArchiveError> {
    let (head, mut reader) = Reader::open(path)?;
    let Head { start: time, position, .. } = head;
    let mut ends = [End { offset: reader.offset, link: reader.previous, time, position }; 2];
    let mut last = reader.place();
    loop {
        let place = reader.place();
        let Next::Record(record) = reader.next(None)? else { break };
        last = place;
        if record.pages > 0 {
            let Record { time, position, .. } = record;
            ends = [ends[1], End { offset: reader.offset, link: record.link(), time, position }];
        }
    }
    reader.go_to(last)?;
    let is_whole = matches!(reader.next(Some(&mut Vec::new()))?, Next::Record(_));
    // A commit of several records is torn with the last of them.
    Ok(if is_whole || ends[1].offset <= last.0 { ends[1] } else { ends[0] })
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
