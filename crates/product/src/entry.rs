//! The generic surfaces of the object.

use serde_json::Value;
use tessera_kernel::{Fault, ObjectEntry, ObjectId, Problem, Tx, Unit};

use crate::{Product, ProductGeneral};

const MASTER_DATA: ObjectEntry = ObjectEntry::master_data::<Product>();

/// Master data whose base unit never changes, because stock and documents are counted in it.
pub(crate) const ENTRY: ObjectEntry = ObjectEntry { change: Some(change), ..MASTER_DATA };

fn change(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    let before = base_unit(tx, id)?;
    if let Some(change) = MASTER_DATA.change {
        change(tx, id, version, body)?;
    }
    match (before, base_unit(tx, id)?) {
        (Some(before), Some(after)) if before != after => {
            let message = format!("can't change from {before}: make a new product in {after}");
            Err(Problem::invalid("general.base_unit", message))
        }
        _ => Ok(()),
    }
}

fn base_unit(tx: &mut Tx<'_>, id: ObjectId) -> Result<Option<Unit>, Fault> {
    Ok(tx.segment::<ProductGeneral>(id)?.pop().map(|general| general.base_unit))
}
