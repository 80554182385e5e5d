//! Validity of timed segments: how a new record delimits, splits or replaces the old ones, and
//! what each time constraint refuses. The algebra is that of HR infotypes in SAP.

use crate::{Date, TimeConstraint, Validity};

/// A record with validity; derived for timed segments.
pub trait Timed: Clone {
    /// From day to day, inclusive.
    fn validity(&self) -> Validity;
    /// The same record with another validity.
    #[must_use]
    fn with_validity(&self, valid: Validity) -> Self;
    /// Whether both records have the same natural key.
    fn same_key(&self, other: &Self) -> bool;
}

/// Puts a record among the others of its object. Under the constraints 1 and 2 records of the
/// same key give way: one that reaches into the new one's first day ends the day before, one that
/// reaches beyond its last day starts the day after, one around it is split, one within it goes.
/// Under constraint 3 they stay as they are.
pub fn put<S: Timed>(records: &mut Vec<S>, new: S, constraint: TimeConstraint) {
    if constraint == TimeConstraint::Any {
        records.push(new);
        return;
    }
    let span = new.validity();
    let mut kept = Vec::with_capacity(records.len() + 2);
    for old in records.drain(..) {
        if !old.same_key(&new) || !old.validity().overlaps(span) {
            kept.push(old);
            continue;
        }
        let valid = old.validity();
        if valid.from < span.from
            && let Ok(before) = span.from.yesterday()
        {
            kept.push(old.with_validity(Validity { from: valid.from, to: before }));
        }
        if valid.to > span.to
            && let Ok(after) = span.to.tomorrow()
        {
            kept.push(old.with_validity(Validity { from: after, to: valid.to }));
        }
    }
    kept.push(new);
    kept.sort_by_key(|record| record.validity().from);
    *records = kept;
}

/// What is wrong with the validities of the records of one key under a constraint, if anything.
/// They need not be sorted.
pub(crate) fn check(spans: &mut [Validity], constraint: TimeConstraint) -> Result<(), String> {
    spans.sort_by_key(|span| span.from);
    if constraint == TimeConstraint::Any {
        return Ok(());
    }
    for pair in spans.windows(2) {
        if pair[0].overlaps(pair[1]) {
            return Err(format!(
                "{} to {} overlaps {} to {}: at most one record may be valid at any time",
                pair[0].from, pair[0].to, pair[1].from, pair[1].to
            ));
        }
        if constraint == TimeConstraint::ExactlyOne
            && pair[0].to.tomorrow().ok() != Some(pair[1].from)
        {
            return Err(format!(
                "there is a gap between {} and {}: exactly one record must be valid at any time",
                pair[0].to, pair[1].from
            ));
        }
    }
    match spans.last() {
        Some(last) if constraint == TimeConstraint::ExactlyOne && last.to != END => {
            Err(format!("the last record ends on {}: it must end on {END}", last.to))
        }
        _ => Ok(()),
    }
}

const END: Date = crate::time::END_OF_TIME;

#[cfg(test)]
mod tests;
