//! Clearing invoices against credit memos, without money.

use serde_json::json;
use tessera_kernel::{Code, Date, Home, Money, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;
use tessera_partner::BusinessPartner;

use super::form::{AllocationData, ClearingForm};
use super::pay::release;
use super::plan::{Clearing, Terms, plan};
use super::settle::{Origin, apply, post_clearings};
use crate::exposure::area_of;
use crate::receivable::reconciliation_account;
use crate::segments::{
    Payment, PaymentHeader, PaymentKind, PaymentStatus, Receivable, ReceivableItem,
};
use crate::{FinanceError, posting_date};

/// Clears open items of a customer against each other; both sides come out even. The result is a
/// payment without money.
pub fn clear(tx: &mut Tx<'_>, input: &ClearingForm) -> Result<Stored<Payment>, FinanceError> {
    tx.actor().require("payment", "clear")?;
    let data = &input.clearing;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let posting_date = posting_date(tx, organisation, data.company_code, data.posting_date)?;
    let whose = (data.company_code, data.partner);
    let terms = clearing_terms(tx, whose, posting_date, first(&input.allocations)?)?;
    let clearings = plan(tx, &terms, &input.allocations)?;
    let cash = Money::sum(clearings.iter().map(|c| c.cash), terms.money.currency())?;
    if !cash.is_zero() {
        let reason = format!("the items do not come out even: {cash} are left");
        let error = FinanceError::Payment { number: String::new(), reason };
        return Err(error.at("allocations"));
    }
    keep(tx, &terms, clearings, data.reference.clone())
        .map_err(|error| error.computed_of("allocations"))
}

/// Clears items against each other as far as both sides reach, for the verb that cancels a billing
/// document: it asks for no permission.
pub fn clear_items(
    tx: &mut Tx<'_>,
    items: &[Ref<Receivable>],
    posting_date: Date,
    reference: Option<&str>,
) -> Result<Stored<Payment>, FinanceError> {
    let requests: Vec<AllocationData> = items.iter().map(|id| AllocationData::of(*id)).collect();
    let first = first(&requests)?;
    let item: ReceivableItem = tx.segment_one(first.id())?;
    let terms = clearing_terms(tx, (item.company_code, item.partner), posting_date, first)?;
    let mut clearings = plan_what_reaches(tx, &terms, &requests)?;
    clearings.retain(|clearing| !clearing.amount.is_zero());
    keep(tx, &terms, clearings, reference.map(str::to_string))
}

/// An item for which nothing is left on the other side stays as it is.
fn plan_what_reaches(
    tx: &mut Tx<'_>,
    terms: &Terms,
    requests: &[AllocationData],
) -> Result<Vec<Clearing>, FinanceError> {
    let (mut open, mut sums) = (Vec::with_capacity(requests.len()), [0_i64; 2]);
    for request in requests {
        let item: ReceivableItem = tx.segment_one(request.receivable.id())?;
        let minor = item.open_amount.minor();
        sums[usize::from(minor < 0)] = sums[usize::from(minor < 0)].saturating_add(minor.abs());
        open.push((request, minor));
    }
    let mut left = [sums[0].min(sums[1]); 2];
    let mut reached = Vec::with_capacity(requests.len());
    for (request, minor) in open {
        let side = &mut left[usize::from(minor < 0)];
        if minor != 0 && *side > 0 {
            reached.push(request.clone());
            *side -= minor.abs().min(*side);
        }
    }
    plan(tx, terms, &reached)
}

fn first(requests: &[AllocationData]) -> Result<Ref<Receivable>, FinanceError> {
    requests.first().map(|request| request.receivable).ok_or_else(|| {
        let reason = "name the open items that it is for".to_string();
        FinanceError::Payment { number: String::new(), reason }.at("allocations")
    })
}

/// The terms of a clearing; its currency is that of the first item.
pub(super) fn clearing_terms(
    tx: &mut Tx<'_>,
    (company_code, partner): (Code, Ref<BusinessPartner>),
    posting_date: Date,
    first: Ref<Receivable>,
) -> Result<Terms, FinanceError> {
    let item: ReceivableItem = tx.segment_one(first.id())?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = organisation.company(company_code).map_err(FinanceError::Customizing)?;
    Ok(Terms {
        kind: PaymentKind::Clearing,
        company_code,
        local: company.currency,
        partner,
        posting_date,
        value_date: posting_date,
        money: Money::zero(item.amount.currency()),
    })
}

/// Posts the clearing and keeps it as a payment without money.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    terms: &Terms,
    mut clearings: Vec<Clearing>,
    reference: Option<String>,
) -> Result<Stored<Payment>, FinanceError> {
    let id = Ref::<Payment>::new(tx.new_id_at(Home::With(terms.partner.id())));
    let number = tx.next_number("payment")?;
    let origin = Origin { id: id.id(), number: &number, text: reference.as_deref() };
    let posted = post_clearings(tx, terms, &mut clearings, &[], origin)?;
    let journal_entry = posted.0;
    let allocations = apply(tx, terms, clearings, posted, 1)?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (area, currency) = area_of(organisation, terms.company_code)?;
    let header = PaymentHeader {
        kind: PaymentKind::Clearing,
        company_code: terms.company_code,
        partner: terms.partner,
        value_date: terms.value_date,
        posting_date: terms.posting_date,
        amount: terms.money,
        house_bank: None,
        reference,
        unallocated: terms.money,
        unallocated_local: Money::zero(terms.local),
        account: reconciliation_account(tx, terms.partner, terms.company_code, None)?,
        status: PaymentStatus::Allocated,
        journal_entry,
        credit_control_area: area,
        credit_amount: Money::zero(currency),
        cancelled_on: None,
    };
    let payment = tx.insert_as(id, Payment { header, allocations }, Some(number))?;
    release(tx, &payment, &payment.allocations, Money::zero(currency))?;
    let told = json!({
        "number": payment.head.number,
        "partner": payment.header.partner.to_string(),
    });
    tx.emit("payment.cleared", payment.head.id, &told)?;
    Ok(payment)
}
