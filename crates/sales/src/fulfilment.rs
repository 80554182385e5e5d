//! How far each item of a sales document is: quantities and status, from its flow.

use serde_json::{Value, json};
use tessera_kernel::{
    Choice as _, Fault, Quantity, Ref, Tx, format_decimal, from_micros, to_micros,
};

use crate::status::item_progress;
use crate::take::Taking;
use crate::{Progress, SalesDocument, SalesError, SalesSettings};

/// Quantities of an item in its base unit, and its status.
#[derive(Clone, Debug)]
pub struct ItemFulfilment {
    /// Item.
    pub item: u32,
    /// Ordered.
    pub ordered: Quantity,
    /// Promised.
    pub confirmed: Quantity,
    /// Taken up by orders (of a quotation) or returns (of an order).
    pub referenced: Quantity,
    /// Taken up by deliveries.
    pub delivered: Quantity,
    /// Taken up by billing documents.
    pub billed: Quantity,
    /// Whether the item is rejected.
    pub rejected: bool,
    /// Delivery status.
    pub delivery: Progress,
    /// Billing status.
    pub billing: Progress,
}

impl ItemFulfilment {
    /// The fulfilment as JSON.
    pub fn to_json(&self) -> Value {
        let value = |quantity: Quantity| format_decimal(quantity.value());
        json!({
            "item": self.item,
            "unit": self.ordered.unit().code(),
            "ordered": value(self.ordered),
            "confirmed": value(self.confirmed),
            "referenced": value(self.referenced),
            "delivered": value(self.delivered),
            "billed": value(self.billed),
            "rejected": self.rejected,
            "delivery": self.delivery.code(),
            "billing": self.billing.code(),
        })
    }
}

/// How far each item is.
pub fn item_fulfilments(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
) -> Result<Vec<ItemFulfilment>, SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let work = Taking::load(tx, id)?;
    let category = work.document.header.category;
    let mut items = Vec::with_capacity(work.document.items.len());
    for item in &work.document.items {
        let unit = item.base_quantity.unit();
        let quantity = |micros| Quantity::new(from_micros(micros), unit).map_err(Fault::from);
        let taken = work.fulfilments.of(item.item);
        let mut confirmed = 0;
        for line in work.document.schedule_of(item.item) {
            confirmed += to_micros(line.confirmed.value())?;
        }
        let progress = item_progress(settings, category, item, taken)?;
        items.push(ItemFulfilment {
            item: item.item,
            ordered: item.base_quantity,
            confirmed: quantity(confirmed)?,
            referenced: quantity(taken.referenced)?,
            delivered: quantity(taken.delivered)?,
            billed: quantity(taken.billed)?,
            rejected: item.rejection_reason.is_some(),
            delivery: progress.delivery,
            billing: progress.billing,
        });
    }
    Ok(items)
}
