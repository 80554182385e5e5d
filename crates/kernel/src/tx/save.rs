//! Saving objects: base tables, head row, change documents.

use crate::change::{Difference, Image, RowChange, compare, compare_segment, record_key};
use crate::event::RowOf;
use crate::{
    CHANGE_DOCUMENT, Cardinality, Cell, CellRef, Composite, Fault, FieldChange, FieldProblem, Head,
    Object, ObjectDef, ObjectId, Ref, RowBuffer, RowSink, Segment, SegmentDef, Stored, Tx,
    Validity, WriteRow, date_from_days, head_column, timed,
};

/// A record with the id of its object before it.
struct Keyed<'a> {
    id: ObjectId,
    row: &'a dyn WriteRow,
}

impl WriteRow for Keyed<'_> {
    fn write(&self, sink: &mut dyn RowSink) {
        sink.uuid(self.id.0);
        self.row.write(sink);
    }
}

fn image<T: Composite>(value: &T) -> Image {
    let mut image: Image = vec![Vec::new(); T::composite().parts.len()];
    value.visit(&mut |part, row| image[part].push(RowBuffer::of(row)));
    image
}

impl<'c> Tx<'c> {
    /// Makes an object; its number comes from the number range of its type, if it has one.
    pub fn insert<T: Object>(&mut self, value: T) -> Result<Stored<T>, Fault> {
        let number = match T::def().numbers {
            Some(range) => Some(self.next_number(range)?),
            None => None,
        };
        self.insert_numbered(value, number)
    }

    /// Makes an object with a number given from outside (or none).
    pub fn insert_numbered<T: Object>(
        &mut self,
        value: T,
        number: Option<String>,
    ) -> Result<Stored<T>, Fault> {
        let id = self.new_id();
        self.insert_as(Ref::new(id), value, number)
    }

    /// Makes an object with an id taken before by [`Tx::new_id`].
    pub fn insert_as<T: Object>(
        &mut self,
        id: Ref<T>,
        value: T,
        number: Option<String>,
    ) -> Result<Stored<T>, Fault> {
        self.writable()?;
        let (def, composite, id) = (T::def(), T::composite(), id.id());
        self.touch(def.name, id);
        if composite.parts.iter().any(needs_check) {
            check_image(composite, &image(&value))?;
        }
        let mut heads: Vec<RowBuffer> = vec![RowBuffer::default(); composite.parts.len()];
        let mut outcome = Ok(());
        let connection = &mut *self.connection;
        value.visit(&mut |part, row| {
            let Some(segment) = composite.parts[part].segment else { return };
            if outcome.is_ok() {
                outcome = connection.insert(segment.table(), &Keyed { id, row });
            }
            if segment.cardinality == Cardinality::One {
                heads[part] = RowBuffer::of(row);
            }
        });
        outcome?;
        let head = Head {
            id,
            version: 1,
            number,
            created_at: self.now(),
            created_by: self.actor.name().to_string(),
            changed_at: self.now(),
            changed_by: self.actor.name().to_string(),
        };
        self.insert_head(def, &head, &heads)?;
        Ok(Stored::fresh(head, value))
    }

    fn insert_head(
        &mut self,
        def: &'static ObjectDef,
        head: &Head,
        parts: &[RowBuffer],
    ) -> Result<(), Fault> {
        let mut row = Vec::with_capacity(def.head.columns.len());
        row.extend([
            CellRef::Uuid(head.id.0),
            CellRef::Int(head.version),
            head.number.as_deref().map_or(CellRef::Null, CellRef::Text),
            CellRef::Instant(head.created_at.as_micros()),
            CellRef::Text(&head.created_by),
            CellRef::Instant(head.changed_at.as_micros()),
            CellRef::Text(&head.changed_by),
        ]);
        for field in &def.head_fields {
            let cells = &parts[field.part].0;
            for offset in 0..field.width {
                let cell = cells.get(field.source + offset).map_or(CellRef::Null, Cell::as_ref);
                row.push(cell);
            }
        }
        self.drop_lookups(def, head.number.as_deref(), parts);
        Ok(self.connection.insert(def.head, &RowOf(&row))?)
    }

    /// The cache forgets what it knew of the unique values in these records.
    fn drop_lookups(&self, def: &ObjectDef, number: Option<&str>, parts: &[RowBuffer]) {
        let cache = &self.environment.cache;
        if let Some(number) = number {
            cache.drop_lookup((def.name, "number"), number);
        }
        for field in def.head_fields.iter().filter(|field| field.field.unique) {
            if let Some(Cell::Text(value)) = parts[field.part].0.get(field.source) {
                cache.drop_lookup((def.name, field.field.name), value);
            }
        }
    }

    /// Saves what changed since the object was loaded: rows, head, one change document per field.
    /// False where nothing changed. Refused as stale where somebody saved it meanwhile.
    pub fn save<T: Object>(&mut self, object: &mut Stored<T>) -> Result<bool, Fault> {
        self.writable()?;
        let (def, composite) = (T::def(), T::composite());
        let (old, new) = (image(&object.original), image(&object.value));
        if old == new {
            return Ok(false);
        }
        check_image(composite, &new)?;
        let (rows, differences) = compare(composite, &old, &new);
        let ones: Vec<RowBuffer> = composite
            .parts
            .iter()
            .zip(&new)
            .map(|(part, rows)| match part.segment {
                Some(segment) if segment.cardinality == Cardinality::One => {
                    rows.first().cloned().unwrap_or_default()
                }
                _ => RowBuffer::default(),
            })
            .collect();
        self.drop_lookups(def, None, &old.iter().map(|rows| first_row(rows)).collect::<Vec<_>>());
        self.drop_lookups(def, None, &ones);
        self.touch(def.name, object.head.id);
        self.write_rows(object.head.id, rows)?;
        let version = object.head.version;
        let fields = head_updates(def, &|part| Some(&ones[part]));
        self.raise_version(def, object.head.id, version, &fields)?;
        self.write_changes(object.head.id, version + 1, differences)?;
        object.head.version += 1;
        object.head.changed_at = self.now();
        object.head.changed_by = self.actor.name().to_string();
        object.original = object.value.clone();
        Ok(true)
    }

    /// Changes the record of a one-row segment without loading the rest of the object. The
    /// closure's error undoes nothing by itself: the command fails and with it everything.
    pub fn edit<T: Object, S: Segment, R>(
        &mut self,
        id: Ref<T>,
        change: impl FnOnce(&mut S) -> R,
    ) -> Result<R, Fault> {
        self.writable()?;
        let (def, segment, id) = (T::def(), S::def(), id.id());
        let mut record: S = self.segment_one(id)?;
        let old = RowBuffer::of(&record);
        let answer = change(&mut record);
        let new = RowBuffer::of(&record);
        if old == new {
            return Ok(answer);
        }
        let version = self.version(def, id)?;
        let (mut rows, mut differences) = (Vec::new(), Vec::new());
        let (before, after) = (std::slice::from_ref(&old), std::slice::from_ref(&new));
        compare_segment(segment, before, after, &mut rows, &mut differences);
        self.touch(def.name, id);
        self.write_rows(id, rows)?;
        let of_segment = |part: usize| {
            let same = def.composite.parts[part].segment.is_some_and(|s| std::ptr::eq(s, segment));
            same.then_some(&new)
        };
        let fields = head_updates(def, &of_segment);
        self.raise_version(def, id, version, &fields)?;
        self.write_changes(id, version + 1, differences)?;
        Ok(answer)
    }

    fn version(&mut self, def: &'static ObjectDef, id: ObjectId) -> Result<i64, Fault> {
        let mut version = None;
        self.connection.rows(def.head, &[CellRef::Uuid(id.0)], &mut |row| {
            row.uuid()?;
            version = row.int()?;
            Ok(())
        })?;
        version.ok_or_else(|| Fault::missing(def.name, id))
    }

    /// Deletes an object that nothing refers to. Documents are never deleted.
    pub fn delete<T: Object>(&mut self, object: &Stored<T>) -> Result<(), Fault> {
        self.writable()?;
        let (def, id) = (T::def(), object.head.id);
        self.raise_version(def, id, object.head.version, &[])?;
        self.touch(def.name, id);
        let parts: Vec<RowBuffer> =
            image(&object.original).iter().map(|rows| first_row(rows)).collect();
        self.drop_lookups(def, object.head.number.as_deref(), &parts);
        let (rows, differences) =
            compare(T::composite(), &image(&object.original), &vec![Vec::new(); parts.len()]);
        self.write_rows(id, rows)?;
        self.connection.delete(def.head, &[CellRef::Uuid(id.0)])?;
        self.write_changes(id, object.head.version + 1, differences)
    }

    fn write_rows(&mut self, id: ObjectId, rows: Vec<RowChange>) -> Result<(), Fault> {
        for row in rows {
            match row {
                RowChange::Insert(segment, row) => {
                    self.connection.insert(segment.table(), &Keyed { id, row: &row })?;
                }
                RowChange::Replace(segment, row) => {
                    self.connection.replace(segment.table(), &Keyed { id, row: &row })?;
                }
                RowChange::Delete(segment, key) => {
                    let key: Vec<CellRef<'_>> = std::iter::once(CellRef::Uuid(id.0))
                        .chain(key.iter().map(Cell::as_ref))
                        .collect();
                    self.connection.delete(segment.table(), &key)?;
                }
            }
        }
        Ok(())
    }

    /// Moves the head row on by one version, or tells who was faster.
    fn raise_version(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        version: i64,
        fields: &[(usize, CellRef<'_>)],
    ) -> Result<(), Fault> {
        let mut columns = Vec::with_capacity(3 + fields.len());
        columns.extend([
            (head_column::VERSION, CellRef::Int(version + 1)),
            (head_column::CHANGED_AT, CellRef::Instant(self.now().as_micros())),
            (head_column::CHANGED_BY, CellRef::Text(self.actor.name())),
        ]);
        columns.extend_from_slice(fields);
        let guard = Some((head_column::VERSION, CellRef::Int(version)));
        if self.connection.set(def.head, &[CellRef::Uuid(id.0)], guard, &columns)? {
            return Ok(());
        }
        let head = self.head(def, id)?;
        Err(self.stale(def, head, version)?)
    }

    fn stale(
        &mut self,
        def: &'static ObjectDef,
        head: Head,
        expected: i64,
    ) -> Result<Fault, Fault> {
        Ok(Fault::Stale {
            object: def.name,
            changes: self.changes(head.id, expected)?,
            number: head.number.unwrap_or_else(|| head.id.to_string()),
            expected,
            found: head.version,
            changed_by: head.changed_by,
            changed_at: head.changed_at,
        })
    }

    /// Refuses as stale unless the object still has the version that the caller saw.
    pub fn expect_version<T: Object>(
        &mut self,
        object: &Stored<T>,
        expected: i64,
    ) -> Result<(), Fault> {
        if object.head.version == expected {
            return Ok(());
        }
        Err(self.stale(T::def(), object.head.clone(), expected)?)
    }

    fn write_changes(
        &mut self,
        id: ObjectId,
        version: i64,
        differences: Vec<Difference>,
    ) -> Result<(), Fault> {
        for (line, difference) in (1..).zip(differences) {
            let change = FieldChange {
                version,
                at: self.now(),
                actor: self.actor.name().to_string(),
                source: self.actor.source().name().to_string(),
                segment: difference.segment.name.to_string(),
                record: difference.record,
                field: difference.field.to_string(),
                old: difference.old,
                new: difference.new,
            };
            self.connection.insert(&CHANGE_DOCUMENT, &RowOf(&change.cells(id.0, line)))?;
        }
        Ok(())
    }
}

fn first_row(rows: &[RowBuffer]) -> RowBuffer {
    rows.first().cloned().unwrap_or_default()
}

/// Head columns with the values of the records that changed.
fn head_updates<'r>(
    def: &ObjectDef,
    record: &dyn Fn(usize) -> Option<&'r RowBuffer>,
) -> Vec<(usize, CellRef<'r>)> {
    let mut columns = Vec::new();
    for field in &def.head_fields {
        let Some(row) = record(field.part) else { continue };
        for offset in 0..field.width {
            let cell = row.0.get(field.source + offset).map_or(CellRef::Null, Cell::as_ref);
            columns.push((field.column + offset, cell));
        }
    }
    columns
}

fn needs_check(part: &crate::Part) -> bool {
    part.segment.is_some_and(|segment| matches!(segment.cardinality, Cardinality::Timed(_)))
}

/// Keys are unique within their segment, and validities fit the time constraint.
fn check_image(composite: &crate::CompositeDef, image: &Image) -> Result<(), Fault> {
    let mut problems = Vec::new();
    for (part, rows) in composite.parts.iter().zip(image) {
        let Some(segment) = part.segment else { continue };
        check_keys(part.name, segment, rows, &mut problems);
        if let Cardinality::Timed(constraint) = segment.cardinality {
            check_validities(part.name, segment, constraint, rows, &mut problems);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
}

fn check_keys(
    name: &str,
    segment: &SegmentDef,
    rows: &[RowBuffer],
    problems: &mut Vec<FieldProblem>,
) {
    let key = segment.key_columns();
    let mut seen = hashbrown::HashSet::with_capacity(rows.len());
    for (position, row) in rows.iter().enumerate() {
        if !seen.insert(&row.0[..key]) {
            let message = format!("{} stands there twice", record_key(segment, row));
            problems.push(FieldProblem::new(format!("{name}[{position}]"), message));
        }
    }
}

fn check_validities(
    name: &str,
    segment: &SegmentDef,
    constraint: crate::TimeConstraint,
    rows: &[RowBuffer],
    problems: &mut Vec<FieldProblem>,
) {
    let key = segment.key_columns() - 1;
    let mut spans: hashbrown::HashMap<&[Cell], Vec<Validity>> = hashbrown::HashMap::new();
    for row in rows {
        if let (Cell::Date(from), Cell::Date(to)) = (&row.0[key], &row.0[key + 1])
            && let (Some(from), Some(to)) = (date_from_days(*from), date_from_days(*to))
        {
            spans.entry(&row.0[..key]).or_default().push(Validity { from, to });
        }
    }
    for found in spans.values_mut() {
        if let Err(message) = timed::check(found, constraint) {
            problems.push(FieldProblem::new(name, message));
        }
    }
}
