//! Records and composites as JSON, in both directions, by their definitions.
//!
//! Amounts, quantities, decimals and percentages are written as text, so that no reader turns
//! them into floats; they are read from text or from a JSON number, digit by digit.

mod parse;
mod patch;

use serde_json::{Map, Value, json};

pub use parse::{check, parse, parse_record, split_number};
pub(crate) use parse::{default_cells, parse_rows, rows, unknown};
pub(crate) use patch::lay_over;
pub use patch::patch;

use crate::cell::SliceSource;
use crate::head_column;
use crate::{
    Cell, Composite, CompositeDef, Fault, FieldDef, FieldType, FieldValue, Head, Instant,
    LocalDateTime, LocalizedText, Multiplicity, Object, ObjectDef, ObjectId, RowBuffer, RowSource,
    Stored, Validity, date_from_days, decimal, from_micros,
};

/// One record as a JSON object.
pub fn record_to_json(
    fields: &[FieldDef],
    source: &mut dyn RowSource,
) -> Result<Map<String, Value>, Fault> {
    let mut map = Map::with_capacity(fields.len());
    for field in fields {
        map.insert(field.name.to_string(), field_to_json(field, source)?);
    }
    Ok(map)
}

/// One field as JSON; null where it is empty.
pub fn field_to_json(field: &FieldDef, source: &mut dyn RowSource) -> Result<Value, Fault> {
    type_to_json(field.kind, source)
}

fn type_to_json(kind: FieldType, source: &mut dyn RowSource) -> Result<Value, Fault> {
    let text = |value: Option<String>| value.map_or(Value::Null, Value::String);
    let decimal = |micros: i64| Value::String(decimal::format(from_micros(micros)));
    Ok(match kind {
        FieldType::Text { .. }
        | FieldType::Code { .. }
        | FieldType::Choice(_)
        | FieldType::Currency
        | FieldType::Unit
        | FieldType::Language => text(source.text()?.map(str::to_string)),
        FieldType::Bool => source.bool()?.map_or(Value::Null, Value::Bool),
        FieldType::Int { .. } => source.int()?.map_or(Value::Null, Value::from),
        FieldType::Decimal | FieldType::Percentage => source.int()?.map_or(Value::Null, decimal),
        FieldType::Money => crate::Money::read(source)?.map_or(Value::Null, |money| {
            let amount = money.amount().to_string();
            json!({ "amount": amount, "currency": money.currency().code() })
        }),
        FieldType::Quantity => crate::Quantity::read(source)?.map_or(Value::Null, |quantity| {
            json!({ "value": decimal::format(quantity.value()), "unit": quantity.unit().code() })
        }),
        FieldType::Date => text(source.date()?.and_then(date_from_days).map(|d| d.to_string())),
        FieldType::Instant => {
            text(source.instant()?.map(|micros| Instant::from_micros(micros).to_string()))
        }
        FieldType::LocalDateTime => text(LocalDateTime::read(source)?.map(|t| t.to_string())),
        FieldType::Validity => Validity::read(source)?.map_or(
            Value::Null,
            |valid| json!({ "from": valid.from.to_string(), "to": valid.to.to_string() }),
        ),
        FieldType::LocalizedText => {
            LocalizedText::read(source)?.map_or(Value::Null, |text| text.to_json())
        }
        FieldType::Reference { .. } => text(source.uuid()?.map(|id| id.to_string())),
    })
}

/// A composite as a JSON object, part by part.
pub fn composite_to_json<C: Composite>(value: &C) -> Result<Map<String, Value>, Fault> {
    let composite = C::composite();
    let mut rows: Vec<Vec<RowBuffer>> = vec![Vec::new(); composite.parts.len()];
    value.visit(&mut |part, row| rows[part].push(RowBuffer::of(row)));
    rows_to_json(composite, &rows)
}

pub(crate) fn rows_to_json(
    composite: &CompositeDef,
    rows: &[Vec<RowBuffer>],
) -> Result<Map<String, Value>, Fault> {
    let mut map = Map::new();
    for (part, rows) in composite.parts.iter().zip(rows) {
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            records.push(record_to_json(part.fields, &mut SliceSource::new(&row.0))?);
        }
        let value = match part.multiplicity {
            Multiplicity::Many => records.into_iter().map(Value::Object).collect(),
            _ => match records.pop() {
                Some(record) if part.flatten => {
                    map.extend(record);
                    continue;
                }
                Some(record) => Value::Object(record),
                None => Value::Null,
            },
        };
        map.insert(part.name.to_string(), value);
    }
    Ok(map)
}

/// A stored object: its head, then its segments.
pub fn stored_to_json<T: Object>(stored: &Stored<T>) -> Result<Value, Fault> {
    let mut map = head_to_json(T::def(), &stored.head);
    map.extend(composite_to_json(&stored.value)?);
    Ok(Value::Object(map))
}

pub(crate) fn head_to_json(def: &ObjectDef, head: &Head) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("id".into(), head.id.to_string().into());
    map.insert("type".into(), def.name.into());
    map.insert("number".into(), head.number.clone().map_or(Value::Null, Value::String));
    map.insert("version".into(), head.version.into());
    map.insert("created_at".into(), head.created_at.to_string().into());
    map.insert("created_by".into(), head.created_by.clone().into());
    map.insert("changed_at".into(), head.changed_at.to_string().into());
    map.insert("changed_by".into(), head.changed_by.clone().into());
    if def.owned {
        let id = |id: Option<ObjectId>| id.map_or(Value::Null, |id| id.to_string().into());
        map.insert("owner".into(), id(head.owner));
        map.insert("team".into(), id(head.team));
    }
    map
}

/// A head row of a list as JSON.
pub fn head_row_to_json(def: &ObjectDef, row: &[Cell]) -> Result<Value, Fault> {
    let mut source = SliceSource::new(row);
    let mut map = Map::new();
    let fixed = def.head.columns[..def.first_field()].iter().enumerate();
    for (position, column) in fixed {
        let value = match crate::cell::read_cell(&mut source, column.ty)? {
            Cell::Null => Value::Null,
            Cell::Int(value) => value.into(),
            Cell::Uuid(id) => id.to_string().into(),
            Cell::Instant(micros) => Instant::from_micros(micros).to_string().into(),
            Cell::Text(text) => text.into(),
            Cell::Bool(value) => value.into(),
            Cell::Date(days) => days.into(),
        };
        // Who looks at a list does not ask for digests.
        if !matches!(position, head_column::HISTORY | head_column::CREATED_IN) {
            map.insert(column.name.clone(), value);
        }
    }
    for field in &def.head_fields {
        let mut source = SliceSource::new(&row[field.column..]);
        map.insert(field.name.to_string(), field_to_json(field.field, &mut source)?);
    }
    Ok(Value::Object(map))
}
