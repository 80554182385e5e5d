//! Opening receivables.

use tessera_kernel::{Code, Date, Home, Money, ObjectId, Percentage, Ref, Stored, Tx};
use tessera_organisation::{OrganisationSettings, due};
use tessera_partner::BusinessPartner;

use crate::FinanceError;
use crate::determination::account_key;
use crate::segments::{ItemStatus, JournalEntry, Receivable, ReceivableItem};
use crate::settings::FinanceSettings;

/// What a journal entry does not know about the open item that it makes.
#[derive(Clone, Copy, Debug)]
pub struct NewReceivable<'a> {
    /// The billing document.
    pub document: ObjectId,
    /// Its number.
    pub document_number: &'a str,
    /// Terms of payment; without them the item is due on the baseline date.
    pub payment_terms: Option<Code>,
    /// The day from which the terms count.
    pub baseline_date: Date,
    /// Where the credit of the payer is watched.
    pub credit_control_area: Code,
    /// What the item counts for in the credit exposure, in the area's currency, with the sign of
    /// the item. The caller has added it to the exposure's open invoices, or will.
    pub credit_amount: Money,
}

/// Opens the item of a posted billing document. Company, payer, account, amounts and posting date
/// are those of the entry's line on a reconciliation account, of which there must be exactly one;
/// a debit is owed by the customer, a credit is owed to the customer (credit memo).
///
/// It asks for no permission: whoever calls it is a verb that did.
pub fn open_receivable(
    tx: &mut Tx<'_>,
    entry: &Stored<JournalEntry>,
    item: &NewReceivable<'_>,
) -> Result<Stored<Receivable>, FinanceError> {
    let settings = tx.settings::<FinanceSettings>()?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let mut lines =
        entry.lines.iter().filter(|line| settings.is_reconciliation_account(line.account));
    let (line, partner) = match (lines.next(), lines.next()) {
        (Some(line), None) if line.partner.is_some() => (line, line.partner),
        _ => (&entry.lines[0], None),
    };
    let Some(partner) = partner else {
        let reason = format!(
            "the journal entry {} must have exactly one line on a reconciliation account",
            entry.number()
        );
        return Err(FinanceError::OpenItem { document: item.document_number.into(), reason });
    };
    let (net, discount) = due_dates(organisation, item)?;
    let (amount, local_amount) = line.signed();
    let value = ReceivableItem {
        company_code: entry.header.company_code,
        partner,
        document: item.document,
        document_number: item.document_number.to_string(),
        journal_entry: entry.id(),
        account: line.account,
        posting_date: entry.header.posting_date,
        due_date: net,
        discount_date: discount.map(|(date, _)| date),
        discount_percent: discount.map(|(_, percent)| percent),
        discount_ended: false,
        amount,
        open_amount: amount,
        local_amount,
        open_local_amount: local_amount,
        status: ItemStatus::Open,
        credit_control_area: item.credit_control_area,
        credit_amount: item.credit_amount,
    };
    Ok(tx.insert_at(Home::With(partner.id()), Receivable { item: value })?)
}

type DueDates = (Date, Option<(Date, Percentage)>);

fn due_dates(
    organisation: &OrganisationSettings,
    item: &NewReceivable<'_>,
) -> Result<DueDates, FinanceError> {
    let Some(terms) = item.payment_terms else { return Ok((item.baseline_date, None)) };
    let terms = organisation.terms(terms).map_err(FinanceError::Customizing)?;
    let due = due(terms, item.baseline_date);
    Ok((due.net, due.discount))
}

/// The reconciliation account of a customer in a company: the customer's own, else that of the
/// account key `REC` for the customer's account assignment group. The customer comes from the
/// writer's cache.
pub fn reconciliation_account(
    tx: &mut Tx<'_>,
    partner: Ref<BusinessPartner>,
    company_code: Code,
    customer_group: Option<Code>,
) -> Result<Code, FinanceError> {
    let partner = tx.shared(partner)?;
    if let Some(company) = partner.company(company_code) {
        let account = company.reconciliation_account;
        if tx.settings::<FinanceSettings>()?.is_reconciliation_account(account) {
            return Ok(account);
        }
        let partner = partner.number();
        return Err(FinanceError::NoReconciliation { account, partner, company_code });
    }
    let organisation = tx.settings::<OrganisationSettings>()?;
    let company = organisation.company(company_code).map_err(FinanceError::Customizing)?;
    let determination = &tx.settings::<FinanceSettings>()?.determination;
    let chart = company.chart_of_accounts;
    determination.account(chart, account_key::RECEIVABLES, customer_group, None)
}
