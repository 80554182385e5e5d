//! The ledger as a plain-text journal, for outside tools.
//!
//! One transaction per entry, one posting per line. A line in the company's own currency is posted
//! as it is. A line in a foreign currency is posted in that currency with its total price in the
//! company's (`100.00 USD @@ 90.00 EUR`), so that both tools balance the entry at cost, exactly by
//! our local amounts. A line that moves only the company's currency (an exchange difference) is
//! posted in the company's currency.
//!
//! So in both tools the balance of an account in a foreign currency is ours in that currency, and
//! its balance at cost is ours in the company's currency; [`crate::outside`] compares both.

mod beancount;
mod hledger;
mod names;

use std::collections::BTreeSet;
use std::io::Write;

use tessera_kernel::{
    Aggregate, Code, Currency, Date, Fault, Language, Object, Select, Tx, date_from_days,
};
use tessera_organisation::OrganisationSettings;

use crate::FinanceError;
use crate::ledger::each_total;
use crate::segments::{JournalEntry, JournalLine};
use crate::settings::FinanceSettings;
use crate::walk::{LedgerEntry, each_entry};

pub(crate) use names::account_name;

/// A plain-text accounting format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerFormat {
    /// hledger (<https://hledger.org/hledger.html#journal>).
    Hledger,
    /// Beancount (<https://beancount.github.io/docs/beancount_language_syntax.html>).
    Beancount,
}

impl LedgerFormat {
    /// The format of a name on the command line.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "hledger" => Ok(Self::Hledger),
            "beancount" => Ok(Self::Beancount),
            _ => Err(format!("{name} is no ledger format; there are: hledger, beancount")),
        }
    }
}

/// What is declared before the first entry.
struct Declarations {
    /// Account name and its title, in order.
    accounts: Vec<(String, String)>,
    currencies: BTreeSet<Currency>,
    /// Posting date of the earliest entry.
    first: Option<Date>,
}

/// Writes the whole ledger, entry by entry in the order in which they were posted; memory does not
/// grow with the ledger.
pub fn export_ledger(
    tx: &mut Tx<'_>,
    format: LedgerFormat,
    out: &mut dyn Write,
) -> Result<(), FinanceError> {
    tx.actor().require_whole(JournalEntry::def(), "export")?;
    let declarations = declarations(tx)?;
    match format {
        LedgerFormat::Hledger => hledger::declare(&declarations, out)?,
        LedgerFormat::Beancount => beancount::declare(&declarations, out)?,
    }
    let settings = tx.settings::<FinanceSettings>()?;
    each_entry(tx, |entry| -> Result<(), FinanceError> {
        match format {
            LedgerFormat::Hledger => hledger::write(settings, entry, out)?,
            LedgerFormat::Beancount => beancount::write(settings, entry, out)?,
        }
        Ok(())
    })
}

fn declarations(tx: &mut Tx<'_>) -> Result<Declarations, FinanceError> {
    let settings = tx.settings::<FinanceSettings>()?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let mut accounts: BTreeSet<(Code, Code)> = BTreeSet::new();
    let mut currencies = BTreeSet::new();
    each_total(tx, None, &mut |key, _| {
        accounts.insert((key.company_code, key.account));
        currencies.insert(key.currency);
        let company = organisation.company_codes.get(key.company_code);
        currencies.extend(company.map(|company| company.currency));
    })?;
    let title = |account: Code| {
        let found = settings.accounts.get(account);
        found.map_or("", |account| account.name.best(Language::EN)).to_string()
    };
    let named = accounts
        .iter()
        .map(|(company, account)| (account_name(settings, *company, *account), title(*account)));
    Ok(Declarations { accounts: named.collect(), currencies, first: first_date(tx)? })
}

fn first_date(tx: &mut Tx<'_>) -> Result<Option<Date>, Fault> {
    let head = JournalEntry::def().head;
    let missing = || Fault::corrupt("journal entries have no posting date");
    let column = head.position("posting_date").ok_or_else(missing)?;
    let mut first = None;
    tx.select(&Select::from(head, &[]).aggregate(Aggregate::Min(column)), &mut |row| {
        first = row.date()?.and_then(date_from_days);
        Ok(())
    })?;
    Ok(first)
}

/// The amount of a posting, debits above zero: in the document currency with its price, or, where
/// only the company's currency moves, in that.
fn write_amount(line: &JournalLine, out: &mut dyn Write) -> std::io::Result<()> {
    let (amount, local) = line.signed();
    if amount.is_zero() {
        write!(out, "{local}")
    } else if amount.currency() == local.currency() {
        write!(out, "{amount}")
    } else {
        write!(out, "{amount} @@ {}", local.abs())
    }
}

/// What an entry is about, on one line.
fn narration(entry: &LedgerEntry) -> String {
    let header = &entry.header;
    let mut words = vec![header.kind.to_string()];
    words.extend(header.reference_number.clone());
    words.extend(header.text.clone());
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    words.join(" ").chars().map(clean).collect()
}
