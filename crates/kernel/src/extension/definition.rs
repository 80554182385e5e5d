//! What a segment made at run time is, and what it must be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Code, FieldProblem, Language, ObjectDef, Registry};

/// Names of segments begin so: no name of the program does.
const PREFIX: &str = "x_";
/// Letters of a name at most.
const NAME: usize = 40;
/// Fields of a segment at most.
const MOST_FIELDS: usize = 200;
/// Letters of a text at most.
const LONGEST_TEXT: u32 = 4_000;

/// A segment made at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomSegment {
    /// Object type that it extends.
    pub object: String,
    /// Name of the part, like `x_loyalty`.
    pub name: String,
    /// An object has any number of records, by `line`; else one at most.
    pub many: bool,
    /// Help text.
    pub help: String,
    /// What people call it, by language.
    pub labels: BTreeMap<String, String>,
    /// Its fields.
    pub fields: Vec<CustomField>,
    /// It is nowhere to be seen; what it holds stays.
    pub retired: bool,
}

/// A field of a segment made at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: CustomType,
    /// Place among the others; those with the same are in the order of their names.
    pub position: u32,
    /// A record must have it.
    pub required: bool,
    /// No two records have the same value.
    pub unique: bool,
    /// Lists show it, filter and sort by it.
    pub indexed: bool,
    /// It is nowhere to be seen; what it holds stays.
    pub retired: bool,
    /// Group on a form.
    pub group: String,
    /// Help text.
    pub help: String,
    /// What people call it, by language.
    pub labels: BTreeMap<String, String>,
}

/// Type of a field made at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomType {
    /// Text.
    Text {
        /// Characters at most.
        max: u32,
        /// It may have several lines.
        multiline: bool,
    },
    /// One of a list.
    Choice {
        /// The list.
        choices: Vec<CustomChoice>,
    },
    /// A key of customizing.
    Code {
        /// Catalogue.
        catalogue: String,
    },
    /// Yes or no.
    Bool,
    /// Whole number.
    Integer,
    /// Exact number.
    Decimal,
    /// Exact percentage.
    Percentage,
    /// Amount in a currency.
    Money,
    /// Quantity with unit.
    Quantity,
    /// Calendar day.
    Date,
    /// Moment.
    Instant,
    /// Another object.
    Reference {
        /// Object type.
        object: String,
    },
    /// Text by language.
    LocalizedText,
}

/// One value of a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomChoice {
    /// Stored and transmitted code.
    pub code: String,
    /// What people read.
    pub label: String,
}

impl CustomSegment {
    /// Name of its table and, in histories, of the segment.
    pub fn table(&self) -> String {
        let own = self.name.strip_prefix(PREFIX).unwrap_or(&self.name);
        format!("{PREFIX}{}_{own}", self.object)
    }

    /// What is wrong with it, by the path of the object that defines it: all of it.
    pub fn problems(&self, registry: &Registry, catalogues: &[&str]) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut refuse = |path: &str, rule: String| problems.push(FieldProblem::new(path, rule));
        let def = registry.object(&self.object).map(|entry| (entry.def)());
        if def.is_none() {
            refuse("header.object_type", no_object(registry));
        }
        if self.name.strip_prefix(PREFIX).is_none_or(|own| !is_name(own)) {
            let rule = format!(
                "must be `{PREFIX}` and then a small letter, small letters, digits and `_`, {NAME} in all at most"
            );
            refuse("header.name", rule);
        }
        if self.fields.is_empty() {
            refuse("fields", "must have at least one field".to_string());
        }
        if self.fields.len() > MOST_FIELDS {
            refuse("fields", format!("must be {MOST_FIELDS} at most"));
        }
        for (position, field) in self.fields.iter().enumerate() {
            let at = |member: &str| format!("fields[{position}].{member}");
            for (member, rule) in field.problems(self.many, registry, catalogues) {
                refuse(&at(member), rule);
            }
            let column = |suffix: &str| format!("{}_{}{suffix}", self.name, field.name);
            let taken = |def: &ObjectDef| {
                ["", "_currency", "_unit"].iter().any(|it| def.head.position(&column(it)).is_some())
            };
            if def.is_some_and(taken) {
                refuse(&at("name"), "is the name of something else in lists".to_string());
            }
            if self.fields[..position].iter().any(|other| clash(other, field)) {
                refuse(
                    &at("name"),
                    "stands there twice, or ends like part of another one".to_string(),
                );
            }
        }
        problems
    }

    /// What differs from how it was activated so that what it holds would not fit any more.
    pub fn breaks(&self, activated: &Self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let fixed = "can't be changed any more: it was activated";
        for (path, same) in [
            ("header.object_type", self.object == activated.object),
            ("header.name", self.name == activated.name),
            ("header.records", self.many == activated.many),
        ] {
            if !same {
                problems.push(FieldProblem::new(path, fixed));
            }
        }
        for former in &activated.fields {
            let Some(at) = self.fields.iter().position(|field| field.name == former.name) else {
                let rule =
                    format!("lack `{}`, which was activated: retire it instead", former.name);
                problems.push(FieldProblem::new("fields", rule));
                continue;
            };
            let field = &self.fields[at];
            if !former.kind.may_become(&field.kind) {
                problems.push(FieldProblem::new(format!("fields[{at}].kind"), fixed));
            }
            if (former.indexed, former.unique) != (field.indexed, field.unique) {
                problems.push(FieldProblem::new(format!("fields[{at}].indexed"), fixed));
            }
        }
        problems
    }
}

/// Whether the columns of two fields would have the same name.
fn clash(one: &CustomField, other: &CustomField) -> bool {
    let columns = |field: &CustomField| {
        field.kind.suffixes().iter().map(|it| format!("{}{it}", field.name)).collect::<Vec<_>>()
    };
    let taken = columns(one);
    columns(other).iter().any(|column| taken.contains(column))
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(rest)
        && text.len() <= NAME - PREFIX.len()
}

fn no_object(registry: &Registry) -> String {
    let known: Vec<&str> = registry.objects().map(|entry| (entry.def)().name).collect();
    format!("is no object type; there are: {}", known.join(", "))
}

impl CustomField {
    fn problems(
        &self,
        many: bool,
        registry: &Registry,
        catalogues: &[&str],
    ) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !is_name(&self.name) || (many && self.name == "line") || self.name == "object" {
            let rule = "must be a small letter and then small letters, digits and `_`, and not `line` or `object`";
            problems.push(("name", rule.to_string()));
        }
        for language in self.labels.keys().filter(|it| Language::parse(it).is_err()) {
            problems.push(("label", format!("has `{language}`, which is no language")));
        }
        if (self.indexed || self.unique) && self.kind == CustomType::LocalizedText {
            problems.push(("indexed", "is not possible of text in several languages".to_string()));
        }
        if self.unique && !self.kind.is_single() {
            problems.push((
                "unique",
                "is possible of text, codes, numbers, days and references only".to_string(),
            ));
        }
        problems.extend(self.kind.problem(registry, catalogues));
        problems
    }
}

impl CustomType {
    /// Suffixes of its columns beside the first.
    fn suffixes(&self) -> &'static [&'static str] {
        match self {
            Self::Money => &["", "_currency"],
            Self::Quantity => &["", "_unit"],
            _ => &[""],
        }
    }

    fn is_single(&self) -> bool {
        !matches!(self, Self::Money | Self::Quantity | Self::LocalizedText | Self::Bool)
    }

    fn problem(&self, registry: &Registry, catalogues: &[&str]) -> Option<(&'static str, String)> {
        match self {
            Self::Text { max, .. } if !(1..=LONGEST_TEXT).contains(max) => {
                Some(("max", format!("must be 1 to {LONGEST_TEXT}")))
            }
            Self::Choice { choices } if choices.is_empty() => {
                Some(("kind", "needs values: give them in `choices`".to_string()))
            }
            Self::Choice { choices } => {
                let wrong = choices.iter().find(|it| Code::parse(&it.code).is_err())?;
                Some(("kind", format!("has the value `{}`, which is no code", wrong.code)))
            }
            Self::Code { catalogue } if !catalogues.contains(&catalogue.as_str()) => {
                Some(("catalogue", format!("must be one of: {}", catalogues.join(", "))))
            }
            Self::Reference { object } if registry.object(object).is_none() => {
                Some(("refers_to", no_object(registry)))
            }
            _ => None,
        }
    }

    /// Whether every value of it is one of the other type too.
    fn may_become(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text { max: before, .. }, Self::Text { max, .. }) => max >= before,
            (Self::Choice { choices: before }, Self::Choice { choices }) => {
                before.iter().all(|known| choices.iter().any(|choice| choice.code == known.code))
            }
            _ => self == other,
        }
    }
}
