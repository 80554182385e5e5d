//! What orders take up of the quotation that they refer to, and returns of the order, and what they
//! give back when they change.

use tessera_document::{Fulfilled, Fulfilments, Taken};
use tessera_kernel::{Fault, Ref, Tx, to_micros};

use crate::resolve::reference_of;
use crate::take::Taking;
use crate::{Category, SalesDocument, SalesError, SalesItem};

/// The document and its item that an item takes up: of a quotation what is ordered, of an order
/// what comes back. Requests refer to orders too, but take up nothing of them.
pub(crate) fn source_of(category: Category, item: &SalesItem) -> Option<(Ref<SalesDocument>, u32)> {
    match category {
        Category::Quotation | Category::Order | Category::ReturnOrder => {
            reference_of(item).map(|(id, number)| (Ref::new(id), number))
        }
        Category::CreditRequest | Category::DebitRequest => None,
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

/// Notes in the document referred to what a document takes up more or less of it than `before`,
/// and brings its status up to date.
pub(crate) fn take_up(
    tx: &mut Tx<'_>,
    before: Option<&SalesDocument>,
    document: &SalesDocument,
    fulfilments: &Fulfilments,
) -> Result<(), SalesError> {
    let mut source: Option<Taking> = None;
    for item in &document.items {
        let Some((id, number)) = source_of(document.header.category, item) else { continue };
        let taken = fulfilments.of(item.item);
        let former = match before.and_then(|before| before.item(item.item)) {
            Some(former) => taken_up(former, taken)?,
            None => 0,
        };
        let more = taken_up(item, taken)? - former;
        if more == 0 {
            continue;
        }
        let source = match &mut source {
            Some(source) => source,
            none => none.insert(Taking::load(tx, id)?),
        };
        if more > 0 {
            source.take(tx, number, Fulfilled::Referenced, more, 0)?;
        } else {
            source.give_back(tx, number, Fulfilled::Referenced, -more, 0)?;
        }
    }
    source.map_or(Ok(()), |source| source.finish(tx))
}
