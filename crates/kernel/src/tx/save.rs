//! Saving objects: base tables, head row, change documents.

use std::sync::Arc;

use super::check::{check_image, needs_check};
use crate::cache;
use crate::change::{Image, RowChange, compare, compare_segment};
use crate::event::RowOf;
use crate::history::{Deed, Digest, StateDigest};
use crate::{
    Ahead, Cardinality, Cell, CellRef, Composite, Fault, Head, Home, Object, ObjectDef, ObjectId,
    Ref, RowBuffer, RowSink, Segment, SegmentDef, StoreError, Stored, Tx, WriteRow, head_column,
};

/// A record with the id of its object before it.
pub(super) struct Keyed<'a> {
    pub(super) id: ObjectId,
    pub(super) row: &'a dyn WriteRow,
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
    /// Makes an object; its number comes from the number range of its type, if it has one. A
    /// number that an object was given from outside is passed over.
    pub fn insert<T: Object>(&mut self, value: T) -> Result<Stored<T>, Fault> {
        let Some(range) = T::def().numbers else { return self.insert_numbered(value, None) };
        let mut number = self.next_number(range)?;
        while self.find_unique(T::def(), "number", &number)?.is_some() {
            number = self.next_number(range)?;
        }
        self.insert_there(value, Some(number))
    }

    /// Makes a document where it is to live, with the next number of its type if that has a range:
    /// nobody gives documents numbers from outside.
    pub fn insert_at<T: Object>(&mut self, home: Home<'_>, value: T) -> Result<Stored<T>, Fault> {
        let number = T::def().numbers.map(|range| self.next_number(range)).transpose()?;
        self.insert_as(Ref::new(self.new_id_at(home)), value, number)
    }

    /// Makes an object with a number given from outside (or none).
    pub fn insert_numbered<T: Object>(
        &mut self,
        value: T,
        number: Option<String>,
    ) -> Result<Stored<T>, Fault> {
        // The index of a cluster does not see other buckets, where an object may be that was made otherwise.
        let head = T::def().head;
        if let Some(number) = &number
            && head.placing_column().is_some()
            && self.connection.is_sharded()
            && self.find_unique(T::def(), "number", number)?.is_some()
        {
            let index = format!("{}_by_number", head.name);
            return Err(StoreError::Duplicate { table: head.name.clone(), index }.into());
        }
        self.insert_there(value, number)
    }

    /// Makes an object where its number says, so that two with one number are in one bucket, whose index refuses
    /// the second.
    fn insert_there<T: Object>(
        &mut self,
        value: T,
        number: Option<String>,
    ) -> Result<Stored<T>, Fault> {
        let id = match &number {
            Some(number) => self.new_id_at(Home::At(T::NAME, number)),
            None => self.new_id(),
        };
        self.insert_as(Ref::new(id), value, number)
    }

    /// Makes an object with an id taken before by [`Tx::new_id`] or [`Tx::new_id_at`], and a number of a range, which
    /// nobody gives from outside.
    pub fn insert_as<T: Object>(
        &mut self,
        id: Ref<T>,
        value: T,
        number: Option<String>,
    ) -> Result<Stored<T>, Fault> {
        self.writable()?;
        let (def, composite, id) = (T::def(), T::composite(), id.id());
        self.touch(def.name, id);
        if self.actor.access().is_some() {
            self.made.push((def, id));
        }
        if self.connection.refuses_late() || composite.parts.iter().any(needs_check) {
            check_image(composite, &image(&value))?;
        }
        let mut heads: Vec<RowBuffer> = vec![RowBuffer::default(); composite.parts.len()];
        let (mut records, mut state) = (Vec::new(), StateDigest::default());
        value.visit(&mut |part, row| {
            let Some(segment) = composite.parts[part].segment else { return };
            state.record(segment, row);
            if segment.cardinality == Cardinality::One {
                heads[part] = RowBuffer::of(row);
            } else if def.is_placed_by(part) {
                let record = RowBuffer::of(row);
                if is_before(segment, &record, &heads[part]) {
                    heads[part] = record;
                }
            }
            records.push((segment, Keyed { id, row }));
        });
        let outcome =
            records.chunk_by(|one, next| std::ptr::eq(one.0, next.0)).try_for_each(|some| {
                let rows: Vec<&dyn WriteRow> =
                    some.iter().map(|(_, row)| row as &dyn WriteRow).collect();
                self.connection.insert_all(some[0].0.table(), &rows)
            });
        let custom = if outcome.is_ok() { self.custom_change(T::NAME, id, true)? } else { None };
        let def = match custom {
            Some(custom) => self.insert_custom(id, custom, &mut state, &mut heads)?,
            None => def,
        };
        if let Err(error) = outcome {
            // A key that stands there twice is named by its path, not by its index.
            check_image(composite, &image(&value))?;
            return Err(error.into());
        }
        let created_in = self.set_id(id);
        let history = Digest::of_creation(def.name, id, state.end());
        self.touched(Deed::Created, def.name, (id, 1), Some(history));
        let head = Head {
            id,
            version: 1,
            number,
            created_at: self.now(),
            created_by: self.actor.name().to_string(),
            changed_at: self.now(),
            changed_by: self.actor.name().to_string(),
            history: Some(history),
            created_in: Some(created_in),
            owner: self.actor.user_id().filter(|_| def.owned),
            team: self.actor.home_team().filter(|_| def.owned),
        };
        self.insert_head(def, &head, &heads)?;
        self.fresh.begin(id);
        let object = Stored::fresh(head, value);
        self.written.keep(&object);
        Ok(object)
    }

    fn insert_head(
        &mut self,
        def: &'static ObjectDef,
        head: &Head,
        parts: &[RowBuffer],
    ) -> Result<(), Fault> {
        let mut row = Vec::with_capacity(def.head.columns.len());
        let history = head.history.map(|digest| digest.to_string());
        row.extend([
            CellRef::Uuid(head.id.0),
            CellRef::Int(head.version),
            head.number.as_deref().map_or(CellRef::Null, CellRef::Text),
            CellRef::Instant(head.created_at.as_micros()),
            CellRef::Text(&head.created_by),
            CellRef::Instant(head.changed_at.as_micros()),
            CellRef::Text(&head.changed_by),
            history.as_deref().map_or(CellRef::Null, CellRef::Text),
            head.created_in.map_or(CellRef::Null, |set| CellRef::Uuid(set.0)),
        ]);
        if def.owned {
            let id = |id: Option<ObjectId>| id.map_or(CellRef::Null, |id| CellRef::Uuid(id.0));
            row.extend([id(head.owner), id(head.team)]);
        }
        for field in &def.head_fields {
            let cells = &parts[field.part].0;
            for offset in 0..field.width {
                let cell = cells.get(field.source + offset).map_or(CellRef::Null, Cell::as_ref);
                row.push(cell);
            }
        }
        self.drop_lookups(def, head.number.as_deref(), &|part| parts.get(part))?;
        Ok(self.connection.insert(def.head, &RowOf(&row))?)
    }

    /// Nobody keeps which object had the unique values in these records.
    fn drop_lookups<'r>(
        &mut self,
        def: &ObjectDef,
        number: Option<&str>,
        record: &dyn Fn(usize) -> Option<&'r RowBuffer>,
    ) -> Result<(), Fault> {
        if !def.cached {
            return Ok(());
        }
        if let Some(number) = number {
            self.drop_lookup((def.name, "number"), number)?;
        }
        for field in def.head_fields.iter().filter(|field| field.field.unique) {
            let cell = record(field.part).and_then(|row| row.0.get(field.source));
            if let Some(Cell::Text(value)) = cell {
                self.drop_lookup((def.name, field.field.name), value)?;
            }
        }
        Ok(())
    }

    fn drop_lookup(
        &mut self,
        column: (&'static str, &'static str),
        value: &str,
    ) -> Result<(), Fault> {
        self.environment.cache.drop_lookup(column, value);
        Ok(self.connection.announce(&cache::moved(column, value))?)
    }

    /// Saves what changed since the object was loaded: rows, head, one change document per field.
    /// False where nothing changed. Refused as stale where somebody saved it meanwhile.
    pub fn save<T: Object>(&mut self, object: &mut Stored<T>) -> Result<bool, Fault> {
        self.writable()?;
        let mut def = T::def();
        let (mut old, mut new) = (image(&*object.original), image(&object.value));
        let declared = old.len();
        let mut custom = self.custom_change(T::NAME, object.head.id, false)?;
        if let Some(change) = &mut custom {
            def = change.def;
            old.append(&mut change.old);
            new.append(&mut change.new);
        }
        if old == new {
            return Ok(false);
        }
        check_image(def.composite, &new)?;
        let (rows, differences) = compare(def.composite, &old, &new);
        if rows.is_empty() {
            // The same records in another order.
            return Ok(false);
        }
        self.drop_lookups(def, None, &|part| old[part].first())?;
        self.drop_lookups(def, None, &|part| new[part].first())?;
        self.supersede(def, object.head.id)?;
        let (id, version, history) = (object.head.id, object.head.version, object.head.history);
        let changes = self.lines((id, version + 1), differences);
        let next = self.next(def, (id, history), Deed::Changed, changes);
        let is_kept =
            |part| part >= declared && !custom.as_ref().is_some_and(|it| it.is_given(part));
        let fields =
            head_updates(def, &|part| (!is_kept(part)).then(|| first(def, part, &new[part])));
        self.raise_version(def, id, (version, next.history), &fields)?;
        self.write_rows(id, rows)?;
        self.write_changes(id, &next)?;
        self.move_on(&mut object.head, next.history);
        object.original = Arc::new(object.value.clone());
        self.written.keep(object);
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
        // Held, and the version before the record: what is read after it can't be older than it.
        let key = [CellRef::Uuid(id.0)];
        self.connection.ahead(&[
            Ahead { table: def.head, key: &key, held: true },
            Ahead { table: segment.table(), key: &key, held: false },
        ])?;
        let (version, history) = self.held_version(def, id)?;
        let mut record: S = self.segment_one(id)?;
        let old = RowBuffer::of(&record);
        let answer = change(&mut record);
        let new = RowBuffer::of(&record);
        if old == new {
            return Ok(answer);
        }
        self.save_record(def, segment, (id, version, history), (old, new))?;
        Ok(answer)
    }

    /// The same for an object that the command has loaded, without reading it again: `record` is where
    /// the record stands in it. Whatever else was changed in the object stays unsaved.
    pub fn edit_loaded<T: Object, S: Segment + Clone>(
        &mut self,
        object: &mut Stored<T>,
        record: impl Fn(&mut T) -> &mut S,
        change: impl FnOnce(&mut S),
    ) -> Result<(), Fault> {
        self.writable()?;
        // Nobody shares what is to be changed, so that it need not be copied.
        self.written.forget(object.head.id);
        let original = Arc::make_mut(&mut object.original);
        let old = RowBuffer::of(record(original));
        let changed = record(&mut object.value);
        change(changed);
        let new = RowBuffer::of(changed);
        if old == new {
            return Ok(());
        }
        *record(original) = changed.clone();
        let Head { id, version, history, .. } = object.head;
        let history = self.save_record(T::def(), S::def(), (id, version, history), (old, new))?;
        self.move_on(&mut object.head, history);
        self.written.keep(object);
        Ok(())
    }

    /// The head as [`Tx::raise_version`] left it in the database.
    fn move_on(&self, head: &mut Head, history: Option<Digest>) {
        head.version += 1;
        head.history = history;
        head.changed_at = self.now();
        head.changed_by = self.actor.name().to_string();
    }

    /// Saves the changed record of a one-row segment; answers the digest of the history since.
    fn save_record(
        &mut self,
        def: &'static ObjectDef,
        segment: &'static SegmentDef,
        (id, version, history): (ObjectId, i64, Option<Digest>),
        (old, new): (RowBuffer, RowBuffer),
    ) -> Result<Option<Digest>, Fault> {
        let (mut rows, mut differences) = (Vec::new(), Vec::new());
        let (before, after) = (std::slice::from_ref(&old), std::slice::from_ref(&new));
        compare_segment(segment, before, after, &mut rows, &mut differences);
        self.supersede(def, id)?;
        let is_edited = |part: usize| {
            def.composite.parts[part].segment.is_some_and(|found| std::ptr::eq(found, segment))
        };
        self.drop_lookups(def, None, &|part| is_edited(part).then_some(&old))?;
        self.drop_lookups(def, None, &|part| is_edited(part).then_some(&new))?;
        let fields = head_updates(def, &|part| is_edited(part).then_some(&new));
        let changes = self.lines((id, version + 1), differences);
        let next = self.next(def, (id, history), Deed::Changed, changes);
        self.raise_version(def, id, (version, next.history), &fields)?;
        self.write_rows(id, rows)?;
        self.write_changes(id, &next)?;
        Ok(next.history)
    }

    fn held_version(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
    ) -> Result<(i64, Option<Digest>), Fault> {
        let head = self.hold_object(def, id)?;
        Ok((head.version, head.history))
    }

    /// Deletes an object that nothing refers to. Documents are never deleted.
    pub fn delete<T: Object>(&mut self, object: &Stored<T>) -> Result<(), Fault> {
        self.writable()?;
        // Parts that are activated meanwhile would stay behind.
        self.rely(|| crate::extension::CHANGED.to_string())?;
        let (def, id) = (self.stored(T::def()), object.head.id);
        self.raise_version(def, id, (object.head.version, object.head.history), &[])?;
        self.supersede(def, id)?;
        let mut before = image(&*object.original);
        for part in &def.composite.parts[before.len()..] {
            before.push(self.part_rows(part, id)?);
        }
        self.drop_lookups(def, object.head.number.as_deref(), &|part| before[part].first())?;
        let nothing = vec![Vec::new(); before.len()];
        let (rows, differences) = compare(def.composite, &before, &nothing);
        self.write_rows(id, rows)?;
        self.connection.delete(def.head, &[CellRef::Uuid(id.0)])?;
        let head = &object.head;
        let mut changes = vec![self.deletion(head)];
        changes.extend(self.lines((id, head.version + 1), differences));
        let next = self.next(def, (id, head.history), Deed::Deleted, changes);
        self.write_changes(id, &next)
    }

    pub(super) fn write_rows(&mut self, id: ObjectId, rows: Vec<RowChange>) -> Result<(), Fault> {
        for row in rows {
            match row {
                RowChange::Insert(segment, row) => {
                    self.connection.insert(segment.table(), &Keyed { id, row: &row })?;
                }
                RowChange::Replace(segment, row) => {
                    self.connection.put(segment.table(), &Keyed { id, row: &row })?;
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
    pub(super) fn raise_version(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        (version, history): (i64, Option<Digest>),
        fields: &[(usize, CellRef<'_>)],
    ) -> Result<(), Fault> {
        let mut columns = Vec::with_capacity(4 + fields.len());
        let history = history.map(|digest| digest.to_string());
        columns.extend([
            (head_column::VERSION, CellRef::Int(version + 1)),
            (head_column::CHANGED_AT, CellRef::Instant(self.now().as_micros())),
            (head_column::CHANGED_BY, CellRef::Text(self.actor.name())),
            (head_column::HISTORY, history.as_deref().map_or(CellRef::Null, CellRef::Text)),
        ]);
        columns.extend_from_slice(fields);
        let guard = Some((head_column::VERSION, CellRef::Int(version)));
        if self.connection.set(def.head, &[CellRef::Uuid(id.0)], guard, &columns)? {
            return Ok(());
        }
        let head = self.head(def, id)?;
        Err(self.stale(def, head, version)?)
    }

    /// The same for an object that is not loaded; it is held.
    pub(super) fn expect_head_version(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        expected: i64,
    ) -> Result<(), Fault> {
        let head = self.hold_object(def, id)?;
        if head.version == expected {
            return Ok(());
        }
        Err(self.stale(def, head, expected)?)
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
}

/// The record of a segment that an object lacks: its list fields are empty.
static ABSENT: RowBuffer = RowBuffer(Vec::new());

/// The record of a part that the head row has fields of: the first by its key.
pub(super) fn first<'r>(def: &ObjectDef, part: usize, records: &'r [RowBuffer]) -> &'r RowBuffer {
    let Some(segment) = def.composite.parts[part].segment else { return &ABSENT };
    let lower = |found, next| if is_before(segment, next, found) { next } else { found };
    records.iter().fold(&ABSENT, lower)
}

fn is_before(segment: &SegmentDef, record: &RowBuffer, other: &RowBuffer) -> bool {
    let key = segment.key_columns();
    other.0.is_empty() || record.0[..key] < other.0[..key]
}

/// Head columns with the values of the records that changed.
pub(super) fn head_updates<'r>(
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
