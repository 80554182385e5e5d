//! Reading the outbox.

use tessera_kernel::{
    Cell, Condition, Direction, Event, Fault, OUTBOX, ObjectId, Operator, Select, Tx,
};

/// The events after one, oldest first, at most so many.
pub(crate) fn after(tx: &mut Tx<'_>, last: ObjectId, limit: u32) -> Result<Vec<Event>, Fault> {
    let query = Select::all(&OUTBOX)
        .filter(Condition::compare(0, Operator::Gt, Cell::Uuid(last.0)))
        .order_by(0, Direction::Ascending)
        .limit(limit);
    let mut events = Vec::new();
    tx.select(&query, &mut |row| {
        events.push(Event::read(row)?);
        Ok(())
    })?;
    Ok(events)
}

/// One event.
pub(crate) fn event(tx: &mut Tx<'_>, id: ObjectId) -> Result<Option<Event>, Fault> {
    let query = Select::all(&OUTBOX).equals(0, Cell::Uuid(id.0)).limit(1);
    let mut found = None;
    tx.select(&query, &mut |row| {
        found = Some(Event::read(row)?);
        Ok(())
    })?;
    Ok(found)
}
