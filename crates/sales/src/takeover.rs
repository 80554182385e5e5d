//! Conditions that an item takes over from the item that it refers to: its part of the whole.

use tessera_kernel::{ObjectId, Quantity, Tx, from_micros, to_micros};
use tessera_pricing::{Part, PricingCondition, copy_for_part, have_same_rates, rest_of_parts};

use crate::pricing_request::rounding;
use crate::reference::{conditions_of_others, taken_up};
use crate::resolve_item::reference_of;
use crate::take::Taking;
use crate::{Category, SalesDocument, SalesError, SalesItem};

/// The document that takes over, and what it was before, if it is stored.
#[derive(Clone, Copy)]
pub(crate) struct Taker<'d> {
    pub(crate) document: &'d SalesDocument,
    pub(crate) stored: Option<Stored<'d>>,
}

/// A document as it is stored.
#[derive(Clone, Copy)]
pub(crate) struct Stored<'d> {
    pub(crate) id: ObjectId,
    pub(crate) document: &'d SalesDocument,
    pub(crate) fulfilments: &'d tessera_document::Fulfilments,
}

/// Conditions of an item from its source, so that the items that take up all of the source sum
/// exactly to it: each has what falls between what was taken up before it and after it, and the
/// last one what the others left. `pending` are conditions that earlier items of the document
/// have by now.
///
/// None where the item refers to none, or its source is not priced, or in another currency.
pub(crate) fn conditions(
    tx: &mut Tx<'_>,
    source: &Taking,
    taker: Taker<'_>,
    item: &SalesItem,
    pending: &[PricingCondition],
) -> Result<Option<Vec<PricingCondition>>, SalesError> {
    let Some((_, number)) = reference_of(item) else { return Ok(None) };
    let document = &source.document;
    let Some(from) = document.value.item(number) else { return Ok(None) };
    let rows: Vec<PricingCondition> =
        document.conditions.iter().filter(|row| row.item == number).cloned().collect();
    let header = &taker.document.header;
    let foreign = header.currency != document.header.currency;
    if rows.is_empty() || from.product != item.product || foreign {
        return Ok(None);
    }
    let (before, earlier) = taken_before(source, taker, item, number)?;
    let quantity = to_micros(item.base_quantity.value())?;
    if before > 0 && before + quantity == to_micros(from.base_quantity.value())? {
        let own = taker.stored.map(|stored| stored.id);
        let at = (document.head.id, number);
        if let Some(mut parts) = conditions_of_others(tx, at, header.category, own)? {
            parts.extend(pending.iter().filter(|row| earlier.contains(&row.item)).cloned());
            if let Some(rest) = rest_of_parts(&rows, item.item, &parts)? {
                return Ok(Some(rest));
            }
        }
    }
    let before = Quantity::new(from_micros(before), from.base_quantity.unit())?;
    let part = Part { whole: from.base_quantity, before, quantity: item.base_quantity };
    let rounding = rounding(tx, taker.document)?;
    Ok(Some(copy_for_part(&rows, item.item, part, rounding)?))
}

/// What others and earlier items of the document take up of an item of the source, in micro-units
/// of the base unit; and those earlier items. Debit memo requests take up nothing: each is for a
/// part by itself.
fn taken_before(
    source: &Taking,
    taker: Taker<'_>,
    item: &SalesItem,
    number: u32,
) -> Result<(i64, Vec<u32>), SalesError> {
    let category = taker.document.header.category;
    if category == Category::DebitRequest {
        return Ok((0, Vec::new()));
    }
    let refers = |item: &&SalesItem| item.reference_item == Some(number);
    let mut before = match category {
        Category::CreditRequest => source.claimed_of(number),
        _ => source.fulfilments.of(number).referenced,
    };
    if let Some(stored) = taker.stored.filter(|_| category != Category::CreditRequest) {
        for former in stored.document.items.iter().filter(refers) {
            before -= taken_up(former, stored.fulfilments.of(former.item))?;
        }
    }
    let mut earlier = Vec::new();
    let items = taker.document.items.iter().filter(refers);
    for other in items.filter(|other| other.item < item.item) {
        let taken =
            taker.stored.map_or_else(Default::default, |stored| stored.fulfilments.of(other.item));
        before += taken_up(other, taken)?;
        earlier.push(other.item);
    }
    Ok((before, earlier))
}

/// The conditions of an item that took its own over, for another quantity: its part of the source
/// while that has the same rates, else its own in proportion. `former` are the conditions of the
/// document as it is stored.
pub(crate) fn rescale(
    tx: &mut Tx<'_>,
    source: Option<&mut Taking>,
    taker: Taker<'_>,
    item: &SalesItem,
    former: &[PricingCondition],
    pending: &[PricingCondition],
) -> Result<Vec<PricingCondition>, SalesError> {
    let own: Vec<PricingCondition> =
        former.iter().filter(|row| row.item == item.item).cloned().collect();
    if let Some(source) = source
        && let Some(part) = conditions(tx, source, taker, item, pending)?
        && have_same_rates(&part, &own)
    {
        return Ok(part);
    }
    let stored = taker.stored.and_then(|stored| stored.document.item(item.item));
    let Some(stored) = stored else { return Ok(own) };
    let part = Part { quantity: item.base_quantity, ..Part::all(stored.base_quantity) };
    Ok(copy_for_part(&own, item.item, part, rounding(tx, taker.document)?)?)
}
