//! The file, plain or gzipped, and how far it was read.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

/// Bytes read at a time.
const BUFFER: usize = 256 * 1024;

/// An open file.
pub(crate) struct Input {
    /// Its content, unpacked.
    pub(crate) content: Box<dyn BufRead>,
    /// Bytes on disk.
    pub(crate) size: u64,
    /// Bytes read from disk so far.
    pub(crate) position: Rc<Cell<u64>>,
}

/// Counts what is read.
struct Counted {
    file: File,
    position: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.set(self.position.get() + u64::try_from(read).unwrap_or(0));
        Ok(read)
    }
}

impl Input {
    /// Opens a file; gzip (RFC 1952) is told by its first two bytes.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let position = Rc::new(Cell::new(0));
        let counted = Counted { file, position: position.clone() };
        let mut plain = BufReader::with_capacity(BUFFER, counted);
        let packed = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let content: Box<dyn BufRead> = if packed {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        Ok(Self { content, size, position })
    }
}
