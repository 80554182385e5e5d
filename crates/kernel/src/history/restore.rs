//! Former values set again, as a change like any other: by the rules of the object type, with a history of its own.

use serde_json::{Map, Value};

use crate::{
    Fault, FieldDef, FieldProblem, FieldType, Form, Mask, Multiplicity, ObjectEntry, ObjectId,
    Part, Problem, ProblemKind, Record, SegmentDef, Tx,
};

/// What is to be as it was.
#[derive(Form, Clone, Debug)]
pub struct Restore {
    /// Which state.
    #[form(flatten)]
    pub header: RestoreHeader,
    /// Which parts of the object; none: all of it.
    pub only: Vec<RestoreOnly>,
}

/// Which state is restored, and whether it is only tried.
#[derive(Record, Clone, Debug)]
pub struct RestoreHeader {
    /// The version whose values are set again.
    #[field(positive)]
    pub version: i64,
    /// Tells what would change, and changes nothing.
    #[field(default = false)]
    pub dry_run: bool,
}

/// A segment, a record of one, or a field.
#[derive(Record, Clone, Debug)]
pub struct RestoreOnly {
    /// Name of the part, as the object shows it, or of its segment.
    #[field(max = 80)]
    pub part: String,
    /// Key of a record, as the history shows it; none: all records.
    #[field(max = 400)]
    pub record: Option<String>,
    /// Field; none: all fields.
    #[field(max = 80)]
    pub field: Option<String>,
}

impl Tx<'_> {
    /// Sets former values again, by the change of the object type and all its rules. Refused where somebody changed
    /// the object since `expected`.
    pub fn restore(
        &mut self,
        entry: &ObjectEntry,
        id: ObjectId,
        expected: Option<i64>,
        what: &Restore,
    ) -> Result<(), Problem> {
        let def = self.told((entry.def)());
        let current = (entry.get)(self, id)?;
        // What is set back of an object that verbs change is its custom parts: nothing follows from them.
        let is_custom = |only: &RestoreOnly| def.custom_parts().any(|part| part.name == only.part);
        let of_custom = !what.only.is_empty() && what.only.iter().all(is_custom);
        if !of_custom && (entry.change.is_none() || entry.change_input.is_some()) {
            let detail = format!(
                "{} {} is not set back: what followed from it would stay; change, cancel or reverse \
                 it by its own verbs",
                def.name,
                current["number"].as_str().unwrap_or("")
            );
            return Err(Problem::new(ProblemKind::Conflict, "history.not_restored", detail));
        }
        let version = what.header.version;
        let former = self.state_of(def, id, version)?.value;
        let mask = self.actor.mask(def);
        let (parts, given) = (&def.composite.parts, Given(mask.as_deref()));
        let body = Value::Object(body((parts, &given), &current, &former, &what.only)?);
        if let Some(mask) = mask {
            mask.check(&body)?;
        }
        entry.alter(self, id, expected, &body)
    }
}

/// The body of a change that makes of the current object what is wanted of the former one.
fn body(
    (parts, given): (&[Part], &Given<'_>),
    current: &Value,
    former: &Value,
    only: &[RestoreOnly],
) -> Result<Map<String, Value>, Fault> {
    let mut body = Map::new();
    let mut problems = Vec::new();
    if only.is_empty() {
        for part in parts {
            given.put(part, &mut body, current, given.of(part, &former[part.name]));
        }
    }
    for (position, wanted) in only.iter().enumerate() {
        let path = |name: &str| format!("only[{position}].{name}");
        let is_it = |part: &&Part| {
            part.name == wanted.part || part.segment.is_some_and(|it| it.name == wanted.part)
        };
        let Some(part) = parts.iter().find(is_it) else {
            let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
            let rule = format!("is no part of the object; there are: {}", names.join(", "));
            problems.push(FieldProblem::new(path("part"), rule));
            continue;
        };
        if let Some(field) = &wanted.field
            && !given.takes(part, field)
        {
            let names = part.fields.iter().map(|it| it.name).filter(|it| given.takes(part, it));
            let names: Vec<&str> = names.collect();
            let rule = format!("can't be restored; there are: {}", names.join(", "));
            problems.push(FieldProblem::new(path("field"), rule));
            continue;
        }
        let now =
            body.get(part.name).cloned().unwrap_or_else(|| given.of(part, &current[part.name]));
        match some_of(part, now, &given.of(part, &former[part.name]), wanted) {
            Ok(value) => given.put(part, &mut body, current, value),
            Err((name, rule)) => problems.push(FieldProblem::new(path(name), rule)),
        }
    }
    if problems.is_empty() { Ok(body) } else { Err(Fault::Invalid(problems)) }
}

/// What the caller may give: not what the program sets, nor what their roles withhold.
struct Given<'m>(Option<&'m Mask>);

impl Given<'_> {
    fn takes(&self, part: &Part, field: &str) -> bool {
        part.fields.iter().any(|it| it.name == field && !it.read_only)
            && self.0.is_none_or(|mask| mask.named(part.name, field).is_none())
    }

    /// A part with what the caller may give.
    fn of(&self, part: &Part, value: &Value) -> Value {
        match value {
            Value::Array(records) => records.iter().map(|record| self.of(part, record)).collect(),
            Value::Object(record) => {
                let given = record.iter().filter(|(name, _)| self.takes(part, name));
                Value::Object(given.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
            other => other.clone(),
        }
    }

    /// Adds a part where it differs from what there is.
    fn put(&self, part: &Part, body: &mut Map<String, Value>, current: &Value, value: Value) {
        if value == self.of(part, &current[part.name]) {
            body.remove(part.name);
        } else {
            body.insert(part.name.to_string(), value);
        }
    }
}

/// The part as it is now, with what is wanted as it was.
fn some_of(
    part: &Part,
    mut now: Value,
    then: &Value,
    wanted: &RestoreOnly,
) -> Result<Value, (&'static str, String)> {
    let is_many = part.multiplicity == Multiplicity::Many;
    match (is_many, &wanted.record, &wanted.field) {
        (_, None, None) => Ok(then.clone()),
        (false, Some(record), _) if !record.is_empty() => {
            Err(("record", format!("{} has one record, without a key", part.name)))
        }
        (false, _, None) => Ok(then.clone()),
        (false, _, Some(field)) => {
            if now.is_null() || then.is_null() {
                return Err(("field", format!("{} was not there then, or is not now", part.name)));
            }
            now[field.as_str()] = then[field.as_str()].clone();
            Ok(now)
        }
        (true, None, Some(_)) => Err(("record", "must say in which record the field is".into())),
        (true, Some(key), field) => {
            let find = |records: &Value| {
                let records = records.as_array()?;
                let segment = part.segment?;
                records.iter().position(|record| key_of(segment, record) == *key)
            };
            let mut records = now.as_array().cloned().unwrap_or_default();
            match (find(&now), find(then), field) {
                (None, None, _) => {
                    return Err(("record", "was not there then, and is not now".into()));
                }
                (Some(at), Some(then_at), Some(field)) => {
                    records[at][field.as_str()] = then[then_at][field.as_str()].clone();
                }
                (_, _, Some(_)) => {
                    return Err(("record", "was not there then, or is not now".into()));
                }
                (Some(at), Some(then_at), None) => records[at] = then[then_at].clone(),
                (Some(at), None, None) => drop(records.remove(at)),
                (None, Some(then_at), None) => records.push(then[then_at].clone()),
            }
            Ok(Value::Array(records))
        }
    }
}

/// The key of a record in JSON, as change documents have it.
fn key_of(segment: &SegmentDef, record: &Value) -> String {
    let text = |field: &FieldDef| match (&record[field.name], field.kind) {
        (Value::Object(validity), FieldType::Validity) => {
            validity.get("from").and_then(Value::as_str).unwrap_or("").to_string()
        }
        (Value::String(text), _) => text.clone(),
        (other, _) => other.to_string(),
    };
    let parts: Vec<String> = segment.fields[..segment.key_fields()].iter().map(text).collect();
    parts.join("/")
}
