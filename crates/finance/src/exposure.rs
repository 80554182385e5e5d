//! What finance tells credit: open items that are cleared no longer count.

use tessera_credit::Exposure;
use tessera_kernel::{Code, Currency, Date, Money, Ref, Rounding, Tx};
use tessera_organisation::{OrganisationSettings, exchange};
use tessera_partner::BusinessPartner;

use crate::FinanceError;

/// Changes of open invoices, by credit control area.
#[derive(Debug, Default)]
pub(crate) struct ExposureChange(Vec<(Code, Money)>);

impl ExposureChange {
    /// Adds to the open invoices of an area; below zero for what is cleared.
    pub(crate) fn add(&mut self, area: Code, invoices: Money) -> Result<(), FinanceError> {
        match self.0.iter_mut().find(|(own, _)| *own == area) {
            Some((_, sum)) => *sum = sum.plus(invoices)?,
            None => self.0.push((area, invoices)),
        }
        Ok(())
    }

    /// Tells credit.
    pub(crate) fn apply(
        self,
        tx: &mut Tx<'_>,
        payer: Ref<BusinessPartner>,
    ) -> Result<(), FinanceError> {
        for (area, invoices) in self.0 {
            if !invoices.is_zero() {
                tessera_credit::shift(tx, area, payer, Exposure::invoices(invoices))?;
            }
        }
        Ok(())
    }
}

/// The credit control area of a company and its currency.
pub(crate) fn area_of(
    organisation: &OrganisationSettings,
    company_code: Code,
) -> Result<(Code, Currency), FinanceError> {
    let company = organisation.company(company_code).map_err(FinanceError::Customizing)?;
    let area = company.credit_control_area;
    let found = organisation.credit_control_areas.require(area);
    Ok((area, found.map_err(FinanceError::Customizing)?.currency))
}

/// What an amount counts for in an area, at the rate of a day.
pub(crate) fn in_area(
    tx: &mut Tx<'_>,
    amount: Money,
    currency: Currency,
    on: Date,
) -> Result<Money, FinanceError> {
    Ok(exchange(tx, amount, currency, on, Rounding::HalfUp)?)
}
