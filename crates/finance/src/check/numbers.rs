//! The numbers of journal entries: every series without a gap and without a duplicate.

use std::collections::BTreeMap;

use tessera_kernel::{Code, Fault, Findings, NumbersInUse, Tx};

use crate::numbering::series;
use crate::settings::FinanceSettings;
use crate::walk::each_entry;

pub(super) fn check(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let settings = tx.settings::<FinanceSettings>()?;
    let numbering = &tx.environment().numbering;
    let mut known: BTreeMap<Code, NumbersInUse<'_>> = settings
        .document_kinds
        .iter()
        .filter_map(|(_, kind)| {
            let range = numbering.range(kind.number_range.as_str())?;
            Some((kind.number_range, NumbersInUse::new(range)))
        })
        .collect();
    each_entry(tx, |entry| -> Result<(), Fault> {
        let header = &entry.header;
        let kind = settings.document_kinds.get(header.kind);
        match kind.and_then(|kind| known.get_mut(&kind.number_range)) {
            Some(known) => {
                let series = series(header.company_code, header.fiscal_year);
                known.take(series, &entry.number, findings);
            }
            None => {
                findings.differs(format!("journal entry {} has no number range", entry.number));
            }
        }
        Ok(())
    })?;
    let mut compared = 0;
    for (_, known) in known {
        compared += known.finish(tx, findings)?;
    }
    findings.compared("journal_numbers", compared);
    Ok(())
}
