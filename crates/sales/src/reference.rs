//! What quotations and orders take up of the quotation that they refer to, and give back when they
//! change.

use tessera_document::{Fulfilled, Fulfilments, Taken};
use tessera_kernel::{Fault, Ref, Tx, to_micros};

use crate::resolve::reference_of;
use crate::take::Taking;
use crate::{Category, SalesDocument, SalesError, SalesItem};

/// The quotation and its item that an item takes up. Returns and requests refer to orders, of
/// which they take up nothing.
pub(crate) fn quotation_of(
    category: Category,
    item: &SalesItem,
) -> Option<(Ref<SalesDocument>, u32)> {
    match category {
        Category::Quotation | Category::Order => {
            reference_of(item).map(|(id, number)| (Ref::new(id), number))
        }
        _ => None,
    }
}

/// What an item takes up, in micro-units of the base unit: all of it, but of a rejected item only
/// what was delivered or billed.
pub(crate) fn taken_up(item: &SalesItem, taken: Taken) -> Result<i64, Fault> {
    match item.rejection_reason {
        None => Ok(to_micros(item.base_quantity.value())?),
        Some(_) => Ok(taken.delivered.max(taken.billed)),
    }
}

/// Notes in the quotation what a document takes up more or less of it than `before`, and brings
/// the quotation's status up to date.
pub(crate) fn take_up(
    tx: &mut Tx<'_>,
    before: Option<&SalesDocument>,
    document: &SalesDocument,
    fulfilments: &Fulfilments,
) -> Result<(), SalesError> {
    let mut quotation: Option<Taking> = None;
    for item in &document.items {
        let Some((id, number)) = quotation_of(document.header.category, item) else { continue };
        let taken = fulfilments.of(item.item);
        let former = match before.and_then(|before| before.item(item.item)) {
            Some(former) => taken_up(former, taken)?,
            None => 0,
        };
        let more = taken_up(item, taken)? - former;
        if more == 0 {
            continue;
        }
        let quotation = match &mut quotation {
            Some(quotation) => quotation,
            none => none.insert(Taking::load(tx, id)?),
        };
        if more > 0 {
            quotation.take(tx, number, Fulfilled::Referenced, more, 0)?;
        } else {
            quotation.give_back(tx, number, Fulfilled::Referenced, -more, 0)?;
        }
    }
    quotation.map_or(Ok(()), |quotation| quotation.finish(tx))
}
