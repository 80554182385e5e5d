//! The API as an OpenAPI 3.1 document.

mod bodies;
mod identity;
mod past;
mod personal;

use serde_json::{Map, Value, json};
use tessera_kernel::{
    Action, ActionTarget, Actor, CompositeDef, Extensions, Module, ObjectDef, ObjectEntry,
    Registry, schema, with_article,
};

use self::bodies::{answer, bulk_answer, change_schema};
use crate::filter;

/// The document as an actor may know it.
pub(crate) fn document_for(registry: &Registry, extensions: &Extensions, actor: &Actor) -> Value {
    let mut document = document(registry, extensions);
    personal::reduce(&mut document, (registry, extensions), actor);
    document
}

/// The whole document.
pub(crate) fn document(registry: &Registry, extensions: &Extensions) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    schemas.insert("problem".into(), problem());
    for module in registry.modules() {
        for entry in &module.objects {
            add_object((module, extensions), entry, &mut paths, &mut schemas);
        }
        for action in &module.actions {
            add_action((module, extensions), action, &mut paths, &mut schemas);
        }
    }
    identity::add(&mut paths);
    add_platform(&mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tessera",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "CRM and sales & distribution. Errors are problem details (RFC 9457).",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, { "session": [] }],
        "tags": registry.modules().iter()
            .map(|module| json!({ "name": module.name, "description": module.help }))
            .collect::<Vec<Value>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "tessera_session" },
            },
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": { "type": "array", "items": {
                "type": "object",
                "properties": { "path": { "type": "string" }, "message": { "type": "string" } },
                "required": ["path", "message"],
            } },
            "changes": { "type": "array", "items": { "type": "object" } },
            "request": { "type": "string", "description": "X-Request-Id of the answer." },
        },
        "required": ["type", "title", "status", "detail"],
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn body(schema: &Value, required: bool) -> Value {
    json!({ "required": required, "content": content(schema) })
}

fn parameter(name: &str, place: &str, help: &str) -> Value {
    json!({
        "name": name,
        "in": place,
        "description": help,
        "required": place == "path",
        "schema": { "type": "string" },
    })
}

/// An operation with its answer, and problems for everything else.
fn operation(tag: &str, id: &str, help: &str, status: &str, answer: Option<&Value>) -> Value {
    let mut success = json!({ "description": "Done." });
    if let Some(schema) = answer {
        success["content"] = content(schema);
    }
    let problem = json!({
        "description": "What is wrong, and the way out.",
        "content": { "application/problem+json": { "schema": reference("problem") } },
    });
    json!({
        "tags": [tag],
        "operationId": id,
        "summary": help,
        "parameters": [],
        "responses": { status: success, "default": problem },
    })
}

fn with(mut operation: Value, parameters: Vec<Value>) -> Value {
    if let Some(known) = operation["parameters"].as_array_mut() {
        known.extend(parameters);
    }
    operation
}

fn with_body(mut operation: Value, body: Value) -> Value {
    operation["requestBody"] = body;
    operation
}

fn put(paths: &mut Map<String, Value>, path: &str, method: &str, operation: Value) {
    let item = paths.entry(path.to_string()).or_insert_with(|| json!({}));
    item[method] = operation;
}

fn key() -> Value {
    let help = "A repeated call with the same key has its effect once and gets the same answer.";
    parameter("Idempotency-Key", "header", help)
}

fn if_match(required: bool) -> Value {
    let mut value = parameter("If-Match", "header", "The ETag that the change is based on.");
    value["required"] = required.into();
    value
}

fn id() -> Value {
    let mut value = parameter("id", "path", "Id of the object.");
    value["schema"]["format"] = "uuid".into();
    value
}

fn add_object(
    (module, extensions): (&Module, &Extensions),
    entry: &ObjectEntry,
    paths: &mut Map<String, Value>,
    schemas: &mut Map<String, Value>,
) {
    let def = extensions.told((entry.def)());
    let (name, tag) = (def.name, module.name);
    schemas.insert(name.into(), schema::object(def));
    schemas.insert(format!("{name}_row"), schema::head_row(def));
    let (all, one) = (format!("/api/v1/{name}"), format!("/api/v1/{name}/{{id}}"));
    let shown = reference(name);
    put(paths, &all, "get", list(tag, def));
    let get = operation(
        tag,
        &format!("{name}.get"),
        &format!("Shows {}.", with_article(name)),
        "200",
        Some(&shown),
    );
    put(paths, &one, "get", with(get.clone(), vec![id()]));
    let mut by_number = with(get, vec![parameter("number", "path", "Its number.")]);
    by_number["operationId"] = format!("{name}.get_by_number").into();
    put(paths, &format!("{all}/by-number/{{number}}"), "get", by_number);
    past::add_object(tag, entry, paths);
    if entry.create.is_some() {
        add_create((tag, extensions), entry, paths, schemas);
    }
    let custom = CompositeDef {
        parts: def.custom_parts().cloned().collect(),
        ..CompositeDef::clone(def.composite)
    };
    let changes = match (entry.change, entry.change_input) {
        (None, _) => Some(custom).filter(|custom| !custom.parts.is_empty()),
        (Some(_), Some(input)) => Some(extensions.input(name, input()).into_owned()),
        (Some(_), None) => Some(def.composite.clone()),
    };
    if let Some(input) = changes {
        let help = format!("Changes {}: the fields and segments given.", with_article(name));
        let change = operation(tag, &format!("{name}.change"), &help, "200", Some(&shown));
        schemas.insert(format!("{name}_change"), change_schema(&input));
        let change = with_body(change, body(&reference(&format!("{name}_change")), true));
        put(paths, &one, "patch", with(change, vec![id(), if_match(true)]));
    }
    if entry.delete.is_some() {
        let help = format!("Deletes {}.", with_article(name));
        let delete = operation(tag, &format!("{name}.delete"), &help, "204", None);
        put(paths, &one, "delete", with(delete, vec![id(), if_match(true)]));
    }
}

fn list(tag: &str, def: &ObjectDef) -> Value {
    let name = def.name;
    let page = json!({
        "type": "object",
        "properties": {
            "items": { "type": "array", "items": reference(&format!("{name}_row")) },
            "next": { "type": ["string", "null"], "description": "Cursor of the next page." },
        },
        "required": ["items", "next"],
    });
    let mut parameters = vec![
        parameter("sort", "query", "An indexed field; with `-` before it the largest first."),
        parameter("limit", "query", "Rows per page, 1 to 200."),
        parameter("cursor", "query", "The `next` of the page before."),
    ];
    for (name, help) in filter::parameters(def) {
        parameters.push(parameter(&name, "query", &help));
    }
    let help = format!("Lists {name}, newest first.");
    with(operation(tag, &format!("{name}.list"), &help, "200", Some(&page)), parameters)
}

fn add_create(
    (tag, extensions): (&str, &Extensions),
    entry: &ObjectEntry,
    paths: &mut Map<String, Value>,
    schemas: &mut Map<String, Value>,
) {
    let def = extensions.told((entry.def)());
    let name = def.name;
    let input = match entry.create_input {
        Some(input) => schema::composite(&extensions.input(name, input()), true),
        None => {
            let mut input = schema::composite(def.composite, true);
            input["properties"]["number"] = json!({
                "type": ["string", "null"],
                "maxLength": 40,
                "description": "Number given from outside; without it one is drawn.",
            });
            input
        }
    };
    schemas.insert(format!("{name}_input"), input);
    let input = reference(&format!("{name}_input"));
    let help = format!("Makes {}.", with_article(name));
    let create = operation(tag, &format!("{name}.create"), &help, "201", Some(&reference(name)));
    let prefer = parameter("Prefer", "header", "`return=minimal` answers the head only.");
    let create = with(with_body(create, body(&input, true)), vec![key(), prefer]);
    put(paths, &format!("/api/v1/{name}"), "post", create);
    let help = format!("Makes many of {name}, each on its own, or all or none.");
    let result = bulk_answer(name);
    let bulk = operation(tag, &format!("{name}.bulk"), &help, "200", Some(&result));
    let records = json!({
        "required": true,
        "content": {
            "application/json": { "schema": { "type": "array", "items": input } },
            "application/x-ndjson": { "schema": { "type": "string" } },
        },
    });
    let atomic = parameter("atomic", "query", "`true`: all or none.");
    let bulk = with(with_body(bulk, records), vec![key(), atomic]);
    put(paths, &format!("/api/v1/{name}/bulk"), "post", bulk);
}

fn add_action(
    (module, extensions): (&Module, &Extensions),
    action: &Action,
    paths: &mut Map<String, Value>,
    schemas: &mut Map<String, Value>,
) {
    let name = format!("{}_{}_input", action.object, action.name);
    let input = schema::composite(&extensions.input_of(action), true);
    let required = input["required"].as_array().is_some_and(|names| !names.is_empty());
    schemas.insert(name.clone(), input);
    let id_text = format!("{}.{}", action.object, action.name);
    let answer = answer(action);
    let mut verb = operation(module.name, &id_text, action.help, "200", Some(&answer));
    if !action.rules.is_empty() {
        let rules = action.rules.iter().map(|rule| format!("- {}: {}", rule.name, rule.help));
        let rules: Vec<String> = rules.collect();
        verb["description"] = format!("Rules, in order:\n\n{}", rules.join("\n")).into();
    }
    let verb = with_body(verb, body(&reference(&name), required));
    let (path, verb) = match action.target {
        ActionTarget::Collection => {
            (format!("/api/v1/{}/{}", action.object, action.name), with(verb, vec![key()]))
        }
        ActionTarget::Object => (
            format!("/api/v1/{}/{{id}}/{}", action.object, action.name),
            with(verb, vec![id(), key(), if_match(false)]),
        ),
    };
    put(paths, &path, "post", verb);
}

/// Paths that belong to no object.
fn add_platform(paths: &mut Map<String, Value>) {
    let any = json!({ "type": "object" });
    for (path, name, help) in [
        ("deliveries", "deliveries", "Lists the last tries to reach a webhook."),
        ("dead-letters", "dead_letters", "Lists the events that a webhook refused too often."),
    ] {
        let shown = operation("events", &format!("webhook.{name}"), help, "200", Some(&any));
        put(paths, &format!("/api/v1/webhook/{{id}}/{path}"), "get", with(shown, vec![id()]));
    }
    let metadata =
        operation("identity", "metadata.get", "What a user interface needs.", "200", Some(&any));
    put(paths, "/api/v1/metadata", "get", metadata);
    past::add_platform("identity", paths);
}
