//! A file, plain or gzipped, and how far it was read.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use crate::error::CommandError;

/// An open file.
pub(super) struct Input {
    /// Its content, unpacked.
    pub(super) reader: Box<dyn BufRead>,
    /// Bytes on disk.
    pub(super) size: u64,
    /// Bytes read from disk so far.
    pub(super) position: Rc<Cell<u64>>,
}

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
    /// Opens a file; tells gzip by its first bytes.
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        let file = File::open(path).map_err(CommandError::file(path))?;
        let size = file.metadata().map_err(CommandError::file(path))?.len();
        let position = Rc::new(Cell::new(0));
        let mut plain =
            BufReader::with_capacity(256 * 1024, Counted { file, position: position.clone() });
        let start = plain.fill_buf().map_err(CommandError::file(path))?;
        let packed = start.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead> = if packed {
            Box::new(BufReader::with_capacity(256 * 1024, MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        Ok(Self { reader, size, position })
    }
}
