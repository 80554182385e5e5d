//! The history of one object, version by version, the newest first.

use hashbrown::HashMap;

use super::chain::mark;
use super::change_set::{ChangeSet, Deed};
use super::search::FoundChange;
use crate::{
    CHANGE_DOCUMENT, Cell, Condition, Direction, Fault, FieldChange, Head, Instant, ObjectDef,
    ObjectId, Operator, Select, Tx,
};

/// What a version of an object came from.
#[derive(Clone, Debug)]
pub struct VersionChange {
    /// The version.
    pub version: i64,
    /// What was done.
    pub deed: Deed,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// Where from; empty of a creation before there were change sets.
    pub source: String,
    /// Through what.
    pub via: Option<String>,
    /// Request of the API.
    pub request: Option<String>,
    /// The command that did it.
    pub change_set: Option<ObjectId>,
    /// Fields that it changed.
    pub changes: Vec<FieldChange>,
}

impl VersionChange {
    fn within(mut self, set: Option<&ChangeSet>) -> Self {
        if let Some(set) = set {
            self.change_set = Some(set.id);
            self.source.clone_from(&set.source);
            self.via.clone_from(&set.via);
            self.request.clone_from(&set.request);
        }
        self
    }
}

impl From<FoundChange> for VersionChange {
    fn from(found: FoundChange) -> Self {
        let FoundChange { set, touched, changes } = found;
        Self {
            version: touched.version,
            deed: touched.deed,
            at: set.at,
            actor: set.actor,
            source: set.source,
            via: set.via,
            request: set.request,
            change_set: Some(set.id),
            changes,
        }
    }
}

/// A page of the history of an object.
#[derive(Clone, Debug)]
pub struct ObjectHistory {
    /// The head of the object, as it is or was at its end.
    pub head: Head,
    /// Newest first.
    pub versions: Vec<VersionChange>,
    /// The version below which more follow.
    pub next: Option<i64>,
}

impl Tx<'_> {
    /// What became of an object in at most so many versions, those below a version where one is given. It is there
    /// also of an object that is deleted.
    pub fn history_of(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        below: Option<i64>,
        limit: u32,
    ) -> Result<ObjectHistory, Fault> {
        let head = self.last_head(def, id)?;
        let last = below.map_or(head.version, |below| below - 1).min(head.version);
        let first = (last + 1 - i64::from(limit)).max(1);
        let query = Select::all(&CHANGE_DOCUMENT)
            .equals(0, Cell::Uuid(id.0))
            .filter(Condition::compare(1, Operator::Ge, Cell::Int(first)))
            .filter(Condition::compare(1, Operator::Le, Cell::Int(last)))
            .order_by(1, Direction::Descending)
            .order_by(2, Direction::Ascending);
        let changes = self.field_changes(&query)?;
        let mut ids: Vec<ObjectId> = changes.iter().filter_map(|it| it.change_set).collect();
        ids.extend(head.created_in);
        ids.dedup();
        let sets = self.change_sets(&ids)?;
        let begins = changes.iter().any(|it| it.is_mark() && it.field == mark::CUT);
        let mut versions = by_version(changes, &sets);
        if first == 1 && last >= 1 && !begins {
            let made = VersionChange {
                version: 1,
                deed: Deed::Created,
                at: head.created_at,
                actor: head.created_by.clone(),
                source: String::new(),
                via: None,
                request: None,
                change_set: None,
                changes: Vec::new(),
            };
            versions.push(made.within(head.created_in.and_then(|set| sets.get(&set))));
        }
        let next = (first > 1 && !begins).then_some(first);
        Ok(ObjectHistory { head, versions, next })
    }
}

/// Changes by the version that they made, in their order. What begins a chain stands by itself.
fn by_version(
    changes: Vec<FieldChange>,
    sets: &HashMap<ObjectId, ChangeSet>,
) -> Vec<VersionChange> {
    let mut versions: Vec<VersionChange> = Vec::new();
    for change in changes {
        let deed = match change.field.as_str() {
            mark::BEGUN if change.is_mark() => Deed::Begun,
            mark::CUT if change.is_mark() => Deed::Cut,
            mark::DELETED if change.is_mark() => Deed::Deleted,
            _ => Deed::Changed,
        };
        if let Some(last) = versions.last_mut()
            && last.version == change.version
            && last.deed != Deed::Begun
        {
            last.changes.push(change);
            continue;
        }
        let set = change.change_set.and_then(|set| sets.get(&set));
        let made = VersionChange {
            version: change.version,
            deed,
            at: change.at,
            actor: change.actor.clone(),
            source: change.source.clone(),
            via: None,
            request: None,
            change_set: None,
            changes: if change.is_mark() { Vec::new() } else { vec![change] },
        };
        versions.push(made.within(set));
    }
    versions
}
