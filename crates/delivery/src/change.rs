//! Changes a delivery whose goods have not moved.

use serde_json::json;
use tessera_kernel::{Kind, Ref, Rule, Stored, Tx};

use crate::create::check_location;
use crate::draft::DeliveryChange;
use crate::goods_issue::require_status;
use crate::{Delivery, DeliveryError, GoodsIssueStatus};

/// What happens when a delivery is changed, in order.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may change deliveries." },
    Rule { name: "status", help: "The delivery is open: not posted, not cancelled." },
    Rule { name: "storage_location", help: "The storage location is in the plant of the item." },
];

/// Changes where the goods of an open delivery leave from.
pub fn change_delivery(
    tx: &mut Tx<'_>,
    id: Ref<Delivery>,
    version: Option<i64>,
    change: &DeliveryChange,
) -> Result<Stored<Delivery>, DeliveryError> {
    tx.actor().require(Delivery::NAME, "change")?;
    let mut delivery = tx.load(id)?;
    if let Some(version) = version {
        tx.expect_version(&delivery, version)?;
    }
    let hint = "only an open delivery can be changed; reverse its goods issue first";
    require_status(&delivery, GoodsIssueStatus::Open, hint)?;
    let number = delivery.number();
    for (position, wanted) in change.items.iter().enumerate() {
        let path = |field: &str| format!("items[{position}].{field}");
        if change.items[..position].iter().any(|other| other.item == wanted.item) {
            let message = format!("{} stands there twice: put both into one", wanted.item);
            return Err(DeliveryError::field(path("item"), message));
        }
        let item = delivery.value.items.iter_mut().find(|item| item.item == wanted.item);
        let Some(item) = item else {
            let message = format!("{number} has no item {}", wanted.item);
            return Err(DeliveryError::field(path("item"), message));
        };
        if let Some(location) = wanted.storage_location {
            check_location(tx, item.plant, location, &path("storage_location"))?;
            item.storage_location = location;
        }
    }
    if tx.save(&mut delivery)? {
        tx.emit("delivery.changed", delivery.head.id, &json!({ "number": number }))?;
    }
    Ok(delivery)
}
