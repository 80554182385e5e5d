//! What an actor is shown: the one place where objects as JSON become an answer.
//!
//! Whatever a verb or a list answers passes here within its own snapshot: objects that the actor may
//! not read go, and of the others the fields that are withheld.

use serde_json::{Map, Value};
use tessera_kernel::{
    Actor, Fault, FieldChange, Mask, ObjectDef, ObjectId, Predicate, Problem, Tx,
};

/// Members by which an object is known that may not be read: whoever made it has to name it.
const NAMES: [&str; 4] = ["id", "type", "number", "version"];

/// Takes out of an answer what the actor may not see.
pub(crate) fn answer(tx: &mut Tx<'_>, mut value: Value) -> Result<Value, Problem> {
    if tx.actor().access().is_none() {
        return Ok(value);
    }
    if let Some(object) = value.as_object_mut()
        && !is_shown(tx, object)?
    {
        object.retain(|name, _| NAMES.contains(&name.as_str()));
        return Ok(value);
    }
    cover(tx, &mut value)?;
    Ok(value)
}

/// A head row of a list, of which the actor may read the object.
pub(crate) fn head_row(actor: &Actor, def: &'static ObjectDef, mut row: Value) -> Value {
    if let (Some(mask), Some(row)) = (actor.mask(def), row.as_object_mut()) {
        mask.cover(row);
    }
    row
}

/// Changes of an object that the actor may read; those of hidden fields are not there.
pub(crate) fn changes(
    actor: &Actor,
    def: &'static ObjectDef,
    changes: &[FieldChange],
) -> Vec<Value> {
    let mask = actor.mask(def);
    let there = changes.iter().filter_map(|change| def.told_change(change));
    let shown = there.map(|change| change.to_json());
    shown.filter_map(|change| change_through(mask.as_deref(), change)).collect()
}

/// A refusal about an object: without values that are withheld, in what it says and in what changed since.
pub(crate) fn problem(
    tx: &mut Tx<'_>,
    def: &'static ObjectDef,
    id: ObjectId,
    mut problem: Problem,
) -> Problem {
    let mask = tx.actor().mask(def);
    if let Some(Value::Array(changes)) = problem.more.as_mut() {
        let kept = std::mem::take(changes).into_iter();
        let there = kept.filter_map(|change| def.told_change_as_json(change));
        *changes = there.filter_map(|change| change_through(mask.as_deref(), change)).collect();
    }
    let Some(mask) = mask.filter(|mask| !mask.shows_all()) else { return problem };
    let entry = tx.environment().registry.object(def.name);
    let Some(Ok(object)) = entry.map(|entry| (entry.get)(tx, id)) else { return problem };
    let mut values = Vec::new();
    withheld(def, &mask, &object, &mut values);
    let texts = problem.fields.iter_mut().map(|field| &mut field.message);
    for text in texts.chain(std::iter::once(&mut problem.detail)) {
        for value in values.iter().filter(|value| text.contains(value.as_str())).collect::<Vec<_>>()
        {
            *text = text.replace(value.as_str(), "***");
        }
    }
    problem
}

/// The texts of an object that are withheld; shorter ones than this stand for too much else.
const TELLING: usize = 4;

fn withheld(def: &ObjectDef, mask: &Mask, object: &Value, found: &mut Vec<String>) {
    for (position, part) in def.composite.parts.iter().enumerate() {
        let records = match &object[part.name] {
            Value::Array(records) => records.as_slice(),
            record => std::slice::from_ref(record),
        };
        for record in records.iter().filter_map(Value::as_object) {
            for (_, value) in record.iter().filter(|(name, _)| !mask.shows(position, name)) {
                let text = value.as_str().or_else(|| value["amount"].as_str());
                found.extend(text.filter(|text| text.len() >= TELLING).map(str::to_string));
            }
        }
    }
}

fn change_through(mask: Option<&Mask>, mut change: Value) -> Option<Value> {
    let Some(mask) = mask else { return Some(change) };
    mask.cover_change(change.as_object_mut()?).then_some(change)
}

/// Covers every object within a value; what may not be read is taken out of arrays, and null elsewhere.
fn cover(tx: &mut Tx<'_>, value: &mut Value) -> Result<(), Problem> {
    match value {
        Value::Array(items) => {
            let mut kept = Vec::with_capacity(items.len());
            for mut item in std::mem::take(items) {
                if let Some(object) = item.as_object()
                    && !is_shown(tx, object)?
                {
                    continue;
                }
                cover(tx, &mut item)?;
                kept.push(item);
            }
            *items = kept;
        }
        Value::Object(members) => {
            let mask = def_of(tx, members).and_then(|(def, _)| tx.actor().mask(def));
            if let Some(mask) = mask {
                mask.cover(members);
            }
            for member in members.values_mut() {
                if let Some(object) = member.as_object()
                    && !is_shown(tx, object)?
                {
                    *member = Value::Null;
                    continue;
                }
                cover(tx, member)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The object type and id of an object as JSON.
fn def_of(tx: &Tx<'_>, object: &Map<String, Value>) -> Option<(&'static ObjectDef, ObjectId)> {
    let (name, id) = (object.get("type")?.as_str()?, object.get("id")?.as_str()?);
    Some((tx.object_def(name)?, id.parse().ok()?))
}

fn is_shown(tx: &mut Tx<'_>, object: &Map<String, Value>) -> Result<bool, Fault> {
    let Some((def, id)) = def_of(tx, object) else { return Ok(true) };
    if *tx.actor().rows(def, "read") == Predicate::Always {
        return Ok(true);
    }
    tx.may_read(def, id)
}
