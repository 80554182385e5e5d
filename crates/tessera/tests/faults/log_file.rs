//! What lies in SQLite's write-ahead log, as its file format says
//! (<https://www.sqlite.org/walformat.html>), read beside the program that writes it.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes before the first frame.
const HEADER: usize = 32;
/// Bytes before the page in a frame.
const FRAME_HEADER: usize = 24;
/// Bytes of each of the two copies of the header of the index.
const INDEX_HEADER: usize = 48;
/// Marks a log whose checksums read their words with the highest byte first.
const BIG_ENDIAN: u32 = 0x377f_0683;

/// The running checksum over the log.
type Checksum = (u32, u32);

/// A place in the log: frames of one of its generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The generation: the log is begun anew with another salt.
    salt: [u8; 8],
    /// Frames that belong to commits, all of which were synced before the index told of them.
    frames: usize,
    /// The checksum over them.
    checksum: Checksum,
}

impl Place {
    /// Where the log stands, as its index tells: all commits that are over.
    pub(crate) fn now(index: &Path) -> Option<Self> {
        // The copies differ while the header is being written.
        (0..1000).find_map(|_| {
            let mut both = [0; 2 * INDEX_HEADER];
            File::open(index).ok()?.read_exact(&mut both).ok()?;
            let (first, second) = both.split_at(INDEX_HEADER);
            let word = |at: usize| first[at..at + 4].try_into().map(u32::from_ne_bytes).ok();
            let place = Self {
                frames: usize::try_from(word(16)?).ok()?,
                checksum: (word(24)?, word(28)?),
                salt: first[32..40].try_into().ok()?,
            };
            (first == second).then_some(place)
        })
    }

    /// Whether a frame behind this place was written, so that a commit is under way.
    pub(crate) fn is_passed(&self, log: &Path) -> bool {
        let Some(format) = Format::read(log) else { return false };
        let mut frame = vec![0; format.frame()];
        let at = (HEADER + self.frames * format.frame()) as u64;
        let read = File::open(log).and_then(|log| log.read_exact_at(&mut frame, at));
        format.salt == self.salt && read.is_ok() && format.follow(self.checksum, &frame).is_some()
    }
}

/// What the header of a log says.
struct Format {
    is_big_endian: bool,
    page: usize,
    salt: [u8; 8],
    checksum: Checksum,
}

impl Format {
    fn read(log: &Path) -> Option<Self> {
        let mut header = [0; HEADER];
        File::open(log).ok()?.read_exact(&mut header).ok()?;
        Self::of(&header)
    }

    fn of(log: &[u8]) -> Option<Self> {
        let header = log.get(..HEADER)?;
        Some(Self {
            is_big_endian: word(header, 0) == BIG_ENDIAN,
            page: usize::try_from(word(header, 8)).ok()?,
            salt: header[16..24].try_into().ok()?,
            checksum: (word(header, 24), word(header, 28)),
        })
    }

    /// Bytes of a frame.
    fn frame(&self) -> usize {
        FRAME_HEADER + self.page
    }

    /// The checksum over a frame that follows what has this one; none where the frame does not.
    fn follow(&self, before: Checksum, frame: &[u8]) -> Option<Checksum> {
        let sum = self.add(self.add(before, &frame[..8]), frame.get(FRAME_HEADER..self.frame())?);
        let is_next = frame[8..16] == self.salt && sum == (word(frame, 16), word(frame, 20));
        is_next.then_some(sum)
    }

    fn add(&self, (mut first, mut second): Checksum, bytes: &[u8]) -> Checksum {
        for pair in bytes.chunks_exact(8) {
            let word =
                |at| if self.is_big_endian { word(pair, at) } else { word(pair, at).swap_bytes() };
            first = first.wrapping_add(word(0)).wrapping_add(second);
            second = second.wrapping_add(word(4)).wrapping_add(first);
        }
        (first, second)
    }
}

/// A word with its highest byte first.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The part of a log that power loss may tear: whole frames that were written after everything that
/// was acknowledged. None where nothing was.
pub(crate) fn unacknowledged(log: &[u8], acknowledged: Place) -> Option<std::ops::Range<usize>> {
    let format = Format::of(log)?;
    let (start, mut checksum) = if format.salt == acknowledged.salt {
        (HEADER + acknowledged.frames * format.frame(), acknowledged.checksum)
    } else if is_next(acknowledged.salt, format.salt) {
        // Begun anew since: the database file has all that was acknowledged.
        (HEADER, format.checksum)
    } else {
        return None;
    };
    let mut end = start;
    // Behind them lie frames of an earlier generation, or of a transaction that came to nothing.
    for frame in log.get(start..)?.chunks_exact(format.frame()) {
        let Some(sum) = format.follow(checksum, frame) else { break };
        checksum = sum;
        end += frame.len();
    }
    (start < end).then_some(start..end)
}

/// Whether the second salt is that of the generation after the first: its first half counts them.
fn is_next(first: [u8; 8], second: [u8; 8]) -> bool {
    word(&second, 0) == word(&first, 0).wrapping_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salt(generation: u8) -> [u8; 8] {
        [0, 0, 0, generation, 7, 7, 7, 7]
    }

    /// A log with pages of 512 bytes and so many frames; answers where each frame ends.
    fn log(generation: u8, frames: usize) -> (Vec<u8>, Vec<Place>) {
        let mut log = vec![0; HEADER];
        log[..4].copy_from_slice(&BIG_ENDIAN.to_be_bytes());
        log[8..12].copy_from_slice(&512u32.to_be_bytes());
        log[16..24].copy_from_slice(&salt(generation));
        let format = Format::of(&log).unwrap();
        let mut place = Place { salt: salt(generation), frames: 0, checksum: format.checksum };
        let mut places = vec![place];
        for number in 0..frames {
            let mut frame = vec![number as u8; FRAME_HEADER + 512];
            frame[8..16].copy_from_slice(&salt(generation));
            let sum = format.add(format.add(place.checksum, &frame[..8]), &frame[FRAME_HEADER..]);
            frame[16..20].copy_from_slice(&sum.0.to_be_bytes());
            frame[20..24].copy_from_slice(&sum.1.to_be_bytes());
            log.extend(frame);
            place = Place { frames: number + 1, checksum: sum, ..place };
            places.push(place);
        }
        (log, places)
    }

    #[test]
    fn only_what_was_written_after_the_last_acknowledgement_may_be_torn() {
        let range = |from: usize, to: usize| Some(HEADER + from * 536..HEADER + to * 536);
        let (mut two, places) = log(2, 5);
        assert_eq!(unacknowledged(&two, places[3]), range(3, 5));
        assert_eq!(unacknowledged(&two, places[5]), None);
        assert_eq!(unacknowledged(&two, log(1, 9).1[9]), range(0, 5));
        assert_eq!(unacknowledged(&two, log(3, 0).1[0]), None);
        assert_eq!(unacknowledged(&[], places[0]), None);
        // What is left of another transaction does not follow.
        let other = log(2, 7).0.split_off(HEADER + 6 * 536);
        two.extend(other);
        assert_eq!(unacknowledged(&two, places[3]), range(3, 5));
        // The last frame was being written.
        two.truncate(HEADER + 4 * 536 + 100);
        assert_eq!(unacknowledged(&two, places[3]), range(3, 4));
    }
}
