//! What a document promises: schedule lines, and the reservations of stock behind them. Both follow
//! from the document and what was delivered of it.

use tessera_kernel::{Code, Date, Fault, Quantity, Tx, from_micros, to_micros};
use tessera_stock::AvailabilityPolicy;

use crate::create::today;
use crate::take::Taking;
use crate::{CreditStatus, SalesDocument, SalesError, SalesItem, SalesSettings, ScheduleLine};

/// Promises anew the items named, those that moved to another day or plant or were rejected or
/// reopened, and every item where a credit block came or went. Where only the quantity changed,
/// what is promised stays promised: a rise is promised on top, a cut takes the last days away.
pub(crate) fn anew(
    tx: &mut Tx<'_>,
    work: &mut Taking,
    before: &SalesDocument,
    named: &[u32],
) -> Result<(), SalesError> {
    let blocked = |document: &SalesDocument| document.status.credit == CreditStatus::Blocked;
    let all = blocked(before) != blocked(&work.document.value);
    let in_parts = policy(tx, before)? != Some(AvailabilityPolicy::Complete);
    let today: Date = today(tx, before)?;
    let mut anew = Vec::new();
    for (position, item) in work.document.items.iter().enumerate() {
        let delivered = work.fulfilments.of(item.item).delivered;
        let former = before.item(item.item);
        let is_named = all || named.contains(&item.item);
        let kept = match former {
            Some(former) if !is_named && has_same_terms(former, item) => {
                if former.base_quantity == item.base_quantity {
                    continue;
                }
                if in_parts { promised(before, item)?.max(delivered) } else { delivered }
            }
            _ => delivered,
        };
        anew.push((position, former, kept));
    }
    for (_, former, kept) in &anew {
        if let Some(former) = former {
            release_stock(tx, before, former, *kept)?;
        }
    }
    foresee(tx, &work.document.value, anew.iter().map(|(position, ..)| *position))?;
    for (position, _, kept) in anew {
        promise(tx, &mut work.document.value, position, kept, today)?;
    }
    Ok(())
}

/// Whether an item wants the goods from the same plant on the same day as before, or as before
/// does not want them.
fn has_same_terms(former: &SalesItem, item: &SalesItem) -> bool {
    former.plant == item.plant
        && former.requested_delivery == item.requested_delivery
        && former.rejection_reason.is_some() == item.rejection_reason.is_some()
}

/// What a document promises of an item, up to the quantity that it has now, in micro-units of the
/// base unit.
fn promised(before: &SalesDocument, item: &SalesItem) -> Result<i64, Fault> {
    let mut promised = 0;
    for line in before.schedule_of(item.item) {
        promised += to_micros(line.confirmed.value())?;
    }
    Ok(promised.min(to_micros(item.base_quantity.value())?))
}

fn policy(tx: &Tx<'_>, document: &SalesDocument) -> Result<Option<AvailabilityPolicy>, SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let document_type = settings.document_types.get(document.header.document_type);
    Ok(document_type.and_then(|document_type| document_type.availability))
}

/// The schedule lines of an item less what was delivered, in order of their days.
pub fn open_schedule(
    document: &SalesDocument,
    item: u32,
    delivered: i64,
) -> Result<Vec<(ScheduleLine, i64)>, Fault> {
    let mut consumed = delivered;
    let mut open = Vec::new();
    for line in document.schedule_of(item) {
        let confirmed = to_micros(line.confirmed.value())?;
        let used = confirmed.min(consumed);
        consumed -= used;
        if confirmed > used {
            open.push((line.clone(), confirmed - used));
        }
    }
    Ok(open)
}

/// Gives back the stock that the schedule lines of an item hold beyond the first `kept` micro-units
/// of the base unit, which are delivered or stay promised.
pub(crate) fn release_stock(
    tx: &mut Tx<'_>,
    document: &SalesDocument,
    item: &SalesItem,
    kept: i64,
) -> Result<(), SalesError> {
    let Some(plant) = item.plant else { return Ok(()) };
    for (line, open) in open_schedule(document, item.item, kept)? {
        if line.reserved {
            let quantity = Quantity::new(from_micros(open), item.base_quantity.unit())?;
            tessera_stock::release(tx, item.product, plant, line.date, quantity)?;
        }
    }
    Ok(())
}

/// Schedule lines for what is beyond the first `kept` micro-units of the base unit, reserved in
/// stock where the document type and the product want that; those keep lines of their own.
pub(crate) fn promise(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    position: usize,
    kept: i64,
    today: Date,
) -> Result<(), SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let item = document.items[position].clone();
    let mut lines: Vec<ScheduleLine> = Vec::new();
    let mut left = kept;
    for line in document.schedule_of(item.item) {
        let used = to_micros(line.confirmed.value())?.min(left);
        left -= used;
        if used > 0 {
            let confirmed = Quantity::new(from_micros(used), item.base_quantity.unit())?;
            lines.push(ScheduleLine { confirmed, ..line.clone() });
        }
    }
    let wanted = to_micros(item.base_quantity.value())? - kept;
    if wanted > 0 && item.rejection_reason.is_none() {
        let wanted = Quantity::new(from_micros(wanted), item.base_quantity.unit())?;
        for line in new_lines(tx, settings, document, &item, wanted, today)? {
            match lines.last_mut() {
                Some(last) if (last.date, last.reserved) == (line.date, line.reserved) => {
                    last.confirmed = last.confirmed.plus(line.confirmed)?;
                }
                // That nothing covers the request is told where nothing else is.
                Some(_) if line.confirmed.is_zero() => {}
                _ => lines.push(line),
            }
        }
    }
    for (number, line) in (1..).zip(&mut lines) {
        line.line = number;
    }
    document.schedule.retain(|line| line.item != item.item);
    document.schedule.extend(lines);
    document.schedule.sort_by_key(|line| (line.item, line.line));
    Ok(())
}

/// Says which items are promised next, so that the stock behind all of them is held and asked for at
/// once.
pub(crate) fn foresee(
    tx: &mut Tx<'_>,
    document: &SalesDocument,
    positions: impl Iterator<Item = usize>,
) -> Result<(), SalesError> {
    if document.status.credit == CreditStatus::Blocked {
        return Ok(());
    }
    let settings = tx.settings::<SalesSettings>()?;
    let demand = |position: usize| {
        let item = &document.items[position];
        let (plant, _) = reserves(settings, document, item)?;
        item.rejection_reason.is_none().then_some((item.product, plant))
    };
    let demands: Vec<_> = positions.filter_map(demand).collect();
    Ok(tessera_stock::foresee(tx, demands)?)
}

/// From which plant and how stock is reserved for an item; none where its category or its document type
/// does not want that.
fn reserves(
    settings: &SalesSettings,
    document: &SalesDocument,
    item: &SalesItem,
) -> Option<(Code, AvailabilityPolicy)> {
    let delivers = settings.item_categories.get(item.item_category)?.delivery;
    let document_type = settings.document_types.get(document.header.document_type)?;
    Some((item.plant?, document_type.availability.filter(|_| delivers)?))
}

fn new_lines(
    tx: &mut Tx<'_>,
    settings: &SalesSettings,
    document: &SalesDocument,
    item: &SalesItem,
    wanted: Quantity,
    today: Date,
) -> Result<Vec<ScheduleLine>, SalesError> {
    let line = |date, confirmed, reserved| ScheduleLine {
        item: item.item,
        line: 0,
        date,
        confirmed,
        reserved,
    };
    let requested = item.requested_delivery;
    let Some((plant, policy)) = reserves(settings, document, item) else {
        return Ok(vec![line(requested, wanted, false)]);
    };
    if document.status.credit == CreditStatus::Blocked {
        return Ok(vec![line(requested, Quantity::zero(wanted.unit()), false)]);
    }
    if !tessera_stock::is_checked(tx, item.product, plant)? {
        return Ok(vec![line(requested, wanted, false)]);
    }
    let promises =
        tessera_stock::reserve(tx, item.product, plant, wanted, requested, today, policy)?;
    if promises.is_empty() {
        return Ok(vec![line(requested, Quantity::zero(wanted.unit()), false)]);
    }
    Ok(promises.into_iter().map(|promise| line(promise.date, promise.quantity, true)).collect())
}
