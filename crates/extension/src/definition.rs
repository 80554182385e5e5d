//! The definition of a segment, as an object.

use std::collections::BTreeMap;

use tessera_kernel::{
    Choice, Code, CustomChoice, CustomField, CustomSegment, CustomType, LocalizedText, Object,
    Segment,
};

/// How many records of it an object has.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// One at most.
    One,
    /// Any number, known by their `line`.
    Many,
}

/// Whether it is there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was never activated.
    Draft,
    /// It is there, as it was activated last.
    Active,
    /// It is nowhere to be seen; what it holds stays.
    Retired,
}

/// Type of a field.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text of at most `max` characters.
    Text,
    /// One of `choices`.
    Choice,
    /// A key of the `catalogue` of customizing.
    Code,
    /// Yes or no.
    Bool,
    /// Whole number.
    Integer,
    /// Exact number with up to six decimals.
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
    /// An object of the type `refers_to`.
    Reference,
    /// Text by language.
    LocalizedText,
}

/// What it is.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "custom_segment_header", everywhere, one)]
pub struct SegmentHeader {
    /// Object type that it extends.
    #[field(max = 60, index)]
    pub object_type: String,
    /// Name of the part: `x_` and then small letters, digits and `_`.
    #[field(max = 40, index)]
    pub name: String,
    /// How many records an object has.
    #[field(default = "one")]
    pub records: Records,
    /// What it is for.
    #[field(max = 400)]
    pub help: Option<String>,
    /// What people call it, by language.
    pub label: Option<LocalizedText>,
    /// Whether it is there.
    #[field(list, read_only)]
    pub status: Status,
}

/// One of its fields.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "custom_segment_field", everywhere, many(name))]
pub struct SegmentField {
    /// Name: small letters, digits and `_`.
    #[field(max = 40)]
    pub name: String,
    /// Type.
    pub kind: FieldKind,
    /// Place among the others; those with the same are in the order of their names.
    #[field(default = 0)]
    pub position: u32,
    /// Characters of a text at most.
    pub max: Option<u32>,
    /// A text may have several lines.
    #[field(default = false)]
    pub multiline: bool,
    /// Catalogue of a code.
    #[field(max = 60)]
    pub catalogue: Option<String>,
    /// Object type of a reference.
    #[field(max = 60)]
    pub refers_to: Option<String>,
    /// Each record that is given must have it.
    #[field(default = false)]
    pub required: bool,
    /// No two records have the same value.
    #[field(default = false)]
    pub unique: bool,
    /// Lists show it, filter and sort by it. Only of segments with one record.
    #[field(default = false)]
    pub indexed: bool,
    /// It is nowhere to be seen; what it holds stays.
    #[field(default = false)]
    pub retired: bool,
    /// Group on a form.
    #[field(max = 60)]
    pub group_name: Option<String>,
    /// What it is for.
    #[field(max = 400)]
    pub help: Option<String>,
    /// What people call it, by language.
    pub label: Option<LocalizedText>,
}

/// A value of a choice field.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "custom_segment_choice", everywhere, many(field, code))]
pub struct ChoiceValue {
    /// The field.
    #[field(max = 40)]
    pub field: String,
    /// Stored and transmitted code.
    pub code: Code,
    /// What people read.
    #[field(max = 80)]
    pub label: Option<String>,
}

/// A segment that an installation adds to an object type.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "custom_segment", shared)]
pub struct CustomSegmentDefinition {
    /// What it is.
    pub header: SegmentHeader,
    /// Its fields.
    pub fields: Vec<SegmentField>,
    /// Values of its choice fields.
    pub choices: Vec<ChoiceValue>,
}

/// Characters of a text for which nothing is said.
const TEXT: u32 = 200;

impl CustomSegmentDefinition {
    /// What the kernel makes of it.
    pub fn to_segment(&self, retired: bool) -> CustomSegment {
        CustomSegment {
            object: self.header.object_type.clone(),
            name: self.header.name.clone(),
            many: self.header.records == Records::Many,
            help: self.header.help.clone().unwrap_or_default(),
            labels: labels(self.header.label.as_ref()),
            fields: self.fields.iter().map(|field| self.field(field)).collect(),
            retired,
        }
    }

    fn field(&self, field: &SegmentField) -> CustomField {
        CustomField {
            name: field.name.clone(),
            kind: self.kind(field),
            position: field.position,
            required: field.required,
            unique: field.unique,
            indexed: field.indexed,
            retired: field.retired,
            group: field.group_name.clone().unwrap_or_default(),
            help: field.help.clone().unwrap_or_default(),
            labels: labels(field.label.as_ref()),
        }
    }

    fn kind(&self, field: &SegmentField) -> CustomType {
        match field.kind {
            FieldKind::Text => {
                CustomType::Text { max: field.max.unwrap_or(TEXT), multiline: field.multiline }
            }
            FieldKind::Choice => {
                let own = self.choices.iter().filter(|choice| choice.field == field.name);
                let choices = own.map(|choice| CustomChoice {
                    code: choice.code.to_string(),
                    label: choice.label.clone().unwrap_or_default(),
                });
                CustomType::Choice { choices: choices.collect() }
            }
            FieldKind::Code => {
                CustomType::Code { catalogue: field.catalogue.clone().unwrap_or_default() }
            }
            FieldKind::Bool => CustomType::Bool,
            FieldKind::Integer => CustomType::Integer,
            FieldKind::Decimal => CustomType::Decimal,
            FieldKind::Percentage => CustomType::Percentage,
            FieldKind::Money => CustomType::Money,
            FieldKind::Quantity => CustomType::Quantity,
            FieldKind::Date => CustomType::Date,
            FieldKind::Instant => CustomType::Instant,
            FieldKind::Reference => {
                CustomType::Reference { object: field.refers_to.clone().unwrap_or_default() }
            }
            FieldKind::LocalizedText => CustomType::LocalizedText,
        }
    }
}

fn labels(text: Option<&LocalizedText>) -> BTreeMap<String, String> {
    let texts = text.into_iter().flat_map(LocalizedText::iter);
    texts.map(|(language, text)| (language.to_string(), text.to_string())).collect()
}
