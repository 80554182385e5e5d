//! How a database is opened.

use std::time::Duration;

use crate::archive::ArchiveOptions;

/// What a process wants to do with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read and write; one process at a time.
    ReadWrite,
    /// Only read, beside a process that writes: `verify`, reports, exports.
    ReadOnly,
}

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Makes the database where there is none.
    pub create: bool,
    /// Reading and writing, or only reading.
    pub access: Access,
    /// Connections for reads; further reads wait. One more is kept for urgent ones.
    pub readers: usize,
    /// Page cache of the writer; each reader takes a quarter of it.
    pub cache_mib: u32,
    /// How much of the file is mapped into memory for reading.
    pub mmap_mib: u32,
    /// Page size in bytes of a new database, a power of two from 512 to 65536.
    pub page_size: u32,
    /// At most so many commands in one commit.
    pub batch_jobs: usize,
    /// No further command joins a commit that has been running for so long.
    pub batch_time: Duration,
    /// Size of the write-ahead log from which it is moved into the database file.
    pub checkpoint_mib: u32,
    /// Refuses to let the database file grow beyond this.
    pub limit_mib: Option<u32>,
    /// Waits for the disk at every commit. Without it a power failure loses the last commits: for
    /// measurements and databases that are thrown away.
    pub sync: bool,
    /// Archives every commit before it is answered, so that the database of any moment can be restored.
    pub archive: Option<ArchiveOptions>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            create: false,
            access: Access::ReadWrite,
            readers: 4,
            cache_mib: 64,
            mmap_mib: 256,
            page_size: 4096,
            batch_jobs: 256,
            batch_time: Duration::from_millis(5),
            checkpoint_mib: 16,
            limit_mib: None,
            sync: true,
            archive: None,
        }
    }
}

impl Options {
    /// The usual options, making the database where there is none.
    pub fn creating() -> Self {
        Self { create: true, ..Self::default() }
    }

    /// The usual options for reading beside a process that writes.
    pub fn reading() -> Self {
        Self { access: Access::ReadOnly, ..Self::default() }
    }

    /// The write-ahead log's limit in pages of the given size.
    pub(crate) fn checkpoint_frames(&self, page_size: u32) -> u32 {
        pages(self.checkpoint_mib, page_size).max(64)
    }
}

/// How many pages fit into so many MiB.
pub(crate) fn pages(mib: u32, page_size: u32) -> u32 {
    let pages = u64::from(mib) * 1024 * 1024 / u64::from(page_size.max(512));
    u32::try_from(pages).unwrap_or(u32::MAX)
}
