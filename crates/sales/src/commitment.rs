//! What a document holds: reservations of stock and room in the credit limit. Both follow from
//! the document and what its successors took up, so that a change gives back what the former
//! document held and takes what the new one needs.

use tessera_credit::{Decision, Exposure};
use tessera_document::{Fulfilments, PAYER, Taken, partner_in};
use tessera_kernel::{Code, Date, Fault, Money, Quantity, Ref, Tx, from_micros, to_micros};
use tessera_partner::BusinessPartner;

use crate::{CreditStatus, SalesDocument, SalesError, SalesItem, SalesSettings, ScheduleLine};

/// Credit value of the first `part` (micro-units of the base unit) of an item, in minor units: in
/// proportion, rounded towards zero; of all of it the whole value.
fn credit_up_to(item: &SalesItem, part: i64) -> Result<i64, Fault> {
    let whole = to_micros(item.base_quantity.value())?;
    let value = item.credit_value.minor();
    if part >= whole {
        return Ok(value);
    }
    let share = i128::from(value) * i128::from(part) / i128::from(whole.max(1));
    i64::try_from(share).map_err(|_| Fault::Money(tessera_kernel::MoneyError::Overflow))
}

/// The credit value that goes with the next `quantity` of an item, of which `done` went before.
pub(crate) fn credit_share(item: &SalesItem, done: i64, quantity: i64) -> Result<i64, Fault> {
    Ok(credit_up_to(item, done + quantity)? - credit_up_to(item, done)?)
}

/// Credit value that an item still counts for as an open order: what is to be billed of it, at
/// the prices that it has now, less what its deliveries count for. Of a rejected item only what
/// was delivered is still to be billed.
fn open_credit_of(item: &SalesItem, taken: Taken) -> Result<i64, Fault> {
    let whole = match item.rejection_reason {
        None => item.credit_value.minor(),
        Some(_) => credit_up_to(item, taken.delivered.max(taken.billed))?,
    };
    Ok(whole - credit_up_to(item, taken.billed)? - taken.in_deliveries)
}

/// Credit value that the document counts for as an open order; nothing while it is blocked.
pub(crate) fn open_credit(
    document: &SalesDocument,
    credit_check: bool,
    fulfilments: &Fulfilments,
) -> Result<i64, Fault> {
    if !credit_check || document.status.credit == CreditStatus::Blocked {
        return Ok(0);
    }
    let mut open = 0;
    for item in &document.items {
        open += open_credit_of(item, fulfilments.of(item.item))?;
    }
    Ok(open)
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

/// Gives back the stock that the open schedule lines of an item hold.
pub(crate) fn release_stock(
    tx: &mut Tx<'_>,
    document: &SalesDocument,
    item: &SalesItem,
    delivered: i64,
) -> Result<(), SalesError> {
    let Some(plant) = item.plant else { return Ok(()) };
    for (line, open) in open_schedule(document, item.item, delivered)? {
        if line.reserved {
            let quantity = Quantity::new(from_micros(open), item.base_quantity.unit())?;
            tessera_stock::release(tx, item.product, plant, line.date, quantity)?;
        }
    }
    Ok(())
}

/// Schedule lines for what is not delivered yet, reserved in stock where the document type and
/// the product want that; what was delivered keeps lines of its own.
pub(crate) fn promise(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    position: usize,
    delivered: i64,
    today: Date,
) -> Result<(), SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let item = document.items[position].clone();
    let mut lines: Vec<ScheduleLine> = Vec::new();
    let mut consumed = delivered;
    for line in document.schedule_of(item.item) {
        let used = to_micros(line.confirmed.value())?.min(consumed);
        consumed -= used;
        if used > 0 {
            let confirmed = Quantity::new(from_micros(used), item.base_quantity.unit())?;
            lines.push(ScheduleLine { confirmed, ..line.clone() });
        }
    }
    let wanted = to_micros(item.base_quantity.value())? - delivered;
    if wanted > 0 && item.rejection_reason.is_none() {
        let wanted = Quantity::new(from_micros(wanted), item.base_quantity.unit())?;
        lines.extend(new_lines(tx, settings, document, &item, wanted, today)?);
    }
    for (number, line) in (1..).zip(&mut lines) {
        line.line = number;
    }
    document.schedule.retain(|line| line.item != item.item);
    document.schedule.extend(lines);
    document.schedule.sort_by_key(|line| (line.item, line.line));
    Ok(())
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
    let rule = settings.item_categories.get(item.item_category);
    let delivers = rule.is_some_and(|rule| rule.delivery);
    let policy = settings
        .document_types
        .get(document.header.document_type)
        .and_then(|document_type| document_type.availability);
    let requested = item.requested_delivery;
    let (Some(plant), Some(policy), true) = (item.plant, policy, delivers) else {
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

/// Takes room in the credit limit for what the document counts for now, less what it held
/// before; where there is no room, the document is blocked and holds nothing.
pub(crate) fn commit_credit(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    held: i64,
    fulfilments: &Fulfilments,
) -> Result<(), SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let checked = settings
        .document_types
        .get(document.header.document_type)
        .is_some_and(|document_type| document_type.credit_check);
    let (area, payer) = account(document)?;
    if !checked {
        document.status.credit = CreditStatus::NotChecked;
        return Ok(());
    }
    let currency = document.items.first().map(|item| item.credit_value.currency());
    let Some(currency) = currency else {
        document.status.credit = CreditStatus::Approved;
        return Ok(());
    };
    let before = document.status.credit;
    if before == CreditStatus::Blocked || before == CreditStatus::NotChecked {
        document.status.credit = CreditStatus::Approved;
    }
    let needed = open_credit(document, true, fulfilments)?;
    let more = Money::from_minor(needed - held, currency);
    if !more.is_positive() {
        if !more.is_zero() {
            tessera_credit::shift(tx, area, payer, Exposure::orders(more))?;
        }
        return Ok(());
    }
    let value = Money::from_minor(needed, currency);
    let overdue = check_overdue(tx, document)?;
    let refused = matches!(overdue, Decision::Refused(_))
        || !tessera_credit::commit_change(tx, area, payer, value, more)?.is_approved();
    if refused {
        let back = Money::from_minor(-held, currency);
        if !back.is_zero() {
            tessera_credit::shift(tx, area, payer, Exposure::orders(back))?;
        }
        document.status.credit = CreditStatus::Blocked;
    } else {
        document.status.credit = CreditStatus::Approved;
        document.status.credit_release_reason = None;
    }
    Ok(())
}

/// Whether an item of the payer is overdue for longer than the risk category allows.
fn check_overdue(tx: &mut Tx<'_>, document: &SalesDocument) -> Result<Decision, SalesError> {
    let (area, payer) = account(document)?;
    if tessera_credit::max_overdue_days(tx, area, payer)?.is_none() {
        return Ok(Decision::Approved);
    }
    let today = crate::create::today(tx, document)?;
    let days = tessera_finance::overdue_days(tx, area, payer, today)?;
    Ok(tessera_credit::check_overdue(tx, area, payer, days)?)
}

/// Credit control area and payer of a document.
pub(crate) fn account(
    document: &SalesDocument,
) -> Result<(Code, Ref<BusinessPartner>), SalesError> {
    let payer = partner_in(&document.partners, PAYER)
        .ok_or_else(|| SalesError::field("partners", "the payer (PY) is missing"))?;
    Ok((document.header.credit_control_area, payer))
}

/// Refuses what follows a document that is not priced completely.
pub fn check_complete(document: &tessera_kernel::Stored<SalesDocument>) -> Result<(), SalesError> {
    match document.status.incomplete {
        true => Err(SalesError::Incomplete { number: document.number() }),
        false => Ok(()),
    }
}

/// Refuses the delivery of a document that is incomplete, or that the credit check keeps: one
/// that is blocked, or one that was approved and whose payer is beyond the limit now (a limit was
/// lowered, or other areas' rules say so). One that a person released may go.
pub fn check_deliverable(
    tx: &mut Tx<'_>,
    document: &tessera_kernel::Stored<SalesDocument>,
) -> Result<(), SalesError> {
    check_complete(document)?;
    let blocked = |detail: String| SalesError::CreditBlocked { number: document.number(), detail };
    match document.status.credit {
        CreditStatus::NotChecked | CreditStatus::Released => Ok(()),
        CreditStatus::Blocked => Err(blocked("its value does not fit the credit limit".into())),
        CreditStatus::Approved => {
            let (area, payer) = account(document)?;
            for decision in
                [tessera_credit::check_total(tx, area, payer)?, check_overdue(tx, document)?]
            {
                if let Decision::Refused(refusal) = decision {
                    return Err(blocked(refusal.to_string()));
                }
            }
            Ok(())
        }
    }
}
