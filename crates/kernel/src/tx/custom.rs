//! Parts made at run time: given beside what a verb takes, and written with the object.

use serde_json::{Map, Value};

use super::save::{Keyed, first, head_updates};
use crate::change::{Image, compare};
use crate::history::{Deed, StateDigest};
use crate::{
    Extensions, Fault, FieldProblem, Multiplicity, ObjectDef, ObjectEntry, ObjectId, Part, Problem,
    ProblemKind, RowBuffer, Tx, extension::Extended, json,
};

/// Custom parts that the caller gave, on their way to the objects that the command makes or changes.
pub(super) struct Given {
    object: &'static str,
    /// The object to change; none of what is made.
    id: Option<ObjectId>,
    parts: Map<String, Value>,
    /// Whether an object took them.
    taken: bool,
}

/// What becomes of the custom parts of an object.
pub(super) struct CustomChange {
    pub(super) def: &'static ObjectDef,
    /// Position of the first custom part.
    first: usize,
    /// By custom part; those that were not given are empty on both sides.
    pub(super) old: Image,
    pub(super) new: Image,
    given: Vec<bool>,
}

impl CustomChange {
    /// Whether a part is among those that were given.
    pub(super) fn is_given(&self, part: usize) -> bool {
        part.checked_sub(self.first).is_some_and(|at| self.given[at])
    }

    /// The new records, with the positions of their parts in the object.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, &RowBuffer)> {
        let parts = (self.first..).zip(&self.new);
        parts.flat_map(|(part, rows)| rows.iter().map(move |row| (part, row)))
    }

    /// The object with nothing but its new custom records.
    pub(super) fn whole(&self) -> Image {
        let mut image: Image = vec![Vec::new(); self.first];
        image.extend(self.new.iter().cloned());
        image
    }

    fn is_nothing(&self) -> bool {
        self.old == self.new
    }
}

impl Tx<'_> {
    /// What was added to object types, as the transaction knows it.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// An object type as the transaction knows it: with the parts made at run time.
    pub fn told(&self, def: &'static ObjectDef) -> &'static ObjectDef {
        self.extensions.told(def)
    }

    /// The same by its name.
    pub fn object_def(&self, object: &str) -> Option<&'static ObjectDef> {
        let entry = self.environment.registry.object(object)?;
        Some(self.told((entry.def)()))
    }

    /// The same with everything that is stored, also what is retired.
    pub(crate) fn stored(&self, def: &'static ObjectDef) -> &'static ObjectDef {
        self.extensions.stored(def)
    }

    /// Takes the custom parts of an object type out of a body and keeps them for the objects of the type that the
    /// command makes, or for the one that it changes. Answers the rest of the body, where there were any.
    ///
    /// # Errors
    ///
    /// [`Fault::Invalid`], with every finding, of new objects; for others that comes with the change.
    pub fn take_custom(
        &mut self,
        object: &str,
        id: Option<ObjectId>,
        body: &Value,
    ) -> Result<Option<Value>, Fault> {
        self.given = None;
        let Some(extended) = self.extensions.of(object).cloned() else { return Ok(None) };
        let Some(body) = body.as_object() else { return Ok(None) };
        let is_custom = |name: &str| extended.told_parts.parts.iter().any(|part| part.name == name);
        if !body.keys().any(|name| is_custom(name)) {
            return Ok(None);
        }
        let all = body.iter().map(|(name, value)| (name.clone(), value.clone()));
        let (parts, rest): (Map<_, _>, Map<_, _>) = all.partition(|(name, _)| is_custom(name));
        if id.is_none() {
            json::check(extended.told_parts, &Value::Object(parts.clone()))?;
        }
        // What is activated or retired meanwhile counts.
        self.rely(|| crate::extension::CHANGED.to_string())?;
        self.given = Some(Given { object: extended.told.name, id, parts, taken: false });
        Ok(Some(Value::Object(rest)))
    }

    /// Refuses what was given for objects where the verb made none.
    ///
    /// # Errors
    ///
    /// [`Fault::Invalid`]
    pub fn expect_custom_taken(&mut self) -> Result<(), Fault> {
        let Some(given) = self.given.take().filter(|given| !given.taken) else { return Ok(()) };
        let rule = format!("can't be given here: nothing of {} was made", given.object);
        let problems = given.parts.keys().map(|name| FieldProblem::new(name, rule.clone()));
        Err(Fault::Invalid(problems.collect()))
    }

    /// What was given for the object of this type that is made or changed now.
    pub(super) fn custom_change(
        &mut self,
        object: &'static str,
        id: ObjectId,
        is_new: bool,
    ) -> Result<Option<CustomChange>, Fault> {
        let Some(given) = self.given.as_mut().filter(|given| given.object == object) else {
            return Ok(None);
        };
        match (given.id, is_new) {
            (None, true) => {}
            (Some(wanted), false) if wanted == id => {}
            _ => return Ok(None),
        }
        given.taken = true;
        let parts = given.parts.clone();
        let Some(extended) = self.extensions.of(object).cloned() else { return Ok(None) };
        let change = self.change_of(&extended, id, &parts, is_new)?;
        if !is_new {
            self.given = None;
        }
        Ok(Some(change))
    }

    fn change_of(
        &mut self,
        extended: &Extended,
        id: ObjectId,
        given: &Map<String, Value>,
        is_new: bool,
    ) -> Result<CustomChange, Fault> {
        let stored = extended.stored_parts;
        let is_given: Vec<bool> =
            stored.parts.iter().map(|part| given.contains_key(part.name)).collect();
        let mut old: Image = vec![Vec::new(); stored.parts.len()];
        for (at, part) in stored.parts.iter().enumerate().filter(|(at, _)| is_given[*at] && !is_new)
        {
            old[at] = self.part_rows(part, id)?;
        }
        let mut problems = Vec::new();
        let current = json::rows_to_json(stored, &old)?;
        let mut wanted = Map::new();
        for part in stored.parts.iter().filter(|part| given.contains_key(part.name)) {
            let told = extended.told_parts.parts.iter().find(|told| told.name == part.name);
            let value = &given[part.name];
            check_names(told.unwrap_or(part), value, &mut problems);
            let laid = json::lay_over(part, current.get(part.name), value, &mut problems);
            wanted.insert(part.name.to_string(), laid);
        }
        let (new, found) = json::parse_rows(stored, &Value::Object(wanted), false);
        problems.extend(found);
        if !problems.is_empty() {
            return Err(Fault::Invalid(problems));
        }
        let rows = new.iter().enumerate();
        let rows = rows.flat_map(|(part, rows)| rows.iter().map(move |row| (part, row.clone())));
        self.check_rows(stored, &rows.collect::<Vec<_>>())?;
        let (def, first) = (extended.stored, extended.declared);
        Ok(CustomChange { def, first, old, new, given: is_given })
    }

    /// Writes the custom records of a new object; answers its type with these.
    pub(super) fn insert_custom(
        &mut self,
        id: ObjectId,
        custom: CustomChange,
        state: &mut StateDigest,
        heads: &mut Vec<RowBuffer>,
    ) -> Result<&'static ObjectDef, Fault> {
        super::check::check_image(custom.def.composite, &custom.whole())?;
        for (part, row) in custom.rows() {
            let Some(segment) = custom.def.composite.parts[part].segment else { continue };
            self.connection.insert(segment.table(), &Keyed { id, row })?;
            state.record(segment, row);
        }
        heads.extend(custom.new.iter().map(|rows| rows.first().cloned().unwrap_or_default()));
        Ok(custom.def)
    }

    /// Saves what was given for an object that the verb itself did not save; false where nothing of it is another
    /// value than before.
    fn save_custom(&mut self, base: &'static ObjectDef, id: ObjectId) -> Result<bool, Fault> {
        self.writable()?;
        let head = self.hold_object(base, id)?;
        let Some(change) = self.custom_change(base.name, id, false)? else { return Ok(false) };
        if change.is_nothing() {
            return Ok(false);
        }
        let def = change.def;
        let mut old: Image = vec![Vec::new(); change.first];
        old.extend(change.old.iter().cloned());
        let new = change.whole();
        super::check::check_image(def.composite, &new)?;
        let (rows, differences) = compare(def.composite, &old, &new);
        if rows.is_empty() {
            return Ok(false);
        }
        self.supersede(base, id)?;
        let fields =
            head_updates(def, &|part| change.is_given(part).then(|| first(def, part, &new[part])));
        let changes = self.lines((id, head.version + 1), differences);
        let next = self.next(def, (id, head.history), Deed::Changed, changes);
        self.raise_version(def, id, (head.version, next.history), &fields)?;
        self.write_rows(id, rows)?;
        self.write_changes(id, &next)?;
        Ok(true)
    }

    /// Adds the custom parts of an object to its JSON.
    ///
    /// # Errors
    ///
    /// Where the database can't be read.
    pub fn add_custom(
        &mut self,
        object: &str,
        id: ObjectId,
        value: &mut Value,
    ) -> Result<(), Fault> {
        let Some(extended) = self.extensions.of(object).cloned() else { return Ok(()) };
        let is_told = |part: &Part| extended.told_parts.parts.iter().any(|it| it.name == part.name);
        let mut image = Vec::with_capacity(extended.stored_parts.parts.len());
        for part in &extended.stored_parts.parts {
            image.push(if is_told(part) { self.part_rows(part, id)? } else { Vec::new() });
        }
        let mut stored = json::rows_to_json(extended.stored_parts, &image)?;
        if let Some(value) = value.as_object_mut() {
            for part in &extended.told_parts.parts {
                let found = stored.shift_remove(part.name).unwrap_or_default();
                value.insert(part.name.to_string(), told_of(part, found));
            }
        }
        Ok(())
    }

    /// Takes out of an object as JSON what is retired.
    pub(crate) fn leave_out_retired(&self, object: &str, value: &mut Map<String, Value>) {
        let Some(extended) = self.extensions.of(object) else { return };
        for part in &extended.stored_parts.parts {
            let found = value.shift_remove(part.name).unwrap_or_default();
            if let Some(told) = extended.told_parts.parts.iter().find(|it| it.name == part.name) {
                value.insert(told.name.to_string(), told_of(told, found));
            }
        }
    }
}

/// A part with the fields that are told, in their order.
fn told_of(part: &Part, value: Value) -> Value {
    match value {
        Value::Array(records) => records.into_iter().map(|record| told_of(part, record)).collect(),
        Value::Object(mut record) => {
            let fields = part.fields.iter().map(|field| {
                let value = record.shift_remove(field.name).unwrap_or_default();
                (field.name.to_string(), value)
            });
            Value::Object(fields.collect())
        }
        other => other,
    }
}

/// Refuses members of records that are not told of a part.
fn check_names(part: &Part, value: &Value, problems: &mut Vec<FieldProblem>) {
    let allowed = || part.fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
    let mut check = |path: &str, record: &Value| {
        for name in record.as_object().into_iter().flat_map(Map::keys) {
            if !part.fields.iter().any(|field| field.name == name) {
                problems.push(json::unknown(&format!("{path}.{name}"), &allowed()));
            }
        }
    };
    match (part.multiplicity, value) {
        (Multiplicity::Many, Value::Array(records)) => {
            for (position, record) in records.iter().enumerate() {
                check(&format!("{}[{position}]", part.name), record);
            }
        }
        (_, record) => check(part.name, record),
    }
}

impl ObjectEntry {
    /// Makes an object of this type from JSON, with its custom parts, and answers its id.
    ///
    /// # Errors
    ///
    /// What its creation refuses.
    pub fn make(&self, tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
        let def = (self.def)();
        let Some(create) = self.create else {
            let detail = format!("{} is made by its own verbs", def.name);
            return Err(Problem::new(ProblemKind::Conflict, "not_made", detail));
        };
        let rest = tx.take_custom(def.name, None, body)?;
        let id = create(tx, rest.as_ref().unwrap_or(body))?;
        tx.expect_custom_taken()?;
        Ok(id)
    }

    /// Changes an object of this type by JSON: id, version that the caller saw (if any), body. Of a type that only
    /// verbs change, the custom parts can be changed.
    ///
    /// # Errors
    ///
    /// What its change refuses.
    pub fn alter(
        &self,
        tx: &mut Tx<'_>,
        id: ObjectId,
        version: Option<i64>,
        body: &Value,
    ) -> Result<(), Problem> {
        let def = (self.def)();
        let rest = tx.take_custom(def.name, Some(id), body)?;
        let Some(rest) = rest else {
            let change = self.change.ok_or_else(|| by_verbs(def, &[]))?;
            return change(tx, id, version, body);
        };
        let others = rest.as_object().into_iter().flat_map(Map::keys);
        let others: Vec<&str> =
            others.map(String::as_str).filter(|name| *name != "version").collect();
        // A verb that changes some of an object is not to be told of nothing.
        let is_all = self.change_input.is_some() && others.is_empty();
        match self.change.filter(|_| !is_all) {
            Some(change) => change(tx, id, version, &rest)?,
            None => {
                tx.actor().require(def.name, "change")?;
                if !others.is_empty() {
                    return Err(by_verbs(def, &others));
                }
                if let Some(version) = version.or_else(|| rest["version"].as_i64()) {
                    tx.expect_head_version(def, id, version)?;
                }
            }
        }
        tx.save_custom(def, id)?;
        tx.given = None;
        Ok(())
    }
}

fn by_verbs(def: &ObjectDef, fields: &[&str]) -> Problem {
    let detail = format!("{} is changed by its verbs", def.name);
    let mut problem = Problem::new(ProblemKind::Invalid, "invalid", detail);
    let rule = "is changed by verbs only";
    problem.fields = fields.iter().map(|name| FieldProblem::new(*name, rule)).collect();
    problem
}
