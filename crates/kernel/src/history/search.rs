//! The history of all objects, looked through from its end.

use std::borrow::Cow;

use hashbrown::{HashMap, HashSet};

use super::change_set::{CHANGE_SET, ChangeSet, Touched, set_column};
use super::seal::id_at;
use crate::tx::Line;
use crate::{
    CHANGE_DOCUMENT, Cell, Condition, Direction, Fault, FieldChange, Instant, ObjectDef, ObjectId,
    Operator, Predicate, Select, Tx, head_column,
};

/// Change sets read at a time.
const CHUNK: u32 = 200;
/// Objects looked at before a page ends, also where little was found: nobody waits for all of a history.
const LOOKED_AT: usize = 5_000;

/// What is looked for; what is not said fits all.
#[derive(Clone, Debug, Default)]
pub struct HistoryQuery {
    /// By whom.
    pub actor: Option<String>,
    /// Where from.
    pub source: Option<String>,
    /// Through what.
    pub via: Option<String>,
    /// In which request.
    pub request: Option<String>,
    /// Not before.
    pub from: Option<Instant>,
    /// Before.
    pub until: Option<Instant>,
    /// Of objects of this type.
    pub kind: Option<String>,
    /// Of this object.
    pub object: Option<ObjectId>,
    /// Of this field.
    pub field: Option<String>,
    /// Whose former value has this text in it.
    pub old: Option<String>,
    /// Whose new value has this text in it.
    pub new: Option<String>,
    /// Behind this change set and so many objects of it.
    pub after: Option<(ObjectId, usize)>,
    /// Objects on a page.
    pub limit: usize,
}

/// A version of an object that was found.
#[derive(Clone, Debug)]
pub struct FoundChange {
    /// The change set, without its objects.
    pub set: ChangeSet,
    /// What it did to the object.
    pub touched: Touched,
    /// Fields that it changed, as far as they fit.
    pub changes: Vec<FieldChange>,
}

/// A page of what was found.
#[derive(Clone, Debug, Default)]
pub struct FoundChanges {
    /// Newest first.
    pub rows: Vec<FoundChange>,
    /// Where to look on. There may be one although nothing was found so far.
    pub next: Option<(ObjectId, usize)>,
}

impl HistoryQuery {
    fn select(&self, last: Option<ObjectId>) -> Select {
        let mut query =
            Select::all(&CHANGE_SET).order_by(set_column::ID, Direction::Descending).limit(CHUNK);
        let texts = [
            (set_column::ACTOR, &self.actor),
            (set_column::SOURCE, &self.source),
            (set_column::VIA, &self.via),
            (set_column::REQUEST, &self.request),
        ];
        for (column, text) in texts {
            if let Some(text) = text {
                query = query.equals(column, Cell::Text(text.clone()));
            }
        }
        // The time is that of the command; ids grow with it, and lead there.
        if let Some(from) = self.from {
            let id = Cell::Uuid(id_at(from));
            query = query.filter(Condition::compare(set_column::ID, Operator::Ge, id));
        }
        if let Some(until) = self.until {
            let at = Cell::Instant(until.as_micros());
            query = query.filter(Condition::compare(set_column::AT, Operator::Lt, at));
        }
        query.after = last.map(|id| vec![Cell::Uuid(id.0)]);
        query
    }

    fn wants(&self, touched: &Touched) -> bool {
        self.kind.as_ref().is_none_or(|kind| *kind == touched.kind)
            && self.object.is_none_or(|object| object == touched.id)
    }

    fn wants_fields(&self) -> bool {
        self.field.is_some() || self.old.is_some() || self.new.is_some()
    }

    fn wants_change(&self, change: &FieldChange) -> bool {
        let has = |value: &Option<String>, wanted: &Option<String>| match wanted {
            None => true,
            Some(wanted) => value.as_ref().is_some_and(|value| value.contains(wanted)),
        };
        self.field.as_ref().is_none_or(|field| *field == change.field)
            && has(&change.old, &self.old)
            && has(&change.new, &self.new)
    }
}

impl Tx<'_> {
    /// Looks through the history of all objects of types that the reader may see, newest first.
    pub fn search_history(
        &mut self,
        query: &HistoryQuery,
        may_see: &dyn Fn(&str) -> bool,
    ) -> Result<FoundChanges, Fault> {
        let mut found = FoundChanges::default();
        let (mut looked_at, mut last) = (0, None);
        // The set within which the page before ended is read once more.
        if let Some((set, passed)) = query.after {
            let set = self.change_sets(&[set])?.remove(&set);
            if let Some(set) = set
                && self.take(query, may_see, (vec![set], passed), &mut found)?
            {
                return Ok(found);
            }
            last = query.after.map(|(set, _)| set);
        }
        loop {
            let mut sets = Vec::new();
            self.select(&query.select(last), &mut |row| {
                sets.push(ChangeSet::read(row)?);
                Ok(())
            })?;
            let Some(end) = sets.last().map(|set| set.id) else { return Ok(found) };
            let is_last = sets.len() < CHUNK as usize;
            last = Some(end);
            looked_at += sets.iter().map(|set| set.objects.len()).sum::<usize>();
            if self.take(query, may_see, (sets, 0), &mut found)? {
                return Ok(found);
            }
            if is_last {
                return Ok(found);
            }
            if looked_at >= LOOKED_AT {
                found.next = Some((end, usize::MAX));
                return Ok(found);
            }
        }
    }

    /// Takes what fits of change sets, without the first objects of the first; true where the page is full.
    fn take(
        &mut self,
        query: &HistoryQuery,
        may_see: &dyn Fn(&str) -> bool,
        (sets, passed): (Vec<ChangeSet>, usize),
        found: &mut FoundChanges,
    ) -> Result<bool, Fault> {
        let mut wanted = Vec::new();
        for (nth, mut set) in sets.into_iter().enumerate() {
            let skip = if nth == 0 { passed } else { 0 };
            let objects = std::mem::take(&mut set.objects);
            let fits = |touched: &Touched| query.wants(touched) && may_see(&touched.kind);
            for (position, touched) in objects.into_iter().enumerate().skip(skip) {
                if fits(&touched) {
                    wanted.push((
                        position + 1,
                        FoundChange { set: set.clone(), touched, changes: vec![] },
                    ));
                }
            }
        }
        self.keep_readable(&mut wanted)?;
        // Without a wish for fields what is wanted is on the page, and no more lines are read than it shows.
        let room = query.limit.saturating_sub(found.rows.len()) + 1;
        if !query.wants_fields() {
            wanted.truncate(room);
        }
        let mut lines = self.lines_in(&wanted)?;
        for (position, mut row) in wanted {
            let key = (row.touched.id, row.touched.version);
            let changes = lines.remove(&key).unwrap_or_default();
            // Looked for is what may be told, so that nobody finds out by looking.
            let def = self.def_of(&row.touched.kind);
            let mask = def.and_then(|def| self.actor.mask(def));
            let there = changes.into_iter().filter_map(|change| match def {
                Some(def) => def.told_change(&change).map(Cow::into_owned),
                None => Some(change),
            });
            let told = there.filter_map(|change| match &mask {
                Some(mask) => mask.cover_line(&change),
                None => Some(change),
            });
            row.changes = told.filter(|change| query.wants_change(change)).collect();
            if query.wants_fields() && row.changes.is_empty() {
                continue;
            }
            if found.rows.len() == query.limit {
                return Ok(true);
            }
            found.next = Some((row.set.id, position));
            found.rows.push(row);
        }
        if found.rows.len() < query.limit {
            found.next = None;
        }
        Ok(false)
    }

    fn def_of(&self, kind: &str) -> Option<&'static ObjectDef> {
        self.object_def(kind)
    }

    /// Leaves out objects that the reader may not read; of those that are gone nobody knows whose they were.
    fn keep_readable(&mut self, wanted: &mut Vec<(usize, FoundChange)>) -> Result<(), Fault> {
        let mut asked: HashMap<&'static str, (&'static ObjectDef, Vec<Cell>)> = HashMap::new();
        for (_, row) in &*wanted {
            let Some(def) = self.def_of(&row.touched.kind) else { continue };
            if *self.actor.rows(def, "read") != Predicate::Always {
                asked
                    .entry(def.name)
                    .or_insert_with(|| (def, vec![]))
                    .1
                    .push(Cell::Uuid(row.touched.id.0));
            }
        }
        let mut readable = HashSet::new();
        for (def, ids) in asked.values() {
            for ids in ids.chunks(CHUNK as usize) {
                let column = head_column::ID;
                let any = Condition { column, operator: Operator::In, values: ids.to_vec() };
                let mut query = Select::from(def.head, &[column]).filter(any);
                query.scope = (*self.actor.rows(def, "read")).clone();
                self.select(&query, &mut |row| {
                    readable.extend(row.uuid()?.map(ObjectId));
                    Ok(())
                })?;
            }
        }
        wanted.retain(|(_, row)| {
            !asked.contains_key(&*row.touched.kind) || readable.contains(&row.touched.id)
        });
        Ok(())
    }

    /// The changed fields of versions.
    fn lines_in(
        &mut self,
        wanted: &[(usize, FoundChange)],
    ) -> Result<HashMap<(ObjectId, i64), Vec<FieldChange>>, Fault> {
        let mut lines: HashMap<(ObjectId, i64), Vec<FieldChange>> = HashMap::new();
        for some in wanted.chunks(CHUNK as usize) {
            let one_of = |column, ids: Vec<ObjectId>| Condition {
                column,
                operator: Operator::In,
                values: ids.into_iter().map(|id| Cell::Uuid(id.0)).collect(),
            };
            let objects = some.iter().map(|(_, row)| row.touched.id).collect();
            let sets = some.iter().map(|(_, row)| row.set.id).collect();
            let mut query = Select::all(&CHANGE_DOCUMENT)
                .filter(one_of(0, objects))
                .filter(one_of(CHANGE_SET_OF, sets));
            for column in 0..3 {
                query = query.order_by(column, Direction::Ascending);
            }
            self.select(&query, &mut |row| {
                let Line { object, change, .. } = Line::read(row)?;
                if !change.is_mark() {
                    lines.entry((object, change.version)).or_default().push(change);
                }
                Ok(())
            })?;
        }
        Ok(lines)
    }
}

/// Column of the change documents with the change set.
const CHANGE_SET_OF: usize = 11;
