//! Objects page by page: for checks and exports that see everything, in constant memory.

use crate::{
    Cell, Condition, Direction, Fault, Object, ObjectId, Operator, Segment, Select, Tx, head_column,
};

/// Objects per page.
const PAGE: u32 = 1_000;

impl Tx<'_> {
    /// Visits the objects of a type in the order in which they were made, a page at a time, by the
    /// first and the last id of the page.
    pub fn each_page<T: Object>(
        &mut self,
        visit: &mut dyn FnMut(&mut Tx<'_>, ObjectId, ObjectId) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut after: Option<ObjectId> = None;
        loop {
            let mut query = Select::from(T::def().head, &[head_column::ID])
                .order_by(head_column::ID, Direction::Ascending)
                .limit(PAGE);
            query.after = after.map(|id| vec![Cell::Uuid(id.0)]);
            let mut bounds: Option<(ObjectId, ObjectId)> = None;
            self.select(&query, &mut |row| {
                let id = row.uuid()?.ok_or_else(|| Fault::corrupt("a row has no object"))?;
                bounds = Some((bounds.map_or(ObjectId(id), |(first, _)| first), ObjectId(id)));
                Ok(())
            })?;
            let Some((first, last)) = bounds else { return Ok(()) };
            after = Some(last);
            visit(self, first, last)?;
        }
    }

    /// The records of a segment of the objects from `first` to `last`, in order of object and key.
    /// Where several object types share the segment, those of the others are among them.
    pub fn records_between<S: Segment>(
        &mut self,
        first: ObjectId,
        last: ObjectId,
    ) -> Result<Vec<(ObjectId, S)>, Fault> {
        let mut query = Select::all(S::def().table())
            .filter(Condition::compare(0, Operator::Ge, Cell::Uuid(first.0)))
            .filter(Condition::compare(0, Operator::Le, Cell::Uuid(last.0)));
        for column in 0..=S::def().key_columns() {
            query = query.order_by(column, Direction::Ascending);
        }
        let mut records = Vec::new();
        self.select(&query, &mut |row| {
            let id = row.uuid()?.ok_or_else(|| Fault::corrupt("a segment row has no object"))?;
            records.push((ObjectId(id), S::read(row)?));
            Ok(())
        })?;
        Ok(records)
    }
}
