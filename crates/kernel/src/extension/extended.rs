//! Object types with what was added to them.

use std::sync::Arc;

use crate::{
    Cardinality, ChoiceDef, ColumnDef, CompositeDef, CustomField, CustomSegment, CustomType,
    FieldDef, FieldType, HeadField, IndexDef, Multiplicity, ObjectDef, Part, Placement, SegmentDef,
    Sign, head_column,
};

/// An object type with what was added to it. It lives as long as the program: definitions are few, and
/// whoever works with one holds it without counting.
#[derive(Clone, Debug)]
pub(crate) struct Extended {
    /// What it was made of.
    pub(crate) segments: Arc<[CustomSegment]>,
    /// Everything that is stored, also what is retired; fields by name, so that digests stay the same.
    pub(crate) stored: &'static ObjectDef,
    /// What there is to be seen and given.
    pub(crate) told: &'static ObjectDef,
    /// The custom parts of `stored`.
    pub(crate) stored_parts: &'static CompositeDef,
    /// The custom parts of `told`.
    pub(crate) told_parts: &'static CompositeDef,
    /// How many parts the program itself knows.
    pub(crate) declared: usize,
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn text(text: &str) -> &'static str {
    Box::leak(text.to_string().into_boxed_str())
}

fn labels(
    labels: &std::collections::BTreeMap<String, String>,
) -> &'static [(&'static str, &'static str)] {
    let labels = labels.iter().map(|(language, label)| (text(language), text(label)));
    Box::leak(labels.collect::<Vec<_>>().into_boxed_slice())
}

impl Extended {
    pub(crate) fn new(base: &'static ObjectDef, segments: &[CustomSegment]) -> Self {
        let everywhere = base.head.placement == Placement::Everywhere;
        let stored: Vec<Part> =
            segments.iter().map(|segment| stored_part(segment, everywhere)).collect();
        let told: Vec<Part> = segments
            .iter()
            .filter(|segment| !segment.retired)
            .map(|segment| told_part(segment, everywhere))
            .collect();
        let with_head = with_head(base, &stored, segments);
        let told_def = with_told(base, with_head, &told);
        let parts = |parts: Vec<Part>| {
            let CompositeDef { name, help, .. } = *base.composite;
            leak(CompositeDef { name, help, parts })
        };
        Self {
            segments: segments.into(),
            stored: with_head,
            told: told_def,
            stored_parts: parts(stored),
            told_parts: parts(told),
            declared: base.composite.parts.len(),
        }
    }
}

/// The object type with all parts, and a head table with the columns of what lists show.
fn with_head(
    base: &'static ObjectDef,
    parts: &[Part],
    segments: &[CustomSegment],
) -> &'static ObjectDef {
    let mut head = base.head.clone();
    let mut head_fields = base.head_fields.clone();
    for (part, (segment, own)) in (base.composite.parts.len()..)
        .zip(parts.iter().filter_map(|part| part.segment).zip(segments))
    {
        let mut source = 0;
        for field in segment.fields {
            let width = field.kind.columns().len();
            if field.list {
                let (name, column) =
                    (text(&format!("{}_{}", own.name, field.name)), head.columns.len());
                for (suffix, ty) in field.kind.columns() {
                    head.columns.push(ColumnDef::optional(&format!("{name}{suffix}"), *ty));
                }
                let columns =
                    if field.unique { vec![column] } else { vec![column, head_column::ID] };
                // Not named after the head table, whose declared indexes are the program's.
                let index = format!("{}_by_{}", segment.name, field.name);
                head.indexes.push(IndexDef { name: index, columns, unique: field.unique });
                head_fields.push(HeadField { name, part, source, column, width, field });
            }
            source += width;
        }
    }
    leak(ObjectDef {
        composite: composite(base, parts),
        head: leak(head),
        head_fields,
        ..same(base)
    })
}

/// The object type with the parts that are to be seen, on the same head table.
fn with_told(
    base: &'static ObjectDef,
    stored: &'static ObjectDef,
    parts: &[Part],
) -> &'static ObjectDef {
    let first = base.composite.parts.len();
    let mut head_fields = base.head_fields.clone();
    for head in &stored.head_fields[base.head_fields.len()..] {
        let table = stored.composite.parts[head.part].segment.map(|segment| segment.name);
        let is_it = |part: &Part| part.segment.map(|segment| segment.name) == table;
        let Some(at) = parts.iter().position(is_it) else { continue };
        let fields = parts[at].fields.iter();
        let Some(field) = fields.into_iter().find(|field| field.name == head.field.name) else {
            continue;
        };
        head_fields.push(HeadField { part: first + at, field, ..head.clone() });
    }
    leak(ObjectDef {
        composite: composite(base, parts),
        head: stored.head,
        head_fields,
        ..same(base)
    })
}

fn same(base: &ObjectDef) -> ObjectDef {
    ObjectDef { head_fields: Vec::new(), ..*base }
}

fn composite(base: &'static ObjectDef, parts: &[Part]) -> &'static CompositeDef {
    let CompositeDef { name, help, .. } = *base.composite;
    let parts = base.composite.parts.iter().chain(parts).cloned().collect();
    leak(CompositeDef { name, help, parts })
}

fn stored_part(segment: &CustomSegment, everywhere: bool) -> Part {
    let mut fields: Vec<&CustomField> = segment.fields.iter().collect();
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    let fields = fields.into_iter().map(|field| FieldDef {
        required: field.required && !field.retired,
        // What nobody sees nobody gives, and what it holds stays.
        read_only: field.retired,
        ..definition(segment, field)
    });
    part(segment, fields.collect(), everywhere)
}

fn told_part(segment: &CustomSegment, everywhere: bool) -> Part {
    let mut fields: Vec<&CustomField> =
        segment.fields.iter().filter(|field| !field.retired).collect();
    fields.sort_by(|one, other| (one.position, &one.name).cmp(&(other.position, &other.name)));
    let fields = fields.into_iter().map(|field| definition(segment, field));
    part(segment, fields.collect(), everywhere)
}

fn part(segment: &CustomSegment, mut fields: Vec<FieldDef>, everywhere: bool) -> Part {
    let (cardinality, key) =
        if segment.many { (Cardinality::Many, 1) } else { (Cardinality::One, 0) };
    if segment.many {
        fields.insert(0, LINE);
    }
    let fields: &'static [FieldDef] = Box::leak(fields.into_boxed_slice());
    let (table, help) = (text(&segment.table()), text(&segment.help));
    let made = SegmentDef::new(table, help, cardinality, false, key, fields, everywhere);
    Part {
        name: text(&segment.name),
        help,
        multiplicity: if segment.many { Multiplicity::Many } else { Multiplicity::Optional },
        flatten: false,
        fields,
        segment: Some(leak(made.made_at_run_time())),
        labels: labels(&segment.labels),
    }
}

/// The key of records of which an object has many.
const LINE: FieldDef = FieldDef {
    name: "line",
    help: "Line, by which the record is known.",
    group: "",
    kind: FieldType::Int { least: 1, most: 1_000_000_000 },
    required: true,
    default: None,
    sign: Sign::Any,
    index: false,
    unique: false,
    list: false,
    read_only: false,
    multiline: false,
    labels: &[],
};

fn definition(segment: &CustomSegment, field: &CustomField) -> FieldDef {
    FieldDef {
        name: text(&field.name),
        help: text(&field.help),
        group: text(&field.group),
        kind: kind(&field.kind),
        required: field.required,
        default: None,
        sign: Sign::Any,
        index: field.indexed,
        unique: field.unique,
        list: !segment.many && (field.indexed || field.unique),
        read_only: false,
        multiline: matches!(field.kind, CustomType::Text { multiline: true, .. }),
        labels: labels(&field.labels),
    }
}

fn kind(kind: &CustomType) -> FieldType {
    match kind {
        CustomType::Text { max, .. } => FieldType::Text { max: *max },
        CustomType::Choice { choices } => {
            let choices = choices
                .iter()
                .map(|choice| ChoiceDef { code: text(&choice.code), help: text(&choice.label) });
            FieldType::Choice(Box::leak(choices.collect::<Vec<_>>().into_boxed_slice()))
        }
        CustomType::Code { catalogue } => FieldType::Code { catalogue: text(catalogue) },
        CustomType::Bool => FieldType::Bool,
        CustomType::Integer => FieldType::Int { least: i64::MIN, most: i64::MAX },
        CustomType::Decimal => FieldType::Decimal,
        CustomType::Percentage => FieldType::Percentage,
        CustomType::Money => FieldType::Money,
        CustomType::Quantity => FieldType::Quantity,
        CustomType::Date => FieldType::Date,
        CustomType::Instant => FieldType::Instant,
        CustomType::Reference { object } => FieldType::Reference { object: text(object) },
        CustomType::LocalizedText => FieldType::LocalizedText,
    }
}
