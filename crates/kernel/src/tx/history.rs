//! What changed of an object.

use crate::{
    CHANGE_DOCUMENT, Cell, Condition, Direction, Fault, FieldChange, Instant, ObjectId, Operator,
    RowSource, Select, Tx,
};

/// Columns of the change documents that a page goes by.
const VERSION: usize = 1;
const LINE: usize = 2;

/// Some of the changes of an object, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The changes.
    pub rows: Vec<FieldChange>,
    /// Version and line of the last one, where more follow.
    pub next: Option<(i64, i64)>,
}

impl Tx<'_> {
    /// The changes of an object after a version, oldest first.
    pub fn changes(&mut self, id: ObjectId, after: i64) -> Result<Vec<FieldChange>, Fault> {
        let query =
            oldest_first(id).filter(Condition::compare(VERSION, Operator::Gt, Cell::Int(after)));
        self.field_changes(&query)
    }

    /// The same page by page, at most `limit` of them: after a version and line. They are there
    /// also of an object that is deleted.
    pub fn changes_page(
        &mut self,
        id: ObjectId,
        (version, line): (i64, i64),
        limit: u32,
    ) -> Result<Changes, Fault> {
        let mut query = oldest_first(id).limit(limit.saturating_add(1));
        query.after = Some(vec![Cell::Int(version), Cell::Int(line)]);
        let mut found = self.field_changes(&query)?;
        let mut next = None;
        if found.len() > limit as usize {
            found.truncate(limit as usize);
            next = found.last().map(|change| (change.version, change.line));
        }
        Ok(Changes { rows: found, next })
    }

    /// The last change of an object; none where nothing was changed since it was made.
    pub fn last_change(&mut self, id: ObjectId) -> Result<Option<FieldChange>, Fault> {
        let query = Select::all(&CHANGE_DOCUMENT)
            .equals(0, Cell::Uuid(id.0))
            .order_by(VERSION, Direction::Descending)
            .order_by(LINE, Direction::Descending)
            .limit(1);
        Ok(self.field_changes(&query)?.pop())
    }

    pub(crate) fn field_changes(&mut self, query: &Select) -> Result<Vec<FieldChange>, Fault> {
        let mut changes = Vec::new();
        self.connection.select(query, &mut |row| {
            changes.push(Line::read(row)?.change);
            Ok(())
        })?;
        Ok(changes)
    }
}

/// A row of the change documents.
pub(crate) struct Line {
    /// Of this object.
    pub(crate) object: ObjectId,
    pub(crate) change: FieldChange,
    /// What its digest began with when it was written; none before there were digests.
    pub(crate) digest: Option<i64>,
}

impl Line {
    pub(crate) fn read(row: &mut dyn RowSource) -> Result<Self, Fault> {
        let text = |cell: Option<&str>| cell.unwrap_or_default().to_string();
        let missing = || Fault::corrupt("a change document is incomplete");
        let object = ObjectId(row.uuid()?.ok_or_else(missing)?);
        let mut change = FieldChange {
            version: row.int()?.ok_or_else(missing)?,
            line: row.int()?.ok_or_else(missing)?,
            change_set: None,
            at: Instant::from_micros(row.instant()?.unwrap_or_default()),
            actor: text(row.text()?),
            source: text(row.text()?),
            segment: text(row.text()?),
            record: text(row.text()?),
            field: text(row.text()?),
            old: row.text()?.map(str::to_string),
            new: row.text()?.map(str::to_string),
        };
        change.change_set = row.uuid()?.map(ObjectId);
        Ok(Self { object, change, digest: row.int()? })
    }
}

fn oldest_first(id: ObjectId) -> Select {
    Select::all(&CHANGE_DOCUMENT)
        .equals(0, Cell::Uuid(id.0))
        .order_by(VERSION, Direction::Ascending)
        .order_by(LINE, Direction::Ascending)
}
