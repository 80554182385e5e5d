//! Allocating money that is on a customer's account.

use serde_json::json;
use tessera_kernel::{Money, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;

use super::form::AllocateForm;
use super::pay::{release, status};
use super::plan::{Terms, plan};
use super::settle::{Origin, apply, post_clearings, signed};
use crate::proportion::share;
use crate::segments::{Payment, PaymentKind, PaymentStatus};
use crate::{FinanceError, posting_date};

/// Clears open items with money of an earlier payment. There is an entry only where something moves:
/// a discount, an exchange difference, another reconciliation account.
pub fn allocate(
    tx: &mut Tx<'_>,
    payment: Ref<Payment>,
    input: &AllocateForm,
) -> Result<Stored<Payment>, FinanceError> {
    tx.actor().require("payment", "allocate")?;
    let mut payment = tx.load(payment)?;
    let number = payment.number();
    let refuse = |reason: String| FinanceError::Payment { number: number.clone(), reason };
    if payment.header.status == PaymentStatus::Cancelled {
        return Err(refuse("was cancelled".into()));
    }
    if input.allocations.is_empty() {
        return Err(refuse("name the open items that it is for".into()).at("allocations"));
    }
    let terms = terms(tx, &payment, input)?;
    if terms.posting_date < payment.header.posting_date {
        let posted = payment.header.posting_date;
        let reason = format!("was posted on {posted}: allocate it then or later");
        return Err(refuse(reason).at("posting_date"));
    }
    let mut clearings = plan(tx, &terms, &input.allocations)?;
    let cash = Money::sum(clearings.iter().map(|c| c.cash), terms.money.currency())?;
    let on_account = payment.header.unallocated;
    if cash.is_negative() || cash.minor() > on_account.minor() {
        let reason = format!("{on_account} are on account, {cash} can't be allocated");
        return Err(refuse(reason).at("allocations"));
    }
    let header = &payment.header;
    let local = share(header.unallocated_local, cash, on_account)?;
    let credit = share(header.credit_amount, cash, on_account)?;
    let money = [signed(header.account, cash, local).of(header.partner)];
    let origin = Origin { id: payment.head.id, number: &number, text: None };
    let posted = post_clearings(tx, &terms, &mut clearings, &money, origin)?;
    let first = payment.allocations.len();
    let line = payment.allocations.last().map_or(0, |row| row.line) + 1;
    let rows = apply(tx, &terms, clearings, posted, line)?;
    let value = &mut payment.value;
    value.allocations.extend(rows);
    value.header.unallocated = on_account.minus(cash)?;
    value.header.unallocated_local = value.header.unallocated_local.minus(local)?;
    value.header.credit_amount = value.header.credit_amount.minus(credit)?;
    value.header.status = status(value.header.unallocated, value.header.amount);
    tx.save(&mut payment)?;
    release(tx, &payment, &payment.allocations[first..], credit)?;
    let told = json!({
        "number": payment.head.number,
        "unallocated": payment.header.unallocated.to_string(),
    });
    tx.emit("payment.allocated", payment.head.id, &told)?;
    Ok(payment)
}

/// Posting is a clearing; the money is what is on account, and the value date is the payment's.
fn terms(
    tx: &Tx<'_>,
    payment: &Stored<Payment>,
    input: &AllocateForm,
) -> Result<Terms, FinanceError> {
    let header = &payment.header;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = organisation.company(header.company_code).map_err(FinanceError::Customizing)?;
    Ok(Terms {
        kind: PaymentKind::Incoming,
        company_code: header.company_code,
        local: company.currency,
        partner: header.partner,
        posting_date: posting_date(tx, organisation, header.company_code, input.when.posting_date)?,
        value_date: header.value_date,
        money: header.unallocated,
    })
}
