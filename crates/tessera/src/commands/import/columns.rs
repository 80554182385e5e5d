//! Columns of a CSV file: paths of fields, like `general.name` or `addresses[0].city`.

use serde_json::{Map, Value};
use tessera_kernel::{CompositeDef, FieldType, Multiplicity};

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Part of the object; none for `number` and flattened fields.
    part: Option<(String, Option<usize>)>,
    field: String,
    /// Member of the field's value, like `amount`.
    member: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Bool,
    Int,
}

/// Records of a segment that a row may fill.
const MOST_RECORDS: usize = 100;

impl Column {
    /// The column of a path, or what would be allowed.
    pub(super) fn parse(path: &str, definition: &CompositeDef) -> Result<Self, String> {
        let path = path.trim();
        if path == "number" {
            return Ok(Self { part: None, field: path.into(), member: None, kind: Kind::Text });
        }
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let (name, index) = split_index(first)?;
        let flattened = definition.parts.iter().filter(|part| part.flatten).find_map(|part| {
            let field = part.fields.iter().find(|field| field.name == name)?;
            Some((None, field, rest))
        });
        let found = flattened.or_else(|| {
            let part = definition.parts.iter().find(|part| !part.flatten && part.name == name)?;
            if (part.multiplicity == Multiplicity::Many) != index.is_some() {
                return None;
            }
            let (field, member) = rest.split_once('.').unwrap_or((rest, ""));
            let field = part.fields.iter().find(|known| known.name == field)?;
            Some((Some((name.to_string(), index)), field, member))
        });
        let Some((part, field, member)) = found else {
            return Err(format!("`{path}` is no column; there are: {}", known(definition)));
        };
        let kind = match field.kind {
            FieldType::Bool => Kind::Bool,
            FieldType::Int { .. } => Kind::Int,
            _ => Kind::Text,
        };
        let members = members(field.kind);
        let fits = match field.kind {
            FieldType::LocalizedText => !member.is_empty(),
            _ if members.is_empty() => member.is_empty(),
            _ => members.contains(&member),
        };
        if !fits {
            let members = if members.is_empty() { vec!["en", "zh-Hans"] } else { members };
            return Err(format!("`{path}` must end in one of: .{}", members.join(", .")));
        }
        let member = (!member.is_empty()).then(|| member.to_string());
        Ok(Self { part, field: field.name.to_string(), member, kind })
    }

    /// Puts a text into a record; an empty one is left out.
    pub(super) fn put(&self, record: &mut Map<String, Value>, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let value = match self.kind {
            Kind::Text => Value::String(text.to_string()),
            Kind::Bool => match text {
                "true" | "yes" | "1" => true.into(),
                "false" | "no" | "0" => false.into(),
                _ => return Err(format!("{}: must be true or false", self.field)),
            },
            Kind::Int => match text.parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => return Err(format!("{}: must be a whole number", self.field)),
            },
        };
        let mut place = record;
        if let Some((part, index)) = &self.part {
            let slot = place.entry(part.as_str());
            place = match index {
                None => object(slot.or_insert_with(|| Value::Object(Map::new()))),
                Some(index) => {
                    object(element(slot.or_insert_with(|| Value::Array(Vec::new())), *index))
                }
            };
        }
        if let Some(member) = &self.member {
            let slot = place.entry(self.field.as_str());
            place = object(slot.or_insert_with(|| Value::Object(Map::new())));
            place.insert(member.clone(), value);
        } else {
            place.insert(self.field.clone(), value);
        }
        Ok(())
    }
}

/// Takes the empty records out that a row left between others.
pub(super) fn close_gaps(record: &mut Map<String, Value>) {
    for value in record.values_mut() {
        if let Value::Array(records) = value {
            records.retain(|record| !record.is_null());
        }
    }
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was just made an object"),
    }
}

fn element(value: &mut Value, index: usize) -> &mut Value {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(records) => {
            if records.len() <= index {
                records.resize(index + 1, Value::Null);
            }
            &mut records[index]
        }
        _ => unreachable!("it was just made an array"),
    }
}

fn split_index(text: &str) -> Result<(&str, Option<usize>), String> {
    let Some((name, rest)) = text.split_once('[') else { return Ok((text, None)) };
    let index = rest.strip_suffix(']').and_then(|digits| digits.parse::<usize>().ok());
    match index.filter(|index| *index < MOST_RECORDS) {
        Some(index) => Ok((name, Some(index))),
        None => Err(format!("`{text}`: write [0] to [{}]", MOST_RECORDS - 1)),
    }
}

fn members(kind: FieldType) -> Vec<&'static str> {
    match kind {
        FieldType::Money => vec!["amount", "currency"],
        FieldType::Quantity => vec!["value", "unit"],
        FieldType::Validity => vec!["from", "to"],
        _ => Vec::new(),
    }
}

/// The columns that there are, for a message.
fn known(definition: &CompositeDef) -> String {
    let mut names = vec!["number".to_string()];
    for part in &definition.parts {
        let prefix = match part.multiplicity {
            _ if part.flatten => String::new(),
            Multiplicity::Many => format!("{}[0].", part.name),
            _ => format!("{}.", part.name),
        };
        names.extend(
            part.fields
                .iter()
                .filter(|field| !field.read_only)
                .map(|field| format!("{prefix}{}", field.name)),
        );
    }
    names.join(", ")
}
