//! What was, in the document: changes, history, former states, restoring.

use serde_json::{Map, Value, json};
use tessera_kernel::{Composite as _, ObjectEntry, Restore, schema, with_article};

use super::{body, id, if_match, operation, parameter, put, reference, with, with_body};

/// Paths of an object type.
pub(super) fn add_object(tag: &str, entry: &ObjectEntry, paths: &mut Map<String, Value>) {
    let def = (entry.def)();
    let (name, one) = (def.name, format!("/api/v1/{}/{{id}}", def.name));
    put(paths, &format!("{one}/changes"), "get", changes(tag, name));
    let help = format!("Tells, newest first, what became of {}.", with_article(name));
    let answer = page(&version(), &["id", "type", "version"]);
    let history = operation(tag, &format!("{name}.history"), &help, "200", Some(&answer));
    let history = with(history, [vec![id()], paging("Versions"), vec![language()]].concat());
    put(paths, &format!("{one}/history"), "get", history);
    let help = format!("Shows {} as it was at a version or a time.", with_article(name));
    let state = json!({
        "type": "object",
        "properties": {
            "object": reference(name),
            "unknown": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["object", "unknown"],
    });
    let as_of = operation(tag, &format!("{name}.as_of"), &help, "200", Some(&state));
    let mut at = parameter("at", "query", "Moment; else give `version`.");
    at["schema"]["format"] = "date-time".into();
    let mut version = parameter("version", "query", "Version; else give `at`.");
    version["schema"] = json!({ "type": "integer", "minimum": 1 });
    put(paths, &format!("{one}/as-of"), "get", with(as_of, vec![id(), version, at]));
    if entry.change.is_none() || entry.change_input.is_some() {
        return;
    }
    let help = format!("Sets former values of {} again, as a new change.", with_article(name));
    let tried = json!({
        "type": "object",
        "description": "What would change, where it is only tried.",
        "properties": { "changes": { "type": "array", "items": change() } },
        "required": ["changes"],
    });
    let answer = json!({ "anyOf": [reference(name), tried] });
    let restore = operation(tag, &format!("{name}.restore"), &help, "200", Some(&answer));
    let restore = with_body(restore, body(&schema::composite(Restore::composite(), true), true));
    put(paths, &format!("{one}/restore"), "post", with(restore, vec![id(), if_match(true)]));
}

/// The search over all objects.
pub(super) fn add_platform(tag: &str, paths: &mut Map<String, Value>) {
    let mut found = version();
    found["properties"]["type"] = json!({ "type": "string" });
    found["properties"]["id"] = json!({ "type": "string", "format": "uuid" });
    found["properties"]["name"] = json!({ "type": ["string", "null"] });
    let answer = page(&found, &[]);
    let help = "Searches the history of all objects, newest first. A page may have fewer rows, or none, and \
                a `next` all the same.";
    let search = operation(tag, "history.search", help, "200", Some(&answer));
    let mut parameters: Vec<Value> = [
        ("actor", "Login of who did it."),
        ("source", "Where from: session, token, import, command_line, system or migration."),
        ("via", "Name of the token, the file of an import, the job."),
        ("request", "Request of the API, or run of an import."),
        ("from", "Not before this moment."),
        ("until", "Before this moment."),
        ("type", "Object type."),
        ("object", "Id of an object."),
        ("field", "Name of a changed field."),
        ("old", "Text in the former value."),
        ("new", "Text in the new value."),
    ]
    .map(|(name, help)| parameter(name, "query", help))
    .to_vec();
    for parameter in &mut parameters {
        match parameter["name"].as_str() {
            Some("from" | "until") => parameter["schema"]["format"] = "date-time".into(),
            Some("object") => parameter["schema"]["format"] = "uuid".into(),
            _ => {}
        }
    }
    parameters.extend(paging("Rows"));
    parameters.push(language());
    put(paths, "/api/v1/history", "get", with(search, parameters));
}

fn paging(what: &str) -> Vec<Value> {
    let mut limit = parameter("limit", "query", &format!("{what} per page, 1 to 200."));
    limit["schema"] = json!({ "type": "integer", "minimum": 1, "maximum": 200 });
    vec![limit, parameter("cursor", "query", "The `next` of the page before.")]
}

fn language() -> Value {
    parameter("language", "query", "Language of translated texts; else English.")
}

fn page(item: &Value, more: &[&str]) -> Value {
    let mut required = vec!["items", "next"];
    required.extend(more);
    json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "type": { "type": "string" },
            "number": { "type": ["string", "null"] },
            "version": { "type": "integer" },
            "items": { "type": "array", "items": item },
            "next": { "type": ["string", "null"], "description": "Cursor of the next page." },
        },
        "required": required,
    })
}

/// A version with what it came from.
fn version() -> Value {
    let text = || json!({ "type": ["string", "null"] });
    json!({
        "type": "object",
        "properties": {
            "version": { "type": "integer" },
            "deed": { "enum": ["created", "changed", "deleted", "begun", "cut"] },
            "at": { "type": "string", "format": "date-time" },
            "actor": { "type": "string" },
            "source": text(),
            "via": text(),
            "request": text(),
            "change_set": text(),
            "changes": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "part": text(),
                    "segment": { "type": "string" },
                    "record": { "type": "string" },
                    "field": { "type": "string" },
                    "label": { "type": "string" },
                    "old": {},
                    "new": {},
                    "old_text": text(),
                    "new_text": text(),
                },
            } },
        },
        "required": ["version", "deed", "at", "actor", "changes"],
    })
}

/// A change document.
fn change() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "version": { "type": "integer" },
            "at": { "type": "string", "format": "date-time" },
            "actor": text(),
            "source": text(),
            "segment": text(),
            "record": text(),
            "field": text(),
            "old": {},
            "new": {},
        },
    })
}

/// The change documents of an object.
fn changes(tag: &str, name: &str) -> Value {
    let text = || json!({ "type": "string" });
    let shown = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "version": { "type": "integer" },
            "created_at": { "type": "string", "format": "date-time" },
            "created_by": text(),
            "deleted_at": { "type": "string", "format": "date-time" },
            "deleted_by": text(),
            "items": { "type": "array", "items": change() },
            "next": { "type": ["string", "null"], "description": "Cursor of the next page." },
        },
        "required": ["id", "version", "items", "next"],
    });
    let help = format!(
        "Shows what changed of {}, when and by whom, also after its deletion.",
        with_article(name)
    );
    let changes = operation(tag, &format!("{name}.changes"), &help, "200", Some(&shown));
    let parameters = vec![
        id(),
        parameter("after", "query", "Only what changed after this version."),
        parameter("limit", "query", "Changes per page, 1 to 1000."),
        parameter("cursor", "query", "The `next` of the page before."),
    ];
    with(changes, parameters)
}
