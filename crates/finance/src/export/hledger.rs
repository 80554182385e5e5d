//! The journal of hledger.

use std::io::{Result, Write};

use super::{Declarations, account_name, narration, write_amount};
use crate::settings::FinanceSettings;
use crate::walk::LedgerEntry;

pub(super) fn declare(declarations: &Declarations, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "; Ledger of Tessera, for hledger")?;
    for currency in &declarations.currencies {
        let zeros = "0".repeat(currency.decimals() as usize);
        writeln!(out, "commodity 1000.{zeros} {currency}")?;
    }
    for (name, title) in &declarations.accounts {
        writeln!(out, "account {name}  ; {title}")?;
    }
    Ok(())
}

pub(super) fn write(
    settings: &FinanceSettings,
    entry: &LedgerEntry,
    out: &mut dyn Write,
) -> Result<()> {
    let header = &entry.header;
    // A semicolon would start a comment.
    let narration = narration(entry).replace(';', ",");
    writeln!(out, "\n{} ({}) {narration}", header.posting_date, entry.number)?;
    for line in &entry.lines {
        write!(out, "    {}  ", account_name(settings, header.company_code, line.account))?;
        write_amount(line, out)?;
        writeln!(out)?;
    }
    Ok(())
}
