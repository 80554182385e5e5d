//! The generic surfaces of what access is made of: every change counts at once.

use serde_json::{Value, json};
use tessera_kernel::{Checked, ObjectEntry, ObjectId, Problem, Ref, Tx};

use crate::changed;
use crate::gives::Gives;

/// Made, changed and deleted by segments.
pub(crate) const fn entry<T: Checked + Gives>() -> ObjectEntry {
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

fn create<T: Checked + Gives>(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    let create = plain::<T>().create.expect("master data is made by its segments");
    let id = create(tx, body)?;
    let made = tx.load(Ref::<T>::new(id))?.value;
    T::check_given(tx, id, None, Some(&made))?;
    tell::<T>(tx, id)?;
    Ok(id)
}

fn change<T: Checked + Gives>(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    let change = plain::<T>().change.expect("master data is changed by its segments");
    let before = tx.load(Ref::<T>::new(id))?.value;
    change(tx, id, version, body)?;
    let after = tx.load(Ref::<T>::new(id))?.value;
    T::check_given(tx, id, Some(&before), Some(&after))?;
    tell::<T>(tx, id)
}

fn delete<T: Checked + Gives>(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    let delete = plain::<T>().delete.expect("it is deletable: so it says above");
    let before = tx.load(Ref::<T>::new(id))?.value;
    delete(tx, id, version, body)?;
    T::check_given(tx, id, Some(&before), None)?;
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
