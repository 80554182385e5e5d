//! What orders take up of the quotation that they refer to, and returns and credit memo requests
//! of the order, and what they give back when they change.

use tessera_document::successors;
use tessera_document::{DocumentKind, FULFILMENT, Fulfilled, Fulfilments, Taken, fulfilments};
use tessera_kernel::{CellRef, Fault, ObjectId, Ref, Tx, to_micros};
use tessera_pricing::PricingCondition;

use crate::resolve::kind_of;
use crate::resolve_item::reference_of;
use crate::sent::Sent;
use crate::take::Taking;
use crate::{Category, SalesDocument, SalesError, SalesItem};

/// The document and its item of which an item notes what it takes up: of a quotation what is
/// ordered, of an order what comes back. Requests refer to orders too, and note nothing there.
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

/// The document that another one refers to, loaded once and when it is first needed.
pub(crate) struct Source {
    of: Option<(Ref<SalesDocument>, Category)>,
    own: Option<ObjectId>,
    loaded: Option<Taking>,
}

impl Source {
    /// Of a new document.
    pub(crate) fn of_new(category: Category, reference: Option<Ref<SalesDocument>>) -> Self {
        Self { of: reference.map(|id| (id, category)), own: None, loaded: None }
    }

    /// Of a document that is stored.
    pub(crate) fn of_stored(id: ObjectId, document: &SalesDocument) -> Self {
        let header = &document.header;
        let of = header.reference.map(|reference| (Ref::new(reference), header.category));
        Self { of, own: Some(id), loaded: None }
    }

    /// The document with what bounds the one that refers to it; none where that refers to none.
    pub(crate) fn get(&mut self, tx: &mut Tx<'_>) -> Result<Option<&mut Taking>, SalesError> {
        let Some((id, category)) = self.of else { return Ok(None) };
        if self.loaded.is_none() {
            self.loaded = Some(load(tx, id, category, self.own)?);
        }
        Ok(self.loaded.as_mut())
    }
}

/// What bounds returns and requests is read from documents, so the items are held until the end
/// of the command: two of them at once can't take the same piece.
fn load(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
    category: Category,
    own: Option<ObjectId>,
) -> Result<Taking, SalesError> {
    let mut source = Taking::load(tx, id)?;
    if !matches!(category, Category::ReturnOrder | Category::CreditRequest) {
        return Ok(source);
    }
    hold(tx, id, source.document.items.iter().map(|item| item.item))?;
    source.fulfilments = fulfilments(tx, id.id())?;
    if category == Category::ReturnOrder {
        source.issued = crate::issued::issued(tx, id)?;
    } else {
        source.claimed = claimed(tx, id, own)?;
    }
    Ok(source)
}

/// Holds what is noted of items until the end of the command.
pub(crate) fn hold(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
    items: impl Iterator<Item = u32>,
) -> Result<(), Fault> {
    for item in items {
        tx.hold(&FULFILMENT, &[CellRef::Uuid(id.id().0), CellRef::Int(i64::from(item))])?;
    }
    Ok(())
}

/// Notes in the document referred to what a document takes up more or less of it than `before`,
/// and brings its status up to date.
pub(crate) fn take_up(
    tx: &mut Tx<'_>,
    (before, document): (Option<&SalesDocument>, &SalesDocument),
    fulfilments: &Fulfilments,
    mut source: Source,
    sent: &Sent<'_>,
) -> Result<(), SalesError> {
    let category = document.header.category;
    let mut changes = Vec::new();
    for item in &document.items {
        let Some((_, number)) = reference_of(item) else { continue };
        let taken = fulfilments.of(item.item);
        let former = match before.and_then(|before| before.item(item.item)) {
            Some(former) => taken_up(former, taken)?,
            None => 0,
        };
        let now = taken_up(item, taken)?;
        changes.push(Change { item: item.item, number, old: former, new: now });
    }
    if category == Category::DebitRequest || changes.iter().all(|change| change.old == change.new) {
        return Ok(());
    }
    let Some(taking) = source.get(tx)? else { return Ok(()) };
    if category == Category::CreditRequest {
        return claim(taking, &changes, sent);
    }
    for Change { item, number, old, new } in changes {
        if new > old {
            let taken = taking.take(tx, number, Fulfilled::Referenced, new - old, 0);
            taken.map_err(|error| error.at(sent.quantity(item)))?;
        } else if new < old {
            taking.give_back(tx, number, Fulfilled::Referenced, old - new, 0)?;
        }
    }
    source.loaded.map_or(Ok(()), |source| source.finish(tx))
}

/// What an item took up, and takes up now, of an item of the document referred to.
struct Change {
    item: u32,
    /// Item referred to.
    number: u32,
    old: i64,
    new: i64,
}

/// Items of a credit memo request: those that claim more must find it open beside the others.
fn claim(order: &mut Taking, changes: &[Change], sent: &Sent<'_>) -> Result<(), SalesError> {
    let kept = changes.iter().filter(|change| change.new <= change.old);
    order.claimed.extend(kept.map(|change| (change.number, change.new)));
    let mut more = changes.iter().filter(|change| change.new > change.old);
    more.try_for_each(|change| {
        let claimed = order.claim(change.number, change.new);
        claimed.map_err(|error| error.at(sent.quantity(change.item)))
    })
}

/// What credit memo requests claim of the items of an order, in micro-units of the base unit;
/// `own` does not count.
pub(crate) fn claimed(
    tx: &mut Tx<'_>,
    order: Ref<SalesDocument>,
    own: Option<ObjectId>,
) -> Result<Vec<(u32, i64)>, Fault> {
    let mut claimed = Vec::new();
    for (id, items) in takers(tx, order.id(), Category::CreditRequest, own)? {
        let taken = fulfilments(tx, id)?;
        for item in items {
            let quantity = taken_up(&item, taken.of(item.item))?;
            claimed.extend(item.reference_item.map(|number| (number, quantity)));
        }
    }
    Ok(claimed)
}

/// The conditions of other documents that take up an item as one of `category` does; none where
/// one of them takes up less than it is priced for.
pub(crate) fn conditions_of_others(
    tx: &mut Tx<'_>,
    (source, number): (ObjectId, u32),
    category: Category,
    own: Option<ObjectId>,
) -> Result<Option<Vec<PricingCondition>>, Fault> {
    let mut conditions = Vec::new();
    for (id, items) in takers(tx, source, category, own)? {
        let mut numbers = Vec::new();
        for item in items.iter().filter(|item| item.reference_item == Some(number)) {
            if item.rejection_reason.is_none() {
                numbers.push(item.item);
            } else if taken_up(item, fulfilments(tx, id)?.of(item.item))? > 0 {
                return Ok(None);
            }
        }
        if !numbers.is_empty() {
            let rows = tx.segment::<PricingCondition>(id)?;
            conditions.extend(rows.into_iter().filter(|row| numbers.contains(&row.item)));
        }
    }
    Ok(Some(conditions))
}

/// The documents that take up what one of `category` does, with their items that refer to the
/// source; `own` is left out.
fn takers(
    tx: &mut Tx<'_>,
    source: ObjectId,
    category: Category,
    own: Option<ObjectId>,
) -> Result<Vec<(ObjectId, Vec<SalesItem>)>, Fault> {
    let request = kind_of(Category::CreditRequest);
    let takes = |kind: DocumentKind| match category {
        Category::CreditRequest => kind == request,
        _ => [Category::Quotation, Category::Order, Category::ReturnOrder]
            .map(kind_of)
            .contains(&kind),
    };
    let mut takers = Vec::new();
    for (id, kind) in successors(tx, source)? {
        if takes(kind) && Some(id) != own {
            let mut items = tx.segment::<SalesItem>(id)?;
            items.retain(|item| item.reference == Some(source));
            takers.push((id, items));
        }
    }
    Ok(takers)
}
