//! The ledger totals against the lines of the entries, and the balance of every entry.

use hashbrown::HashMap;
use tessera_kernel::{Currency, Fault, Findings, Tx};
use tessera_organisation::OrganisationSettings;

use crate::fiscal::FiscalPeriod;
use crate::ledger::{LedgerKey, Turnover, each_total};
use crate::segments::Side;
use crate::walk::{LedgerEntry, each_entry};

pub(super) fn check(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let mut expected: HashMap<LedgerKey, Turnover> = HashMap::new();
    let mut entries = 0;
    each_entry(tx, |entry| -> Result<(), Fault> {
        entries += 1;
        check_entry(organisation, entry, findings);
        for line in &entry.lines {
            let key = key_of(entry, line.account);
            let sum = expected.entry(key).or_default();
            let (amount, local) = (line.amount.minor(), line.local_amount.minor());
            *sum = sum.plus(match line.side {
                Side::Debit => {
                    Turnover { debit: amount, local_debit: local, ..Turnover::default() }
                }
                Side::Credit => {
                    Turnover { credit: amount, local_credit: local, ..Turnover::default() }
                }
            });
        }
        Ok(())
    })?;
    let mut totals = 0;
    each_total(tx, None, &mut |key, stored| {
        totals += 1;
        let wanted = expected.remove(&key).unwrap_or_default();
        if stored != wanted {
            findings.differs(format!("{} is {stored:?}, the lines say {wanted:?}", name(&key)));
        }
    })?;
    for (key, wanted) in expected {
        findings.differs(format!("{} is missing, the lines say {wanted:?}", name(&key)));
    }
    findings.compared("ledger_total", totals);
    findings.compared("journal_entry", entries);
    Ok(())
}

fn key_of(entry: &LedgerEntry, account: tessera_kernel::Code) -> LedgerKey {
    LedgerKey {
        company_code: entry.header.company_code,
        account,
        currency: entry.header.currency,
        period: FiscalPeriod { year: entry.header.fiscal_year, period: entry.header.period },
    }
}

fn name(key: &LedgerKey) -> String {
    let LedgerKey { company_code, account, currency, period } = key;
    let FiscalPeriod { year, period } = period;
    format!("the ledger total of {company_code}, account {account}, {currency}, {year}/{period}")
}

fn check_entry(organisation: &OrganisationSettings, entry: &LedgerEntry, findings: &mut Findings) {
    let (mut amounts, mut locals) = (0_i128, 0_i128);
    let mut currencies: Vec<Currency> = vec![entry.header.currency];
    for line in &entry.lines {
        let (amount, local) = line.signed();
        amounts += i128::from(amount.minor());
        locals += i128::from(local.minor());
        if !currencies.contains(&amount.currency()) {
            currencies.push(amount.currency());
        }
    }
    let number = &entry.number;
    if entry.lines.len() < 2 || currencies.len() > 1 {
        findings.differs(format!("journal entry {number} has too few lines or two currencies"));
    }
    if amounts != 0 || locals != 0 {
        let message = "does not balance: debits less credits are";
        findings.differs(format!("journal entry {number} {message} {amounts} and {locals}"));
    }
    let header = &entry.header;
    if let Some(company) = organisation.company_codes.get(header.company_code) {
        let period = FiscalPeriod::of(header.posting_date, company.fiscal_year_start_month);
        if (period.year, period.period) != (header.fiscal_year, header.period) {
            let date = header.posting_date;
            findings.differs(format!("journal entry {number} of {date} is in a wrong period"));
        }
    }
}
