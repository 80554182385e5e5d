//! The legal numbers of billing documents: every series without a gap and without a duplicate.

use std::collections::BTreeMap;

use tessera_kernel::{
    Code, Fault, Findings, NumbersInUse, Object as _, Select, Tx, date_from_days, head_column,
};

use crate::post::series;
use crate::{BillingDocument, BillingSettings};

pub(crate) fn check(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let types = &tx.settings::<BillingSettings>()?.billing_types;
    let numbering = &tx.environment().numbering;
    let mut known: BTreeMap<Code, NumbersInUse<'_>> = types
        .iter()
        .filter_map(|(_, rule)| {
            let range = numbering.range(rule.number_range.as_str())?;
            Some((rule.number_range, NumbersInUse::new(range)))
        })
        .collect();
    let head = BillingDocument::def().head;
    let column = |name: &str| {
        let missing = || Fault::corrupt(format!("billing_document has no list field {name}"));
        head.position(name).ok_or_else(missing)
    };
    let columns = [
        head_column::NUMBER,
        column("billing_type")?,
        column("company_code")?,
        column("billing_date")?,
    ];
    tx.select(&Select::from(head, &columns), &mut |row| {
        let number = row.text()?.unwrap_or_default().to_string();
        let code = |text: Option<&str>| text.and_then(|text| Code::parse(text).ok());
        let (billing_type, company) = (code(row.text()?), code(row.text()?));
        let date = row.date()?.and_then(date_from_days);
        let range = billing_type.and_then(|code| types.get(code)).map(|rule| rule.number_range);
        match (range.and_then(|range| known.get_mut(&range)), company.zip(date)) {
            (Some(known), Some((company, date))) => {
                known.take(series(company, date), &number, findings);
            }
            _ => findings.differs(format!("billing document {number} has no number range")),
        }
        Ok(())
    })?;
    let mut compared = 0;
    for (_, known) in known {
        compared += known.finish(tx, findings)?;
    }
    findings.compared("billing_numbers", compared);
    Ok(())
}
