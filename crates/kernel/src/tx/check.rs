//! What an object must be before it is stored, whoever made it: keys and validities.

use crate::change::{Image, record_key};
use crate::{
    Cardinality, Cell, Fault, FieldProblem, RowBuffer, SegmentDef, Validity, date_from_days, timed,
};

pub(super) fn needs_check(part: &crate::Part) -> bool {
    part.segment.is_some_and(|segment| matches!(segment.cardinality, Cardinality::Timed(_)))
}

/// Keys are unique within their segment, and validities fit the time constraint.
pub(super) fn check_image(composite: &crate::CompositeDef, image: &Image) -> Result<(), Fault> {
    let mut problems = Vec::new();
    for (part, rows) in composite.parts.iter().zip(image) {
        let Some(segment) = part.segment else { continue };
        check_keys(part.name, segment, rows, &mut problems);
        if let Cardinality::Timed(constraint) = segment.cardinality {
            check_validities(part.name, segment, constraint, rows, &mut problems);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
}

fn check_keys(
    name: &str,
    segment: &SegmentDef,
    rows: &[RowBuffer],
    problems: &mut Vec<FieldProblem>,
) {
    let key = segment.key_columns();
    let mut seen = hashbrown::HashSet::with_capacity(rows.len());
    for (position, row) in rows.iter().enumerate() {
        if !seen.insert(&row.0[..key]) {
            let message = format!("{} stands there twice", record_key(segment, row));
            problems.push(FieldProblem::new(format!("{name}[{position}]"), message));
        }
    }
}

fn check_validities(
    name: &str,
    segment: &SegmentDef,
    constraint: crate::TimeConstraint,
    rows: &[RowBuffer],
    problems: &mut Vec<FieldProblem>,
) {
    let key = segment.key_columns() - 1;
    let mut spans: hashbrown::HashMap<&[Cell], Vec<Validity>> = hashbrown::HashMap::new();
    for row in rows {
        if let (Cell::Date(from), Cell::Date(to)) = (&row.0[key], &row.0[key + 1])
            && let (Some(from), Some(to)) = (date_from_days(*from), date_from_days(*to))
        {
            spans.entry(&row.0[..key]).or_default().push(Validity { from, to });
        }
    }
    for found in spans.values_mut() {
        if let Err(message) = timed::check(found, constraint) {
            problems.push(FieldProblem::new(name, message));
        }
    }
}
