//! Digests by which a history tells whether somebody changed it behind the program's back.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{CellRef, ColumnDef, FieldChange, Fill, ObjectId, RowSink, SegmentDef, WriteRow};

/// The first 160 bits of a SHA-256: enough against whoever looks for another history with the same one, and short
/// enough to stand in every head row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 20]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 40];
        for (two, byte) in text.chunks_exact_mut(2).zip(self.0) {
            two[0] = HEX[usize::from(byte >> 4)];
            two[1] = HEX[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl FromStr for Digest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut bytes = [0; 20];
        if text.len() != 40 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(());
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| ())?;
        }
        Ok(Self(bytes))
    }
}

impl Digest {
    /// Of an object that was made: the history begins with its records.
    pub(crate) fn of_creation(kind: &str, id: ObjectId, state: Self) -> Self {
        Hash::new("creation").text(kind).uuid(id.0).digest(state).end()
    }

    /// Of a change that made `version`, by the digests of its lines, upon the history before it.
    pub(crate) fn of_change(before: Self, version: i64, lines: &[Self]) -> Self {
        let hash = Hash::new("change").digest(before).int(version);
        lines.iter().fold(hash, |hash, line| hash.digest(*line)).end()
    }

    /// Of one line, without object and version.
    pub(crate) fn of_line(line: &FieldChange) -> Self {
        Hash::new("line")
            .uuid(line.change_set.map_or(Uuid::nil(), |set| set.0))
            .int(line.line)
            .int(line.at.as_micros())
            .text(&line.actor)
            .text(&line.source)
            .text(&line.segment)
            .text(&line.record)
            .text(&line.field)
            .optional(line.old.as_deref())
            .optional(line.new.as_deref())
            .end()
    }

    /// Its first bits, by which a line is named that was changed.
    pub(crate) fn short(self) -> i64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        i64::from_be_bytes(first)
    }
}

/// Values on their way into a digest, each with its length or of a fixed one, so that no two sequences look alike.
pub(crate) struct Hash(Vec<u8>);

impl Hash {
    pub(crate) fn new(what: &str) -> Self {
        Self(Vec::with_capacity(256)).text(what)
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.extend((text.len() as u64).to_be_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    pub(crate) fn optional(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.int(1).text(text),
            None => self.int(0),
        }
    }

    pub(crate) fn int(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn uuid(mut self, value: Uuid) -> Self {
        self.0.extend(value.as_bytes());
        self
    }

    pub(crate) fn digest(mut self, digest: Digest) -> Self {
        self.0.extend(digest.0);
        self
    }

    pub(crate) fn end(self) -> Digest {
        digest_of(&self.0)
    }
}

fn digest_of(bytes: &[u8]) -> Digest {
    let mut digest = [0; 20];
    digest.copy_from_slice(&Sha256::digest(bytes)[..20]);
    Digest(digest)
}

/// The records of an object on their way into a digest. Their order does not count, and a column that holds what
/// earlier rows got when it was added is left out: a later version of the program comes to the same digest.
#[derive(Default)]
pub(crate) struct StateDigest {
    bytes: Vec<u8>,
    /// Segment, and where the record stands in `bytes`.
    records: Vec<(&'static str, usize, usize)>,
}

impl StateDigest {
    /// Takes a record of a segment, without the id of its object.
    pub(crate) fn record(&mut self, segment: &'static SegmentDef, row: &dyn WriteRow) {
        if self.records.is_empty() {
            self.bytes.reserve(USUAL.0);
            self.records.reserve(USUAL.1);
        }
        let start = self.bytes.len();
        // The first column of the table is the object.
        let columns = &segment.table().columns[1..];
        row.write(&mut Columns { bytes: &mut self.bytes, columns: columns.iter() });
        self.records.push((segment.name, start, self.bytes.len()));
    }

    pub(crate) fn end(mut self) -> Digest {
        let bytes = &self.bytes;
        self.records.sort_by(|a, b| (a.0, &bytes[a.1..a.2]).cmp(&(b.0, &bytes[b.1..b.2])));
        let mut hash = Sha256::new();
        for (segment, start, end) in &self.records {
            hash.update((segment.len() as u64).to_be_bytes());
            hash.update(segment.as_bytes());
            hash.update(((end - start) as u64).to_be_bytes());
            hash.update(&bytes[*start..*end]);
        }
        let mut digest = [0; 20];
        digest.copy_from_slice(&hash.finalize()[..20]);
        Digest(digest)
    }
}

/// Bytes and records of a document of some size, for which room is made at once.
const USUAL: (usize, usize) = (8_192, 32);

/// Writes columns with their names.
struct Columns<'d> {
    bytes: &'d mut Vec<u8>,
    columns: std::slice::Iter<'static, ColumnDef>,
}

impl Columns<'_> {
    fn put(&mut self, cell: CellRef<'_>, tag: u8, value: &[u8]) {
        let Some(column) = self.columns.next() else { return };
        if matches!(&column.fill, Fill::Value(fill) if fill.as_ref() == cell) {
            return;
        }
        // An empty column is as one that is not there, unless earlier rows got a value in it.
        if matches!(cell, CellRef::Null) && !matches!(column.fill, Fill::Value(_)) {
            return;
        }
        let name = column.name.as_bytes();
        self.bytes.reserve(name.len() + 6 + value.len());
        // No name has the byte 0.
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(&[0, tag]);
        self.bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
        self.bytes.extend_from_slice(value);
    }
}

impl RowSink for Columns<'_> {
    fn null(&mut self) {
        self.put(CellRef::Null, b'n', &[]);
    }
    fn bool(&mut self, value: bool) {
        self.put(CellRef::Bool(value), b'b', &[u8::from(value)]);
    }
    fn int(&mut self, value: i64) {
        self.put(CellRef::Int(value), b'i', &value.to_be_bytes());
    }
    fn text(&mut self, value: &str) {
        self.put(CellRef::Text(value), b't', value.as_bytes());
    }
    fn uuid(&mut self, value: Uuid) {
        self.put(CellRef::Uuid(value), b'u', value.as_bytes());
    }
    fn date(&mut self, value: i32) {
        self.put(CellRef::Date(value), b'd', &value.to_be_bytes());
    }
    fn instant(&mut self, value: i64) {
        self.put(CellRef::Instant(value), b'm', &value.to_be_bytes());
    }
    fn refuse(&mut self, _why: &str) {
        // The engine refuses the row.
        self.columns.next();
    }
}
