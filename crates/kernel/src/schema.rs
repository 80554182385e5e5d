//! Definitions as JSON Schema 2020-12, the dialect of OpenAPI 3.1.

use serde_json::{Map, Value, json};

use crate::{CompositeDef, FieldDef, FieldType, Multiplicity, ObjectDef, Part, Sign};

/// Schema of one field.
pub fn field(definition: &FieldDef) -> Value {
    let mut schema = kind(definition.kind);
    if !definition.required {
        let ty = schema["type"].take();
        schema["type"] = match ty {
            Value::String(name) => json!([name, "null"]),
            Value::Array(mut names) => {
                names.push("null".into());
                Value::Array(names)
            }
            other => other,
        };
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    let mut help = definition.help.to_string();
    match definition.sign {
        Sign::Any => {}
        Sign::NotNegative => help.push_str(" Zero or more."),
        Sign::Positive => help.push_str(" More than zero."),
    }
    schema["title"] = definition.label().into();
    schema["description"] = help.into();
    if definition.read_only {
        schema["readOnly"] = true.into();
    }
    schema
}

fn kind(kind: FieldType) -> Value {
    let decimal = r"^-?[0-9]{1,13}(\.[0-9]{1,6})?$";
    match kind {
        FieldType::Text { max } => json!({ "type": "string", "maxLength": max }),
        FieldType::Code { catalogue } => {
            let mut schema = json!({ "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,16}$" });
            if !catalogue.is_empty() {
                schema["x-catalogue"] = catalogue.into();
            }
            schema
        }
        FieldType::Choice(choices) => {
            let codes: Vec<&str> = choices.iter().map(|choice| choice.code).collect();
            json!({ "type": "string", "enum": codes })
        }
        FieldType::Bool => json!({ "type": "boolean" }),
        FieldType::Int { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        FieldType::Decimal | FieldType::Percentage => {
            json!({ "type": ["string", "number"], "pattern": decimal })
        }
        FieldType::Money => pair(("amount", decimal), ("currency", "^[A-Z]{3}$")),
        FieldType::Quantity => pair(("value", decimal), ("unit", "^[A-Z0-9]{1,6}$")),
        FieldType::Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
        FieldType::Unit => json!({ "type": "string", "pattern": "^[A-Z0-9]{1,6}$" }),
        FieldType::Date => json!({ "type": "string", "format": "date" }),
        FieldType::Instant => json!({ "type": "string", "format": "date-time" }),
        FieldType::LocalDateTime => json!({
            "type": "string",
            "examples": ["2026-03-29T09:30:00[Europe/Berlin]"],
        }),
        FieldType::Validity => json!({
            "type": "object",
            "properties": {
                "from": { "type": "string", "format": "date" },
                "to": { "type": "string", "format": "date" },
            },
            "required": ["from", "to"],
            "additionalProperties": false,
        }),
        FieldType::LocalizedText => json!({
            "type": "object",
            "additionalProperties": { "type": "string" },
        }),
        FieldType::Language => json!({ "type": "string", "examples": ["en", "zh-Hans"] }),
        FieldType::Reference { object } => {
            let mut schema = json!({ "type": "string", "format": "uuid" });
            if !object.is_empty() {
                schema["x-object"] = object.into();
            }
            schema
        }
    }
}

fn pair(first: (&str, &str), second: (&str, &str)) -> Value {
    let mut properties = Map::new();
    properties.insert(first.0.into(), json!({ "type": ["string", "number"], "pattern": first.1 }));
    properties.insert(second.0.into(), json!({ "type": "string", "pattern": second.1 }));
    json!({
        "type": "object",
        "properties": properties,
        "required": [first.0, second.0],
        "additionalProperties": false,
    })
}

/// Schema of one record. As input, read-only fields are left out.
pub fn record(fields: &[FieldDef], input: bool) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for definition in fields.iter().filter(|field| !(input && field.read_only)) {
        properties.insert(definition.name.into(), field(definition));
        if definition.required && !(input && definition.default.is_some()) {
            required.push(definition.name);
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Schema of a composite.
pub fn composite(definition: &CompositeDef, input: bool) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<String> = Vec::new();
    for part in &definition.parts {
        let mut schema = record(part.fields, input);
        if part.flatten {
            if let Value::Object(fields) = schema["properties"].take() {
                properties.extend(fields);
            }
            let names = schema["required"].as_array().into_iter().flatten();
            required.extend(names.filter_map(Value::as_str).map(str::to_string));
            continue;
        }
        if is_required(part, &schema, input) {
            required.push(part.name.to_string());
        }
        schema["description"] = part.help.into();
        let schema = match part.multiplicity {
            Multiplicity::One => schema,
            Multiplicity::Optional => json!({ "oneOf": [schema, { "type": "null" }] }),
            Multiplicity::Many => {
                json!({ "type": "array", "items": schema, "description": part.help })
            }
        };
        properties.insert(part.name.into(), schema);
    }
    json!({
        "type": "object",
        "description": definition.help,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn is_required(part: &Part, schema: &Value, input: bool) -> bool {
    let has_required = schema["required"].as_array().is_some_and(|names| !names.is_empty());
    part.multiplicity == Multiplicity::One && (!input || has_required)
}

/// Who is responsible, where somebody is.
const OWNED: [&str; 2] = ["owner", "team"];

/// Schema of a stored object: head members and segments.
pub fn object(definition: &ObjectDef) -> Value {
    let mut schema = composite(definition.composite, false);
    let head = json!({
        "id": { "type": "string", "format": "uuid" },
        "type": { "const": definition.name },
        "number": { "type": ["string", "null"] },
        "version": { "type": "integer" },
        "created_at": { "type": "string", "format": "date-time" },
        "created_by": { "type": "string" },
        "changed_at": { "type": "string", "format": "date-time" },
        "changed_by": { "type": "string" },
    });
    if let (Some(properties), Value::Object(head)) = (schema["properties"].as_object_mut(), head) {
        properties.extend(head);
        for name in OWNED.iter().filter(|_| definition.owned) {
            let id = json!({ "type": ["string", "null"], "format": "uuid" });
            properties.insert((*name).into(), id);
        }
    }
    schema
}

/// Schema of a row of a list: the head row.
pub fn head_row(definition: &ObjectDef) -> Value {
    let mut schema = object(definition);
    let mut properties = Map::new();
    for name in ["id", "number", "version", "created_at", "created_by", "changed_at", "changed_by"]
    {
        properties.insert(name.into(), schema["properties"][name].take());
    }
    for name in OWNED.iter().filter(|_| definition.owned) {
        properties.insert((*name).into(), schema["properties"][name].take());
    }
    for head in &definition.head_fields {
        properties.insert(head.name.into(), field(head.field));
    }
    json!({ "type": "object", "properties": properties })
}

#[cfg(test)]
mod tests;
