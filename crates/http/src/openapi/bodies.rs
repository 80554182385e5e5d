//! Bodies that are not simply an object or its input.

use serde_json::{Value, json};
use tessera_kernel::{Action, Answer, CompositeDef, schema};

use super::reference;

/// What a verb answers.
pub(super) fn answer(action: &Action) -> Value {
    let member = |name: &str, schema: Value| json!({ "type": "object", "properties": { name: schema }, "required": [name] });
    let shown = match action.answer {
        Answer::Report => json!({ "type": "object" }),
        Answer::Object(name) => reference(name),
        Answer::Head => head(),
        Answer::Member(name, object) => member(name, reference(object)),
        Answer::Members(name, object) => {
            member(name, json!({ "type": "array", "items": reference(object) }))
        }
    };
    let Some(secret) = action.secret else { return shown };
    let help = "Told this once; not in the answer to a repeated call.";
    let told = json!({
        "type": "object",
        "properties": { secret: { "type": "string", "description": help } },
    });
    json!({ "allOf": [shown, told] })
}

/// What an object is known by.
fn head() -> Value {
    json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "number": { "type": ["string", "null"] },
            "version": { "type": "integer" },
        },
        "required": ["id", "number", "version"],
    })
}

/// The answer to a bulk call: the outcome of each record, in order.
pub(super) fn bulk_answer(name: &str) -> Value {
    let mut made = head();
    made["properties"]["type"] = json!({ "const": name });
    made["properties"]["status"] = json!({ "type": "integer", "const": 201 });
    let refused = json!({
        "type": "object",
        "properties": { "status": { "type": "integer" }, "problem": reference("problem") },
        "required": ["status", "problem"],
    });
    json!({
        "type": "object",
        "properties": {
            "created": { "type": "integer" },
            "failed": { "type": "integer" },
            "results": { "type": "array", "items": { "anyOf": [made, refused] } },
        },
        "required": ["created", "failed", "results"],
    })
}

/// The body of a change: like that of a new object, with nothing required. A segment with one row
/// takes the fields given, `null` clears an optional one, an array replaces the records.
pub(super) fn change_schema(input: &CompositeDef) -> Value {
    let mut schema = schema::composite(input, true);
    let strip = |schema: &mut Value| {
        if let Some(members) = schema.as_object_mut() {
            members.remove("required");
        }
    };
    strip(&mut schema);
    let parts = schema["properties"].as_object_mut();
    for part in parts.into_iter().flat_map(|parts| parts.values_mut()) {
        match part["oneOf"].as_array_mut() {
            Some(choices) => choices.iter_mut().for_each(strip),
            None => strip(part),
        }
    }
    schema
}
