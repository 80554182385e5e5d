//! The numbers that documents have, against their range: for `verify`.

use std::collections::BTreeMap;

use crate::{
    Aggregate, Cell, Code, Condition, Fault, Findings, NumberRange, Object, ObjectDef, Operator,
    Select, Tx, head_column,
};

/// Missing numbers that are named one by one.
const NAMED: usize = 20;

/// The numbers seen of one range without gaps, by series (a company and a year).
#[derive(Debug)]
pub struct NumbersInUse<'r> {
    range: &'r NumberRange,
    series: BTreeMap<String, Runs>,
}

impl<'r> NumbersInUse<'r> {
    /// None seen yet.
    pub fn new(range: &'r NumberRange) -> Self {
        Self { range, series: BTreeMap::new() }
    }

    /// Takes the number of a document of a series; one that is not of the series, or that was
    /// there already, differs.
    pub fn take(&mut self, series: String, number: &str, findings: &mut Findings) {
        let Some(value) = self.range.value_of(&series, number) else {
            findings.differs(format!("{number} is no number of {} {series}", self.range.name));
            return;
        };
        if !self.series.entry(series).or_default().take(value) {
            findings.differs(format!("the number {number} was drawn twice"));
        }
    }

    /// Names what is missing of each series up to the last number that was drawn; answers how many
    /// series there are.
    pub fn finish(self, tx: &mut Tx<'_>, findings: &mut Findings) -> Result<usize, Fault> {
        let range = &self.range.name;
        for (series, seen) in &self.series {
            let gaps = seen.gaps(self.range.from).take(NAMED);
            let missing: Vec<String> = gaps.map(|number| number.to_string()).collect();
            if !missing.is_empty() {
                let missing = missing.join(", ");
                findings.differs(format!("the series {series} of {range} lacks {missing}"));
            }
            let (used, drawn) = (seen.last(), tx.last_number(self.range, series)?);
            if used.is_some_and(|used| used != drawn) {
                let used = used.unwrap_or_default();
                findings.differs(format!(
                    "the series {series} of {range} was drawn up to {drawn}, documents have {used}"
                ));
            }
        }
        Ok(self.series.len())
    }
}

/// Numbers as runs without a gap: first and last.
#[derive(Debug, Default)]
struct Runs(BTreeMap<i64, i64>);

impl Runs {
    /// Takes a number; false where it was there already.
    fn take(&mut self, number: i64) -> bool {
        let before = self.0.range(..=number).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| number <= last) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last + 1 == number => first,
            _ => number,
        };
        let last = self.0.remove(&(number + 1)).unwrap_or(number);
        self.0.insert(first, last);
        true
    }

    /// Every number that is missing from the first of the range on.
    fn gaps(&self, from: i64) -> impl Iterator<Item = i64> + '_ {
        let mut next = from;
        self.0.iter().flat_map(move |(first, last)| {
            let gap = next..*first;
            next = last + 1;
            gap
        })
    }

    fn last(&self) -> Option<i64> {
        self.0.values().next_back().copied()
    }
}

/// Compares the highest number of the objects of a type that its one range numbers, and nobody by
/// hand, with the last one drawn: a range that is behind would give a number twice. One query.
pub fn compare_last_number<T: Object>(
    tx: &mut Tx<'_>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let def = T::def();
    let numbering = &tx.environment().numbering;
    let Some(range) = def.numbers.and_then(|name| numbering.range(name)) else { return Ok(()) };
    // Numbers that have outgrown the width of the range sort before others: they are not found.
    let bound = |operator, value| {
        Condition::compare(head_column::NUMBER, operator, Cell::Text(range.number("", value)))
    };
    let query = Select::from(def.head, &[])
        .filter(bound(Operator::Ge, range.from))
        .filter(bound(Operator::Le, range.to))
        .aggregate(Aggregate::Max(head_column::NUMBER));
    let mut highest: Option<String> = None;
    tx.select(&query, &mut |row| {
        highest = row.text()?.map(str::to_string);
        Ok(())
    })?;
    findings.compared(&format!("{}_numbers", def.name), 1);
    compare(tx, def, range, highest.as_deref(), findings)
}

/// Compares the highest number of objects whose type (a list field) says which range numbers them
/// with the last one drawn. One query.
pub fn compare_last_numbers(
    tx: &mut Tx<'_>,
    def: &'static ObjectDef,
    field: &str,
    range_of: &dyn Fn(Code) -> Option<Code>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let missing = || Fault::corrupt(format!("{} has no list field {field}", def.name));
    let column = def.head.position(field).ok_or_else(missing)?;
    let query = Select::from(def.head, &[column]).aggregate(Aggregate::Max(head_column::NUMBER));
    let mut found: Vec<(Code, String)> = Vec::new();
    tx.select(&query, &mut |row| {
        let code = row.text()?.and_then(|text| Code::parse(text).ok());
        let number = row.text()?.map(str::to_string);
        found.extend(code.zip(number));
        Ok(())
    })?;
    findings.compared(&format!("{}_numbers", def.name), found.len());
    for (code, number) in found {
        let numbering = &tx.environment().numbering;
        let range = range_of(code).and_then(|range| numbering.range(range.as_str()));
        if let Some(range) = range {
            compare(tx, def, range, Some(&number), findings)?;
        }
    }
    Ok(())
}

fn compare(
    tx: &mut Tx<'_>,
    def: &ObjectDef,
    range: &NumberRange,
    highest: Option<&str>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let Some(used) = highest.and_then(|number| range.value_of("", number)) else { return Ok(()) };
    let drawn = tx.last_number(range, "")?;
    if used > drawn {
        let (name, range) = (def.name, &range.name);
        findings.differs(format!("{range} was drawn up to {drawn}, a {name} has {used}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_finds_what_is_missing_and_what_comes_twice() {
        let mut runs = Runs::default();
        for number in [2, 4, 3, 8, 9] {
            assert!(runs.take(number));
        }
        assert!(!runs.take(3));
        assert_eq!(runs.gaps(1).collect::<Vec<_>>(), [1, 5, 6, 7]);
        assert_eq!((runs.0.len(), runs.last()), (2, Some(9)));
    }
}
