//! The archive's own log: a head, then a record per commit with the pages that it changed.
//!
//! Every record carries the checksum of the one before it, also from file to file, so that nothing can
//! be missing in between. A record is synced before the next one is written: only the last can be torn.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::ArchiveError;
use super::wal::Position;

const HEAD_MAGIC: [u8; 8] = *b"TSRALOG1";
const MAGIC: [u8; 4] = *b"TSRC";
/// Bytes read ahead: little, as pages are passed over, or read at once.
const PIECE: usize = 4096;
/// Bytes of a head, and of a record before its pages.
pub(crate) const FIXED: usize = 60;

/// What a log begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Whether the log goes on where that of the number before ended.
    pub(crate) continues: bool,
    pub(crate) page_size: u32,
    /// Time of the last commit before it, or of the copy with which the archive began, in microseconds.
    pub(crate) start: i64,
    /// Checksum and sequence of the record before it.
    pub(crate) previous: Link,
    /// Where the write-ahead log was.
    pub(crate) position: Position,
}

/// How a record, or a head, is referred to by the next record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) sum: u32,
    pub(crate) sequence: u64,
}

/// A commit, or the first part of a large one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) sequence: u64,
    /// Microseconds since 1970-01-01T00:00:00Z; later than that of the commit before.
    pub(crate) time: i64,
    pub(crate) frames: u32,
    /// Pages of the database after the commit; 0 where the next record has more of it.
    pub(crate) pages: u32,
    /// Where the write-ahead log was afterwards.
    pub(crate) position: Position,
    body: u32,
    sum: u32,
}

impl Head {
    pub(crate) fn encode(&self) -> [u8; FIXED] {
        let mut writer = Fields::default();
        writer.put(&HEAD_MAGIC);
        writer.put(&u32::from(self.continues).to_le_bytes());
        writer.put(&self.page_size.to_le_bytes());
        writer.put(&self.start.to_le_bytes());
        writer.put(&self.previous.sum.to_le_bytes());
        writer.put(&self.previous.sequence.to_le_bytes());
        writer.position(&self.position);
        writer.seal()
    }

    /// What the first record refers to.
    pub(crate) fn link(&self) -> Link {
        Link { sum: sum(&self.encode()[..FIXED - 4]), sequence: self.previous.sequence }
    }

    fn decode(bytes: &[u8; FIXED]) -> Option<Self> {
        let mut reader = Take(bytes);
        let is_ours = sealed(bytes) && reader.take::<8>() == HEAD_MAGIC;
        is_ours.then(|| Self {
            continues: reader.u32() == 1,
            page_size: reader.u32(),
            start: reader.i64(),
            previous: Link { sum: reader.u32(), sequence: reader.u64() },
            position: reader.position(),
        })
    }
}

/// What a record says of its commit.
pub(crate) struct Commit {
    pub(crate) time: i64,
    pub(crate) pages: u32,
    pub(crate) position: Position,
}

/// Fills the first bytes of a record whose pages stand behind them. Answers what the next one refers to.
pub(crate) fn seal(record: &mut [u8], page_size: u32, previous: Link, commit: &Commit) -> Link {
    let (fixed, body) = record.split_at_mut(FIXED);
    let sequence = previous.sequence + 1;
    let mut writer = Fields::default();
    writer.put(&MAGIC);
    writer.put(&previous.sum.to_le_bytes());
    writer.put(&sequence.to_le_bytes());
    writer.put(&commit.time.to_le_bytes());
    let frames = body.len() as u64 / (4 + u64::from(page_size));
    writer.put(&u32::try_from(frames).unwrap_or(u32::MAX).to_le_bytes());
    writer.put(&commit.pages.to_le_bytes());
    writer.position(&commit.position);
    writer.put(&sum(body).to_le_bytes());
    fixed.copy_from_slice(&writer.seal());
    Link { sum: sum(&fixed[..FIXED - 4]), sequence }
}

impl Record {
    pub(crate) fn link(&self) -> Link {
        Link { sum: self.sum, sequence: self.sequence }
    }

    /// The record, and the checksum of the one before it.
    fn decode(bytes: &[u8; FIXED]) -> Option<(Self, u32)> {
        let mut reader = Take(bytes);
        if !sealed(bytes) || reader.take::<4>() != MAGIC {
            return None;
        }
        let previous = reader.u32();
        let record = Self {
            sequence: reader.u64(),
            time: reader.i64(),
            frames: reader.u32(),
            pages: reader.u32(),
            position: reader.position(),
            body: reader.u32(),
            sum: sum(&bytes[..FIXED - 4]),
        };
        Some((record, previous))
    }
}

/// How a log goes on.
pub(crate) enum Next {
    Record(Record),
    /// Nothing more; `torn` where something stands there that is no whole record.
    End {
        torn: bool,
    },
}

/// Reads a log from its beginning.
pub(crate) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    length: u64,
    page_size: u32,
    /// Where the next record begins.
    pub(crate) offset: u64,
    /// What it must refer to.
    pub(crate) previous: Link,
}

impl Reader {
    pub(crate) fn open(path: &Path) -> Result<(Head, Self), ArchiveError> {
        let failed = |error| ArchiveError::file(path, error);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::with_capacity(PIECE, file);
        let mut bytes = [0; FIXED];
        let whole = length >= FIXED as u64;
        if whole {
            file.read_exact(&mut bytes).map_err(failed)?;
        }
        let head = Head::decode(&bytes).filter(|_| whole);
        let head = head.ok_or_else(|| ArchiveError::damaged(path, 0, "the head of the log"))?;
        let (page_size, previous) = (head.page_size, head.link());
        let path = path.to_path_buf();
        Ok((head, Self { path, file, length, page_size, offset: FIXED as u64, previous }))
    }

    /// The next record. With `body`, its pages are read and compared with their checksum; without, they
    /// are passed over.
    pub(crate) fn next(&mut self, body: Option<&mut Vec<u8>>) -> Result<Next, ArchiveError> {
        let left = self.length - self.offset;
        if left == 0 {
            return Ok(Next::End { torn: false });
        }
        if left < FIXED as u64 {
            return Ok(Next::End { torn: true });
        }
        let mut bytes = [0; FIXED];
        self.read(&mut bytes)?;
        let Some((record, previous)) = Record::decode(&bytes) else {
            return self.torn(self.offset + 1, "a commit");
        };
        if (previous, record.sequence) != (self.previous.sum, self.previous.sequence + 1) {
            let what = "a commit that does not follow the one before it";
            return Err(ArchiveError::damaged(&self.path, self.offset, what));
        }
        let size = u64::from(record.frames) * (4 + u64::from(self.page_size));
        if size > left - FIXED as u64 {
            return self.torn(self.offset + FIXED as u64, "the pages of a commit");
        }
        match body {
            None => {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                let passed = self.file.seek_relative(size);
                passed.map_err(|error| ArchiveError::file(&self.path, error))?;
            }
            Some(body) => {
                body.resize(usize::try_from(size).unwrap_or(usize::MAX), 0);
                self.read(body)?;
                if sum(body) != record.body {
                    return self.torn(self.offset + FIXED as u64, "the pages of a commit");
                }
            }
        }
        self.offset += FIXED as u64 + size;
        self.previous = record.link();
        Ok(Next::Record(record))
    }

    /// Where it is, to go back to.
    pub(crate) fn place(&self) -> (u64, Link) {
        (self.offset, self.previous)
    }

    /// Goes back.
    pub(crate) fn go_to(&mut self, (offset, previous): (u64, Link)) -> Result<(), ArchiveError> {
        (self.offset, self.previous) = (offset, previous);
        let gone = self.file.seek(SeekFrom::Start(offset));
        gone.map(drop).map_err(|error| ArchiveError::file(&self.path, error))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), ArchiveError> {
        let read = self.file.read_exact(bytes);
        read.map_err(|error| ArchiveError::file(&self.path, error))
    }

    /// What is broken is torn where nothing whole follows it, else it is damaged.
    fn torn(&mut self, from: u64, what: &'static str) -> Result<Next, ArchiveError> {
        let follows = self.follows(from).map_err(|error| ArchiveError::file(&self.path, error))?;
        if follows {
            return Err(ArchiveError::damaged(&self.path, self.offset, what));
        }
        Ok(Next::End { torn: true })
    }

    /// Whether a record begins anywhere from here on.
    fn follows(&mut self, from: u64) -> io::Result<bool> {
        self.file.seek(SeekFrom::Start(from))?;
        let (mut window, mut end) = (vec![0; 1 << 20], 0);
        loop {
            let read = self.file.read(&mut window[end..])?;
            end += read;
            let begins = |bytes: &[u8]| {
                bytes.starts_with(&MAGIC)
                    && bytes.try_into().is_ok_and(|bytes| Record::decode(bytes).is_some())
            };
            if window[..end].windows(FIXED).any(begins) {
                return Ok(true);
            }
            if read == 0 {
                return Ok(false);
            }
            // The last bytes may be the beginning of one.
            let kept = end.min(FIXED - 1);
            window.copy_within(end - kept..end, 0);
            end = kept;
        }
    }
}

fn sum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Whether the checksum at the end is that of what stands before it.
fn sealed(bytes: &[u8; FIXED]) -> bool {
    let (content, seal) = bytes.split_at(FIXED - 4);
    seal == sum(content).to_le_bytes()
}

/// Fields one after the other.
struct Fields {
    bytes: [u8; FIXED],
    end: usize,
}

impl Default for Fields {
    fn default() -> Self {
        Self { bytes: [0; FIXED], end: 0 }
    }
}

impl Fields {
    fn put(&mut self, field: &[u8]) {
        self.bytes[self.end..][..field.len()].copy_from_slice(field);
        self.end += field.len();
    }

    fn position(&mut self, position: &Position) {
        let [one, two] = position.salts;
        for word in [one, two, position.frame, position.sum[0], position.sum[1]] {
            self.put(&word.to_le_bytes());
        }
    }

    fn seal(mut self) -> [u8; FIXED] {
        debug_assert_eq!(self.end, FIXED - 4, "every field was written");
        let seal = sum(&self.bytes[..FIXED - 4]).to_le_bytes();
        self.bytes[FIXED - 4..].copy_from_slice(&seal);
        self.bytes
    }
}

/// Takes fields from the front; what is behind the end is 0.
struct Take<'b>(&'b [u8]);

impl Take<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk::<N>() else { return [0; N] };
        self.0 = rest;
        *field
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.take())
    }

    fn position(&mut self) -> Position {
        let salts = [self.u32(), self.u32()];
        Position { salts, frame: self.u32(), sum: [self.u32(), self.u32()] }
    }
}
