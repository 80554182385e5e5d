//! Which fields a user does not see or may not change.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Pattern;
use crate::{FieldChange, FieldProblem, ObjectDef, Part, Problem, ProblemKind};

/// What stands where a value is not shown.
const STARS: &str = "***";

/// How much of a field is withheld; each withholds what the one before does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// It is shown and can't be given.
    ReadOnly,
    /// That it is there is shown, its value is not: `***`.
    Masked,
    /// It is not there.
    Hidden,
}

impl Visibility {
    /// Name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Masked => "masked",
            Self::Hidden => "hidden",
        }
    }
}

/// One line of a role about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// Name of the role.
    pub role: Arc<str>,
    /// Line in the role.
    pub line: u32,
    /// Object type.
    pub object: Pattern,
    /// Part of the object, like `header`.
    pub part: Box<str>,
    /// Field of the part; none for all of it.
    pub field: Option<Box<str>>,
    /// What is withheld.
    pub visibility: Visibility,
}

impl FieldRule {
    /// Whether it speaks of this field.
    pub fn fits(&self, object: &str, part: &str, field: &str) -> bool {
        let is_field = self.field.as_deref().is_none_or(|own| own == field);
        self.object.fits(object) && &*self.part == part && is_field
    }
}

/// What is withheld of objects of one type.
#[derive(Debug)]
pub struct Mask {
    def: &'static ObjectDef,
    /// By part and field of the definition; the strictest rule counts.
    fields: Vec<Vec<Option<Visibility>>>,
    open: bool,
}

impl Mask {
    pub(super) fn new(def: &'static ObjectDef, rules: &[FieldRule]) -> Self {
        let of = |part: &Part, field: &str| {
            let found = rules.iter().filter(|rule| rule.fits(def.name, part.name, field));
            found.map(|rule| rule.visibility).max()
        };
        let parts = def.composite.parts.iter();
        let fields: Vec<Vec<_>> = parts
            .map(|part| part.fields.iter().map(|field| of(part, field.name)).collect())
            .collect();
        let open = fields.iter().flatten().all(Option::is_none);
        Self { def, fields, open }
    }

    /// Whether nothing is withheld.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether every field is shown, although some may be read-only.
    pub fn shows_all(&self) -> bool {
        self.fields.iter().flatten().all(|found| found.is_none_or(|it| it == Visibility::ReadOnly))
    }

    /// What is withheld of a field.
    pub fn of(&self, part: usize, field: &str) -> Option<Visibility> {
        let position = self.def.composite.parts[part].fields.iter().position(|f| f.name == field);
        position.and_then(|position| self.fields[part][position])
    }

    /// The same by the name of the part, or of the part's segment.
    pub fn named(&self, part: &str, field: &str) -> Option<Visibility> {
        self.part(part).and_then(|part| self.of(part, field))
    }

    /// Whether a field is neither hidden nor masked: its value may be told, and asked for.
    pub fn shows(&self, part: usize, field: &str) -> bool {
        self.of(part, field).is_none_or(|found| found == Visibility::ReadOnly)
    }

    /// Whether nothing of a part is there.
    pub fn hides_part(&self, part: usize) -> bool {
        let fields = &self.fields[part];
        !fields.is_empty() && fields.iter().all(|field| *field == Some(Visibility::Hidden))
    }

    fn part(&self, name: &str) -> Option<usize> {
        let is = |part: &Part| {
            part.name == name || part.segment.is_some_and(|segment| segment.name == name)
        };
        self.def.composite.parts.iter().position(is)
    }

    /// Takes out of an object as JSON what is withheld, whether it was made of its segments or of
    /// its head row.
    pub fn cover(&self, object: &mut Map<String, Value>) {
        if self.open {
            return;
        }
        for (position, part) in self.def.composite.parts.iter().enumerate() {
            if self.hides_part(position) && !part.flatten {
                object.shift_remove(part.name);
                continue;
            }
            match object.get_mut(part.name).filter(|_| !part.flatten) {
                Some(Value::Object(record)) => self.cover_record(position, record),
                Some(Value::Array(records)) => {
                    for record in records.iter_mut().filter_map(Value::as_object_mut) {
                        self.cover_record(position, record);
                    }
                }
                Some(_) => {}
                None if part.flatten => self.cover_record(position, object),
                None => {}
            }
        }
        // A head row has the fields of its segments beside each other.
        for head in &self.def.head_fields {
            let withheld = self.of(head.part, head.field.name);
            cover_field(object, head.name, withheld);
        }
    }

    /// Takes out of a change as JSON what is withheld; false where nothing of it may be told.
    pub fn cover_change(&self, change: &mut Map<String, Value>) -> bool {
        let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default();
        let Some(part) = self.part(text("segment")) else { return true };
        let withheld = match text("field") {
            "" if self.hides_part(part) => Some(Visibility::Hidden),
            "" => None,
            field => self.of(part, field),
        };
        for side in ["old", "new"] {
            match change.get_mut(side) {
                Some(Value::Object(record)) if withheld.is_none() => {
                    self.cover_record(part, record);
                }
                Some(value) if withheld == Some(Visibility::Masked) && !value.is_null() => {
                    *value = STARS.into();
                }
                _ => {}
            }
        }
        withheld != Some(Visibility::Hidden)
    }

    /// The change without what is withheld; none where nothing of it may be told.
    pub fn cover_line(&self, change: &FieldChange) -> Option<FieldChange> {
        let mut covered = change.to_json();
        let told = self.cover_change(covered.as_object_mut()?);
        let text = |side: &str| Some(&covered[side]).filter(|v| !v.is_null()).map(Value::to_string);
        let (old, new) = (text("old"), text("new"));
        told.then(|| FieldChange { old, new, ..change.clone() })
    }

    fn cover_record(&self, part: usize, record: &mut Map<String, Value>) {
        for (field, withheld) in
            self.def.composite.parts[part].fields.iter().zip(&self.fields[part])
        {
            cover_field(record, field.name, *withheld);
        }
    }

    /// Refuses input that gives a field which the user may not change. A hidden field is refused as
    /// one that is not there.
    ///
    /// # Errors
    ///
    /// A finding for each field.
    pub fn check(&self, body: &Value) -> Result<(), Problem> {
        let Some(body) = body.as_object().filter(|_| !self.open) else { return Ok(()) };
        let mut problems = Vec::new();
        for (name, value) in body {
            let parts = self.def.composite.parts.iter().enumerate();
            let Some((position, part)) =
                parts.into_iter().find(|(_, part)| !part.flatten && part.name == name)
            else {
                let flat = self.def.composite.parts.iter().position(|part| part.flatten);
                if let Some(part) = flat {
                    self.check_field(part, name, name.clone(), &mut problems);
                }
                continue;
            };
            if self.hides_part(position) {
                problems.push(FieldProblem::new(name, self.unknown_part()));
                continue;
            }
            match value {
                Value::Array(records) if part.segment.is_some() || !records.is_empty() => {
                    self.check_records(position, records, &mut problems);
                }
                Value::Object(record) => {
                    for field in record.keys() {
                        let path = format!("{}.{field}", part.name);
                        self.check_field(position, field, path, &mut problems);
                    }
                }
                _ => self.check_whole(position, &mut problems),
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        let detail = FieldProblem::summary(&problems);
        let mut problem = Problem::new(ProblemKind::Invalid, "invalid", detail);
        problem.fields = problems;
        Err(problem)
    }

    fn check_records(&self, part: usize, records: &[Value], problems: &mut Vec<FieldProblem>) {
        let name = self.def.composite.parts[part].name;
        // The records given replace those that are there, with what the user can't give.
        self.check_whole(part, problems);
        for (position, record) in records.iter().enumerate() {
            for field in record.as_object().into_iter().flat_map(Map::keys) {
                let path = format!("{name}[{position}].{field}");
                self.check_field(part, field, path, problems);
            }
        }
    }

    /// Records that come or go as a whole take fields with them that the user may not change.
    fn check_whole(&self, part: usize, problems: &mut Vec<FieldProblem>) {
        let strictest = self.fields[part].iter().flatten().max();
        if strictest.is_some() {
            let rule = "can't be replaced as a whole: you may not change every field of it";
            problems.push(FieldProblem::new(self.def.composite.parts[part].name, rule));
        }
    }

    fn check_field(
        &self,
        part: usize,
        field: &str,
        path: String,
        problems: &mut Vec<FieldProblem>,
    ) {
        let rule = match self.of(part, field) {
            None => return,
            Some(Visibility::Hidden) => {
                let fields = self.def.composite.parts[part].fields.iter();
                let known = fields.map(|field| field.name);
                let known = known.filter(|name| self.of(part, name) != Some(Visibility::Hidden));
                let known: Vec<&str> = known.collect();
                format!("is not known here; allowed are: {}", known.join(", "))
            }
            Some(Visibility::Masked) => "is not shown to you: leave it out".to_string(),
            Some(Visibility::ReadOnly) => "is read-only for you: leave it out".to_string(),
        };
        problems.push(FieldProblem::new(path, rule));
    }

    fn unknown_part(&self) -> String {
        let parts = self.def.composite.parts.iter().enumerate();
        let known = parts.filter(|(position, _)| !self.hides_part(*position));
        let known: Vec<&str> = known.map(|(_, part)| part.name).collect();
        format!("is not known here; allowed are: {}", known.join(", "))
    }
}

fn cover_field(record: &mut Map<String, Value>, name: &str, withheld: Option<Visibility>) {
    match withheld {
        Some(Visibility::Hidden) => {
            record.shift_remove(name);
        }
        Some(Visibility::Masked) => {
            if let Some(value) = record.get_mut(name) {
                *value = STARS.into();
            }
        }
        _ => {}
    }
}
