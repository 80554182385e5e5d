//! Reading SQLite's write-ahead log: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// Frames that are read at once.
const FRAMES: usize = 64;

/// A place in the log, behind a frame. The salts change each time the log starts over; the sum is over
/// everything before the place, so that two logs with the same sum have the same frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) salts: [u32; 2],
    /// Frames before the place.
    pub(crate) frame: u32,
    pub(crate) sum: [u32; 2],
}

/// A page as a transaction left it.
pub(crate) struct Frame<'f> {
    pub(crate) page: u32,
    /// Pages of the database after the transaction that this frame ends, else 0.
    pub(crate) pages: u32,
    pub(crate) content: &'f [u8],
}

/// The open log.
pub(crate) struct Wal {
    file: File,
    page_size: usize,
    buffer: Vec<u8>,
}

impl Wal {
    pub(crate) fn open(path: &Path, page_size: u32) -> io::Result<Self> {
        let page_size = usize::try_from(page_size).map_err(io::Error::other)?;
        let buffer = vec![0; FRAMES * (FRAME_HEADER + page_size)];
        Ok(Self { file: File::open(path)?, page_size, buffer })
    }

    /// Where the log begins, and whether its sums are big-endian; nothing where it is empty, or was never
    /// begun to the end: as SQLite sees it.
    fn beginning(&mut self) -> io::Result<Option<(Position, bool)>> {
        let mut header = [0; HEADER];
        self.file.seek(SeekFrom::Start(0))?;
        match self.file.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            outcome => outcome?,
        }
        let big = be(&header, 0) & 1 == 1;
        let sum = add(big, [0, 0], &header[..24]);
        if be(&header, 0) & !1 != 0x377f_0682 || sum != [be(&header, 24), be(&header, 28)] {
            return Ok(None);
        }
        Ok(Some((Position { salts: [be(&header, 16), be(&header, 20)], frame: 0, sum }, big)))
    }

    /// Whether the log still has what lies before `position`.
    pub(crate) fn has(&mut self, position: &Position) -> io::Result<bool> {
        let Some((beginning, _)) = self.beginning()? else { return Ok(false) };
        if position.frame == 0 || beginning.salts != position.salts {
            return Ok(beginning == *position);
        }
        let mut header = [0; FRAME_HEADER];
        self.file.seek(SeekFrom::Start(self.offset(position.frame - 1)))?;
        match self.file.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            outcome => outcome?,
        }
        let salts = [be(&header, 8), be(&header, 12)];
        Ok(salts == position.salts && [be(&header, 16), be(&header, 20)] == position.sum)
    }

    /// Visits the frames behind `position` up to the `last` of the log, and moves it there. Where the log
    /// has started over since, these are all that it has.
    ///
    /// # Errors
    ///
    /// Also where what is read does not follow from what was read before.
    pub(crate) fn read(
        &mut self,
        position: &mut Position,
        last: u32,
        visit: &mut dyn FnMut(&Frame<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some((beginning, big)) = self.beginning()? else {
            return if last == 0 { Ok(()) } else { Err(broken("it is empty")) };
        };
        if beginning.salts != position.salts {
            *position = beginning;
        }
        self.file.seek(SeekFrom::Start(self.offset(position.frame)))?;
        let size = FRAME_HEADER + self.page_size;
        while position.frame < last {
            let count = usize::try_from(last - position.frame).map_or(FRAMES, |n| n.min(FRAMES));
            let chunk = &mut self.buffer[..count * size];
            self.file.read_exact(chunk)?;
            for frame in chunk.chunks_exact(size) {
                let (header, content) = frame.split_at(FRAME_HEADER);
                let sum = add(big, add(big, position.sum, &header[..8]), content);
                let is_next = [be(header, 8), be(header, 12)] == position.salts
                    && [be(header, 16), be(header, 20)] == sum;
                if !is_next {
                    return Err(broken(&format!(
                        "frame {} does not follow from those before it",
                        position.frame + 1
                    )));
                }
                visit(&Frame { page: be(header, 0), pages: be(header, 4), content })?;
                position.frame += 1;
                position.sum = sum;
            }
        }
        Ok(())
    }

    fn offset(&self, frame: u32) -> u64 {
        HEADER as u64 + u64::from(frame) * (FRAME_HEADER + self.page_size) as u64
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the write-ahead log can't be read: {what}"))
}

fn be(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The sum that SQLite keeps, of bytes whose number is a multiple of 8.
fn add(big: bool, [mut one, mut two]: [u32; 2], bytes: &[u8]) -> [u32; 2] {
    let read =
        |word: [u8; 4]| if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
    for pair in bytes.chunks_exact(8) {
        one = one.wrapping_add(read([pair[0], pair[1], pair[2], pair[3]])).wrapping_add(two);
        two = two.wrapping_add(read([pair[4], pair[5], pair[6], pair[7]])).wrapping_add(one);
    }
    [one, two]
}
