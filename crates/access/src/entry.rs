//! The generic surfaces of what access is made of: every change counts at once.

use serde_json::{Value, json};
use tessera_kernel::{Checked, ObjectEntry, ObjectId, Problem, Tx};

use crate::changed;

/// Made, changed and deleted by segments.
pub(crate) const fn entry<T: Checked>() -> ObjectEntry {
    ObjectEntry {
        create: Some(create::<T>),
        create_input: Some(T::composite),
        change: Some(change::<T>),
        delete: Some(delete::<T>),
        ..ObjectEntry::master_data::<T>()
    }
}

/// What the generic surfaces of master data do.
const fn plain<T: Checked>() -> ObjectEntry {
    ObjectEntry::master_data::<T>().deletable::<T>()
}

fn create<T: Checked>(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    let create = plain::<T>().create.expect("master data is made by its segments");
    let id = create(tx, body)?;
    tell::<T>(tx, id)?;
    Ok(id)
}

fn change<T: Checked>(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    let change = plain::<T>().change.expect("master data is changed by its segments");
    change(tx, id, version, body)?;
    tell::<T>(tx, id)
}

fn delete<T: Checked>(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    let delete = plain::<T>().delete.expect("it is deletable: so it says above");
    delete(tx, id, version, body)?;
    tell::<T>(tx, id)
}

fn tell<T: Checked>(tx: &mut Tx<'_>, id: ObjectId) -> Result<(), Problem> {
    changed(tx)?;
    let event = match T::NAME {
        "role" => "role.changed",
        "team" => "team.changed",
        _ => "business_line.changed",
    };
    Ok(tx.emit(event, id, &json!({}))?)
}
