//! The ledger of Beancount.

use std::io::{Result, Write};

use tessera_kernel::Date;

use super::{Declarations, account_name, narration, write_amount};
use crate::settings::FinanceSettings;
use crate::walk::LedgerEntry;

pub(super) fn declare(declarations: &Declarations, out: &mut dyn Write) -> Result<()> {
    writeln!(out, ";; Ledger of Tessera, for Beancount")?;
    writeln!(out, "option \"title\" \"Tessera\"")?;
    // Beancount turns a total price into a price per unit of 28 digits; where an entry has only
    // whole numbers it would allow nothing for that.
    writeln!(out, "option \"inferred_tolerance_default\" \"*:0.000001\"")?;
    let first = declarations.first.unwrap_or(Date::constant(1970, 1, 1));
    for (name, title) in &declarations.accounts {
        writeln!(out, "{first} open {name}")?;
        writeln!(out, "  title: {}", quoted(title))?;
    }
    Ok(())
}

pub(super) fn write(
    settings: &FinanceSettings,
    entry: &LedgerEntry,
    out: &mut dyn Write,
) -> Result<()> {
    let header = &entry.header;
    writeln!(out, "\n{} * {}", header.posting_date, quoted(&narration(entry)))?;
    writeln!(out, "  number: {}", quoted(&entry.number))?;
    for line in &entry.lines {
        write!(out, "  {}  ", account_name(settings, header.company_code, line.account))?;
        write_amount(line, out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
