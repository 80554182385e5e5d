//! Changes a living sales document: nothing has to be cancelled to correct it.

use serde_json::json;
use tessera_kernel::{Date, Kind, Quantity, Ref, Rule, Stored, Tx, from_micros, to_micros};

use crate::create::today;
use crate::draft::{DraftItem, HeaderChange, ItemChange, SalesChange};
use crate::resolve::ItemContext;
use crate::take::Taking;
use crate::{CreditStatus, SalesDocument, SalesError, SalesSettings, commitment, resolve};

/// What happens when a sales document is changed, in order.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may change sales documents." },
    Rule { name: "version", help: "Nobody else changed the document since the caller read it." },
    Rule {
        name: "fulfilled",
        help: "No item falls below what was delivered, billed or ordered of it.",
    },
    Rule {
        name: "reference",
        help: "A quotation has back what the document no longer takes up of it.",
    },
    Rule {
        name: "pricing",
        help: "Prices are found anew where quantity, date or conditions changed; manual conditions stay.",
    },
    Rule {
        name: "credit",
        help: "What the document needs more of the credit limit is checked, or it is blocked.",
    },
    Rule {
        name: "availability",
        help: "What changed is promised anew; what did not keeps its promise.",
    },
    Rule { name: "status", help: "Status follows from the items." },
];

/// Changes header, items and conditions. `version` is the one that the caller saw, if any.
pub fn change_sales_document(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
    version: Option<i64>,
    change: &SalesChange,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "change")?;
    let mut work = Taking::load(tx, id)?;
    if let Some(version) = version {
        tx.expect_version(&work.document, version)?;
    }
    let before = work.document.value.clone();
    let reprice = apply_header(&mut work.document.value, &change.header)?;
    let touched = apply_items(tx, &mut work, change)?;
    if reprice || !touched.is_empty() || !change.conditions.is_empty() {
        crate::pricing::reprice(tx, &mut work.document, change)?;
    }
    crate::reference::take_up(tx, Some(&before), &work.document, &work.fulfilments)?;
    recommit(tx, &mut work, &before, &touched)?;
    save(tx, work, "sales_document.changed")
}

/// Releases the credit block of a document, with a reason that stays on it. Its value counts in
/// the exposure from now on, and stock is promised.
pub fn release_credit(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
    reason: &str,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "release_credit")?;
    if reason.trim().is_empty() {
        return Err(SalesError::field("reason", "must say why the document is released"));
    }
    let mut work = Taking::load(tx, id)?;
    let was_blocked = work.document.status.credit == CreditStatus::Blocked;
    if !was_blocked && work.document.status.credit != CreditStatus::Approved {
        return Err(SalesError::NotBlocked { number: work.document.number() });
    }
    let before = work.document.value.clone();
    work.document.status.credit = CreditStatus::Released;
    work.document.status.credit_release_reason = Some(reason.to_string());
    if was_blocked {
        let (area, payer) = commitment::account(&work.document)?;
        let open = commitment::open_credit(&work.document, true, &work.fulfilments)?;
        if let Some(item) = work.document.items.first() {
            let value = tessera_kernel::Money::from_minor(open, item.credit_value.currency());
            tessera_credit::shift(tx, area, payer, tessera_credit::Exposure::orders(value))?;
        }
        promise_anew(tx, &mut work, &before, &[])?;
    }
    save(tx, work, "sales_document.credit_released")
}

/// Checks a blocked document against the limit again: after a payment, or a raised limit.
pub fn check_credit(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "check_credit")?;
    let mut work = Taking::load(tx, id)?;
    if work.document.status.credit != CreditStatus::Blocked {
        return Ok(work.document);
    }
    let before = work.document.value.clone();
    recommit(tx, &mut work, &before, &[])?;
    save(tx, work, "sales_document.credit_checked")
}

/// Promises what is open anew: after receipts came in, or dates moved.
pub fn reschedule(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "reschedule")?;
    let mut work = Taking::load(tx, id)?;
    let before = work.document.value.clone();
    let all: Vec<u32> = before.items.iter().map(|item| item.item).collect();
    promise_anew(tx, &mut work, &before, &all)?;
    save(tx, work, "sales_document.rescheduled")
}

/// Applies the header; answers whether prices must be found anew.
fn apply_header(document: &mut SalesDocument, change: &HeaderChange) -> Result<bool, SalesError> {
    let header = &mut document.header;
    let mut reprice = change.new_pricing;
    if let Some(reference) = &change.customer_reference {
        header.customer_reference = Some(reference.clone());
    }
    if let Some(date) = change.pricing_date {
        reprice |= header.pricing_date != date;
        header.pricing_date = date;
    }
    if let Some(date) = change.requested_delivery {
        let former = std::mem::replace(&mut header.requested_delivery, date);
        for item in document.items.iter_mut().filter(|item| item.requested_delivery == former) {
            item.requested_delivery = date;
        }
    }
    let header = &mut document.header;
    if let Some(terms) = change.payment_terms {
        reprice |= header.payment_terms != terms;
        header.payment_terms = terms;
    }
    header.incoterms = change.incoterms.or(header.incoterms);
    header.complete_delivery = change.complete_delivery.unwrap_or(header.complete_delivery);
    if let Some(valid_to) = change.valid_to {
        if valid_to < header.document_date {
            return Err(SalesError::field("valid_to", "must not be before the document date"));
        }
        header.valid_to = Some(valid_to);
    }
    Ok(reprice)
}

/// Applies the items; answers the numbers of those that changed or came.
fn apply_items(
    tx: &mut Tx<'_>,
    work: &mut Taking,
    change: &SalesChange,
) -> Result<Vec<u32>, SalesError> {
    let mut touched = Vec::new();
    for (position, item) in change.items.iter().enumerate() {
        let path = format!("items[{position}]");
        let known = item
            .item
            .and_then(|number| work.document.items.iter().position(|known| known.item == number));
        match known {
            Some(known) => touched.push(change_item(tx, work, known, item, &path)?),
            None => touched.push(add_item(tx, work, item, &path)?),
        }
    }
    Ok(touched)
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
    let item = resolve::item(tx, &work.document.value, &context, &draft, path)?;
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
) -> Result<u32, SalesError> {
    let (number, product) = {
        let item = &work.document.items[position];
        (item.item, item.product)
    };
    let taken = work.fulfilments.of(number);
    let done = taken.delivered.max(taken.billed).max(taken.referenced);
    let unit = work.document.items[position].base_quantity.unit();
    let fulfilled = |document: &Stored<SalesDocument>| -> Result<SalesError, SalesError> {
        let done = Quantity::new(from_micros(done), unit)?.to_string();
        Ok(SalesError::Fulfilled { number: document.number(), item: number, done })
    };
    if change.product.is_some_and(|given| given != product) {
        let message = "can't be changed: reject the item and add another";
        return Err(SalesError::field(format!("{path}.product"), message));
    }
    if let Some(quantity) = change.quantity {
        let data = tx.shared(product)?;
        let base = data
            .to_base(quantity)
            .map_err(|error| SalesError::field(format!("{path}.quantity"), error.to_string()))?;
        if to_micros(base.value())? < done {
            return Err(fulfilled(&work.document)?);
        }
        if work.document.items[position].reference_item.is_none() {
            crate::minimum::check(&work.document, &data, base, path)?;
        }
        let item = &mut work.document.items[position];
        item.quantity = quantity;
        item.base_quantity = base;
    }
    if change.plant.is_some_and(|plant| Some(plant) != work.document.items[position].plant) {
        if done > 0 {
            return Err(fulfilled(&work.document)?);
        }
        work.document.items[position].plant = change.plant;
    }
    if change.rejection_reason.is_some() && change.reopen {
        let message = "an item is either rejected or reopened";
        return Err(SalesError::field(format!("{path}.reopen"), message));
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
    Ok(number)
}

/// Moves credit and stock from what the former document held to what the new one needs.
fn recommit(
    tx: &mut Tx<'_>,
    work: &mut Taking,
    before: &SalesDocument,
    touched: &[u32],
) -> Result<(), SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let checked = settings
        .document_types
        .get(before.header.document_type)
        .is_some_and(|document_type| document_type.credit_check);
    let held = commitment::open_credit(before, checked, &work.fulfilments)?;
    commitment::commit_credit(tx, &mut work.document.value, held, &work.fulfilments)?;
    promise_anew(tx, work, before, touched)
}

/// Promises anew the items named whose quantity, day, plant or rejection changed; every item
/// where a credit block came or went.
fn promise_anew(
    tx: &mut Tx<'_>,
    work: &mut Taking,
    before: &SalesDocument,
    touched: &[u32],
) -> Result<(), SalesError> {
    let blocked = |document: &SalesDocument| document.status.credit == CreditStatus::Blocked;
    let all = blocked(before) != blocked(&work.document.value);
    let today: Date = today(tx, before)?;
    let mut anew = Vec::new();
    for (position, item) in work.document.items.iter().enumerate() {
        let former = before.item(item.item);
        let header_moved =
            former.is_some_and(|former| former.requested_delivery != item.requested_delivery);
        if all || header_moved || touched.contains(&item.item) {
            anew.push((position, former.cloned(), work.fulfilments.of(item.item).delivered));
        }
    }
    for (_, former, delivered) in &anew {
        if let Some(former) = former {
            commitment::release_stock(tx, before, former, *delivered)?;
        }
    }
    for (position, _, delivered) in anew {
        commitment::promise(tx, &mut work.document.value, position, delivered, today)?;
    }
    Ok(())
}

fn save(
    tx: &mut Tx<'_>,
    mut work: Taking,
    event: &str,
) -> Result<Stored<SalesDocument>, SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    work.document.status = crate::status::of(settings, &work.document.value, &work.fulfilments)?;
    if tx.save(&mut work.document)? {
        let payload = json!({ "number": work.document.head.number });
        tx.emit(event, work.document.head.id, &payload)?;
    }
    Ok(work.document)
}
