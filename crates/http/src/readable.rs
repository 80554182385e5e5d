//! Changes as people read them: with labels, units and currencies, and other objects by number and name.

use hashbrown::HashMap;
use serde_json::{Value, json};
use tessera_kernel::{
    Actor, Cell, Condition, Fault, FieldChange, FieldDef, FieldType, ObjectDef, ObjectId, Operator,
    SegmentDef, Select, Tx, VersionChange, head_column,
};

/// Objects asked for at a time.
const CHUNK: usize = 200;

/// What objects are called, as far as the reader may know.
#[derive(Default)]
pub(crate) struct Names(HashMap<ObjectId, String>);

/// Makes texts in a language.
pub(crate) struct Reader<'r> {
    /// Who reads: what their roles withhold is not told.
    pub(crate) actor: &'r Actor,
    /// Language of translated texts; where there is none in it, English, else any.
    pub(crate) language: &'r str,
    pub(crate) names: Names,
}

/// Objects by their type.
pub(crate) type Named = HashMap<&'static str, Vec<ObjectId>>;

impl Names {
    /// Looks up what objects are called.
    pub(crate) fn find(tx: &mut Tx<'_>, wanted: &Named) -> Result<Self, Fault> {
        let mut names = Self::default();
        let registry = &tx.environment().registry;
        for (kind, ids) in wanted {
            let Some(entry) = registry.object(kind) else { continue };
            if !may_read(tx.actor(), (entry.def)().name) {
                continue;
            }
            for ids in ids.chunks(CHUNK) {
                names.find_some(tx, (entry.def)(), ids)?;
            }
        }
        Ok(names)
    }

    fn find_some(
        &mut self,
        tx: &mut Tx<'_>,
        def: &'static ObjectDef,
        ids: &[ObjectId],
    ) -> Result<(), Fault> {
        let mask = tx.actor().mask(def);
        let name = ["name", "description", "login"].iter().find_map(|name| {
            let field = def.head_fields.iter().find(|head| head.field.name == *name)?;
            if mask.as_ref().is_some_and(|mask| !mask.shows(field.part, name)) {
                return None;
            }
            (field.width == 1).then_some((field.column, field.field.kind))
        });
        let mut columns = vec![head_column::ID, head_column::NUMBER];
        columns.extend(name.filter(|(_, kind)| is_text(*kind)).map(|(column, _)| column));
        let actor = tx.actor();
        let values = ids.iter().map(|id| Cell::Uuid(id.0)).collect();
        let any = Condition { column: head_column::ID, operator: Operator::In, values };
        let has_name = columns.len() > 2;
        let mut query = Select::from(def.head, &columns).filter(any);
        query.scope = (*actor.rows(def, "read")).clone();
        tx.select(&query, &mut |row| {
            let Some(id) = row.uuid()? else { return Ok(()) };
            let number = row.text()?.unwrap_or_default().to_string();
            let name = if has_name { row.text()?.unwrap_or_default() } else { "" };
            self.0.insert(ObjectId(id), format!("{number} {name}").trim().to_string());
            Ok(())
        })
    }

    /// What an object is called.
    pub(crate) fn of(&self, id: ObjectId) -> Option<&str> {
        self.0.get(&id).map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// Whether an actor may see objects of a type.
pub(crate) fn may_read(actor: &Actor, kind: &'static str) -> bool {
    actor.require(kind, "read").is_ok()
}

fn is_text(kind: FieldType) -> bool {
    matches!(kind, FieldType::Text { .. } | FieldType::Code { .. })
}

/// The segment of a change, if the object type still has it.
fn segment(
    def: &'static ObjectDef,
    change: &FieldChange,
) -> Option<(&'static str, &'static SegmentDef)> {
    def.composite.parts.iter().find_map(|part| {
        let segment = part.segment.filter(|segment| segment.name == change.segment)?;
        Some((part.name, segment))
    })
}

fn value(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| {
        serde_json::from_str(text).unwrap_or_else(|_| text.clone().into())
    })
}

/// Notes the objects that changes refer to.
pub(crate) fn references(def: &'static ObjectDef, changes: &[FieldChange], named: &mut Named) {
    for change in changes {
        if change.is_of_head() {
            let ids = [&change.old, &change.new].into_iter().flatten();
            let ids = ids.filter_map(|text| text.trim_matches('"').parse::<ObjectId>().ok());
            let kind = if change.field == "team" { "team" } else { "user" };
            named.entry(kind).or_default().extend(ids);
            continue;
        }
        let Some((_, segment)) = segment(def, change) else { continue };
        for side in [&change.old, &change.new] {
            let value = value(side.as_ref());
            for field in segment.fields {
                let FieldType::Reference { object } = field.kind else { continue };
                let stands = if change.field.is_empty() { &value[field.name] } else { &value };
                let is_it = change.field.is_empty() || change.field == field.name;
                let id: Option<ObjectId> =
                    stands.as_str().filter(|_| is_it).and_then(|text| text.parse().ok());
                named.entry(object).or_default().extend(id);
            }
        }
    }
}

impl Reader<'_> {
    /// One version of an object.
    pub(crate) fn version(&self, def: &'static ObjectDef, version: &VersionChange) -> Value {
        let mask = self.actor.mask(def);
        let changes = version.changes.iter().filter(|change| !change.is_mark());
        let there = changes.filter_map(|change| def.told_change(change));
        let told = there.filter_map(|change| match &mask {
            Some(mask) => Some(self.change(def, &mask.cover_line(&change)?)),
            None => Some(self.change(def, &change)),
        });
        let changes: Vec<Value> = told.collect();
        json!({
            "version": version.version,
            "deed": version.deed.name(),
            "at": version.at.to_string(),
            "actor": version.actor,
            "source": (!version.source.is_empty()).then_some(&version.source),
            "via": version.via,
            "request": version.request,
            "change_set": version.change_set.map(|set| set.to_string()),
            "changes": changes,
        })
    }

    fn change(&self, def: &'static ObjectDef, change: &FieldChange) -> Value {
        let found = segment(def, change);
        let field = found.and_then(|(_, segment)| {
            segment.fields.iter().find(|field| field.name == change.field)
        });
        let (old, new) = (value(change.old.as_ref()), value(change.new.as_ref()));
        let text = |value: &Value| match (field, found, value) {
            (_, _, Value::Null) => None,
            (Some(field), _, value) => Some(self.text(field, value)),
            (None, Some((_, segment)), Value::Object(record)) if change.field.is_empty() => {
                let fields = segment.fields.iter().filter_map(|field| {
                    let value = record.get(field.name).filter(|value| !value.is_null())?;
                    Some(format!("{}: {}", field.label_in(self.language), self.text(field, value)))
                });
                Some(fields.collect::<Vec<String>>().join("; "))
            }
            (_, _, Value::String(id)) if change.is_of_head() => {
                let named = id.parse().ok().and_then(|id| self.names.of(id));
                Some(named.map_or_else(|| id.clone(), str::to_string))
            }
            (.., other) => Some(plain(other)),
        };
        let label = match (field, found) {
            (Some(field), _) => field.label_in(self.language),
            (None, Some((part, _))) if change.field.is_empty() => label(part),
            _ => label(&change.field),
        };
        json!({
            "part": found.map(|(part, _)| part),
            "segment": change.segment,
            "record": change.record,
            "field": change.field,
            "label": label,
            "old_text": text(&old),
            "new_text": text(&new),
            "old": old,
            "new": new,
        })
    }

    /// A value as people read it.
    fn text(&self, field: &FieldDef, value: &Value) -> String {
        let both = |first: &str, second: &str| {
            format!("{} {}", plain(&value[first]), plain(&value[second]))
        };
        match (field.kind, value) {
            (_, Value::Null) => String::new(),
            (FieldType::Bool, Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_string(),
            (FieldType::Choice(_), Value::String(code)) => label(code),
            (FieldType::Percentage, value) => format!("{} %", plain(value)),
            (FieldType::Money, Value::Object(_)) => both("amount", "currency"),
            (FieldType::Quantity, Value::Object(_)) => both("value", "unit"),
            (FieldType::Validity, Value::Object(_)) => match value["to"].as_str() {
                Some("9999-12-31") => format!("from {}", plain(&value["from"])),
                _ => format!("{} to {}", plain(&value["from"]), plain(&value["to"])),
            },
            (FieldType::LocalizedText, Value::Object(texts)) => {
                let found = texts.get(self.language).or_else(|| texts.get("en"));
                found.or_else(|| texts.values().next()).map(plain).unwrap_or_default()
            }
            (FieldType::Reference { .. }, Value::String(id)) => {
                let named = id.parse().ok().and_then(|id| self.names.of(id));
                named.map_or_else(|| id.clone(), str::to_string)
            }
            (_, other) => plain(other),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

fn label(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
