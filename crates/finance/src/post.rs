//! Posting: the one way into the books.

use serde_json::json;
use tessera_kernel::{
    Code, Currency, Date, Fault, Home, Money, ObjectId, Ref, Rounding, StoreError, Stored, Tx,
    business_day,
};
use tessera_organisation::{CompanyCode, OrganisationSettings, rate_on};

use crate::entries::Reconciliation;
use crate::fiscal::FiscalPeriod;
use crate::ledger::{self, LedgerKey, Turnover};
use crate::line::Line;
use crate::period;
use crate::segments::{JournalEntry, JournalHeader, JournalLine, Side};
use crate::settings::FinanceSettings;
use crate::{FinanceError, numbering};

/// Kinds of journal entries of the program itself.
pub mod document_kind {
    use tessera_kernel::Code;

    /// Billing document.
    pub const BILLING: Code = Code::literal("RV");
    /// Goods issue.
    pub const GOODS_ISSUE: Code = Code::literal("WA");
    /// Goods receipt.
    pub const GOODS_RECEIPT: Code = Code::literal("WE");
    /// Stock adjustment and transfer.
    pub const STOCK_ADJUSTMENT: Code = Code::literal("WL");
    /// Customer payment.
    pub const PAYMENT: Code = Code::literal("DZ");
    /// Clearing.
    pub const CLEARING: Code = Code::literal("AB");
    /// General ledger entry.
    pub const GENERAL: Code = Code::literal("SA");
}

/// An entry to be posted.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The company.
    pub company_code: Code,
    /// Kind of entry.
    pub kind: Code,
    /// The day on which it counts; the rates of foreign currencies are those of this day.
    pub posting_date: Date,
    /// The day of the document that it stands for.
    pub document_date: Date,
    /// Currency of the document.
    pub currency: Currency,
    /// The document that it stands for.
    pub reference: Option<ObjectId>,
    /// The number of that document.
    pub reference_number: Option<&'a str>,
    /// What it is about.
    pub text: Option<&'a str>,
    /// The lines.
    pub lines: &'a [Line<'a>],
}

/// Posts an entry: the one place that lets anything into the books.
///
/// Every account is in the company's chart, a reconciliation account has a partner, no line is
/// zero, no amount is below zero, debits are credits in the currency of the document and in the
/// company's, and the period is open. Then the ledger totals are adjusted, the number is drawn
/// (last, so that the series is held for the shortest time) and `journal_entry.posted` is told.
///
/// Where no line has a local amount, the sum of the debits is converted at the rate of the posting
/// date, rounded half up, and distributed over the lines of each side in proportion to their
/// amounts (largest remainder), so the entry balances to the minor unit. Where lines have local
/// amounts, those are kept, the others are converted one by one, and the caller balances the entry
/// with a line for the exchange difference.
///
/// It asks for no permission: whoever calls it is a verb that did.
pub fn post(tx: &mut Tx<'_>, entry: &Entry<'_>) -> Result<Stored<JournalEntry>, FinanceError> {
    post_reversal(tx, entry, None)
}

/// Posts an entry that may take back another.
pub(crate) fn post_reversal(
    tx: &mut Tx<'_>,
    entry: &Entry<'_>,
    reverses: Option<Ref<JournalEntry>>,
) -> Result<Stored<JournalEntry>, FinanceError> {
    let settings = tx.settings::<FinanceSettings>()?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = organisation.company(entry.company_code).map_err(FinanceError::Customizing)?;
    let kind = settings.document_kinds.require(entry.kind).map_err(FinanceError::Customizing)?;
    let date = entry.posting_date;
    business_day(date).map_err(|_| FinanceError::PostingDate(date))?;
    check_lines(settings, company, entry)?;
    let locals = local_amounts(tx, entry, company.currency)?;
    check_balance(entry, &locals)?;
    let period = FiscalPeriod::of(entry.posting_date, company.fiscal_year_start_month);
    period::require_open(tx, entry.company_code, period, entry.posting_date)?;
    adjust_ledger(tx, entry, &locals, period)?;
    let value =
        JournalEntry { header: header(entry, period, reverses), lines: lines(entry, &locals) };
    let number = numbering::draw(tx, kind, entry.company_code, period.year)?;
    let home = Home::At("company_code", entry.company_code.as_str());
    let stored = tx.insert_as(Ref::new(tx.new_id_at(home)), value, Some(number))?;
    let told = json!({
        "number": stored.head.number,
        "company_code": entry.company_code.as_str(),
        "kind": entry.kind.as_str(),
        "reference_number": entry.reference_number,
    });
    tx.emit("journal_entry.posted", stored.head.id, &told)?;
    Ok(stored)
}

fn check_lines(
    settings: &FinanceSettings,
    company: &CompanyCode,
    entry: &Entry<'_>,
) -> Result<(), FinanceError> {
    if entry.lines.len() < 2 {
        return Err(FinanceError::NoLines);
    }
    for (position, line) in entry.lines.iter().enumerate() {
        let wrong = |field, reason| FinanceError::Line {
            line: position + 1,
            account: line.account,
            field,
            reason,
        };
        let account = settings
            .account(company.chart_of_accounts, line.account)
            .map_err(|error| wrong("account", error.to_string()))?;
        let allowed = account.currency.unwrap_or(entry.currency);
        let reconciles = account.reconciliation == Reconciliation::Customer;
        let zero_local = line.local.is_none_or(|local| local.is_zero());
        let (field, reason) = if line.amount.currency() != entry.currency {
            ("amount", FinanceError::currency(line.amount.currency(), entry.currency))
        } else if allowed != entry.currency {
            ("account", format!("the account takes {allowed} only"))
        } else if line.local.is_some_and(|local| local.currency() != company.currency) {
            ("amount", format!("the local amount must be in {}", company.currency))
        } else if line.amount.is_negative() || line.local.is_some_and(|l| l.is_negative()) {
            ("amount", "an amount can't be below zero: post it on the other side".to_string())
        } else if line.amount.is_zero() && (zero_local || entry.currency == company.currency) {
            ("amount", "has no amount".to_string())
        } else if reconciles && line.partner.is_none() {
            ("account", "a reconciliation account needs a partner".to_string())
        } else {
            continue;
        };
        return Err(wrong(field, reason));
    }
    Ok(())
}

/// The amounts of the lines in the company's currency.
fn local_amounts(
    tx: &mut Tx<'_>,
    entry: &Entry<'_>,
    local: Currency,
) -> Result<Vec<Money>, FinanceError> {
    if entry.currency == local {
        for (position, line) in entry.lines.iter().enumerate() {
            if line.local.is_some_and(|given| given != line.amount) {
                let reason = "the local amount must be the amount".to_string();
                let (line, account, field) = (position + 1, line.account, "amount");
                return Err(FinanceError::Line { line, account, field, reason });
            }
        }
        return Ok(entry.lines.iter().map(|line| line.amount).collect());
    }
    // What takes back another entry has every amount, and needs no rate.
    let given: Option<Vec<Money>> = entry.lines.iter().map(|line| line.local).collect();
    if let Some(given) = given {
        return Ok(given);
    }
    let rate = rate_on(tx, entry.currency, local, entry.posting_date)
        .map_err(|error| FinanceError::from(error).at("currency"))?;
    if entry.lines.iter().any(|line| line.local.is_some()) {
        let convert = |line: &Line<'_>| match line.local {
            Some(given) => Ok(given),
            None => rate.convert(line.amount, local, Rounding::HalfUp),
        };
        return Ok(entry.lines.iter().map(convert).collect::<Result<_, _>>()?);
    }
    let mut amounts = vec![Money::zero(local); entry.lines.len()];
    for side in [Side::Debit, Side::Credit] {
        let own = || entry.lines.iter().enumerate().filter(move |(_, line)| line.side == side);
        let total = Money::sum(own().map(|(_, line)| line.amount), entry.currency)?;
        if total.is_zero() {
            continue;
        }
        let weights: Vec<_> = own().map(|(_, line)| line.amount.amount()).collect();
        let parts = rate.convert(total, local, Rounding::HalfUp)?.allocate(&weights)?;
        for ((position, _), part) in own().zip(parts) {
            amounts[position] = part;
        }
    }
    Ok(amounts)
}

fn check_balance(entry: &Entry<'_>, locals: &[Money]) -> Result<(), FinanceError> {
    let amounts = entry.lines.iter().map(|line| (line.side, line.amount));
    require_balance(&amounts, entry.currency)?;
    let Some(local) = locals.first() else { return Ok(()) };
    let locals = entry.lines.iter().zip(locals).map(|(line, amount)| (line.side, *amount));
    require_balance(&locals, local.currency())
}

fn require_balance(
    amounts: &(impl Iterator<Item = (Side, Money)> + Clone),
    currency: Currency,
) -> Result<(), FinanceError> {
    let of = |wanted: Side| {
        Money::sum(amounts.clone().filter(|(side, _)| *side == wanted).map(|(_, m)| m), currency)
    };
    let (debit, credit) = (of(Side::Debit)?, of(Side::Credit)?);
    if debit == credit { Ok(()) } else { Err(FinanceError::Unbalanced { debit, credit }) }
}

/// One adjustment per account of the entry.
fn adjust_ledger(
    tx: &mut Tx<'_>,
    entry: &Entry<'_>,
    locals: &[Money],
    period: FiscalPeriod,
) -> Result<(), FinanceError> {
    let mut turnovers: Vec<(Code, Turnover)> = Vec::with_capacity(entry.lines.len());
    for (line, local) in entry.lines.iter().zip(locals) {
        let (amount, local) = (line.amount.minor(), local.minor());
        let turnover = match line.side {
            Side::Debit => Turnover { debit: amount, local_debit: local, ..Turnover::default() },
            Side::Credit => Turnover { credit: amount, local_credit: local, ..Turnover::default() },
        };
        match turnovers.iter_mut().find(|(account, _)| *account == line.account) {
            Some((_, sum)) => *sum = sum.plus(turnover),
            None => turnovers.push((line.account, turnover)),
        }
    }
    // In order of account, so that two entries never wait for each other's rows.
    turnovers.sort_unstable_by_key(|(account, _)| *account);
    let (company_code, currency) = (entry.company_code, entry.currency);
    for (account, turnover) in turnovers {
        ledger::adjust(tx, &LedgerKey { company_code, account, currency, period }, turnover)
            .map_err(|fault| unbooked(entry, account, fault))?;
    }
    Ok(())
}

/// A total that does not take more, told of the first line of its account.
fn unbooked(entry: &Entry<'_>, account: Code, fault: Fault) -> FinanceError {
    let first = entry.lines.iter().position(|line| line.account == account);
    match (first, &fault) {
        (Some(line), Fault::Store(StoreError::OutOfRange(_))) => {
            let reason = "the amount is too large for the total of the account".to_string();
            FinanceError::Line { line: line + 1, account, field: "amount", reason }
        }
        _ => fault.into(),
    }
}

fn header(
    entry: &Entry<'_>,
    period: FiscalPeriod,
    reverses: Option<Ref<JournalEntry>>,
) -> JournalHeader {
    JournalHeader {
        company_code: entry.company_code,
        kind: entry.kind,
        posting_date: entry.posting_date,
        document_date: entry.document_date,
        fiscal_year: period.year,
        period: period.period,
        currency: entry.currency,
        reference: entry.reference,
        reference_number: entry.reference_number.map(str::to_string),
        reversed_by: None,
        reverses,
        text: entry.text.map(str::to_string),
    }
}

fn lines(entry: &Entry<'_>, locals: &[Money]) -> Vec<JournalLine> {
    let posted = |(number, (line, local)): (u32, (&Line<'_>, &Money))| JournalLine {
        line: number,
        account: line.account,
        side: line.side,
        amount: line.amount,
        local_amount: *local,
        partner: line.partner,
        tax_code: line.tax_code,
        text: line.text.map(str::to_string),
    };
    (1..).zip(entry.lines.iter().zip(locals)).map(posted).collect()
}
