//! The former states of an object: its records, with the changes since taken back one by one.

use hashbrown::HashSet;
use serde_json::Value;

use super::chain::mark;
use super::digest::{Digest, StateDigest};
use crate::cell::read_cell;
use crate::change::{Image, OWNER, TEAM, record_key};
use crate::{
    Cell, CellRef, CompositeDef, Currency, Fault, FieldChange, FieldDef, FieldType,
    FieldValue as _, Fill, Head, Instant, LocalDateTime, LocalizedText, Money, ObjectDef, ObjectId,
    Part, RowBuffer, SegmentDef, Tx, date_to_days, json, parse_date, parse_decimal, to_micros,
};

/// Why a change can't be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The program has no such segment, field or kind of value any more.
    Unknown(String),
    /// Something else stands there than the change left.
    Differs(String),
}

/// Records of an object at some version.
pub(crate) struct Records {
    composite: &'static CompositeDef,
    image: Image,
}

impl Records {
    /// Of an object that is not there.
    pub(crate) fn none(def: &ObjectDef) -> Self {
        Self { composite: def.composite, image: vec![Vec::new(); def.composite.parts.len()] }
    }

    /// Of what the database has.
    pub(crate) fn of(def: &ObjectDef, image: Image) -> Self {
        Self { composite: def.composite, image }
    }

    /// Digest of the records.
    pub(crate) fn digest(&self) -> Digest {
        let mut state = StateDigest::default();
        for (part, rows) in self.composite.parts.iter().zip(&self.image) {
            let Some(segment) = part.segment else { continue };
            rows.iter().for_each(|row| state.record(segment, row));
        }
        state.end()
    }

    /// Takes a change back, the newest first.
    pub(crate) fn undo(&mut self, change: &FieldChange) -> Result<(), Unfit> {
        if change.is_mark() || change.is_of_head() {
            return Ok(());
        }
        let parts = self.composite.parts.iter();
        let found = parts.zip(&mut self.image).find_map(|(part, rows)| {
            part.segment.filter(|known| known.name == change.segment).map(|known| (known, rows))
        });
        let Some((segment, rows)) = found else {
            return Err(Unfit::Unknown(format!("there is no segment {} any more", change.segment)));
        };
        let at = rows.iter().position(|row| record_key(segment, row) == change.record);
        if change.field.is_empty() {
            undo_record(segment, rows, at, change)
        } else {
            let row = at.map(|at| &mut rows[at]).ok_or_else(|| gone(change))?;
            undo_field(segment, row, change)
        }
    }

    /// As JSON, without the head.
    fn to_json(&self) -> Result<serde_json::Map<String, Value>, Fault> {
        json::rows_to_json(self.composite, &self.image)
    }
}

fn gone(change: &FieldChange) -> Unfit {
    let FieldChange { segment, record, .. } = change;
    Unfit::Differs(format!("{segment} has no record {record}"))
}

/// A record that came goes, one that went comes back.
fn undo_record(
    segment: &'static SegmentDef,
    rows: &mut Vec<RowBuffer>,
    at: Option<usize>,
    change: &FieldChange,
) -> Result<(), Unfit> {
    let FieldChange { record, segment: name, .. } = change;
    match (at, &change.old, &change.new) {
        (Some(at), None, Some(new)) => {
            if rows[at] != record_of(segment, new)? {
                return Err(Unfit::Differs(format!(
                    "the record {record} of {name} has other values"
                )));
            }
            rows.remove(at);
        }
        (None, Some(old), None) => {
            let row = record_of(segment, old)?;
            let key = segment.key_columns();
            let place = rows.partition_point(|other| other.0[..key] < row.0[..key]);
            rows.insert(place, row);
        }
        (None, ..) => return Err(gone(change)),
        (Some(_), ..) => {
            return Err(Unfit::Differs(format!("{name} has the record {record} that was deleted")));
        }
    }
    Ok(())
}

fn undo_field(
    segment: &'static SegmentDef,
    row: &mut RowBuffer,
    change: &FieldChange,
) -> Result<(), Unfit> {
    let mut column = 0;
    for field in segment.fields {
        let width = field.kind.columns().len();
        if field.name == change.field {
            let cells = &mut row.0[column..column + width];
            if *cells != field_cells(field, change.new.as_deref())? {
                let found = json::field_to_json(field, &mut crate::SliceSource::new(cells));
                let found = found.map_or_else(|fault| fault.to_string(), |value| value.to_string());
                return Err(Unfit::Differs(format!(
                    "{}.{} is {found}, and the history says {}",
                    change.segment,
                    change.field,
                    change.new.as_deref().unwrap_or("null"),
                )));
            }
            cells.clone_from_slice(&field_cells(field, change.old.as_deref())?);
            return Ok(());
        }
        column += width;
    }
    let (segment, field) = (&change.segment, &change.field);
    Err(Unfit::Unknown(format!("{segment} has no field {field} any more")))
}

/// A record from the JSON of a change document. A field that was added later has what it had in the rows of then.
fn record_of(segment: &'static SegmentDef, text: &str) -> Result<RowBuffer, Unfit> {
    let Ok(Value::Object(values)) = serde_json::from_str(text) else {
        return Err(Unfit::Differs(format!(
            "the history has a record of {} that is none",
            segment.name
        )));
    };
    let mut row = RowBuffer::default();
    for field in segment.fields {
        match values.get(field.name) {
            Some(value) => row.0.extend(value_cells(field, value)?),
            None => {
                let at = row.0.len() + 1;
                let columns = &segment.table().columns[at..at + field.kind.columns().len()];
                row.0.extend(columns.iter().map(|column| match &column.fill {
                    Fill::Value(cell) => cell.clone(),
                    Fill::Copy(..) | Fill::Nothing => Cell::Null,
                }));
            }
        }
    }
    Ok(row)
}

fn field_cells(field: &FieldDef, text: Option<&str>) -> Result<Vec<Cell>, Unfit> {
    let value = serde_json::from_str(text.unwrap_or("null"));
    value_cells(field, &value.unwrap_or(Value::Null))
}

/// The columns of a value as they were written: what would be refused as input today was allowed then.
fn value_cells(field: &FieldDef, value: &Value) -> Result<Vec<Cell>, Unfit> {
    let width = field.kind.columns().len();
    if value.is_null() {
        return Ok(vec![Cell::Null; width]);
    }
    let mut row = RowBuffer::default();
    let written = write_value(field.kind, value, &mut row).filter(|()| row.0.len() == width);
    written.map(|()| row.0).ok_or_else(|| {
        Unfit::Unknown(format!("{} takes no value like {value} any more", field.name))
    })
}

fn write_value(kind: FieldType, value: &Value, row: &mut RowBuffer) -> Option<()> {
    let micros = |value: &Value| to_micros(parse_decimal(value.as_str()?).ok()?).ok();
    let day = |value: &Value| parse_date(value.as_str()?).ok().map(date_to_days);
    let text = |value: &Value| value.as_str().map(|text| Cell::Text(text.to_string()));
    match kind {
        FieldType::Text { .. }
        | FieldType::Code { .. }
        | FieldType::Choice(_)
        | FieldType::Currency
        | FieldType::Unit
        | FieldType::Language => row.0.push(text(value)?),
        FieldType::Bool => row.0.push(Cell::Bool(value.as_bool()?)),
        FieldType::Int { .. } => row.0.push(Cell::Int(value.as_i64()?)),
        FieldType::Decimal | FieldType::Percentage => row.0.push(Cell::Int(micros(value)?)),
        FieldType::Money => {
            let currency = Currency::parse(value["currency"].as_str()?).ok()?;
            let amount = parse_decimal(value["amount"].as_str()?).ok()?;
            Money::exact(amount, currency).ok()?.write(row);
        }
        FieldType::Quantity => {
            row.0.extend([Cell::Int(micros(&value["value"])?), text(&value["unit"])?]);
        }
        FieldType::Date => row.0.push(Cell::Date(day(value)?)),
        FieldType::Instant => {
            row.0.push(Cell::Instant(Instant::parse(value.as_str()?).ok()?.as_micros()));
        }
        FieldType::LocalDateTime => LocalDateTime::parse(value.as_str()?).ok()?.write(row),
        FieldType::Validity => {
            row.0.extend([Cell::Date(day(&value["from"])?), Cell::Date(day(&value["to"])?)]);
        }
        FieldType::LocalizedText => LocalizedText::from_json(value).ok()?.write(row),
        FieldType::Reference { .. } => {
            row.0.push(Cell::Uuid(value.as_str()?.parse::<ObjectId>().ok()?.0));
        }
    }
    Some(())
}

/// What an object was.
#[derive(Clone, Debug)]
pub struct FormerState {
    /// The object as its type shows it, with the head that it had.
    pub value: Value,
    /// What could not be taken back, because the program has no place for it any more.
    pub unknown: Vec<String>,
}

impl Tx<'_> {
    /// The version that an object had at a moment; none where it was not there.
    pub fn version_at(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        at: Instant,
    ) -> Result<Option<i64>, Fault> {
        let (head, changes) = (self.last_head(def, id)?, self.changes(id, 0)?);
        if head.created_at > at {
            return Ok(None);
        }
        let before = changes.iter().filter(|change| change.at <= at);
        Ok(before.map(|change| change.version).max().or(Some(1)))
    }

    /// An object as it was at a version.
    ///
    /// # Errors
    ///
    /// [`Fault::Missing`] where it had no such version, or is not known then any more; [`Fault::Corrupt`] where
    /// its records and its history contradict each other.
    pub fn state_of(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        version: i64,
    ) -> Result<FormerState, Fault> {
        let def = self.stored(def);
        let mut head = self.last_head(def, id)?;
        let mut records = Records::of(def, self.image(def, id)?);
        let changes = self.changes(id, version - 1)?;
        let none = |why: &str| Fault::Missing {
            object: def.name,
            id: format!("{id} of version {version}: {why}"),
        };
        if version < 1 || version > head.version {
            return Err(none(&format!("its last one is {}", head.version)));
        }
        if changes
            .iter()
            .any(|it| it.is_mark() && it.field == mark::DELETED && it.version == version)
        {
            return Err(none("that is its deletion"));
        }
        let later = |change: &&FieldChange| change.version > version;
        let kept = changes.iter().filter(later).filter(|change| !change.is_mark());
        let kept: HashSet<i64> = kept.map(|change| change.version).collect();
        if kept.len() as i64 != head.version - version {
            return Err(none("what it was then is not kept any more"));
        }
        let mut unknown = Vec::new();
        for change in changes.iter().rev().filter(later) {
            match records.undo(change) {
                Ok(()) => {}
                Err(Unfit::Unknown(what)) => unknown.push(what),
                Err(Unfit::Differs(what)) => {
                    let number = head.number.unwrap_or_else(|| id.to_string());
                    let what = format!("{} {number}, version {}: {what}", def.name, change.version);
                    return Err(Fault::corrupt(what));
                }
            }
        }
        for change in changes.iter().rev().filter(later).filter(|change| change.is_of_head()) {
            let before = change.old.as_deref().and_then(|text| text.trim_matches('"').parse().ok());
            match &*change.field {
                OWNER => head.owner = before,
                _ => head.team = before,
            }
        }
        head.version = version;
        (head.changed_at, head.changed_by) =
            match changes.iter().find(|it| it.version == version && !it.is_mark()) {
                Some(made) => (made.at, made.actor.clone()),
                None => (head.created_at, head.created_by.clone()),
            };
        let mut value = json::head_to_json(def, &head);
        value.extend(records.to_json()?);
        self.leave_out_retired(def.name, &mut value);
        Ok(FormerState { value: Value::Object(value), unknown })
    }

    /// The head of an object, or what its deletion tells of it.
    pub(crate) fn last_head(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
    ) -> Result<Head, Fault> {
        let missing = match self.head(def, id) {
            Err(missing @ Fault::Missing { .. }) => missing,
            head => return head,
        };
        let def = self.stored(def);
        let segments = || def.composite.parts.iter().filter_map(|part| part.segment);
        let last = self.last_change(id)?.filter(|change| {
            change.new.is_none() && segments().any(|segment| segment.name == change.segment)
        });
        let Some(last) = last else { return Err(missing) };
        let changes = self.changes(id, last.version - 1)?;
        let end = changes.iter().find(|it| it.is_mark() && it.field == mark::DELETED);
        let was = end.and_then(|end| serde_json::from_str::<Value>(end.old.as_deref()?).ok());
        let text = |name: &str| {
            let was = was.as_ref()?;
            Some(was[name].as_str()?.to_string())
        };
        Ok(Head {
            id,
            version: last.version,
            number: text("number"),
            created_at: text("created_at")
                .and_then(|text| Instant::parse(&text).ok())
                .unwrap_or(Instant::from_micros(0)),
            created_by: text("created_by").unwrap_or_default(),
            changed_at: last.at,
            changed_by: last.actor,
            history: None,
            created_in: text("created_in").and_then(|text| text.parse().ok()),
            owner: text(OWNER).and_then(|text| text.parse().ok()),
            team: text(TEAM).and_then(|text| text.parse().ok()),
        })
    }

    /// The records of an object, by part.
    pub(crate) fn image(&mut self, def: &'static ObjectDef, id: ObjectId) -> Result<Image, Fault> {
        let mut image: Image = Vec::with_capacity(def.composite.parts.len());
        for part in &def.composite.parts {
            image.push(self.part_rows(part, id)?);
        }
        Ok(image)
    }

    /// The records of one part of an object.
    pub(crate) fn part_rows(&mut self, part: &Part, id: ObjectId) -> Result<Vec<RowBuffer>, Fault> {
        let mut rows = Vec::new();
        let Some(segment) = part.segment else { return Ok(rows) };
        let columns = &segment.table().columns[1..];
        self.connection.rows(segment.table(), &[CellRef::Uuid(id.0)], &mut |row| {
            row.uuid()?;
            let mut cells = Vec::with_capacity(columns.len());
            for column in columns {
                cells.push(read_cell(row, column.ty)?);
            }
            rows.push(RowBuffer(cells));
            Ok(())
        })?;
        Ok(rows)
    }
}
