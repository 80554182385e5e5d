//! Where the history of an object begins: chains of objects that were there before there were chains, and histories
//! of which the oldest part is not kept any more.

use super::chain::mark;
use super::change_set::Deed;
use super::digest::Digest;
use super::state::{Records, Unfit};
use crate::event::RowOf;
use crate::{
    CHANGE_DOCUMENT, Cell, CellRef, Condition, Direction, Fault, FieldChange, Head, Instant,
    ObjectDef, ObjectId, Operator, Select, Tx, head_column,
};

/// Whether a chain begins with the line.
fn is_begin(change: &FieldChange) -> bool {
    change.is_mark() && change.field == mark::BEGUN
}

impl Tx<'_> {
    /// Begins the chains of some objects of a type that have none yet, after this one, at most `limit` of them looked
    /// at; answers how many it began, and the last one looked at where more may follow.
    pub fn begin_histories(
        &mut self,
        def: &'static ObjectDef,
        after: Option<ObjectId>,
        limit: u32,
    ) -> Result<(usize, Option<ObjectId>), Fault> {
        self.writable()?;
        let def = self.stored(def);
        let query = Select::from(def.head, &[head_column::ID])
            .filter(Condition {
                column: head_column::HISTORY,
                operator: Operator::Empty,
                values: vec![],
            })
            .order_by(head_column::ID, Direction::Ascending)
            .limit(limit);
        let ids = self.ids_after(query, after)?;
        let mut begun = 0;
        for id in &ids {
            let head = self.hold_object(def, *id)?;
            if head.history.is_none() {
                self.begin_history(def, &head)?;
                begun += 1;
            }
        }
        let is_last = ids.len() < limit as usize;
        Ok((begun, ids.last().copied().filter(|_| !is_last)))
    }

    fn begin_history(&mut self, def: &'static ObjectDef, head: &Head) -> Result<(), Fault> {
        let state = Records::of(def, self.image(def, head.id)?).digest();
        let mark = FieldChange {
            new: Some(state.to_string()),
            ..self.mark((head.id, head.version), mark::BEGUN)
        };
        let history = Digest::of_line(&mark);
        self.write_mark(def, head, &mark, Deed::Begun)?;
        let digest = history.to_string();
        let guard = Some((head_column::VERSION, CellRef::Int(head.version)));
        let columns = [(head_column::HISTORY, CellRef::Text(&digest))];
        self.supersede(def, head.id)?;
        self.connection.set(def.head, &[CellRef::Uuid(head.id.0)], guard, &columns)?;
        Ok(())
    }

    fn write_mark(
        &mut self,
        def: &ObjectDef,
        head: &Head,
        mark: &FieldChange,
        deed: Deed,
    ) -> Result<(), Fault> {
        let digest = Digest::of_line(mark);
        self.touched(deed, def.name, (head.id, mark.version), Some(digest));
        let cells = mark.cells(head.id.0, digest.short());
        Ok(self.connection.insert(&CHANGE_DOCUMENT, &RowOf(&cells))?)
    }

    /// Removes changes of an object that are older than `before`, all of a version or none, and marks the place with
    /// digests, so that what is kept can still be checked. Answers how many lines are gone.
    ///
    /// # Errors
    ///
    /// [`Fault::Corrupt`] where the history contradicts the object: then nothing of it is removed.
    pub fn cut_history(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        before: Instant,
    ) -> Result<usize, Fault> {
        self.writable()?;
        let def = self.stored(def);
        let head = self.hold_object(def, id)?;
        let changes = self.changes(id, 0)?;
        let old = changes.iter().filter(|change| !change.is_mark() && change.at < before);
        let (Some(cut), Some(history)) = (old.map(|change| change.version).max(), head.history)
        else {
            return Ok(0);
        };
        let mut records = Records::of(def, self.image(def, id)?);
        for change in changes.iter().rev().filter(|change| change.version > cut) {
            match records.undo(change) {
                Ok(()) => {}
                Err(Unfit::Differs(what) | Unfit::Unknown(what)) => {
                    let version = change.version;
                    let what = format!("{} {id}, version {version}: {what}", def.name);
                    return Err(Fault::corrupt(what));
                }
            }
        }
        // What was before the chain began leaves no gap in it.
        let is_chained = !changes.iter().any(|it| is_begin(it) && it.version > cut);
        let before = match is_chained {
            true => Some(self.history_at(&head, &changes, (cut, history))?),
            false => None,
        };
        let gone = changes.iter().filter(|change| change.version <= cut);
        let gone: Vec<(i64, i64)> = gone.map(|change| (change.version, change.line)).collect();
        for (version, line) in &gone {
            let key = [CellRef::Uuid(id.0), CellRef::Int(*version), CellRef::Int(*line)];
            self.connection.delete(&CHANGE_DOCUMENT, &key)?;
        }
        let Some(before) = before else { return Ok(gone.len()) };
        let mark = FieldChange {
            old: Some(before.to_string()),
            new: Some(records.digest().to_string()),
            ..self.mark((id, cut), mark::CUT)
        };
        self.write_mark(def, &head, &mark, Deed::Cut)?;
        Ok(gone.len())
    }

    /// The digest that the history had at a version, from the change set that made it.
    fn history_at(
        &mut self,
        head: &Head,
        changes: &[FieldChange],
        (version, newest): (i64, Digest),
    ) -> Result<Digest, Fault> {
        if version == head.version {
            return Ok(newest);
        }
        if let Some(begin) = changes.iter().find(|it| is_begin(it) && it.version == version) {
            return Ok(Digest::of_line(begin));
        }
        let made = changes.iter().find(|it| it.version == version && !it.is_mark());
        let set = made.and_then(|change| change.change_set);
        let set = match set {
            Some(set) => self.change_sets(&[set])?.remove(&set),
            None => None,
        };
        let touched = set.and_then(|set| {
            set.objects.into_iter().find(|it| it.id == head.id && it.version == version)
        });
        touched.and_then(|touched| touched.digest).ok_or_else(|| {
            Fault::corrupt(format!("no change set tells of version {version} of {}", head.id))
        })
    }

    /// Objects of a type that have changes, after this one: ids of those that were ever changed.
    pub fn changed_objects(
        &mut self,
        def: &'static ObjectDef,
        after: Option<ObjectId>,
        limit: u32,
    ) -> Result<Vec<ObjectId>, Fault> {
        let query = Select::from(def.head, &[head_column::ID])
            .filter(Condition::compare(head_column::VERSION, Operator::Gt, Cell::Int(1)))
            .order_by(head_column::ID, Direction::Ascending)
            .limit(limit);
        self.ids_after(query, after)
    }

    fn ids_after(
        &mut self,
        mut query: Select,
        after: Option<ObjectId>,
    ) -> Result<Vec<ObjectId>, Fault> {
        query.after = after.map(|id| vec![Cell::Uuid(id.0)]);
        let mut ids = Vec::new();
        self.select(&query, &mut |row| {
            ids.extend(row.uuid()?.map(ObjectId));
            Ok(())
        })?;
        Ok(ids)
    }
}
