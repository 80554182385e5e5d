//! What a user interface needs to know of objects, verbs and codes.

use serde_json::{Map, Value, json};
use tessera_kernel::{
    Action, ActionTarget, Actor, Cardinality, Catalogues, Code, CompositeDef, Extensions, FieldDef,
    FieldType, Literal, Module, Multiplicity, ObjectEntry, Part, Registry, Sign, TimeConstraint,
    Visibility,
};

/// The whole document.
pub(crate) fn document(
    (registry, extensions): (&Registry, &Extensions),
    catalogues: &Catalogues,
    actor: Option<&Actor>,
) -> Value {
    let modules: Vec<Value> = registry.modules().iter().map(module).collect();
    let objects = registry.modules().iter().flat_map(|module| {
        let objects =
            module.objects.iter().map(|entry| object((registry, extensions), module, entry));
        let objects = objects.filter_map(|object| match actor {
            Some(actor) => reduced((registry, extensions), actor, object),
            None => Some(object),
        });
        objects.collect::<Vec<_>>()
    });
    let codes: Map<String, Value> = catalogues
        .iter()
        .map(|(name, codes)| (name.to_string(), codes.iter().map(Code::as_str).collect()))
        .collect();
    let events: Vec<Value> =
        registry.events().map(|event| json!({ "name": event.name, "help": event.help })).collect();
    json!({
        "modules": modules,
        "objects": objects.collect::<Vec<Value>>(),
        "events": events,
        "catalogues": codes,
    })
}

/// An object type as an actor may know it; none where they may do nothing to such objects.
fn reduced(
    (registry, extensions): (&Registry, &Extensions),
    actor: &Actor,
    mut object: Value,
) -> Option<Value> {
    let def = extensions.told((registry.object(object["name"].as_str()?)?.def)());
    for verb in ["create", "change", "delete"] {
        let possible = object[verb].as_bool() == Some(true) && actor.may(def.name, verb);
        object[verb] = possible.into();
    }
    let permitted = |action: &Value| {
        let action = action["name"].as_str().and_then(|name| registry.action(def.name, name));
        action.is_some_and(|action| action.permit(actor).is_ok())
    };
    let actions = object["actions"].as_array_mut()?;
    actions.retain(permitted);
    if actions.is_empty() && !actor.may(def.name, "read") && object["create"] == false {
        return None;
    }
    let Some(mask) = actor.mask(def) else { return Some(object) };
    let list = def.head_fields.iter().map(|head| mask.of(head.part, head.field.name));
    cover(&mut object["list"], &list.collect::<Vec<_>>());
    let parts = std::mem::take(object["segments"].as_array_mut()?);
    let mut shown = Vec::with_capacity(parts.len());
    for (position, (definition, mut part)) in def.composite.parts.iter().zip(parts).enumerate() {
        let fields = definition.fields.iter().map(|field| mask.of(position, field.name));
        cover(&mut part["fields"], &fields.collect::<Vec<_>>());
        if !mask.hides_part(position) {
            shown.push(part);
        }
    }
    object["segments"] = shown.into();
    for part in object["create_input"].as_array_mut().into_iter().flatten() {
        let name = part["name"].as_str().unwrap_or_default().to_string();
        if let Some(fields) = part["fields"].as_array_mut() {
            fields.retain(|field| {
                mask.named(&name, field["name"].as_str().unwrap_or_default()).is_none()
            });
        }
    }
    Some(object)
}

/// Takes out hidden fields and marks the others that are withheld.
fn cover(fields: &mut Value, withheld: &[Option<Visibility>]) {
    let Some(fields) = fields.as_array_mut() else { return };
    let all = std::mem::take(fields).into_iter().zip(withheld);
    let shown = all.filter(|(_, withheld)| **withheld != Some(Visibility::Hidden));
    *fields = shown
        .map(|(mut field, withheld)| {
            if let Some(withheld) = withheld {
                field["read_only"] = true.into();
                field["masked"] = (*withheld == Visibility::Masked).into();
            }
            field
        })
        .collect();
}

fn module(module: &Module) -> Value {
    json!({ "name": module.name, "owner": module.owner, "help": module.help })
}

fn label(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn object(
    (registry, extensions): (&Registry, &Extensions),
    module: &Module,
    entry: &ObjectEntry,
) -> Value {
    let def = extensions.told((entry.def)());
    let actions: Vec<Value> = registry
        .actions()
        .filter(|it| it.object == def.name)
        .map(|it| action(it, extensions))
        .collect();
    let list: Vec<Value> = def
        .head_fields
        .iter()
        .map(|head| {
            let mut value = field(head.field);
            value["name"] = head.name.into();
            value
        })
        .collect();
    json!({
        "name": def.name,
        "label": label(def.name),
        "help": def.composite.help,
        "module": module.name,
        "number_range": def.numbers,
        "create": entry.create.is_some(),
        "change": entry.change.is_some(),
        "change_custom": def.custom_parts().next().is_some(),
        "delete": entry.delete.is_some(),
        "create_input": entry.create_input.map(|input| parts(&extensions.input(def.name, input()))),
        "list": list,
        "segments": parts(def.composite),
        "actions": actions,
    })
}

fn action(action: &Action, extensions: &Extensions) -> Value {
    let input = extensions.input_of(action);
    let rules: Vec<Value> =
        action.rules.iter().map(|rule| json!({ "name": rule.name, "help": rule.help })).collect();
    let target = match action.target {
        ActionTarget::Object => "object",
        ActionTarget::Collection => "collection",
    };
    json!({
        "name": action.name,
        "label": label(action.name),
        "help": action.help,
        "target": target,
        "input": parts(&input),
        "rules": rules,
    })
}

fn parts(definition: &CompositeDef) -> Vec<Value> {
    definition.parts.iter().map(part).collect()
}

/// What people call a part in English.
fn label_of(part: &Part) -> String {
    let found = part.labels.iter().find(|(language, _)| *language == "en");
    found.map_or_else(|| label(part.name), |(_, label)| (*label).to_string())
}

/// What something is called, by language.
fn labels(labels: &[(&str, &str)]) -> Value {
    labels.iter().map(|(language, label)| ((*language).to_string(), Value::from(*label))).collect()
}

fn part(part: &Part) -> Value {
    let multiplicity = match part.multiplicity {
        Multiplicity::One => "one",
        Multiplicity::Optional => "optional",
        Multiplicity::Many => "many",
    };
    let mut value = json!({
        "name": part.name,
        "label": label_of(part),
        "help": part.help,
        "multiplicity": multiplicity,
        "flatten": part.flatten,
        "fields": part.fields.iter().map(field).collect::<Vec<Value>>(),
    });
    if !part.labels.is_empty() {
        value["labels"] = labels(part.labels);
    }
    if let Some(segment) = part.segment {
        let key: Vec<&str> =
            segment.fields[..segment.key_fields()].iter().map(|field| field.name).collect();
        value["segment"] = segment.name.into();
        value["key"] = key.into();
        value["item_level"] = segment.item_level.into();
        value["time_constraint"] = match segment.cardinality {
            Cardinality::Timed(TimeConstraint::ExactlyOne) => 1.into(),
            Cardinality::Timed(TimeConstraint::AtMostOne) => 2.into(),
            Cardinality::Timed(TimeConstraint::Any) => 3.into(),
            Cardinality::One | Cardinality::Many => Value::Null,
        };
    }
    value
}

fn field(field: &FieldDef) -> Value {
    let mut value = json!({
        "name": field.name,
        "label": field.label(),
        "help": field.help,
        "group": field.group,
        "required": field.required,
        "read_only": field.read_only,
        "indexed": field.index || field.unique,
        "unique": field.unique,
        "list": field.list,
        "multiline": field.multiline,
    });
    value["default"] = match field.default {
        None => Value::Null,
        Some(Literal::Bool(default)) => default.into(),
        Some(Literal::Int(default)) => default.into(),
        Some(Literal::Text(default)) => default.into(),
    };
    if !field.labels.is_empty() {
        value["labels"] = labels(field.labels);
    }
    if let Some(sign) = match field.sign {
        Sign::Any => None,
        Sign::NotNegative => Some("not_negative"),
        Sign::Positive => Some("positive"),
    } {
        value["sign"] = sign.into();
    }
    let (name, detail) = kind(field.kind);
    value["type"] = name.into();
    if let Some((key, detail)) = detail {
        value[key] = detail;
    }
    value
}

/// Name of a field type and what else there is to know of it.
fn kind(kind: FieldType) -> (&'static str, Option<(&'static str, Value)>) {
    match kind {
        FieldType::Text { max } => ("text", Some(("max", max.into()))),
        FieldType::Code { catalogue } => ("code", Some(("catalogue", catalogue.into()))),
        FieldType::Choice(choices) => {
            let choices = choices
                .iter()
                .map(|c| json!({ "code": c.code, "label": label(c.code), "help": c.help }));
            ("choice", Some(("choices", choices.collect())))
        }
        FieldType::Bool => ("bool", None),
        FieldType::Int { least, most } => ("int", Some(("range", json!([least, most])))),
        FieldType::Decimal => ("decimal", None),
        FieldType::Percentage => ("percentage", None),
        FieldType::Money => ("money", None),
        FieldType::Quantity => ("quantity", None),
        FieldType::Currency => ("currency", None),
        FieldType::Unit => ("unit", None),
        FieldType::Date => ("date", None),
        FieldType::Instant => ("instant", None),
        FieldType::LocalDateTime => ("local_date_time", None),
        FieldType::Validity => ("validity", None),
        FieldType::LocalizedText => ("localized_text", None),
        FieldType::Language => ("language", None),
        FieldType::Reference { object } => ("reference", Some(("object", object.into()))),
    }
}
