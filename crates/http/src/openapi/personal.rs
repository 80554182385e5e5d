//! The document as a user may know it: without what their roles withhold.

use serde_json::{Map, Value, json};
use tessera_kernel::{Actor, Extensions, Mask, ObjectDef, Registry, Visibility};

/// Takes out of the document what the actor may not do or see.
pub(super) fn reduce(
    document: &mut Value,
    (registry, extensions): (&Registry, &Extensions),
    actor: &Actor,
) {
    if let Some(paths) = document["paths"].as_object_mut() {
        for item in paths.values_mut().filter_map(Value::as_object_mut) {
            item.retain(|_, operation| is_permitted(operation, registry, actor));
        }
        paths.retain(|_, item| item.as_object().is_none_or(|item| !item.is_empty()));
    }
    for entry in registry.objects() {
        let def = extensions.told((entry.def)());
        if let Some(mask) = actor.mask(def) {
            cover(document, def, &mask);
        }
    }
}

/// Whether the actor may call an operation, by its id: object type and verb.
fn is_permitted(operation: &Value, registry: &Registry, actor: &Actor) -> bool {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let Some((object, verb)) = id.split_once('.') else { return true };
    if registry.object(object).is_none() {
        return true;
    }
    match verb {
        "list" | "get" | "get_by_number" | "changes" | "tokens" | "deliveries" | "dead_letters" => {
            actor.may(object, "read")
        }
        "bulk" => actor.may(object, "create"),
        other => match registry.action(object, other) {
            Some(action) => action.permit(actor).is_ok(),
            None => actor.may(object, other),
        },
    }
}

fn cover(document: &mut Value, def: &'static ObjectDef, mask: &Mask) {
    let list = format!("/api/v1/{}", def.name);
    for (position, part) in def.composite.parts.iter().enumerate() {
        for suffix in ["", "_input", "_change"] {
            let schema = &mut document["components"]["schemas"][format!("{}{suffix}", def.name)];
            if !schema.is_object() {
                continue;
            }
            let is_input = !suffix.is_empty();
            if mask.hides_part(position) && !part.flatten {
                forget(schema, part.name);
                continue;
            }
            let schema = if part.flatten { schema } else { &mut schema["properties"][part.name] };
            for field in part.fields {
                cover_field(schema, field.name, mask.of(position, field.name), is_input);
            }
        }
    }
    for head in &def.head_fields {
        let withheld = mask.of(head.part, head.field.name);
        let row = &mut document["components"]["schemas"][format!("{}_row", def.name)];
        cover_field(row, head.name, withheld, false);
        if mask.shows(head.part, head.field.name) {
            continue;
        }
        if let Some(parameters) = document["paths"][&list]["get"]["parameters"].as_array_mut() {
            parameters.retain(|parameter| {
                let name = parameter["name"].as_str().unwrap_or_default();
                name.split('.').next() != Some(head.name)
            });
        }
    }
}

/// Covers a field in a schema, and in those that it consists of.
fn cover_field(schema: &mut Value, field: &str, withheld: Option<Visibility>, is_input: bool) {
    let Some(withheld) = withheld else { return };
    if is_input || withheld == Visibility::Hidden {
        forget(schema, field);
    } else if withheld == Visibility::Masked {
        each(schema, &mut |members| {
            if let Some(known) = members.get_mut("properties").and_then(|p| p.get_mut(field)) {
                *known = json!({ "const": "***", "description": "Not shown to you." });
            }
        });
    }
}

fn forget(schema: &mut Value, field: &str) {
    each(schema, &mut |members| {
        if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
            properties.shift_remove(field);
        }
        if let Some(required) = members.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| name != field);
        }
    });
}

/// Visits a schema of an object, or of an array or a choice of objects.
fn each(schema: &mut Value, visit: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Some(members) = schema.as_object_mut() else { return };
    visit(members);
    if let Some(items) = members.get_mut("items") {
        each(items, visit);
    }
    for choice in members.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
        each(choice, visit);
    }
}
