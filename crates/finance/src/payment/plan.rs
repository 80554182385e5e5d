//! What happens to each open item, before anything is written.

use tessera_kernel::{Code, Currency, Date, Money, Percentage, Ref, Rounding, Stored, Tx};
use tessera_organisation::exchange;
use tessera_partner::BusinessPartner;

use super::form::AllocationData;
use crate::FinanceError;
use crate::determination::account_key;
use crate::proportion::share;
use crate::segments::{PaymentKind, Receivable, ReceivableItem, Remainder};
use crate::settings::FinanceSettings;

/// Whose items are cleared with what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) kind: PaymentKind,
    pub(super) company_code: Code,
    pub(super) local: Currency,
    pub(super) partner: Ref<BusinessPartner>,
    pub(super) posting_date: Date,
    pub(super) value_date: Date,
    /// The money there is: above zero in, below zero out, zero for a clearing.
    pub(super) money: Money,
}

/// What happens to one open item.
#[derive(Debug)]
pub(super) struct Clearing {
    pub(super) receivable: Stored<Receivable>,
    pub(super) cash: Money,
    pub(super) discount: Money,
    pub(super) written_off: Money,
    /// The account key that what is written off goes to.
    pub(super) write_off_key: Code,
    /// `cash` + `discount` + `written_off`.
    pub(super) amount: Money,
    /// The part of the item's local amount.
    pub(super) local: Money,
    /// The part of what the item counts for in the credit exposure.
    pub(super) credit: Money,
    pub(super) remainder: Remainder,
}

impl Clearing {
    /// The parts that follow from the amounts; refuses what the item does not have.
    pub(super) fn new(
        receivable: Stored<Receivable>,
        parts: [Money; 3],
        write_off_key: Code,
        remainder: Remainder,
    ) -> Result<Self, FinanceError> {
        let [cash, discount, written_off] = parts;
        let item = &receivable.item;
        let amount = cash.plus(discount)?.plus(written_off)?;
        let open = item.open_amount;
        require_within(item, amount)?;
        let local = share(item.open_local_amount, amount, open)?;
        let credit = share(item.credit_amount, amount, open)?;
        Ok(Self {
            cash,
            discount,
            written_off,
            write_off_key,
            amount,
            local,
            credit,
            remainder,
            receivable,
        })
    }
}

pub(super) fn refuse(item: &ReceivableItem, reason: String) -> FinanceError {
    FinanceError::OpenItem { document: item.document_number.clone(), reason }
}

/// Loads the items, fills in the money that was not named, and checks discounts and tolerances. A
/// refusal names the field of the allocation.
pub(super) fn plan(
    tx: &mut Tx<'_>,
    terms: &Terms,
    requests: &[AllocationData],
) -> Result<Vec<Clearing>, FinanceError> {
    let mut items: Vec<Stored<Receivable>> = Vec::with_capacity(requests.len());
    for (position, request) in requests.iter().enumerate() {
        let found = load(tx, terms, (position, request))?;
        if items.iter().any(|other| other.head.id == found.head.id) {
            let error = refuse(&found.item, "stands there twice: put both into one line".into());
            return Err(error.at(path(position, "receivable")));
        }
        items.push(found);
    }
    let cash = fill_cash(terms, requests, &items)?;
    let mut clearings = Vec::with_capacity(items.len());
    for (position, ((receivable, request), cash)) in
        items.into_iter().zip(requests).zip(cash).enumerate()
    {
        clearings.push(clearing(tx, terms, (position, request), receivable, cash)?);
    }
    Ok(clearings)
}

/// Path of a field of an allocation.
fn path(position: usize, field: &str) -> String {
    format!("allocations[{position}].{field}")
}

/// An open item that may be cleared by these terms.
fn load(
    tx: &mut Tx<'_>,
    terms: &Terms,
    (position, request): (usize, &AllocationData),
) -> Result<Stored<Receivable>, FinanceError> {
    let found = tx.load(request.receivable)?;
    let item = &found.item;
    let (own, wanted) = (item.amount.currency(), terms.money.currency());
    let reason = if item.company_code != terms.company_code {
        format!("is owed to company {}", item.company_code)
    } else if item.partner != terms.partner {
        "is owed by another customer".to_string()
    } else if own != wanted {
        format!("is in {own}, the payment in {wanted}: pay it in {own}")
    } else if item.open_amount.is_zero() {
        "is cleared already".to_string()
    } else {
        require_later(item, terms.posting_date)?;
        for (field, amount) in [("cash", request.cash), ("discount", request.discount)] {
            if let Some(found) = amount.map(|amount| amount.currency()).filter(|own| *own != wanted)
            {
                let reason = format!("is in {wanted}, not in {found}");
                return Err(refuse(item, reason).at(path(position, field)));
            }
        }
        if let Some(cash) = request.cash.filter(|cash| !cash.is_zero()) {
            require_within(item, cash).map_err(|error| error.at(path(position, "cash")))?;
        }
        return Ok(found);
    };
    Err(refuse(item, reason).at(path(position, "receivable")))
}

/// No more is cleared than what is open, and on its side.
fn require_within(item: &ReceivableItem, amount: Money) -> Result<(), FinanceError> {
    let open = item.open_amount;
    let fits = amount.minor().signum() == open.minor().signum()
        && amount.abs().minor() <= open.abs().minor();
    if fits {
        return Ok(());
    }
    Err(refuse(item, format!("{open} is open, {amount} can't be cleared")))
}

/// Nothing is cleared before it was posted.
pub(super) fn require_later(item: &ReceivableItem, posting_date: Date) -> Result<(), FinanceError> {
    if item.posting_date <= posting_date {
        return Ok(());
    }
    let reason = format!("was posted on {}: clear it then or later", item.posting_date);
    Err(refuse(item, reason).at("posting_date"))
}

/// The money for each item.
fn fill_cash(
    terms: &Terms,
    requests: &[AllocationData],
    items: &[Stored<Receivable>],
) -> Result<Vec<Money>, FinanceError> {
    let none = Money::zero(terms.money.currency());
    let mut wishes = Vec::with_capacity(items.len());
    for (position, (request, found)) in requests.iter().zip(items).enumerate() {
        let rest = found.item.open_amount.minus(request.discount.unwrap_or(none));
        let rest =
            rest.map_err(|error| FinanceError::from(error).at(path(position, "discount")))?;
        wishes.push((request.cash, rest));
    }
    if terms.kind == PaymentKind::Clearing {
        let side = |sign: i64| {
            let wanted = wishes.iter().map(|(cash, rest)| cash.unwrap_or(*rest));
            Money::sum(wanted.filter(|wish| wish.minor().signum() == sign), none.currency())
        };
        let (owed, credited) = (side(1)?, side(-1)?);
        let least = owed.minor().min(credited.abs().minor());
        let mut left = [least, least];
        return wishes.iter().map(|wish| Ok(take(wish, &mut left[side_of(wish)]))).collect();
    }
    // What lies against the direction of the money adds to it; the rest shares what there is.
    let direction = terms.money.minor().signum();
    let adds =
        |wish: &(Option<Money>, Money)| wish.0.unwrap_or(wish.1).minor().signum() == -direction;
    let against = wishes.iter().filter(|wish| adds(wish));
    let added = Money::sum(against.map(|(cash, rest)| cash.unwrap_or(*rest)), none.currency())?;
    let mut left = terms.money.minus(added)?.minor().abs();
    let each = wishes.iter().map(|wish| match wish {
        (cash, rest) if adds(wish) => Ok(cash.unwrap_or(*rest)),
        _ => Ok(take(wish, &mut left)),
    });
    each.collect()
}

fn side_of((cash, rest): &(Option<Money>, Money)) -> usize {
    usize::from(cash.unwrap_or(*rest).is_negative())
}

/// What was named, or as much as is left (in minor units, without sign).
fn take((cash, rest): &(Option<Money>, Money), left: &mut i64) -> Money {
    let taken = match cash {
        Some(cash) => *cash,
        None => {
            let most = rest.minor().abs().min((*left).max(0));
            Money::from_minor(most * rest.minor().signum(), rest.currency())
        }
    };
    *left = left.saturating_sub(taken.minor().abs());
    taken
}

fn clearing(
    tx: &mut Tx<'_>,
    terms: &Terms,
    (position, request): (usize, &AllocationData),
    receivable: Stored<Receivable>,
    cash: Money,
) -> Result<Clearing, FinanceError> {
    let at = |field| move |error: FinanceError| error.at(path(position, field));
    let item = &receivable.item;
    let none = Money::zero(cash.currency());
    let discount = request.discount.unwrap_or(none);
    let written_off = match request.remainder {
        Remainder::WriteOff => left(item.open_amount, cash, discount).map_err(at("cash"))?,
        _ => none,
    };
    if !discount.is_zero() {
        let part = Money::sum([cash, discount, written_off], cash.currency());
        let part =
            part.map_err(|error| FinanceError::from(error).at(path(position, "discount")))?;
        check_discount(tx, terms, item, discount, part).map_err(at("discount"))?;
    }
    if !written_off.is_zero() {
        check_write_off(tx, terms, item, written_off).map_err(at("remainder"))?;
    }
    let field = if request.cash.is_some() { "cash" } else { "receivable" };
    if cash.is_zero() && discount.is_zero() && written_off.is_zero() {
        return Err(at(field)(refuse(item, "can't be cleared: no money is left for it".into())));
    }
    let parts = [cash, discount, written_off];
    Clearing::new(receivable, parts, account_key::ROUNDING, request.remainder).map_err(at(field))
}

/// What money and discount leave of an amount.
fn left(open: Money, cash: Money, discount: Money) -> Result<Money, FinanceError> {
    Ok(open.minus(cash)?.minus(discount)?)
}

fn check_discount(
    tx: &Tx<'_>,
    terms: &Terms,
    item: &ReceivableItem,
    discount: Money,
    part: Money,
) -> Result<(), FinanceError> {
    let grace = tx.settings::<FinanceSettings>()?.tolerance(terms.company_code);
    let allowed = item.discount_on(terms.value_date, grace.discount_grace_days, part)?;
    let same_side = discount.minor().signum() == item.open_amount.minor().signum();
    if same_side && discount.abs().minor() <= allowed.abs().minor() {
        return Ok(());
    }
    let day = terms.value_date;
    let until = item.discount_date.map_or_else(String::new, |last| format!(" (until {last})"));
    Err(refuse(
        item,
        format!("allows a cash discount of {allowed} on {day}{until}, not {discount}"),
    ))
}

/// A difference may be written off up to the smaller of both tolerances of the company.
fn check_write_off(
    tx: &mut Tx<'_>,
    terms: &Terms,
    item: &ReceivableItem,
    written_off: Money,
) -> Result<(), FinanceError> {
    let tolerance = tx.settings::<FinanceSettings>()?.tolerance(terms.company_code);
    let (amount, percent): (_, Percentage) = (tolerance.short_amount, tolerance.short_percent);
    let half_up = Rounding::HalfUp;
    let local = exchange(tx, written_off.abs(), terms.local, terms.posting_date, half_up)?;
    let of_item = percent.of(item.amount.abs().amount());
    if local.amount() <= amount && written_off.abs().amount() <= of_item {
        return Ok(());
    }
    let local = terms.local;
    Err(refuse(
        item,
        format!(
            "{written_off} can't be written off: at most {amount} {local} and {percent} of the \
             item; leave the rest open, or write the item off as a bad debt"
        ),
    ))
}
