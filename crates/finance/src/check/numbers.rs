//! The numbers of journal entries: every series without a gap and without a duplicate.

use std::collections::BTreeMap;

use tessera_kernel::{Code, Fault, Findings, Tx};

use crate::numbering::series;
use crate::settings::FinanceSettings;
use crate::walk::each_entry;

/// Missing numbers that are named one by one.
const NAMED: usize = 20;

/// The numbers seen of one series, as runs without a gap: first and last.
#[derive(Default)]
struct Series {
    runs: BTreeMap<i64, i64>,
    from: i64,
}

impl Series {
    /// Takes a number; false where it was there already.
    fn take(&mut self, number: i64) -> bool {
        let before = self.runs.range(..=number).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| number <= last) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last + 1 == number => first,
            _ => number,
        };
        let last = self.runs.remove(&(number + 1)).unwrap_or(number);
        self.runs.insert(first, last);
        true
    }

    /// Every number that is missing between the first of the range and the last drawn.
    fn gaps(&self) -> impl Iterator<Item = i64> + '_ {
        let mut next = self.from;
        self.runs.iter().flat_map(move |(first, last)| {
            let gap = next..*first;
            next = last + 1;
            gap
        })
    }
}

pub(super) fn check(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let settings = tx.settings::<FinanceSettings>()?;
    let numbering = &tx.environment().numbering;
    let mut known: BTreeMap<(Code, String), Series> = BTreeMap::new();
    // Copied, because the walk below borrows the transaction.
    let ranges: BTreeMap<Code, (String, i64)> = settings
        .document_kinds
        .iter()
        .filter_map(|(_, kind)| {
            let range = numbering.range(kind.number_range.as_str())?;
            Some((kind.number_range, (range.prefix.clone(), range.from)))
        })
        .collect();
    each_entry(tx, |entry| -> Result<(), Fault> {
        let header = &entry.header;
        let kind = settings.document_kinds.get(header.kind);
        let range =
            kind.and_then(|kind| Some((kind.number_range, ranges.get(&kind.number_range)?)));
        let Some((range, (prefix, from))) = range else {
            findings.differs(format!("journal entry {} has no number range", entry.number));
            return Ok(());
        };
        let series = series(header.company_code, header.fiscal_year);
        let prefix = prefix.replace("{series}", &series);
        let digits = entry.number.strip_prefix(&prefix).and_then(|rest| rest.parse().ok());
        let Some(number) = digits else {
            let number = &entry.number;
            findings.differs(format!("journal entry {number} is not in the series {series}"));
            return Ok(());
        };
        let seen = known.entry((range, series)).or_default();
        seen.from = *from;
        if !seen.take(number) {
            findings.differs(format!("the number {} was drawn twice", entry.number));
        }
        Ok(())
    })?;
    findings.compared("journal_numbers", known.len());
    for ((range, series), seen) in known {
        let missing: Vec<String> = seen.gaps().take(NAMED).map(|n| n.to_string()).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            findings.differs(format!("the series {series} of {range} lacks {missing}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_finds_what_is_missing_and_what_comes_twice() {
        let mut series = Series { from: 1, ..Series::default() };
        for number in [2, 4, 3, 8, 9] {
            assert!(series.take(number));
        }
        assert!(!series.take(3));
        assert_eq!(series.gaps().collect::<Vec<_>>(), [1, 5, 6, 7]);
        assert_eq!(series.runs.len(), 2);
    }
}
