//! Applies the changes of items to a sales document.

use tessera_kernel::{Quantity, Tx, from_micros, to_micros};
use tessera_organisation::OrganisationSettings;

use crate::draft::{DraftItem, ItemChange, SalesChange};
use crate::resolve::check_requested;
use crate::resolve_item::ItemContext;
use crate::sent::Sent;
use crate::take::Taking;
use crate::{SalesDocument, SalesError, SalesSettings, resolve_item};

/// Applies the changes; answers the numbers of the items whose price may differ now: those that
/// came, and those with another quantity or plant.
pub(crate) fn apply(
    tx: &mut Tx<'_>,
    work: &mut Taking,
    change: &SalesChange,
    sent: &mut Sent<'_>,
) -> Result<Vec<u32>, SalesError> {
    let mut priced = Vec::new();
    for (position, item) in change.items.iter().enumerate() {
        let path = format!("items[{position}]");
        if let Some(number) = item.item.filter(|number| sent.has_item(*number)) {
            let message = format!("item {number} stands there twice");
            return Err(SalesError::field(format!("{path}.item"), message));
        }
        let known = item
            .item
            .and_then(|number| work.document.items.iter().position(|known| known.item == number));
        let Some(known) = known else {
            let number = add_item(tx, work, item, &path)?;
            sent.add_change(number, &path, item);
            priced.push(number);
            continue;
        };
        let former = work.document.items[known].clone();
        sent.add_change(former.item, &path, item);
        change_item(tx, work, known, item, &path)?;
        let now = &work.document.items[known];
        if (former.quantity, former.plant) != (now.quantity, now.plant) {
            priced.push(former.item);
        }
    }
    Ok(priced)
}

fn add_item(
    tx: &mut Tx<'_>,
    work: &mut Taking,
    change: &ItemChange,
    path: &str,
) -> Result<u32, SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let document_type = settings
        .document_types
        .require(work.document.header.document_type)
        .map_err(|message| SalesError::field("header.document_type", message))?;
    let given =
        [("rejection_reason", change.rejection_reason.is_some()), ("reopen", change.reopen)];
    if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
        let message = "is for an item that is there, and this one is new";
        return Err(SalesError::field(format!("{path}.{field}"), message));
    }
    let context = ItemContext { settings, document_type, reference: None };
    let draft = DraftItem {
        item: change.item,
        product: change.product,
        quantity: change.quantity,
        description: change.description.clone(),
        plant: change.plant,
        requested_delivery: change.requested_delivery,
        ..DraftItem::default()
    };
    let item = resolve_item::item(tx, &work.document.value, &context, &draft, path)?;
    let number = item.item;
    work.document.items.push(item);
    work.document.items.sort_by_key(|item| item.item);
    Ok(number)
}

fn change_item(
    tx: &mut Tx<'_>,
    work: &mut Taking,
    position: usize,
    change: &ItemChange,
    path: &str,
) -> Result<(), SalesError> {
    let (number, product) = {
        let item = &work.document.items[position];
        (item.item, item.product)
    };
    let taken = work.fulfilments.of(number);
    let done = taken.delivered.max(taken.billed).max(taken.referenced);
    let unit = work.document.items[position].base_quantity.unit();
    let fulfilled = |work: &Taking| -> Result<SalesError, SalesError> {
        let done = Quantity::new(from_micros(done), unit)?.to_string();
        Ok(SalesError::Fulfilled { number: work.document.number(), item: number, done })
    };
    if change.product.is_some_and(|given| given != product) {
        let message = "can't be changed: reject the item and add another";
        return Err(SalesError::field(format!("{path}.product"), message));
    }
    if let Some(quantity) = change.quantity {
        let data = tx.shared(product)?;
        let base = data
            .counted(tx.settings::<OrganisationSettings>()?, quantity)
            .map_err(|message| SalesError::field(format!("{path}.quantity"), message))?;
        if to_micros(base.value())? < done {
            return Err(fulfilled(work)?.at(format!("{path}.quantity")));
        }
        if work.document.items[position].reference_item.is_none() {
            crate::minimum::check(&work.document, &data, base, path)?;
        }
        let item = &mut work.document.items[position];
        item.quantity = quantity;
        item.base_quantity = base;
    }
    let former = work.document.items[position].plant;
    if let Some(plant) = change.plant.filter(|plant| Some(*plant) != former) {
        if done > 0 {
            return Err(fulfilled(work)?.at(format!("{path}.plant")));
        }
        // What is not delivered has a plant for its taxes only, as when it was made.
        if is_delivered(tx, &work.document)? {
            resolve_item::check_plant(tx, &work.document, plant, path)?;
        }
        work.document.items[position].plant = Some(plant);
    }
    if change.rejection_reason.is_some() && change.reopen {
        let message = "an item is either rejected or reopened";
        return Err(SalesError::field(format!("{path}.reopen"), message));
    }
    if let Some(day) = change.requested_delivery {
        let path = format!("{path}.requested_delivery");
        check_requested(work.document.header.document_date, day, path)?;
    }
    let item = &mut work.document.items[position];
    if let Some(description) = &change.description {
        item.description.clone_from(description);
    }
    item.requested_delivery = change.requested_delivery.unwrap_or(item.requested_delivery);
    item.rejection_reason = match change.reopen {
        true => None,
        false => change.rejection_reason.or(item.rejection_reason),
    };
    Ok(())
}

/// Whether documents of the type are delivered.
fn is_delivered(tx: &Tx<'_>, document: &SalesDocument) -> Result<bool, SalesError> {
    let document_types = &tx.settings::<SalesSettings>()?.document_types;
    let document_type = document_types.get(document.header.document_type);
    Ok(document_type.is_some_and(|document_type| document_type.delivery_type.is_some()))
}
