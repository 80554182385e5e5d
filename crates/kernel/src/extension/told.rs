//! What histories tell of parts made at run time: nothing of what is retired.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{FieldChange, ObjectDef, Part};

/// Tables of segments made at run time begin so: those of the program do not.
const PREFIX: &str = "x_";

impl ObjectDef {
    /// The same of a change as JSON.
    pub fn told_change_as_json(&self, mut change: Value) -> Option<Value> {
        let text = |name: &str| change[name].as_str().unwrap_or_default().to_string();
        let (segment, field) = (text("segment"), text("field"));
        if !segment.starts_with(PREFIX) {
            return Some(change);
        }
        let part = self.told_part(&segment)?;
        if !field.is_empty() {
            return tells(part, &field).then_some(change);
        }
        for side in ["old", "new"] {
            if let Some(record) = change[side].as_object_mut() {
                record.retain(|name, _| tells(part, name));
            }
        }
        Some(change)
    }

    fn told_part(&self, segment: &str) -> Option<&Part> {
        let is_it = |part: &&Part| part.segment.is_some_and(|known| known.name == segment);
        self.composite.parts.iter().find(is_it)
    }

    /// A change as far as its part and its field are there; none where they are not, because they are retired.
    pub fn told_change<'c>(&self, change: &'c FieldChange) -> Option<Cow<'c, FieldChange>> {
        if !change.segment.starts_with(PREFIX) {
            return Some(Cow::Borrowed(change));
        }
        let part = self.told_part(&change.segment)?;
        if !change.field.is_empty() {
            return tells(part, &change.field).then_some(Cow::Borrowed(change));
        }
        let told = |text: &Option<String>| {
            let record: Map<String, Value> = serde_json::from_str(text.as_deref()?).ok()?;
            let kept: Map<String, Value> =
                record.into_iter().filter(|(name, _)| tells(part, name)).collect();
            Some(Value::Object(kept).to_string())
        };
        let (old, new) = (told(&change.old), told(&change.new));
        Some(Cow::Owned(FieldChange { old, new, ..change.clone() }))
    }
}

fn tells(part: &Part, field: &str) -> bool {
    part.fields.iter().any(|known| known.name == field)
}
