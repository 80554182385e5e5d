//! Change sets: what one command did to which objects, who did it and where from.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::digest::{Digest, Hash};
use crate::event::RowOf;
use crate::{
    CellRef, ColumnDef, ColumnType, Fault, Instant, ObjectId, Placement, RowSource, TableDef, Tx,
};

/// One row per command that changed objects. Its id grows with time, and says the bucket of the first of them.
pub static CHANGE_SET: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Uuid),
        ColumnDef::required("at", ColumnType::Instant),
        ColumnDef::required("actor", ColumnType::Text),
        ColumnDef::required("source", ColumnType::Text),
        ColumnDef::optional("via", ColumnType::Text),
        ColumnDef::optional("request", ColumnType::Text),
        ColumnDef::required("objects", ColumnType::Text),
        ColumnDef::required("digest", ColumnType::Text),
    ];
    TableDef::new("change_set", columns, 1)
        .placed(Placement::Object(0))
        .with_index(&["actor", "id"], false)
        .with_index(&["request"], false)
});

/// Columns by which change sets are looked for.
pub(crate) mod set_column {
    pub(crate) const ID: usize = 0;
    pub(crate) const AT: usize = 1;
    pub(crate) const ACTOR: usize = 2;
    pub(crate) const SOURCE: usize = 3;
    pub(crate) const VIA: usize = 4;
    pub(crate) const REQUEST: usize = 5;
}

/// What a change set did to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Made it.
    Created,
    /// Changed it.
    Changed,
    /// Deleted it.
    Deleted,
    /// Began the chain of an object that was there before there were chains.
    Begun,
    /// Removed the history up to this version, which was older than it is kept.
    Cut,
}

impl Deed {
    const ALL: [Self; 5] = [Self::Created, Self::Changed, Self::Deleted, Self::Begun, Self::Cut];

    /// Name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Begun => "begun",
            Self::Cut => "cut",
        }
    }
}

/// An object of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// What was done.
    pub deed: Deed,
    /// Object type.
    pub kind: String,
    /// Object.
    pub id: ObjectId,
    /// The version that it has since.
    pub version: i64,
    /// Digest of its history up to that version, or of the mark that a history begins with; none where its chain
    /// has not begun.
    pub(crate) digest: Option<Digest>,
}

/// What one command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSet {
    /// Id.
    pub id: ObjectId,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// Where from.
    pub source: String,
    /// Through what: name of the token, run of the import, job, command.
    pub via: Option<String>,
    /// Request of the API.
    pub request: Option<String>,
    /// What was touched, in order.
    pub objects: Vec<Touched>,
    pub(crate) digest: String,
    whole: bool,
}

impl ChangeSet {
    /// Reads a row.
    pub(crate) fn read(row: &mut dyn RowSource) -> Result<Self, Fault> {
        let missing = || Fault::corrupt("a change set is incomplete");
        let mut set = Self {
            id: ObjectId(row.uuid()?.ok_or_else(missing)?),
            at: Instant::from_micros(row.instant()?.ok_or_else(missing)?),
            actor: row.text()?.ok_or_else(missing)?.to_string(),
            source: row.text()?.ok_or_else(missing)?.to_string(),
            via: row.text()?.map(str::to_string),
            request: row.text()?.map(str::to_string),
            objects: Vec::new(),
            digest: String::new(),
            whole: false,
        };
        let objects = row.text()?.ok_or_else(missing)?.to_string();
        set.objects = read_objects(&objects)?;
        set.digest = row.text()?.ok_or_else(missing)?.to_string();
        set.whole = set.compute(&objects).to_string() == set.digest;
        Ok(set)
    }

    /// Whether it is as it was written.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    fn compute(&self, objects: &str) -> Digest {
        Hash::new("set")
            .uuid(self.id.0)
            .int(self.at.as_micros())
            .text(&self.actor)
            .text(&self.source)
            .optional(self.via.as_deref())
            .optional(self.request.as_deref())
            .text(objects)
            .end()
    }
}

/// One deed a line: its name, type and id of the object, version, digest. Where an earlier line has the same
/// object, its position stands instead of type and id: most sets of a chain of documents touch one several times.
fn write_objects(objects: &[Touched]) -> String {
    let mut text = String::with_capacity(objects.len() * 110);
    for (position, Touched { deed, kind, id, version, digest }) in objects.iter().enumerate() {
        let earlier = &objects[..position];
        // Writing to a text can't fail.
        let _ = match earlier.iter().position(|it| it.id == *id && it.kind == *kind) {
            Some(first) => write!(text, "{} {EARLIER}{first} {version} ", deed.name()),
            None => write!(text, "{} {kind} {id} {version} ", deed.name()),
        };
        let _ = match digest {
            Some(digest) => writeln!(text, "{digest}"),
            None => writeln!(text, "-"),
        };
    }
    text
}

/// Before the position of an earlier line.
const EARLIER: char = '^';

fn read_objects(text: &str) -> Result<Vec<Touched>, Fault> {
    let mut objects = Vec::new();
    for line in text.lines() {
        let unknown = || Fault::corrupt("a change set names its objects in no known way");
        objects.push(read_object(line, &objects).ok_or_else(unknown)?);
    }
    Ok(objects)
}

fn read_object(line: &str, earlier: &[Touched]) -> Option<Touched> {
    let mut words = line.split(' ');
    let (deed, what) = (words.next()?, words.next()?);
    let (kind, id) = match what.strip_prefix(EARLIER) {
        Some(position) => {
            let first = earlier.get(position.parse::<usize>().ok()?)?;
            (first.kind.clone(), first.id)
        }
        None => (what.to_string(), words.next()?.parse().ok()?),
    };
    let touched = Touched {
        deed: Deed::ALL.into_iter().find(|known| known.name() == deed)?,
        kind,
        id,
        version: words.next()?.parse().ok()?,
        digest: match words.next()? {
            "-" => None,
            text => Some(text.parse().ok()?),
        },
    };
    words.next().is_none().then_some(touched)
}

/// The change set of a running command, which comes into being with its first change.
#[derive(Default)]
pub(crate) struct OpenSet {
    id: Option<ObjectId>,
    objects: Vec<Touched>,
}

impl Tx<'_> {
    /// The id of the running command's change set.
    pub(crate) fn set_id(&mut self, first: ObjectId) -> ObjectId {
        let (ids, now) = (&self.environment.ids, self.now());
        *self.set.id.get_or_insert_with(|| ids.next(now, Some(first.bucket())))
    }

    /// Notes what the command did to an object; its change set has an id already.
    pub(crate) fn touched(
        &mut self,
        deed: Deed,
        kind: &str,
        (id, version): (ObjectId, i64),
        digest: Option<Digest>,
    ) {
        self.set.objects.push(Touched { deed, kind: kind.to_string(), id, version, digest });
    }

    /// Writes the change set of a command that is to be kept, if it changed any object.
    pub(crate) fn close_set(&mut self) -> Result<(), Fault> {
        let OpenSet { id, objects } = std::mem::take(&mut self.set);
        let Some(id) = id.filter(|_| !objects.is_empty()) else { return Ok(()) };
        let text = write_objects(&objects);
        let mut set = ChangeSet {
            id,
            at: self.now(),
            actor: self.actor.name().to_string(),
            source: self.actor.source().name().to_string(),
            via: self.actor.via().map(str::to_string),
            request: self.actor.request().map(str::to_string),
            objects,
            digest: String::new(),
            whole: true,
        };
        set.digest = set.compute(&text).to_string();
        let row = [
            CellRef::Uuid(set.id.0),
            CellRef::Instant(set.at.as_micros()),
            CellRef::Text(&set.actor),
            CellRef::Text(&set.source),
            set.via.as_deref().map_or(CellRef::Null, CellRef::Text),
            set.request.as_deref().map_or(CellRef::Null, CellRef::Text),
            CellRef::Text(&text),
            CellRef::Text(&set.digest),
        ];
        Ok(self.connection.insert(&CHANGE_SET, &RowOf(&row))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_touched_is_read_as_it_was_written() {
        let touched = |deed, kind: &str, id, version| Touched {
            deed,
            kind: kind.to_string(),
            id: ObjectId(uuid::Uuid::from_u128(id)),
            version,
            digest: (version != 4).then(|| Hash::new("any").int(version).end()),
        };
        let objects = [
            touched(Deed::Created, "order", 1, 1),
            touched(Deed::Created, "delivery", 2, 1),
            touched(Deed::Changed, "delivery", 2, 2),
            // Ids of different types are not the same object.
            touched(Deed::Begun, "order", 2, 4),
            touched(Deed::Deleted, "delivery", 2, 3),
        ];
        let text = write_objects(&objects);
        assert_eq!(text.matches("delivery").count(), 1, "{text}");
        assert_eq!(read_objects(&text).unwrap(), objects);
    }

    #[test]
    fn a_line_can_only_point_to_an_earlier_one() {
        for text in ["changed ^0 2 -", "changed ^x 2 -", "changed order ^0 2 -", "changed ^ 2 -"] {
            assert!(read_objects(text).is_err(), "{text}");
        }
    }
}
