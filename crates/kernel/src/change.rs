//! Change documents: who changed which field of which object from what to what, and when.
//!
//! Making an object is told by its head row and its change set; every later change writes one row per field.

use std::sync::LazyLock;

use hashbrown::HashMap;
use serde_json::{Value, json};

use crate::composite::CompositeDef;
use crate::{
    Cell, CellRef, ColumnDef, ColumnType, FieldDef, Instant, ObjectId, Placement, RowBuffer,
    SegmentDef, TableDef, cell::SliceSource,
};

/// What stands for the segment in changes of who is responsible.
pub(crate) const RESPONSIBLE: &str = "responsible";
/// The user who is responsible, in changes and in an object as JSON.
pub(crate) const OWNER: &str = "owner";
/// The team that is responsible.
pub(crate) const TEAM: &str = "team";

/// One row per changed field.
pub static CHANGE_DOCUMENT: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("object", ColumnType::Uuid),
        ColumnDef::required("version", ColumnType::Int),
        ColumnDef::required("line", ColumnType::Int),
        ColumnDef::required("at", ColumnType::Instant),
        ColumnDef::required("actor", ColumnType::Text),
        ColumnDef::required("source", ColumnType::Text),
        ColumnDef::required("segment", ColumnType::Text),
        ColumnDef::required("record", ColumnType::Text),
        ColumnDef::required("field", ColumnType::Text),
        ColumnDef::optional("old", ColumnType::Text),
        ColumnDef::optional("new", ColumnType::Text),
        ColumnDef::optional("change_set", ColumnType::Uuid),
        ColumnDef::optional("digest", ColumnType::Int),
    ];
    TableDef::new("change_document", columns, 3).placed(Placement::Object(0))
});

/// One changed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Version of the object that the change made.
    pub version: i64,
    /// Its line among those of the version, from 1; 0 where it marks something else than a changed field.
    pub line: i64,
    /// The command that made it; none of a change before there were change sets.
    pub change_set: Option<ObjectId>,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// Where from.
    pub source: String,
    /// Segment; empty for a mark.
    pub segment: String,
    /// Key of the record within the segment; empty for a segment with one row.
    pub record: String,
    /// Field; empty where a whole record came or went. Of a mark: what it marks.
    pub field: String,
    /// Former value as JSON.
    pub old: Option<String>,
    /// New value as JSON.
    pub new: Option<String>,
}

impl FieldChange {
    /// The change as JSON.
    pub fn to_json(&self) -> Value {
        let value = |text: &Option<String>| {
            text.as_deref()
                .map_or(Value::Null, |t| serde_json::from_str(t).unwrap_or_else(|_| t.into()))
        };
        json!({
            "version": self.version,
            "at": self.at.to_string(),
            "actor": self.actor,
            "source": self.source,
            "segment": self.segment,
            "record": self.record,
            "field": self.field,
            "old": value(&self.old),
            "new": value(&self.new),
        })
    }

    /// Whether it marks where the history of an object begins or ends, and no changed field.
    pub fn is_mark(&self) -> bool {
        self.line == 0
    }

    /// Whether it tells who is responsible, which stands in the head row and in no segment.
    pub fn is_of_head(&self) -> bool {
        self.segment == RESPONSIBLE && !self.is_mark()
    }

    pub(crate) fn cells(&self, object: uuid::Uuid, digest: i64) -> [CellRef<'_>; 13] {
        fn text(value: Option<&str>) -> CellRef<'_> {
            value.map_or(CellRef::Null, CellRef::Text)
        }
        [
            CellRef::Uuid(object),
            CellRef::Int(self.version),
            CellRef::Int(self.line),
            CellRef::Instant(self.at.as_micros()),
            CellRef::Text(&self.actor),
            CellRef::Text(&self.source),
            CellRef::Text(&self.segment),
            CellRef::Text(&self.record),
            CellRef::Text(&self.field),
            text(self.old.as_deref()),
            text(self.new.as_deref()),
            self.change_set.map_or(CellRef::Null, |set| CellRef::Uuid(set.0)),
            CellRef::Int(digest),
        ]
    }
}

/// The records of an object, by part.
pub(crate) type Image = Vec<Vec<RowBuffer>>;

/// What a save does to the base tables.
pub(crate) enum RowChange {
    Insert(&'static SegmentDef, RowBuffer),
    Replace(&'static SegmentDef, RowBuffer),
    Delete(&'static SegmentDef, Vec<Cell>),
}

/// A changed field before the save gives it version, time and actor.
pub(crate) struct Difference {
    pub(crate) segment: &'static SegmentDef,
    pub(crate) record: String,
    pub(crate) field: &'static str,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

/// Compares two images of an object.
pub(crate) fn compare(
    composite: &CompositeDef,
    old: &Image,
    new: &Image,
) -> (Vec<RowChange>, Vec<Difference>) {
    let (mut rows, mut differences) = (Vec::new(), Vec::new());
    for (index, part) in composite.parts.iter().enumerate() {
        let Some(segment) = part.segment else { continue };
        if old[index] != new[index] {
            compare_segment(segment, &old[index], &new[index], &mut rows, &mut differences);
        }
    }
    (rows, differences)
}

/// Compares the records of one segment by key.
pub(crate) fn compare_segment(
    segment: &'static SegmentDef,
    old: &[RowBuffer],
    new: &[RowBuffer],
    rows: &mut Vec<RowChange>,
    differences: &mut Vec<Difference>,
) {
    let key = segment.key_columns();
    let (former, latter) = (ByKey::new(old, key), ByKey::new(new, key));
    // What goes comes first, so that a unique value that moves to another record is free.
    for before in old.iter().filter(|before| latter.find(before).is_none()) {
        differences.push(whole(segment, before, true));
        rows.push(RowChange::Delete(segment, before.0[..key].to_vec()));
    }
    for before in old {
        if let Some(after) = latter.find(before)
            && after != before
        {
            compare_fields(segment, before, after, differences);
            rows.push(RowChange::Replace(segment, after.clone()));
        }
    }
    for after in new {
        if former.find(after).is_none() {
            differences.push(whole(segment, after, false));
            rows.push(RowChange::Insert(segment, after.clone()));
        }
    }
}

/// Records to be found by key: one by one where they are few.
struct ByKey<'r> {
    rows: &'r [RowBuffer],
    key: usize,
    index: HashMap<&'r [Cell], &'r RowBuffer>,
}

impl<'r> ByKey<'r> {
    const FEW: usize = 16;

    fn new(rows: &'r [RowBuffer], key: usize) -> Self {
        let index = if rows.len() > Self::FEW {
            rows.iter().map(|row| (&row.0[..key], row)).collect()
        } else {
            HashMap::new()
        };
        Self { rows, key, index }
    }

    fn find(&self, wanted: &RowBuffer) -> Option<&'r RowBuffer> {
        let key = &wanted.0[..self.key];
        if self.rows.len() > Self::FEW {
            return self.index.get(key).copied();
        }
        self.rows.iter().find(|row| row.0[..self.key] == *key)
    }
}

/// A record that came or went, as one change with the whole record in JSON.
fn whole(segment: &'static SegmentDef, row: &RowBuffer, gone: bool) -> Difference {
    let text = crate::json::record_to_json(segment.fields, &mut SliceSource::new(&row.0))
        .map(|map| Value::Object(map).to_string())
        .unwrap_or_default();
    let (old, new) = if gone { (Some(text), None) } else { (None, Some(text)) };
    Difference { segment, record: record_key(segment, row), field: "", old, new }
}

fn compare_fields(
    segment: &'static SegmentDef,
    old: &RowBuffer,
    new: &RowBuffer,
    differences: &mut Vec<Difference>,
) {
    let mut column = 0;
    for field in segment.fields {
        let width = field.kind.columns().len();
        let (before, after) = (&old.0[column..column + width], &new.0[column..column + width]);
        column += width;
        if before != after {
            differences.push(Difference {
                segment,
                record: record_key(segment, old),
                field: field.name,
                old: field_text(field, before),
                new: field_text(field, after),
            });
        }
    }
}

fn field_text(field: &FieldDef, cells: &[Cell]) -> Option<String> {
    match crate::json::field_to_json(field, &mut SliceSource::new(cells)) {
        Ok(Value::Null) | Err(_) => None,
        Ok(value) => Some(value.to_string()),
    }
}

/// The natural key of a record as text: its key fields joined by `/`.
pub(crate) fn record_key(segment: &SegmentDef, row: &RowBuffer) -> String {
    let mut source = SliceSource::new(&row.0);
    let mut parts = Vec::new();
    for field in &segment.fields[..segment.key_fields()] {
        match crate::json::field_to_json(field, &mut source) {
            Ok(Value::String(text)) => parts.push(text),
            Ok(Value::Object(validity)) => {
                parts.push(validity.get("from").and_then(Value::as_str).unwrap_or("").to_string());
            }
            Ok(other) => parts.push(other.to_string()),
            Err(_) => parts.push("?".to_string()),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;
