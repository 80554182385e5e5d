//! A payer's credit account in an area: limit, risk category and where it stands.

use tessera_kernel::{Code, Currency, Date, Money, Ref, Rounding, Tx};
use tessera_organisation::{OrganisationSettings, exchange};
use tessera_partner::{BusinessPartner, PartnerCredit};

use crate::exposure::stored;
use crate::{CreditError, CreditSettings, Exposure, RiskCategory};

/// The terms of a payer's credit. A payer without any has no limit and is not checked; the
/// exposure is kept all the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'c> {
    pub(crate) currency: Currency,
    pub(crate) limit: Option<Money>,
    pub(crate) blocked: bool,
    pub(crate) risk_category: Option<(Code, &'c RiskCategory)>,
}

impl Account<'_> {
    /// The limit where orders are checked against it.
    pub(crate) fn limit_for_orders(&self) -> Option<Money> {
        let (_, category) = self.risk_category?;
        self.limit.filter(|_| category.check_order)
    }
}

/// Currency of the limits and the exposure of an area.
pub(crate) fn area_currency(tx: &Tx<'_>, area: Code) -> Result<Currency, CreditError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let area = organisation.credit_control_areas.require(area).map_err(CreditError::Area)?;
    Ok(area.currency)
}

pub(crate) fn account<'c>(
    tx: &mut Tx<'c>,
    area: Code,
    payer: Ref<BusinessPartner>,
) -> Result<Account<'c>, CreditError> {
    let currency = area_currency(tx, area)?;
    let settings: &'c CreditSettings = tx.settings()?;
    let partner = tx.shared(payer)?;
    let Some(credit) = partner.credit(area) else {
        return Ok(Account { currency, limit: None, blocked: false, risk_category: None });
    };
    let PartnerCredit { limit, risk_category: code, blocked, .. } = *credit;
    if let Some(limit) = limit.filter(|limit| limit.currency() != currency) {
        let partner = partner.number();
        return Err(CreditError::LimitCurrency { partner, area, currency, limit });
    }
    let category = settings.risk_categories.require(code).map_err(|message| {
        let partner = partner.number();
        CreditError::RiskCategory { partner, area, message }
    })?;
    Ok(Account { currency, limit, blocked, risk_category: Some((code, category)) })
}

/// An amount in the currency of an area, at the rate of a day, commercially rounded: what a
/// document in another currency counts for. The document keeps it, so that it gives back the same.
pub fn credit_value(
    tx: &mut Tx<'_>,
    area: Code,
    amount: Money,
    on: Date,
) -> Result<Money, CreditError> {
    let currency = area_currency(tx, area)?;
    Ok(exchange(tx, amount, currency, on, Rounding::HalfUp)?)
}

/// Where a payer stands in an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the payer owes, or will owe.
    pub exposure: Exposure,
    /// Limit; none where the exposure is not limited.
    pub limit: Option<Money>,
    /// What is left of the limit; negative where it is exceeded.
    pub available: Option<Money>,
    /// No credit at all.
    pub blocked: bool,
    /// How risky the payer is; none where nobody gave the payer credit terms.
    pub risk_category: Option<Code>,
}

/// Where a payer stands in an area: exposure, limit and what is left of it.
pub fn exposure(
    tx: &mut Tx<'_>,
    area: Code,
    payer: Ref<BusinessPartner>,
) -> Result<Standing, CreditError> {
    let Account { limit, blocked, risk_category, .. } = account(tx, area, payer)?;
    let exposure = stored(tx, area, payer)?;
    let total = exposure.total()?;
    let left = limit.map(|limit| limit.minus(total)).transpose();
    Ok(Standing {
        exposure,
        limit,
        available: left.map_err(tessera_kernel::Fault::from)?,
        blocked,
        risk_category: risk_category.map(|(code, _)| code),
    })
}
