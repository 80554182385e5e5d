//! A JSON body laid over an object that is there.

use hashbrown::HashMap;
use serde_json::{Map, Value};

use super::parse::{READ_ONLY, parse_rows, part_names, unknown};
use super::{composite_to_json, head_to_json};
use crate::tx::CellGather;
use crate::{Composite, Fault, FieldDef, FieldProblem, FieldType, Object, Part, Stored};

/// Lays a JSON body over an object: the fields given of a one-row segment change and the others
/// stay; an array replaces the records of its segment; `null` clears an optional segment. What the
/// program sets stays as it is, in records that keep their key too; giving it another value is
/// refused. Members of the head may be sent back as they were read.
///
/// # Errors
///
/// [`Fault::Invalid`] with every finding.
pub fn patch<T: Object>(stored: &Stored<T>, body: &Value) -> Result<T, Fault> {
    lay(&stored.value, &head_to_json(T::def(), &stored.head), body)
}

fn lay<C: Composite>(value: &C, head: &Map<String, Value>, body: &Value) -> Result<C, Fault> {
    let Value::Object(body) = body else {
        return Err(Fault::invalid("", "must be a JSON object"));
    };
    let composite = C::composite();
    let mut problems = Vec::new();
    let mut merged = composite_to_json(value)?;
    for (name, change) in body {
        if let Some(known) = head.get(name) {
            if change != known {
                problems.push(FieldProblem::new(name, READ_ONLY));
            }
            continue;
        }
        let Some(part) = composite.parts.iter().find(|part| part.name == name) else {
            problems.push(unknown(name, &part_names(composite)));
            continue;
        };
        let laid = lay_over(part, merged.get(name), change, &mut problems);
        merged.insert(name.clone(), laid);
    }
    let (rows, found) = parse_rows(composite, &Value::Object(merged), false);
    problems.extend(found);
    if !problems.is_empty() {
        return Err(Fault::Invalid(problems));
    }
    C::gather(&mut CellGather(&rows))
}

pub(crate) fn lay_over(
    part: &Part,
    current: Option<&Value>,
    change: &Value,
    problems: &mut Vec<FieldProblem>,
) -> Value {
    match (current, change) {
        (Some(Value::Array(old)), Value::Array(new)) => {
            let old = by_key(part, old);
            let records = new.iter().enumerate().map(|(position, record)| {
                let Value::Object(given) = record else { return record.clone() };
                let path = format!("{}[{position}]", part.name);
                let before = old.get(&key(part, given)).copied();
                let mut laid = given.clone();
                for (name, kept) in read_only(part, &path, before, given, problems) {
                    laid.insert(name.to_string(), kept);
                }
                Value::Object(laid)
            });
            records.collect()
        }
        (Some(Value::Object(old)), Value::Object(given)) => {
            read_only(part, part.name, Some(old), given, problems);
            let mut laid = old.clone();
            laid.extend(given.clone());
            Value::Object(laid)
        }
        (_, Value::Object(given)) => {
            read_only(part, part.name, None, given, problems);
            change.clone()
        }
        _ => change.clone(),
    }
}

/// Refuses another value of a field that the program sets; answers the values that stay.
fn read_only(
    part: &Part,
    path: &str,
    before: Option<&Map<String, Value>>,
    given: &Map<String, Value>,
    problems: &mut Vec<FieldProblem>,
) -> Vec<(&'static str, Value)> {
    let mut kept = Vec::new();
    for field in part.fields.iter().filter(|field| field.read_only) {
        let old = before.and_then(|before| before.get(field.name)).unwrap_or(&Value::Null);
        if given.get(field.name).is_some_and(|value| value != old) {
            problems.push(FieldProblem::new(format!("{path}.{}", field.name), READ_ONLY));
        }
        if !old.is_null() {
            kept.push((field.name, old.clone()));
        }
    }
    kept
}

/// The records of a segment by their natural key; none where no field needs it.
fn by_key<'v>(part: &Part, records: &'v [Value]) -> HashMap<String, &'v Map<String, Value>> {
    if !part.fields.iter().any(|field| field.read_only) {
        return HashMap::new();
    }
    records.iter().filter_map(Value::as_object).map(|record| (key(part, record), record)).collect()
}

fn key(part: &Part, record: &Map<String, Value>) -> String {
    let fields = part.segment.map_or(0, crate::SegmentDef::key_fields);
    let values: Vec<String> =
        part.fields[..fields].iter().map(|field| key_value(field, record)).collect();
    values.join("/")
}

fn key_value(field: &FieldDef, record: &Map<String, Value>) -> String {
    let value = record.get(field.name).unwrap_or(&Value::Null);
    // The key of a timed record ends in its first day.
    if field.kind == FieldType::Validity { value["from"].to_string() } else { value.to_string() }
}

#[cfg(test)]
mod tests;
