//! The room in the credit limit that a document holds. It follows from the document and what its
//! successors took up, so that a change gives back what the former document held and takes what the
//! new one needs.

use tessera_credit::{Decision, Exposure};
use tessera_document::{Fulfilments, PAYER, Taken, partner_in};
use tessera_kernel::{Code, Fault, Money, Ref, Tx, to_micros};
use tessera_partner::BusinessPartner;

use crate::{CreditStatus, SalesDocument, SalesError, SalesItem, SalesSettings};

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
/// the prices that it has now, less what its deliveries count for. Of an item that is rejected or
/// blocked only what was delivered is still to be billed.
fn open_credit_of(item: &SalesItem, taken: Taken, blocked: bool) -> Result<i64, Fault> {
    let whole = if blocked || item.rejection_reason.is_some() {
        credit_up_to(item, taken.delivered.max(taken.billed))?
    } else {
        item.credit_value.minor()
    };
    Ok(whole - credit_up_to(item, taken.billed)? - taken.in_deliveries)
}

/// Credit value that the document counts for as an open order; while it is blocked only what its
/// deliveries are to be billed with beyond what they count for.
pub(crate) fn open_credit(
    document: &SalesDocument,
    credit_check: bool,
    fulfilments: &Fulfilments,
) -> Result<i64, Fault> {
    if !credit_check {
        return Ok(0);
    }
    let blocked = document.status.credit == CreditStatus::Blocked;
    let mut open = 0;
    for item in &document.items {
        open += open_credit_of(item, fulfilments.of(item.item), blocked)?;
    }
    Ok(open)
}

/// Takes room in the credit limit for what the document counts for now, less what it held
/// before; where there is no room, the document is blocked and holds nothing but what has left.
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
        document.status.credit = CreditStatus::Blocked;
        let left = open_credit(document, true, fulfilments)?;
        let change = Money::from_minor(left - held, currency);
        if !change.is_zero() {
            tessera_credit::shift(tx, area, payer, Exposure::orders(change))?;
        }
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
