//! The exposure against the documents beneath it.

use std::collections::HashMap;

use tessera_kernel::{Cell, Code, Fault, Findings, ObjectId, Tx};

use crate::{CREDIT_EXPOSURE, Measure};

/// Compares one part of the exposure with what the documents above say: minor units by credit
/// control area and payer.
pub fn compare_exposure(
    tx: &mut Tx<'_>,
    measure: Measure,
    expected: &HashMap<(Code, ObjectId), i64>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let mut left: HashMap<(String, ObjectId), i64> = expected
        .iter()
        .map(|((area, payer), minor)| ((area.to_string(), *payer), *minor))
        .collect();
    let (mut compared, mut found) = (0, Vec::new());
    tx.all_balances(&CREDIT_EXPOSURE, &mut |key, measures| {
        let (Cell::Text(area), Cell::Uuid(payer)) = (&key[0], &key[1]) else { return };
        compared += 1;
        let (payer, stored) = (ObjectId(*payer), measures[measure.position()]);
        let wanted = left.remove(&(area.clone(), payer)).unwrap_or(0);
        if stored != wanted {
            found.push((area.clone(), payer, stored, wanted));
        }
    })?;
    let missing = left.into_iter().filter(|(_, minor)| *minor != 0);
    found.extend(missing.map(|((area, payer), minor)| (area, payer, 0, minor)));
    found.sort();
    for (area, payer, stored, wanted) in found {
        findings.differs(format!(
            "{} of {payer} in credit control area {area}: the balance says {stored}, the \
             documents say {wanted} (minor units)",
            measure.name()
        ));
    }
    findings.compared(measure.name(), compared);
    Ok(())
}
