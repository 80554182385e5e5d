//! Segments: records that have a base table.

use std::sync::OnceLock;

use crate::{
    Cell, ColumnDef, ColumnType, FieldDef, FieldType, Fill, IndexDef, Placement, Record, Sign,
    TableDef, json,
};

/// Time constraint of a timed segment, as for infotypes of human resources in SAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeConstraint {
    /// 1: exactly one record at any time: no gap, no overlap, the last one is open-ended.
    ExactlyOne,
    /// 2: at most one record at any time: gaps, but no overlap.
    AtMostOne,
    /// 3: any number of records at any time.
    Any,
}

/// How many rows a segment has per object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// One row; key: object.
    One,
    /// Many rows; key: object and natural key.
    Many,
    /// Rows with validity; key: object, natural key, first day.
    Timed(TimeConstraint),
}

/// Definition of a segment. One declared in Rust and one made at run time are the same value.
#[derive(Debug)]
pub struct SegmentDef {
    /// Name of the segment and of its base table.
    pub name: &'static str,
    /// Help text.
    pub help: &'static str,
    /// Cardinality.
    pub cardinality: Cardinality,
    /// Its first key field is the number of an item.
    pub item_level: bool,
    /// How many leading fields form the natural key (without the validity).
    pub key: usize,
    /// Fields, key first.
    pub fields: &'static [FieldDef],
    /// Its rows stand on every node; else each is with its object.
    pub everywhere: bool,
    /// It was made at run time: its columns may be empty but for the key, also where a record must have
    /// the field, because fields come and go while there are records.
    pub custom: bool,
    table: OnceLock<&'static TableDef>,
}

impl SegmentDef {
    /// A definition.
    pub const fn new(
        name: &'static str,
        help: &'static str,
        cardinality: Cardinality,
        item_level: bool,
        key: usize,
        fields: &'static [FieldDef],
        everywhere: bool,
    ) -> Self {
        let table = OnceLock::new();
        let custom = false;
        Self { name, help, cardinality, item_level, key, fields, everywhere, custom, table }
    }

    /// The same made at run time.
    pub(crate) fn made_at_run_time(self) -> Self {
        Self { custom: true, ..self }
    }

    /// Its base table: the object id, then the columns of its fields.
    pub fn table(&'static self) -> &'static TableDef {
        self.table.get_or_init(|| Box::leak(Box::new(self.make_table())))
    }

    /// Fields of the key, including the validity of a timed segment.
    pub fn key_fields(&self) -> usize {
        self.key + usize::from(matches!(self.cardinality, Cardinality::Timed(_)))
    }

    /// Columns of the primary key, without the object id.
    pub fn key_columns(&self) -> usize {
        let natural: usize =
            self.fields[..self.key].iter().map(|field| field.kind.columns().len()).sum();
        natural + usize::from(matches!(self.cardinality, Cardinality::Timed(_)))
    }

    fn make_table(&self) -> TableDef {
        let mut columns = vec![ColumnDef::required("object", ColumnType::Uuid)];
        let mut indexes = Vec::new();
        for (position, field) in self.fields.iter().enumerate() {
            let first = columns.len();
            if self.custom && position >= self.key {
                columns
                    .extend(field.column_names().map(|(name, ty)| ColumnDef::optional(&name, ty)));
            } else {
                let fills = fills(field);
                for ((name, ty), fill) in field.column_names().zip(fills) {
                    columns.push(ColumnDef { name, ty, required: field.required, fill });
                }
            }
            // A segment with one row is searched through the head table, which has its index.
            if (field.index || field.unique) && self.cardinality != Cardinality::One {
                indexes.push(IndexDef {
                    name: format!("{}_by_{}", self.name, field.name),
                    columns: vec![first],
                    unique: field.unique,
                });
            }
        }
        let table = TableDef::new(self.name, columns, 1 + self.key_columns());
        let mut table = table.placed(placement(self.everywhere));
        table.indexes = indexes;
        table
    }
}

/// Where head rows and records live: on every node, or each with its object.
pub(crate) fn placement(everywhere: bool) -> Placement {
    if everywhere { Placement::Everywhere } else { Placement::Object(0) }
}

/// What the columns of a field hold in the records that were there before it: nothing where that
/// is allowed, else the default of the input, else zero, false or empty text where that is a value
/// of the type. No reference, code, choice, day or amount would be true.
fn fills(field: &FieldDef) -> Vec<Fill> {
    let columns = field.kind.columns();
    if !field.required {
        return vec![Fill::Value(Cell::Null); columns.len()];
    }
    if let Some(cells) = json::default_cells(field) {
        return cells.into_iter().map(Fill::Value).collect();
    }
    let neutral = match field.kind {
        FieldType::Text { .. } | FieldType::Bool => true,
        FieldType::Int { least, most } => (least..=most).contains(&0),
        FieldType::Decimal | FieldType::Percentage => field.sign != Sign::Positive,
        _ => false,
    };
    let fill = |(_, ty): &(_, ColumnType)| {
        if neutral { Fill::Value(ty.neutral()) } else { Fill::Nothing }
    };
    columns.iter().map(fill).collect()
}

/// A record with a base table.
pub trait Segment: Record + Clone + PartialEq + Send + Sync + 'static {
    /// Its definition.
    fn def() -> &'static SegmentDef;
}
