//! Room in the credit limit: taken by orders, looked at again by deliveries.

use std::fmt;

use tessera_kernel::{CellRef, Code, Money, Ref, Tx};
use tessera_partner::BusinessPartner;

use crate::account::{Account, account};
use crate::exposure::{CREDIT_EXPOSURE, Measure, shift, stored};
use crate::{CreditError, Exposure};

/// Why there is no credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The payer gets no credit at all.
    Blocked,
    /// The exposure would be more than the limit.
    LimitExceeded,
    /// The document is worth more than the payer's risk category allows.
    DocumentValue,
    /// The oldest open item is overdue for too long.
    Overdue,
}

impl RefusalReason {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::LimitExceeded => "limit_exceeded",
            Self::DocumentValue => "document_value",
            Self::Overdue => "overdue",
        }
    }
}

/// A refusal, with the figures that it rests on, all in the currency of the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: RefusalReason,
    /// The limit that was exceeded: of the exposure, or of one document.
    pub limit: Option<Money>,
    /// The exposure without what was asked for.
    pub exposure: Money,
    /// What was asked for.
    pub requested: Money,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exposure, requested, .. } = self;
        match (self.reason, self.limit) {
            (RefusalReason::DocumentValue, Some(limit)) => {
                write!(f, "the document is worth {requested}, more than {limit} is not allowed")
            }
            (RefusalReason::LimitExceeded, Some(limit)) => {
                write!(f, "{exposure} is open, with {requested} more the limit {limit} is exceeded")
            }
            (RefusalReason::Overdue, _) => f.write_str("an open item is overdue for too long"),
            _ => f.write_str("the payer is blocked for credit"),
        }
    }
}

/// The outcome of a credit check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is room; a commitment has taken it.
    Approved,
    /// There is none, and nothing was changed.
    Refused(Refusal),
}

impl Decision {
    /// Whether there is room.
    pub const fn is_approved(&self) -> bool {
        matches!(self, Self::Approved)
    }
}

/// Takes room for an order, or refuses and changes nothing. Check and change are one guarded
/// adjustment, so that many orders at once never exceed the limit. An amount that is not more
/// than zero gives room back and is never refused.
///
/// [`CreditError::Currency`] where the amount is not in the currency of the area.
pub fn commit_order(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    amount: Money,
) -> Result<Decision, CreditError> {
    commit_change(tx, area, payer, amount, amount)
}

/// The same for an order that changes: `more` is what it needs on top of what it holds, and
/// `document_value` what it is worth then.
pub fn commit_change(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    document_value: Money,
    more: Money,
) -> Result<Decision, CreditError> {
    let account = account(tx, area, payer)?;
    for amount in [document_value, more] {
        let currency = account.currency;
        if amount.currency() != currency {
            return Err(CreditError::Currency { area, currency, amount });
        }
    }
    if !more.is_positive() {
        shift(tx, area, payer, Exposure::orders(more))?;
        return Ok(Decision::Approved);
    }
    if let Some((reason, limit)) = refused_by_terms(&account, document_value) {
        return refuse(tx, (area, payer), reason, limit, document_value);
    }
    // All three parts together must stay within the limit.
    let guard = account.limit_for_orders().map(|limit| {
        let terms = Measure::ALL.map(|measure| (measure.position(), -1));
        CREDIT_EXPOSURE.at_least(&terms, -limit.minor())
    });
    let key = [CellRef::Text(area.as_str()), CellRef::Uuid(payer.id().0)];
    let deltas = [(Measure::OpenOrders.position(), more.minor())];
    if tx.adjust(&CREDIT_EXPOSURE, &key, &deltas, guard.as_ref())? {
        return Ok(Decision::Approved);
    }
    refuse(tx, (area, payer), RefusalReason::LimitExceeded, account.limit, more)
}

/// Takes room without asking: somebody released the order although it was refused.
pub fn commit_released(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    amount: Money,
) -> Result<(), CreditError> {
    shift(tx, area, payer, Exposure::orders(amount))
}

/// Whether what is open is within the limit now, for a delivery: the limit may have been lowered,
/// or the payer blocked, since the order. Only blocked payers are refused where the risk category
/// does not check deliveries.
pub fn check_total(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
) -> Result<Decision, CreditError> {
    let account = account(tx, area, payer)?;
    let nothing = Money::zero(account.currency);
    if account.blocked {
        return refuse(tx, (area, payer), RefusalReason::Blocked, account.limit, nothing);
    }
    let checked = account.risk_category.is_some_and(|(_, category)| category.check_delivery);
    let Some(limit) = account.limit.filter(|_| checked) else { return Ok(Decision::Approved) };
    let exposure = stored(tx, area, payer)?.total()?;
    if exposure.minor() <= limit.minor() {
        return Ok(Decision::Approved);
    }
    let (reason, limit) = (RefusalReason::LimitExceeded, Some(limit));
    Ok(Decision::Refused(Refusal { reason, limit, exposure, requested: nothing }))
}

/// Whether the payer's oldest open item is overdue for longer than the risk category allows.
/// Finance knows for how many days it is.
pub fn check_overdue(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
    overdue_days: u32,
) -> Result<Decision, CreditError> {
    let account = account(tx, area, payer)?;
    let most = account.risk_category.and_then(|(_, category)| category.max_overdue_days);
    if most.is_none_or(|most| overdue_days <= most) {
        return Ok(Decision::Approved);
    }
    let nothing = Money::zero(account.currency);
    refuse(tx, (area, payer), RefusalReason::Overdue, account.limit, nothing)
}

/// For how many days an item of the payer may be overdue, by its risk category; none where that
/// is not checked, so that nobody needs to ask finance.
pub fn max_overdue_days(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
) -> Result<Option<u32>, CreditError> {
    let account = account(tx, area, payer)?;
    Ok(account.risk_category.and_then(|(_, category)| category.max_overdue_days))
}

/// What refuses a document whatever is open.
fn refused_by_terms(
    account: &Account<'_>,
    document_value: Money,
) -> Option<(RefusalReason, Option<Money>)> {
    if account.blocked {
        return Some((RefusalReason::Blocked, account.limit));
    }
    let (_, category) = account.risk_category?;
    let most = category.max_document_value_in(account.currency)?;
    (document_value.minor() > most.minor()).then_some((RefusalReason::DocumentValue, Some(most)))
}

fn refuse(
    tx: &mut Tx<'_>,
    (area, payer): (Code, Ref<BusinessPartner>),
    reason: RefusalReason,
    limit: Option<Money>,
    requested: Money,
) -> Result<Decision, CreditError> {
    let exposure = stored(tx, area, payer)?.total()?;
    Ok(Decision::Refused(Refusal { reason, limit, exposure, requested }))
}
