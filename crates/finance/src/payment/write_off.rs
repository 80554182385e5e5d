//! Giving up an open item as a bad debt.

use tessera_kernel::{Money, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;

use super::clear::{clearing_terms, keep};
use super::form::WriteOffData;
use super::plan::{Clearing, refuse, require_later};
use crate::determination::account_key;
use crate::segments::{Payment, Receivable, Remainder};
use crate::{FinanceError, posting_date};

/// Writes off what is open of an item: to the account of the key `BAD`, its share of the tax back
/// from the tax account. The result is a payment without money, which can be cancelled.
pub fn write_off(
    tx: &mut Tx<'_>,
    receivable: Ref<Receivable>,
    input: &WriteOffData,
) -> Result<Stored<Payment>, FinanceError> {
    tx.actor().require("receivable", "write_off")?;
    if input.reason.trim().is_empty() {
        let message = "must say why the item is given up";
        return Err(FinanceError::field("reason", message));
    }
    let found = tx.load(receivable)?;
    let item = &found.item;
    if item.open_amount.is_zero() {
        return Err(refuse(item, "is cleared already".into()));
    }
    let organisation = tx.settings::<OrganisationSettings>()?;
    let posting_date = posting_date(tx, organisation, item.company_code, input.posting_date)?;
    require_later(item, posting_date)?;
    let whose = (item.company_code, item.partner);
    let terms = clearing_terms(tx, whose, posting_date, receivable)?;
    let none = Money::zero(item.amount.currency());
    let parts = [none, none, item.open_amount];
    let clearing = Clearing::new(found, parts, account_key::BAD_DEBT, Remainder::WriteOff)?;
    keep(tx, &terms, vec![clearing], Some(input.reason.clone()))
}
