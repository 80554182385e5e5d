//! Change documents on their way into the database, each version with the digest of the history that ends in it.

use serde_json::json;

use super::change_set::Deed;
use super::digest::Digest;
use crate::change::{Difference, OWNER, TEAM};
use crate::event::RowOf;
use crate::{CHANGE_DOCUMENT, Fault, FieldChange, Head, ObjectDef, ObjectId, Tx};

/// What a line marks that is no changed field.
pub(crate) mod mark {
    /// The end of an object: what its head row was, as JSON.
    pub(crate) const DELETED: &str = "deleted";
    /// The first line of the chain of an object that was there before there were chains. Its new value is the
    /// digest of the records that the object had.
    pub(crate) const BEGUN: &str = "begun";
    /// The first line that was kept. Its old value is the digest of the history before it, its new one that of the
    /// records that the object had.
    pub(crate) const CUT: &str = "cut";
}

/// What the next version of an object adds to its history.
pub(crate) struct Next {
    changes: Vec<FieldChange>,
    lines: Vec<Digest>,
    /// Digest of the history that ends in them; none where its chain has not begun.
    pub(crate) history: Option<Digest>,
}

impl Tx<'_> {
    /// The change documents that make a version.
    pub(crate) fn lines(
        &mut self,
        made: (ObjectId, i64),
        differences: Vec<Difference>,
    ) -> Vec<FieldChange> {
        let mut lines = Vec::with_capacity(differences.len());
        for (line, difference) in (1..).zip(differences) {
            lines.push(FieldChange {
                line,
                segment: difference.segment.name.to_string(),
                record: difference.record,
                field: difference.field.to_string(),
                old: difference.old,
                new: difference.new,
                ..self.mark(made, "")
            });
        }
        lines
    }

    /// A line that marks something.
    pub(crate) fn mark(&mut self, (id, version): (ObjectId, i64), what: &str) -> FieldChange {
        FieldChange {
            version,
            line: 0,
            change_set: Some(self.set_id(id)),
            at: self.now(),
            actor: self.actor.name().to_string(),
            source: self.actor.source().name().to_string(),
            segment: String::new(),
            record: String::new(),
            field: what.to_string(),
            old: None,
            new: None,
        }
    }

    /// Marks the end of an object.
    pub(crate) fn deletion(&mut self, head: &Head) -> FieldChange {
        let was = json!({
            "number": head.number,
            "created_at": head.created_at.to_string(),
            "created_by": head.created_by,
            "created_in": head.created_in.map(|set| set.to_string()),
            OWNER: head.owner.map(|user| user.to_string()),
            TEAM: head.team.map(|team| team.to_string()),
        });
        let mark = self.mark((head.id, head.version + 1), mark::DELETED);
        FieldChange { old: Some(was.to_string()), ..mark }
    }

    /// The next version of an object, whose history has this digest so far: what it adds to that. Notes in the
    /// change set what becomes of the object.
    pub(crate) fn next(
        &mut self,
        def: &ObjectDef,
        (id, history): (ObjectId, Option<Digest>),
        deed: Deed,
        changes: Vec<FieldChange>,
    ) -> Next {
        let version = changes.first().map_or(0, |change| change.version);
        let lines: Vec<Digest> = changes.iter().map(Digest::of_line).collect();
        // A chain that has not begun yet begins with a mark, not with a change.
        let history = history.map(|before| Digest::of_change(before, version, &lines));
        self.touched(deed, def.name, (id, version), history);
        Next { changes, lines, history }
    }

    /// Writes the change documents of a version.
    pub(crate) fn write_changes(&mut self, id: ObjectId, next: &Next) -> Result<(), Fault> {
        for (change, digest) in next.changes.iter().zip(&next.lines) {
            let cells = change.cells(id.0, digest.short());
            self.connection.insert(&CHANGE_DOCUMENT, &RowOf(&cells))?;
        }
        Ok(())
    }
}
