//! Money that comes in, and money that goes back.

use serde_json::json;
use tessera_kernel::{Code, Date, Home, Money, Ref, Rounding, Stored, Tx, date_to_days};
use tessera_organisation::{OrganisationSettings, exchange};

use super::form::{PaymentData, PaymentForm};
use super::plan::{Clearing, Terms, plan};
use super::settle::{Origin, account_of, apply, post_clearings, signed};
use crate::determination::account_key;
use crate::exposure::{ExposureChange, area_of, in_area};
use crate::receivable::reconciliation_account;
use crate::segments::{
    JournalEntry, Payment, PaymentAllocation, PaymentHeader, PaymentKind, PaymentStatus,
};
use crate::settings::FinanceSettings;
use crate::{FinanceError, posting_date};

/// Posts money of a customer and clears open items with it. What is not allocated stays on the
/// customer's account.
pub fn pay(tx: &mut Tx<'_>, input: &PaymentForm) -> Result<Stored<Payment>, FinanceError> {
    tx.actor().require("payment", "pay")?;
    post_payment(tx, input, PaymentKind::Incoming)
}

/// Posts money that goes back to a customer, for credit memos; all of it is allocated.
pub fn refund(tx: &mut Tx<'_>, input: &PaymentForm) -> Result<Stored<Payment>, FinanceError> {
    tx.actor().require("payment", "refund")?;
    post_payment(tx, input, PaymentKind::Refund)
}

/// The money that no item took.
struct OnAccount {
    amount: Money,
    local: Money,
    account: Code,
}

fn post_payment(
    tx: &mut Tx<'_>,
    input: &PaymentForm,
    kind: PaymentKind,
) -> Result<Stored<Payment>, FinanceError> {
    let terms = terms(tx, &input.payment, kind)?;
    let clearings = plan(tx, &terms, &input.allocations)?;
    let payment =
        book(tx, &input.payment, &terms, clearings).map_err(|error| error.computed_of("amount"))?;
    tell(tx, &payment)?;
    Ok(payment)
}

/// Posts the money and what it clears, and keeps both as a payment.
fn book(
    tx: &mut Tx<'_>,
    data: &PaymentData,
    terms: &Terms,
    mut clearings: Vec<Clearing>,
) -> Result<Stored<Payment>, FinanceError> {
    let money_local = exchange(tx, terms.money, terms.local, terms.posting_date, Rounding::HalfUp)
        .map_err(|error| FinanceError::from(error).at("amount"))?;
    let rest = on_account(tx, terms, money_local, &clearings)?;
    let bank = bank_account(tx, data)?;
    let mut money = vec![signed(bank, terms.money, money_local)];
    if !rest.amount.is_zero() {
        let line = signed(rest.account, rest.amount.negated(), rest.local.negated());
        money.push(line.of(terms.partner));
    }
    let id = Ref::<Payment>::new(tx.new_id_at(Home::With(terms.partner.id())));
    let number = tx.next_number("payment")?;
    let text = data.reference.as_deref();
    let origin = Origin { id: id.id(), number: &number, text };
    let posted = post_clearings(tx, terms, &mut clearings, &money, origin)?;
    let entry = posted.0;
    let allocations = apply(tx, terms, clearings, posted, 1)?;
    let header = header(tx, terms, data, entry, &rest)?;
    let payment = tx.insert_as(id, Payment { header, allocations }, Some(number))?;
    release(tx, &payment, &payment.allocations, payment.header.credit_amount.negated())?;
    Ok(payment)
}

fn terms(tx: &Tx<'_>, data: &PaymentData, kind: PaymentKind) -> Result<Terms, FinanceError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = organisation.company(data.company_code).map_err(FinanceError::Customizing)?;
    let posting_date = posting_date(tx, organisation, data.company_code, data.posting_date)?;
    let value_date = data.value_date.unwrap_or(posting_date);
    check_value_date(value_date, posting_date)?;
    let money = match kind {
        PaymentKind::Refund => data.amount.negated(),
        _ => data.amount,
    };
    Ok(Terms {
        kind,
        company_code: data.company_code,
        local: company.currency,
        partner: data.partner,
        posting_date,
        value_date,
        money,
    })
}

/// Days by which the value date may lie before or after the posting date: a payment that is found
/// late is still one of the same year.
const VALUE_DAYS: u32 = 366;

fn check_value_date(value_date: Date, posting_date: Date) -> Result<(), FinanceError> {
    if date_to_days(value_date).abs_diff(date_to_days(posting_date)) <= VALUE_DAYS {
        return Ok(());
    }
    let message = format!(
        "{value_date} is more than a year from the posting date {posting_date}: correct one of both"
    );
    Err(FinanceError::field("value_date", message))
}

fn bank_account(tx: &Tx<'_>, data: &PaymentData) -> Result<Code, FinanceError> {
    let Some(code) = data.house_bank else {
        return account_of(tx, data.company_code, account_key::BANK);
    };
    let settings = tx.settings::<FinanceSettings>()?;
    let bank = settings.house_banks.require(code);
    let bank = bank.map_err(|message| FinanceError::field("house_bank", message))?;
    if bank.company_code == data.company_code {
        return Ok(bank.account);
    }
    let own = bank.company_code;
    let message = format!("the house bank {code} belongs to company {own}");
    Err(FinanceError::field("house_bank", message))
}

/// What no item takes of the money, at the rate of the payment.
fn on_account(
    tx: &mut Tx<'_>,
    terms: &Terms,
    money_local: Money,
    clearings: &[Clearing],
) -> Result<OnAccount, FinanceError> {
    let cash = Money::sum(clearings.iter().map(|c| c.cash), terms.money.currency())?;
    let amount = terms.money.minus(cash)?;
    let refuse = |reason: String| {
        Err(FinanceError::Payment { number: String::new(), reason }.at("allocations"))
    };
    match (terms.kind, amount.minor()) {
        (PaymentKind::Incoming, minor) if minor < 0 => {
            return refuse(format!("{cash} are allocated, but only {} came in", terms.money));
        }
        (PaymentKind::Refund, minor) if minor != 0 => {
            let paid = terms.money.abs();
            return refuse(format!(
                "{paid} go back, but {} are allocated: name credit memos for \
                                   exactly what goes back",
                cash.abs()
            ));
        }
        _ => {}
    }
    let local = match () {
        () if amount == terms.money => money_local,
        () => exchange(tx, amount, terms.local, terms.posting_date, Rounding::HalfUp)?,
    };
    let account = reconciliation_account(tx, terms.partner, terms.company_code, None);
    let account = account.map_err(|error| match error {
        FinanceError::NoReconciliation { .. } => error.at("partner"),
        other => other,
    })?;
    Ok(OnAccount { amount, local, account })
}

fn header(
    tx: &mut Tx<'_>,
    terms: &Terms,
    data: &PaymentData,
    journal_entry: Option<Ref<JournalEntry>>,
    rest: &OnAccount,
) -> Result<PaymentHeader, FinanceError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (area, currency) = area_of(organisation, terms.company_code)?;
    let status = status(rest.amount, terms.money);
    Ok(PaymentHeader {
        kind: terms.kind,
        company_code: terms.company_code,
        partner: terms.partner,
        value_date: terms.value_date,
        posting_date: terms.posting_date,
        amount: terms.money,
        house_bank: data.house_bank,
        reference: data.reference.clone(),
        unallocated: rest.amount,
        unallocated_local: rest.local,
        account: rest.account,
        status,
        journal_entry,
        credit_control_area: area,
        credit_amount: in_area(tx, rest.amount, currency, terms.posting_date)?,
        cancelled_on: None,
    })
}

/// How much of the money is allocated.
pub(super) fn status(unallocated: Money, amount: Money) -> PaymentStatus {
    if unallocated.is_zero() {
        PaymentStatus::Allocated
    } else if unallocated == amount {
        PaymentStatus::OnAccount
    } else {
        PaymentStatus::Partly
    }
}

/// Takes out of the credit exposure what the rows cleared, and adds `on_account`.
pub(super) fn release(
    tx: &mut Tx<'_>,
    payment: &Payment,
    rows: &[PaymentAllocation],
    on_account: Money,
) -> Result<(), FinanceError> {
    let mut change = ExposureChange::default();
    change.add(payment.header.credit_control_area, on_account)?;
    for row in rows {
        let item: crate::ReceivableItem = tx.segment_one(row.receivable.id())?;
        change.add(item.credit_control_area, row.credit_amount.negated())?;
    }
    change.apply(tx, payment.header.partner)
}

fn tell(tx: &mut Tx<'_>, payment: &Stored<Payment>) -> Result<(), FinanceError> {
    let header = &payment.header;
    let told = json!({
        "number": payment.head.number,
        "partner": header.partner.to_string(),
        "amount": header.amount.to_string(),
        "unallocated": header.unallocated.to_string(),
    });
    let name = match header.kind {
        PaymentKind::Incoming => "payment.received",
        PaymentKind::Refund => "payment.refunded",
        PaymentKind::Clearing => "payment.cleared",
    };
    Ok(tx.emit(name, payment.head.id, &told)?)
}
