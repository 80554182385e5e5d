//! What lies in the folder of an archive: `000001.log`, and `000001-5d41402a.db`, the copy of the
//! database from which that log goes on, with its checksum in its name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::ArchiveError;
use super::log::{Head, Reader};

/// A log, and the copy that it starts from, where that was made.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    pub(crate) log: Option<PathBuf>,
    /// With its checksum.
    pub(crate) copy: Option<(PathBuf, u32)>,
}

impl Segment {
    /// What its log begins with.
    pub(crate) fn head(&self) -> Result<Option<Head>, ArchiveError> {
        self.log.as_deref().map(|log| Reader::open(log).map(|(head, _)| head)).transpose()
    }

    /// Since when it can be restored by itself.
    pub(crate) fn start(&self) -> Result<Option<i64>, ArchiveError> {
        match self.copy {
            Some(_) => Ok(self.head()?.map(|head| head.start)),
            None => Ok(None),
        }
    }
}

/// The segments of a folder by their numbers.
pub(crate) fn segments(folder: &Path) -> Result<BTreeMap<u64, Segment>, ArchiveError> {
    let failed = |error| ArchiveError::file(folder, error);
    let mut segments: BTreeMap<u64, Segment> = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(number) = name.strip_suffix(".log").and_then(number) {
            segments.entry(number).or_default().log = Some(path);
        } else if let Some((number, sum)) = name.strip_suffix(".db").and_then(copy) {
            segments.entry(number).or_default().copy = Some((path, sum));
        }
    }
    Ok(segments)
}

fn number(digits: &str) -> Option<u64> {
    let is_number = digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

fn copy(name: &str) -> Option<(u64, u32)> {
    let (digits, sum) = name.split_once('-')?;
    Some((number(digits)?, u32::from_str_radix(sum, 16).ok()?))
}

pub(crate) fn log_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.log"))
}

pub(crate) fn copy_path(folder: &Path, number: u64, sum: u32) -> PathBuf {
    folder.join(format!("{number:06}-{sum:08x}.db"))
}

/// Reads a file piece by piece; answers its checksum.
pub(crate) fn read(
    path: &Path,
    visit: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<u32, ArchiveError> {
    let failed = |error| ArchiveError::file(path, error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut sum, mut piece) = (crc32fast::Hasher::new(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        if read == 0 {
            return Ok(sum.finalize());
        }
        sum.update(&piece[..read]);
        visit(&piece[..read]).map_err(failed)?;
    }
}

/// Removes what is not needed to restore any moment since `oldest`, in microseconds.
pub(crate) fn prune(folder: &Path, oldest: i64) -> Result<(), ArchiveError> {
    let segments = segments(folder)?;
    let mut needed = None;
    for (number, segment) in segments.iter().rev() {
        if segment.start()?.is_some_and(|start| start <= oldest) {
            needed = Some(*number);
            break;
        }
    }
    let Some(needed) = needed else { return Ok(()) };
    for segment in segments.range(..needed).map(|(_, segment)| segment) {
        let copy = segment.copy.as_ref().map(|(copy, _)| copy);
        for path in copy.into_iter().chain(&segment.log) {
            fs::remove_file(path).map_err(|error| ArchiveError::file(path, error))?;
        }
    }
    Ok(())
}

/// Removes copies that were not finished.
pub(crate) fn sweep(folder: &Path) -> Result<(), ArchiveError> {
    let failed = |error| ArchiveError::file(folder, error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "partial") {
            fs::remove_file(&path).map_err(|error| ArchiveError::file(&path, error))?;
        }
    }
    Ok(())
}
