//! Loading objects and segments.

use std::sync::Arc;

use crate::cache;
use crate::cell::SliceSource;
use crate::{
    Ahead, Balance, Cell, CellRef, Composite, CompositeDef, Connection, Fault, Gather, Head,
    Instant, Object, ObjectDef, ObjectId, Ref, RowSource, Segment, SegmentDef, Select, Stored,
    TableDef, Tx, Visit, head_column,
};

struct SegmentGather<'a> {
    connection: &'a mut dyn Connection,
    composite: &'static CompositeDef,
    id: ObjectId,
}

impl Gather for SegmentGather<'_> {
    fn part(
        &mut self,
        index: usize,
        visit: &mut dyn FnMut(&mut dyn RowSource) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(segment) = self.composite.parts[index].segment else { return Ok(()) };
        self.connection.rows(segment.table(), &[CellRef::Uuid(self.id.0)], &mut |row| {
            row.uuid()?;
            visit(row)
        })
    }
}

/// Reads the fixed columns of a head row.
pub(crate) fn read_head(def: &ObjectDef, row: &mut dyn RowSource) -> Result<Head, Fault> {
    let missing = || Fault::corrupt("a head row is incomplete");
    Ok(Head {
        id: ObjectId(row.uuid()?.ok_or_else(missing)?),
        version: row.int()?.ok_or_else(missing)?,
        number: row.text()?.map(str::to_string),
        created_at: Instant::from_micros(row.instant()?.ok_or_else(missing)?),
        created_by: row.text()?.ok_or_else(missing)?.to_string(),
        changed_at: Instant::from_micros(row.instant()?.ok_or_else(missing)?),
        changed_by: row.text()?.ok_or_else(missing)?.to_string(),
        history: row.text()?.and_then(|text| text.parse().ok()),
        created_in: row.uuid()?.map(ObjectId),
        owner: if def.owned { row.uuid()?.map(ObjectId) } else { None },
        team: if def.owned { row.uuid()?.map(ObjectId) } else { None },
    })
}

/// The head that a way of asking for its row by key finds.
fn head_of(
    def: &ObjectDef,
    id: ObjectId,
    ask: impl FnOnce(&[CellRef<'_>], &mut Visit<'_>) -> Result<(), Fault>,
) -> Result<Head, Fault> {
    let mut head = None;
    ask(&[CellRef::Uuid(id.0)], &mut |row| {
        head = Some(read_head(def, row)?);
        Ok(())
    })?;
    head.ok_or_else(|| Fault::missing(def.name, id))
}

impl Tx<'_> {
    /// The head of an object.
    pub fn head(&mut self, def: &'static ObjectDef, id: ObjectId) -> Result<Head, Fault> {
        head_of(def, id, |key, visit| self.connection.rows(def.head, key, visit))
    }

    /// Holds an object until the end of the command, so that nobody else changes it meanwhile;
    /// answers its head. In a read there is nothing to hold.
    pub fn hold_object(&mut self, def: &'static ObjectDef, id: ObjectId) -> Result<Head, Fault> {
        if self.writable().is_err() {
            return self.head(def, id);
        }
        head_of(def, id, |key, visit| self.connection.row_held(def.head, key, visit))
    }

    /// Loads an object with every segment. A command holds what it loads: what it decides on the
    /// object stays true until its end, however many commands run at once.
    pub fn load<T: Object>(&mut self, id: Ref<T>) -> Result<Stored<T>, Fault> {
        self.load_and_ask(id, None)
    }

    /// The same where the rows of a balance under the object's id are read next: a server is asked for
    /// both at once.
    pub fn load_with<T: Object>(
        &mut self,
        id: Ref<T>,
        balance: &'static Balance,
    ) -> Result<Stored<T>, Fault> {
        self.load_and_ask(id, Some(balance.table()))
    }

    fn load_and_ask<T: Object>(
        &mut self,
        id: Ref<T>,
        next: Option<&'static TableDef>,
    ) -> Result<Stored<T>, Fault> {
        // What the command wrote it holds already. A read has written nothing.
        if let Some(object) = self.written.object(id) {
            return Ok(object);
        }
        let held = self.writable().is_ok();
        self.ask_ahead(T::def(), id.id(), held, next)?;
        let head = self.hold_object(T::def(), id.id())?;
        self.load_segments(id, head)
    }

    /// Asks for an object as a whole, its head and its segments, and for the rows of one more table
    /// under its id.
    fn ask_ahead(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        held: bool,
        more: Option<&'static TableDef>,
    ) -> Result<(), Fault> {
        let key = [CellRef::Uuid(id.0)];
        let segments = def.composite.parts.iter().filter_map(|part| part.segment);
        let mut asks = vec![Ahead { table: def.head, key: &key, held }];
        asks.extend(segments.map(SegmentDef::table).chain(more).map(|table| Ahead {
            table,
            key: &key,
            held: false,
        }));
        Ok(self.connection.ahead(&asks)?)
    }

    fn load_segments<T: Object>(&mut self, id: Ref<T>, head: Head) -> Result<Stored<T>, Fault> {
        let mut source =
            SegmentGather { connection: self.connection, composite: T::composite(), id: id.id() };
        let value = T::gather(&mut source)?;
        Ok(Stored::fresh(head, value))
    }

    /// Loads what is cached through the memory of commands; in a read, from the database. The
    /// object is shared: to change it, `load` it.
    pub fn shared<T: Object>(&mut self, id: Ref<T>) -> Result<Arc<Stored<T>>, Fault> {
        let cacheable = T::def().cached && !self.touched.contains(&id.id());
        if cacheable && self.is_shown_late(T::def()) {
            return self.shared_by_itself(id);
        }
        let Some(hearing) = self.hearing()?.filter(|_| cacheable) else {
            return Ok(Arc::new(self.load_free(id)?));
        };
        if let Some(found) = self.environment.cache.object(id.id())
            && let Ok(object) = found.downcast::<Stored<T>>()
        {
            return Ok(object);
        }
        let object = Arc::new(self.load_free(id)?);
        self.environment.cache.keep_object(hearing, id.id(), object.clone());
        Ok(object)
    }

    /// Whether a command may hear of a change before it is shown the changed rows: on a cluster, where a commit
    /// ends on one node after the other. Memory that was filled in between would keep what was before.
    fn is_shown_late(&self, def: &ObjectDef) -> bool {
        let is_spread = def.head.placing_column().is_some() && self.connection.is_sharded();
        is_spread && self.writable().is_ok()
    }

    /// The same kept by the command alone, which holds the object together with others that read it.
    fn shared_by_itself<T: Object>(&mut self, id: Ref<T>) -> Result<Arc<Stored<T>>, Fault> {
        if let Some(found) = self.own.get(&id.id())
            && let Ok(object) = found.clone().downcast::<Stored<T>>()
        {
            return Ok(object);
        }
        let object = Arc::new(self.load_free(id)?);
        self.own.insert(id.id(), object.clone());
        Ok(object)
    }

    /// Counts on a cached object staying as [`Tx::shared`] answered it until the command is kept, as if
    /// it held it; many may at once. Where somebody changes it meanwhile, the command is run again.
    /// In a read there is nothing to count on.
    pub fn rely_on<T: Object>(&mut self, id: Ref<T>) -> Result<(), Fault> {
        self.rely(|| cache::changed(id.id()))
    }

    /// Counts on [`Tx::lookup`] answering the same until the command is kept.
    pub fn rely_on_lookup<T: Object>(
        &mut self,
        field: &'static str,
        value: &str,
    ) -> Result<(), Fault> {
        self.rely(|| cache::moved((T::NAME, field), value))
    }

    /// Where nobody else writes, and in a read, everything stays as it is.
    pub(super) fn rely(&mut self, message: impl FnOnce() -> String) -> Result<(), Fault> {
        if self.connection.is_isolated() {
            return Ok(());
        }
        Ok(self.connection.rely(&message())?)
    }

    /// Loads an object without holding it: as it was at one moment, also where somebody saves it
    /// between the reads of its segments.
    fn load_free<T: Object>(&mut self, id: Ref<T>) -> Result<Stored<T>, Fault> {
        if self.is_shown_late(T::def()) {
            let table = T::def().head;
            let head = head_of(T::def(), id.id(), |key, visit| {
                self.connection.row_shared(table, key, visit)
            })?;
            self.ask_ahead(T::def(), id.id(), false, None)?;
            return self.load_segments(id, head);
        }
        loop {
            let is_isolated = self.connection.is_isolated();
            // To see whether somebody saved it in between, its head is read again.
            self.ask_ahead(T::def(), id.id(), false, (!is_isolated).then_some(T::def().head))?;
            let head = self.head(T::def(), id.id())?;
            let version = head.version;
            let object = self.load_segments(id, head);
            if is_isolated || self.head(T::def(), id.id())?.version == version {
                return object;
            }
        }
    }

    /// The object whose unique list field (or `number`) has this text. Answers, also empty ones,
    /// are kept in memory where the type is cached.
    pub fn lookup<T: Object>(
        &mut self,
        field: &'static str,
        value: &str,
    ) -> Result<Option<Ref<T>>, Fault> {
        let is_kept = T::def().cached && !self.is_shown_late(T::def());
        let cacheable = is_kept && !self.touched_kinds.contains(&T::NAME);
        let Some(hearing) = self.hearing()?.filter(|_| cacheable) else {
            return Ok(self.find_unique(T::def(), field, value)?.map(Ref::new));
        };
        if let Some(found) = self.environment.cache.lookup((T::NAME, field), value) {
            return Ok(found.map(Ref::new));
        }
        let found = self.find_unique(T::def(), field, value)?;
        self.environment.cache.keep_lookup(hearing, (T::NAME, field), value, found);
        Ok(found.map(Ref::new))
    }

    pub(super) fn find_unique(
        &mut self,
        def: &'static ObjectDef,
        field: &str,
        value: &str,
    ) -> Result<Option<ObjectId>, Fault> {
        let column = def
            .head
            .position(field)
            .ok_or_else(|| Fault::corrupt(format!("{} has no list field {field}", def.name)))?;
        // What is not unique would be wrong in the cache, which forgets unique values only.
        if field != "number"
            && !def.head_fields.iter().any(|h| h.column == column && h.field.unique)
        {
            return Err(Fault::corrupt(format!("{} has no unique field {field}", def.name)));
        }
        let query = Select::from(def.head, &[head_column::ID])
            .equals(column, Cell::Text(value.to_string()))
            .limit(1);
        let mut found = None;
        self.connection.select(&query, &mut |row| {
            found = row.uuid()?.map(ObjectId);
            Ok(())
        })?;
        Ok(found)
    }

    /// The records of one segment of an object.
    pub fn segment<S: Segment>(&mut self, id: ObjectId) -> Result<Vec<S>, Fault> {
        let mut records = Vec::new();
        self.connection.rows(S::def().table(), &[CellRef::Uuid(id.0)], &mut |row| {
            row.uuid()?;
            records.push(S::read(row)?);
            Ok(())
        })?;
        Ok(records)
    }

    /// The record of a segment with one row.
    pub fn segment_one<S: Segment>(&mut self, id: ObjectId) -> Result<S, Fault> {
        self.segment(id)?
            .pop()
            .ok_or_else(|| Fault::corrupt(format!("{id} has no segment {}", S::def().name)))
    }

    /// The objects that have a record of segment `S` whose indexed field equals `value`, each
    /// with that record, in order of the objects' ids.
    pub fn records_by<S: Segment>(
        &mut self,
        field: &str,
        value: Cell,
    ) -> Result<Vec<(ObjectId, S)>, Fault> {
        let table = S::def().table();
        let column = table
            .position(field)
            .ok_or_else(|| Fault::corrupt(format!("{} has no field {field}", table.name)))?;
        let query = Select::all(table).equals(column, value);
        let mut records = Vec::new();
        self.connection.select(&query, &mut |row| {
            let id = row.uuid()?.ok_or_else(|| Fault::corrupt("a segment row has no object"))?;
            records.push((ObjectId(id), S::read(row)?));
            Ok(())
        })?;
        Ok(records)
    }
}

/// A composite read from cells, part by part.
pub(crate) struct CellGather<'a>(pub(crate) &'a [Vec<crate::RowBuffer>]);

impl Gather for CellGather<'_> {
    fn part(
        &mut self,
        index: usize,
        visit: &mut dyn FnMut(&mut dyn RowSource) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for row in &self.0[index] {
            visit(&mut SliceSource::new(&row.0))?;
        }
        Ok(())
    }
}

impl<T: Composite> Stored<T> {
    /// An object as if just loaded.
    pub(crate) fn fresh(head: Head, value: T) -> Self
    where
        T: Clone,
    {
        Self { head, original: Arc::new(value.clone()), value }
    }
}
