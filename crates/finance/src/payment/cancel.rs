//! Taking a payment back.

use serde_json::json;
use tessera_kernel::{Cell, Date, Money, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;

use crate::exposure::ExposureChange;
use crate::reverse::{ReversalData, reverse};
use crate::segments::{
    JournalEntry, JournalHeader, Payment, PaymentAllocation, PaymentKind, PaymentStatus,
    Receivable, ReceivableItem, Remainder,
};
use crate::{FinanceError, posting_date};

/// Takes a payment (or clearing) back: reverses its entries, opens its items again with their right
/// to a discount, and restores the credit exposure. The clearing that a cancellation of a billing
/// document made is refused.
pub fn cancel_payment(
    tx: &mut Tx<'_>,
    payment: Ref<Payment>,
    input: &ReversalData,
) -> Result<Stored<Payment>, FinanceError> {
    tx.actor().require("payment", "cancel")?;
    let mut payment = tx.load(payment)?;
    if payment.header.status == PaymentStatus::Cancelled {
        let reason = "was cancelled already".to_string();
        return Err(FinanceError::Payment { number: payment.number(), reason });
    }
    require_own(tx, &payment)?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = payment.header.company_code;
    let posting_date = posting_date(tx, organisation, company, input.posting_date)?;
    require_later(&payment, posting_date)?;
    tessera_credit::hold(tx, payment.header.credit_control_area, payment.header.partner)?;
    for entry in entries(&payment) {
        reverse(tx, entry, posting_date)?;
    }
    let mut change = ExposureChange::default();
    change.add(payment.header.credit_control_area, payment.header.credit_amount)?;
    for row in &payment.allocations {
        let area = reopen(tx, payment.id(), row)?;
        change.add(area, row.credit_amount)?;
    }
    change.apply(tx, payment.header.partner)?;
    let value = &mut payment.value;
    for row in &mut value.allocations {
        row.reversed_on = Some(posting_date);
    }
    let header = &mut value.header;
    header.unallocated = Money::zero(header.amount.currency());
    header.unallocated_local = Money::zero(header.unallocated_local.currency());
    header.credit_amount = Money::zero(header.credit_amount.currency());
    header.status = PaymentStatus::Cancelled;
    header.cancelled_on = Some(posting_date);
    tx.save(&mut payment)?;
    let told = json!({ "number": payment.head.number });
    tx.emit("payment.cancelled", payment.head.id, &told)?;
    Ok(payment)
}

/// The clearing that takes a billing document back stays: its document is cancelled for good, and
/// an open item of it would be owed by nobody. One of its items was opened by a reversal.
fn require_own(tx: &mut Tx<'_>, payment: &Stored<Payment>) -> Result<(), FinanceError> {
    if payment.header.kind != PaymentKind::Clearing {
        return Ok(());
    }
    for row in &payment.allocations {
        let item: ReceivableItem = tx.segment_one(row.receivable.id())?;
        let entry: JournalHeader = tx.segment_one(item.journal_entry.id())?;
        if entry.reverses.is_some() {
            let document = item.document_number;
            let reason = format!(
                "clears the cancellation {document} and stays with it: bill what it took back anew"
            );
            return Err(FinanceError::Payment { number: payment.number(), reason });
        }
    }
    Ok(())
}

/// Nothing is taken back before it was done.
fn require_later(payment: &Stored<Payment>, posting_date: Date) -> Result<(), FinanceError> {
    let last = payment.allocations.iter().map(|row| row.cleared_on).max();
    let last = last.unwrap_or(payment.header.posting_date).max(payment.header.posting_date);
    if posting_date >= last {
        return Ok(());
    }
    let reason = format!("was posted on {last}: choose that day or a later one");
    Err(FinanceError::Payment { number: payment.number(), reason }.at("posting_date"))
}

/// Every entry of the payment, once.
fn entries(payment: &Payment) -> Vec<Ref<JournalEntry>> {
    let mut entries: Vec<Ref<JournalEntry>> = payment.header.journal_entry.into_iter().collect();
    for entry in payment.allocations.iter().filter_map(|row| row.journal_entry) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// Opens an item again; answers its credit control area.
fn reopen(
    tx: &mut Tx<'_>,
    payment: Ref<Payment>,
    row: &PaymentAllocation,
) -> Result<tessera_kernel::Code, FinanceError> {
    let mut receivable: Stored<Receivable> = tx.load(row.receivable)?;
    let ended = row.remainder == Remainder::Residual && !has_other_residual(tx, payment, row)?;
    let item = &mut receivable.value.item;
    item.open_amount = item.open_amount.plus(row.amount)?;
    item.open_local_amount = item.open_local_amount.plus(row.local_amount)?;
    item.credit_amount = item.credit_amount.plus(row.credit_amount)?;
    if ended {
        item.discount_ended = false;
    }
    item.status = item.derived_status();
    tx.save(&mut receivable)?;
    Ok(receivable.item.credit_control_area)
}

fn has_other_residual(
    tx: &mut Tx<'_>,
    payment: Ref<Payment>,
    row: &PaymentAllocation,
) -> Result<bool, FinanceError> {
    let rows: Vec<(_, PaymentAllocation)> =
        tx.records_by("receivable", Cell::Uuid(row.receivable.id().0))?;
    Ok(rows.iter().any(|(other, row)| {
        *other != payment.id() && row.reversed_on.is_none() && row.remainder == Remainder::Residual
    }))
}
