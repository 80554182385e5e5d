//! Making a database as it was at a moment.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tessera_kernel::Instant;

use super::ArchiveError;
use super::folder::{self, Segment};
use super::log::{Head, Link, Next, Reader};

/// What was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Commits that were made again on the copy.
    pub commits: u64,
    /// Time of the last commit that is in the database; where there is none behind the copy, time of the
    /// copy.
    pub last: Instant,
    /// Whether the archive ends with a commit that was not written to its end. None that was answered
    /// is lost with it.
    pub torn: bool,
}

/// Writes the database as it was `at` a moment, with every commit up to then, into the empty file
/// `target`; without a moment, as the archive has it last. Everything is checked before anything of it
/// is written.
///
/// # Errors
///
/// Where the archive begins later, and where it is damaged or lacks a file: then by name and offset.
pub fn restore(
    folder: &Path,
    at: Option<Instant>,
    target: &mut File,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored, ArchiveError> {
    let at = at.map_or(i64::MAX, |at| at.as_micros());
    let segments = folder::segments(folder)?;
    let first = base(folder, &segments, at)?;
    let plan = Plan::make(folder, &segments, first, at)?;
    let Some((copy, sum)) = segments.get(&first).and_then(|segment| segment.copy.as_ref()) else {
        return Err(ArchiveError::Missing { folder: folder.to_path_buf(), number: first });
    };
    let failed = |error| ArchiveError::File { path: copy.clone(), error };
    let read = folder::read(copy, &mut |piece| {
        progress(piece.len() as u64);
        target.write_all(piece)
    })?;
    if read != *sum {
        return Err(ArchiveError::damaged(
            copy,
            0,
            "the copy, whose checksum is not that in its name",
        ));
    }
    for part in &plan.parts {
        part.apply(target, progress)?;
    }
    target.flush().map_err(failed)?;
    Ok(plan.outcome)
}

/// The newest copy that is not later.
fn base(folder: &Path, segments: &BTreeMap<u64, Segment>, at: i64) -> Result<u64, ArchiveError> {
    let (mut earliest, mut passed) = (None, None);
    for (number, segment) in segments.iter().rev() {
        let Some(head) = segment.head()? else { continue };
        if head.start > at {
            earliest = Some(head.start);
        } else if segment.copy.is_some() {
            return Ok(*number);
        } else if !head.continues {
            return Err(ArchiveError::Missing { folder: folder.to_path_buf(), number: *number });
        } else {
            passed = Some(*number);
        }
    }
    if let Some(number) = passed {
        return Err(ArchiveError::Missing { folder: folder.to_path_buf(), number });
    }
    let first = earliest.map(Instant::from_micros);
    Err(ArchiveError::Nothing { folder: folder.to_path_buf(), first })
}

/// The part of a log that is to be applied.
struct Part {
    log: PathBuf,
    page_size: u32,
    /// Where it ends.
    end: u64,
}

/// Which commits are to be made again.
struct Plan {
    parts: Vec<Part>,
    outcome: Restored,
}

impl Plan {
    /// Checks every record from a copy up to a moment.
    fn make(
        folder: &Path,
        segments: &BTreeMap<u64, Segment>,
        first: u64,
        at: i64,
    ) -> Result<Self, ArchiveError> {
        let start = Instant::from_micros(i64::MIN);
        let outcome = Restored { commits: 0, last: start, torn: false };
        let mut plan = Self { parts: Vec::new(), outcome };
        let mut before: Option<Scanned> = None;
        for number in first.. {
            let log = segments.get(&number).and_then(|segment| segment.log.as_deref());
            let Some(log) = log else {
                plan.must_end(folder, segments, number, at)?;
                break;
            };
            let (head, reader) = Reader::open(log)?;
            match &before {
                None => plan.outcome.last = Instant::from_micros(head.start),
                Some(_) if !head.continues || head.start > at => break,
                Some(before) => {
                    before.leads_to(&head).map_err(|error| plan.with_time(error))?;
                }
            }
            let scanned = plan.scan(log, &head, reader, at)?;
            if scanned.is_over {
                break;
            }
            before = Some(scanned);
        }
        Ok(plan)
    }

    /// A log that is not there is the end only where nothing that is wanted comes after it.
    fn must_end(
        &self,
        folder: &Path,
        segments: &BTreeMap<u64, Segment>,
        number: u64,
        at: i64,
    ) -> Result<(), ArchiveError> {
        for later in segments.range(number..).map(|(_, segment)| segment) {
            if later.head()?.is_some_and(|head| head.start <= at) {
                return Err(ArchiveError::Missing { folder: folder.to_path_buf(), number });
            }
        }
        Ok(())
    }

    fn scan(
        &mut self,
        log: &Path,
        head: &Head,
        mut reader: Reader,
        at: i64,
    ) -> Result<Scanned, ArchiveError> {
        let (mut end, mut last, mut body) = (reader.offset, reader.previous, Vec::new());
        let mut is_over = false;
        self.outcome.torn = loop {
            let next = reader.next(Some(&mut body));
            match next.map_err(|error| self.with_time(error))? {
                Next::End { torn } => break torn || reader.offset != end,
                Next::Record(record) if record.time > at => {
                    is_over = true;
                    break false;
                }
                Next::Record(record) if record.pages > 0 => {
                    (end, last) = (reader.offset, record.link());
                    self.outcome.commits += 1;
                    self.outcome.last = Instant::from_micros(record.time);
                    // No other has the same time.
                    if record.time == at {
                        is_over = true;
                        break false;
                    }
                }
                Next::Record(_) => {}
            }
        };
        self.parts.push(Part { log: log.to_path_buf(), page_size: head.page_size, end });
        Ok(Scanned { log: log.to_path_buf(), end, last, is_over })
    }
}

impl Plan {
    /// Damage, with the time up to which everything is whole.
    fn with_time(&self, mut error: ArchiveError) -> ArchiveError {
        if let ArchiveError::Damaged { before, .. } = &mut error {
            *before = Some(self.outcome.last);
        }
        error
    }
}

/// A log that was read up to its last whole commit.
struct Scanned {
    log: PathBuf,
    end: u64,
    last: Link,
    /// The next commit is later than wanted.
    is_over: bool,
}

impl Scanned {
    /// The next log tells of what came last in this one.
    fn leads_to(&self, next: &Head) -> Result<(), ArchiveError> {
        if next.previous == self.last {
            return Ok(());
        }
        Err(ArchiveError::damaged(
            &self.log,
            self.end,
            "the end of the log, which the next one refers to",
        ))
    }
}

impl Part {
    /// Writes the pages of its commits.
    fn apply(&self, target: &mut File, progress: &mut dyn FnMut(u64)) -> Result<(), ArchiveError> {
        let failed = |error| ArchiveError::file(&self.log, error);
        let (_, mut reader) = Reader::open(&self.log)?;
        let (size, mut body) = (u64::from(self.page_size), Vec::new());
        while reader.offset < self.end {
            let Next::Record(record) = reader.next(Some(&mut body))? else {
                return Err(ArchiveError::damaged(
                    &self.log,
                    reader.offset,
                    "what was whole before",
                ));
            };
            for frame in body.chunks_exact(4 + self.page_size as usize) {
                let Some((number, content)) = frame.split_first_chunk::<4>() else { continue };
                let page = u64::from(u32::from_le_bytes(*number));
                target.seek(SeekFrom::Start(page.saturating_sub(1) * size)).map_err(failed)?;
                target.write_all(content).map_err(failed)?;
            }
            if record.pages > 0 {
                target.set_len(u64::from(record.pages) * size).map_err(failed)?;
            }
            progress(body.len() as u64);
        }
        Ok(())
    }
}
