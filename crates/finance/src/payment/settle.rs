//! Posting what was planned, and changing the open items.

use serde_json::json;
use tessera_kernel::{Code, Currency, Money, ObjectId, Ref, Tx};
use tessera_organisation::OrganisationSettings;

use super::plan::{Clearing, Terms};
use crate::FinanceError;
use crate::determination::account_key;
use crate::exposure::area_of;
use crate::line::{Line, compress};
use crate::post::{Entry, document_kind, post};
use crate::proportion::share;
use crate::segments::{
    ItemStatus, JournalEntry, JournalLine, PaymentAllocation, PaymentKind, ReceivableItem,
    Remainder, Side,
};
use crate::settings::FinanceSettings;

/// The document that an entry stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) id: ObjectId,
    pub(super) number: &'a str,
    pub(super) text: Option<&'a str>,
}

/// A line of both amounts, debits above zero. Where they lie on different sides, the local amount
/// is below zero until [`compress`] makes two lines of it.
pub(super) fn signed(account: Code, amount: Money, local: Money) -> Line<'static> {
    let line = Line::signed(account, amount);
    let local = if line.side == Side::Credit { local.negated() } else { local };
    Line { local: Some(local), ..line }
}

/// The chart of accounts of the company.
pub(super) fn chart(tx: &Tx<'_>, company_code: Code) -> Result<Code, FinanceError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = organisation.company(company_code).map_err(FinanceError::Customizing)?;
    Ok(company.chart_of_accounts)
}

/// The account of a key that depends on no group.
pub(super) fn account_of(tx: &Tx<'_>, company_code: Code, key: Code) -> Result<Code, FinanceError> {
    let chart = chart(tx, company_code)?;
    tx.settings::<FinanceSettings>()?.determination.account(chart, key, None, None)
}

/// Posts the clearings with the lines that the money needs; differences in the company's currency
/// go to `EXD`. Where nothing moves on any account there is no entry.
pub(super) fn post_clearings(
    tx: &mut Tx<'_>,
    terms: &Terms,
    clearings: &mut [Clearing],
    money: &[Line<'static>],
    origin: Origin<'_>,
) -> Result<(Option<Ref<JournalEntry>>, Vec<Money>), FinanceError> {
    let mut lines = money.to_vec();
    let mut tax_corrections = Vec::with_capacity(clearings.len());
    for clearing in clearings.iter() {
        let item = &clearing.receivable.item;
        let (amount, local) = (clearing.amount.negated(), clearing.local.negated());
        lines.push(signed(item.account, amount, local).of(item.partner));
        tax_corrections.push(push_reductions(tx, terms, clearing, &mut lines)?);
    }
    push_exchange_difference(tx, terms, &mut lines)?;
    let lines = compress(&lines)?;
    if lines.is_empty() {
        return Ok((None, tax_corrections));
    }
    let (area, _) = area_of(tx.settings::<OrganisationSettings>()?, terms.company_code)?;
    tessera_credit::hold(tx, area, terms.partner)?;
    let kind = match terms.kind {
        PaymentKind::Incoming | PaymentKind::Refund => document_kind::PAYMENT,
        PaymentKind::Clearing => document_kind::CLEARING,
    };
    let entry = Entry {
        company_code: terms.company_code,
        kind,
        posting_date: terms.posting_date,
        document_date: terms.value_date,
        currency: terms.money.currency(),
        reference: Some(origin.id),
        reference_number: Some(origin.number),
        text: origin.text,
        lines: &lines,
    };
    Ok((Some(post(tx, &entry)?.id()), tax_corrections))
}

/// Lines of cash discount and write-off; answers the tax in the discount.
///
/// What a customer does not pay lowers the tax on the invoice: each tax line of the invoice's entry
/// is corrected by its share of the invoice total (rounded half up), and only the rest is expense.
/// A simplification: where one invoice has several rates, the reduction is spread over all of them.
/// A small difference within the tolerance is expense as a whole.
fn push_reductions(
    tx: &mut Tx<'_>,
    terms: &Terms,
    clearing: &Clearing,
    lines: &mut Vec<Line<'static>>,
) -> Result<Money, FinanceError> {
    let company = terms.company_code;
    let none = Money::zero(clearing.amount.currency());
    let mut correction = none;
    if !clearing.discount.is_zero() {
        let taxes = tax_shares(tx, &clearing.receivable.item, clearing.discount)?;
        let net = account_of(tx, company, account_key::CASH_DISCOUNT)?;
        correction = push_taxed(clearing, clearing.discount, net, &taxes, lines)?;
    }
    if !clearing.written_off.is_zero() {
        let key = clearing.write_off_key;
        let mut taxes = Vec::new();
        if key == account_key::BAD_DEBT {
            taxes = tax_shares(tx, &clearing.receivable.item, clearing.written_off)?;
        }
        let net = account_of(tx, company, key)?;
        push_taxed(clearing, clearing.written_off, net, &taxes, lines)?;
    }
    Ok(correction)
}

type TaxShare = (Code, Option<Code>, Money);

/// Pushes a reduction: the shares of tax, the rest to the account `net`; answers the tax.
fn push_taxed(
    clearing: &Clearing,
    reduction: Money,
    net: Code,
    taxes: &[TaxShare],
    lines: &mut Vec<Line<'static>>,
) -> Result<Money, FinanceError> {
    let tax = Money::sum(taxes.iter().map(|(.., tax)| *tax), reduction.currency())?;
    let local_of = |part: Money| share(clearing.local, part, clearing.amount);
    let mut rest = local_of(reduction)?;
    for (account, tax_code, amount) in taxes {
        let local = local_of(*amount)?;
        rest = rest.minus(local)?;
        lines.push(signed(*account, *amount, local).taxed(*tax_code));
    }
    lines.push(signed(net, reduction.minus(tax)?, rest));
    Ok(tax)
}

/// The tax lines of the invoice (those with a tax code, whatever account key they were posted by),
/// each with its share of a reduction.
fn tax_shares(
    tx: &mut Tx<'_>,
    item: &ReceivableItem,
    reduction: Money,
) -> Result<Vec<TaxShare>, FinanceError> {
    let posted: Vec<JournalLine> = tx.segment(item.journal_entry.id())?;
    let mut shares = Vec::new();
    for line in posted.iter().filter(|line| line.tax_code.is_some()) {
        let tax = share(reduction, line.signed().0.negated(), item.amount)?;
        if !tax.is_zero() {
            shares.push((line.account, line.tax_code, tax));
        }
    }
    Ok(shares)
}

fn push_exchange_difference(
    tx: &Tx<'_>,
    terms: &Terms,
    lines: &mut Vec<Line<'static>>,
) -> Result<(), FinanceError> {
    let difference = local_sum(lines, terms.local)?;
    if !difference.is_zero() {
        let account = account_of(tx, terms.company_code, account_key::EXCHANGE_DIFFERENCE)?;
        let nothing = Money::zero(terms.money.currency());
        lines.push(signed(account, nothing, difference.negated()));
    }
    Ok(())
}

fn local_sum(lines: &[Line<'_>], local: Currency) -> Result<Money, FinanceError> {
    let signed = lines.iter().map(|line| {
        let amount = line.local.unwrap_or(Money::zero(local));
        if line.side == Side::Credit { amount.negated() } else { amount }
    });
    Ok(Money::sum(signed, local)?)
}

/// Changes the open items and answers the rows of the payment, numbered from `first_line`.
pub(super) fn apply(
    tx: &mut Tx<'_>,
    terms: &Terms,
    clearings: Vec<Clearing>,
    (entry, tax_corrections): (Option<Ref<JournalEntry>>, Vec<Money>),
    first_line: u32,
) -> Result<Vec<PaymentAllocation>, FinanceError> {
    let mut rows = Vec::with_capacity(clearings.len());
    for ((line, mut clearing), tax) in (first_line..).zip(clearings).zip(tax_corrections) {
        let item = &mut clearing.receivable.value.item;
        item.open_amount = item.open_amount.minus(clearing.amount)?;
        item.open_local_amount = item.open_local_amount.minus(clearing.local)?;
        item.credit_amount = item.credit_amount.minus(clearing.credit)?;
        item.discount_ended |= clearing.remainder == Remainder::Residual;
        item.status = item.derived_status();
        rows.push(PaymentAllocation {
            line,
            receivable: clearing.receivable.id(),
            document_number: clearing.receivable.item.document_number.clone(),
            amount: clearing.amount,
            cash: clearing.cash,
            discount: clearing.discount,
            tax_correction: tax,
            written_off: clearing.written_off,
            local_amount: clearing.local,
            credit_amount: clearing.credit,
            remainder: clearing.remainder,
            cleared_on: terms.posting_date,
            reversed_on: None,
            journal_entry: entry,
        });
        tx.save(&mut clearing.receivable)?;
        tell_if_cleared(tx, &clearing)?;
    }
    Ok(rows)
}

fn tell_if_cleared(tx: &mut Tx<'_>, clearing: &Clearing) -> Result<(), FinanceError> {
    let item = &clearing.receivable.item;
    if item.status == ItemStatus::Cleared {
        let told = json!({
            "document": item.document.to_string(),
            "document_number": item.document_number,
            "partner": item.partner.to_string(),
        });
        tx.emit("receivable.cleared", clearing.receivable.head.id, &told)?;
    }
    Ok(())
}
