//! Number ranges.
//!
//! Internal numbers come from blocks that are reserved in the database and handed out from
//! memory: a crash loses the rest of a block, never repeats a number. Where commands run at once, a block is reserved
//! in a transaction of its own, so that none waits for another one's end. Legal numbers (invoices,
//! journal entries) are drawn one by one in the transaction that posts, per series, without gaps.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;

use crate::{CellRef, ColumnDef, ColumnType, Fault, Placement, TableDef, Tx};

/// Last number handed out per range and series.
pub(crate) static NUMBER_RANGE: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("series", ColumnType::Text),
        ColumnDef::required("last", ColumnType::Int),
    ];
    TableDef::new("number_range", columns, 1).placed(Placement::Series(0))
});

/// A number range of customizing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRange {
    /// Name.
    pub name: String,
    /// Text before the digits; `{series}` stands for the series.
    pub prefix: String,
    /// First number.
    pub from: i64,
    /// Last number.
    pub to: i64,
    /// Digits, filled with zeroes.
    pub width: usize,
    /// Numbers reserved at a time; 1 for a gapless range.
    pub block: i64,
}

impl NumberRange {
    /// The number of a value in a series.
    pub fn number(&self, series: &str, value: i64) -> String {
        let prefix = self.prefix.replace("{series}", series);
        format!("{prefix}{value:0width$}", width = self.width)
    }

    /// The value of a number in a series; none where it is not written like one.
    pub fn value_of(&self, series: &str, number: &str) -> Option<i64> {
        let prefix = self.prefix.replace("{series}", series);
        number.strip_prefix(prefix.as_str()).and_then(|digits| digits.parse().ok())
    }

    /// Whether some number is in both ranges, if they have series of the same name.
    pub fn overlaps(&self, other: &Self) -> bool {
        if self.letters() != other.letters() {
            return false;
        }
        let theirs = other.digits();
        // Digits of one length are in the order of what they count.
        self.digits().iter().any(|(first, last)| {
            let alike = |(their_first, their_last): &(String, String)| {
                first.len() == their_first.len() && first <= their_last && their_first <= last
            };
            theirs.iter().any(alike)
        })
    }

    /// What stands before the digits, of which the prefix may have the first.
    fn letters(&self) -> &str {
        self.prefix.trim_end_matches(|letter: char| letter.is_ascii_digit())
    }

    /// The first and the last of its numbers without the letters, for each length that they have.
    fn digits(&self) -> Vec<(String, String)> {
        let prefix = &self.prefix[self.letters().len()..];
        let shortest = self.width.max(1);
        let of_length = |length: usize| {
            let power = |exponent: usize| 10_i64.checked_pow(u32::try_from(exponent).ok()?);
            let least = if length == shortest { 0 } else { power(length - 1)? };
            let most = power(length).map_or(i64::MAX, |next| next - 1);
            let (first, last) = (self.from.max(least), self.to.min(most));
            let digits = |value: i64| format!("{prefix}{value:0length$}");
            (first <= last).then(|| (digits(first), digits(last)))
        };
        // The largest value has 19 digits.
        (shortest..=shortest.max(19)).filter_map(of_length).collect()
    }

    /// Whether the range has no gaps.
    pub fn is_gapless(&self) -> bool {
        self.block <= 1
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    next: i64,
    pub(crate) last: i64,
}

/// What is left of the blocks that a command reserved, by series: its own until it is sure that they
/// stay. Whatever becomes of a command that is undone, nobody else drew from them.
#[derive(Debug, Default)]
pub(crate) struct Reserved(RefCell<Vec<(String, Block)>>);

impl Reserved {
    fn take(&self, key: &str) -> Option<i64> {
        let mut blocks = self.0.borrow_mut();
        let at = blocks.iter().position(|(series, _)| series == key)?;
        let block = &mut blocks[at].1;
        let number = block.next;
        block.next += 1;
        if block.next > block.last {
            blocks.remove(at);
        }
        Some(number)
    }

    /// The blocks, to be published.
    pub(crate) fn into_blocks(self) -> Vec<(String, Block)> {
        self.0.into_inner()
    }
}

/// The number ranges of an installation and the blocks reserved by this process.
#[derive(Debug, Default)]
pub struct Numbering {
    ranges: HashMap<String, NumberRange>,
    blocks: Mutex<HashMap<String, VecDeque<Block>>>,
    /// Held by who draws a block, of which the others that wait take then.
    drawing: Mutex<()>,
}

impl Numbering {
    /// Takes the ranges of customizing.
    pub fn new(ranges: impl IntoIterator<Item = NumberRange>) -> Self {
        let ranges = ranges.into_iter().map(|range| (range.name.clone(), range)).collect();
        Self { ranges, blocks: Mutex::default(), drawing: Mutex::default() }
    }

    /// The definition of a range.
    pub fn range(&self, name: &str) -> Option<&NumberRange> {
        self.ranges.get(name)
    }

    /// Every range.
    pub fn ranges(&self) -> impl Iterator<Item = &NumberRange> {
        self.ranges.values()
    }

    fn blocks(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Block>>> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on every command draws from these blocks.
    pub(crate) fn publish(&self, reserved: Vec<(String, Block)>) {
        let mut blocks = self.blocks();
        for (key, block) in reserved {
            blocks.entry(key).or_default().push_back(block);
        }
    }

    /// Takes back blocks that were published and are not reserved after all.
    pub(crate) fn withdraw(&self, ends: &[(String, i64)]) {
        let mut blocks = self.blocks();
        for (key, last) in ends {
            if let Some(queue) = blocks.get_mut(key) {
                queue.retain(|block| block.last != *last);
            }
        }
    }

    /// Forgets every block: after a commit that failed.
    pub(crate) fn forget_all(&self) {
        self.blocks().clear();
    }

    fn take(&self, key: &str) -> Option<i64> {
        let mut blocks = self.blocks();
        let queue = blocks.get_mut(key)?;
        let block = queue.front_mut()?;
        let number = block.next;
        block.next += 1;
        if block.next > block.last {
            queue.pop_front();
        }
        Some(number)
    }
}

/// The key of a series in the table.
fn key<'a>(range: &'a str, series: &str) -> Cow<'a, str> {
    if series.is_empty() { range.into() } else { format!("{range}/{series}").into() }
}

impl<'c> Tx<'c> {
    /// The next number of a range.
    pub fn next_number(&mut self, range: &str) -> Result<String, Fault> {
        self.next_in_series(range, "")
    }

    /// The next number of a series (a company, a year …) of a range.
    pub fn next_in_series(&mut self, range: &str, series: &str) -> Result<String, Fault> {
        self.writable()?;
        let fault = |reason: &str| Fault::Numbers { range: range.into(), reason: reason.into() };
        let numbering: &'c Numbering = &self.environment.numbering;
        let definition = numbering.range(range).ok_or_else(|| fault("is not defined"))?;
        let key = key(range, series);
        let own = self.reserved.and_then(|reserved| reserved.take(&key));
        let number = match own.or_else(|| numbering.take(&key)) {
            Some(number) => number,
            None => self.reserve(definition, &key)?,
        };
        if number > definition.to {
            return Err(fault("has no number left"));
        }
        Ok(definition.number(series, number))
    }

    /// The last number of a series that was drawn, or reserved with its block; one less than the
    /// first of the range where none was.
    pub fn last_number(&mut self, range: &NumberRange, series: &str) -> Result<i64, Fault> {
        let mut last = 0;
        let key = key(&range.name, series);
        self.connection.rows(&NUMBER_RANGE, &[CellRef::Text(&key)], &mut |row| {
            row.text()?;
            last = row.int()?.unwrap_or(0);
            Ok(())
        })?;
        Ok(last + range.from - 1)
    }

    /// Draws a block for all commands of the process, in a transaction of its own: none waits until another one
    /// ends, nor has to do with the node of the range. Answers its first number; none where the engine has no such
    /// transactions.
    fn draw_block(&mut self, range: &NumberRange, key: &str) -> Result<Option<i64>, Fault> {
        let numbering: &'c Numbering = &self.environment.numbering;
        let _alone = numbering.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = numbering.take(key) {
            return Ok(Some(number));
        }
        let key_cells = [CellRef::Text(key)];
        let drawn = self.connection.draw(&NUMBER_RANGE, &key_cells, (1, range.block))?;
        Ok(drawn.map(|last| {
            let last = last + range.from - 1;
            let first = last - range.block + 1;
            numbering.publish(vec![(key.to_string(), Block { next: first + 1, last })]);
            first
        }))
    }

    /// Reserves a block in the database, keeps what is beyond its first number.
    fn reserve(&mut self, range: &NumberRange, key: &str) -> Result<i64, Fault> {
        if !range.is_gapless()
            && let Some(number) = self.draw_block(range, key)?
        {
            return Ok(number);
        }
        let table: &'static TableDef = &NUMBER_RANGE;
        let block = range.block.max(1);
        let last = self.connection.count(table, &[CellRef::Text(key)], (1, block))?;
        let last = last + range.from - 1;
        let first = last - block + 1;
        if first < last
            && let Some(reserved) = self.reserved
        {
            reserved.0.borrow_mut().push((key.to_string(), Block { next: first + 1, last }));
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(prefix: &str, from: i64, to: i64, width: usize) -> NumberRange {
        NumberRange { name: "r".into(), prefix: prefix.into(), from, to, width, block: 1 }
    }

    #[test]
    fn ranges_overlap_where_a_number_is_written_alike_in_both() {
        for (one, other, overlap) in [
            (range("8", 1, 999, 3), range("84", 1, 99, 2), true),
            (range("8", 1, 399, 3), range("84", 1, 99, 2), false),
            (range("", 8_400, 8_499, 4), range("84", 1, 99, 2), true),
            (range("", 1, 999, 4), range("", 1, 999, 3), false),
            (range("", 1, 1_000, 3), range("", 1_000, 1_000, 4), true),
            (range("", 1, 999, 3), range("", 1_000, 1_000, 4), false),
            (range("A", 1, 9, 1), range("B", 1, 9, 1), false),
            (range("{series}-", 1, 9, 6), range("G{series}-", 1, 9, 6), false),
            (range("", 0, i64::MAX, 0), range("", i64::MAX, i64::MAX, 3), true),
        ] {
            assert_eq!(one.overlaps(&other), overlap, "{one:?} {other:?}");
            assert_eq!(other.overlaps(&one), overlap, "{other:?} {one:?}");
            // The same told by writing the numbers down, where there are few.
            if one.to - one.from < 2_000 && other.to - other.from < 2_000 {
                let numbers = |range: &NumberRange| -> std::collections::BTreeSet<String> {
                    (range.from..=range.to).map(|value| range.number("s", value)).collect()
                };
                assert_eq!(!numbers(&one).is_disjoint(&numbers(&other)), overlap);
            }
        }
    }
}
