//! Changes of standard prices against the books.

use std::collections::HashMap;

use tessera_finance::{Side, each_entry};
use tessera_kernel::{Fault, Findings, ObjectId, Tx};
use tessera_stock::StandardPrice;

use crate::{PriceChange, PriceChangeTerms};

/// Checks that every change of a standard price says what its quantity is worth more by it, and has
/// an entry of that value that nobody reversed; none where it is nothing.
pub(crate) fn check(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut changes: HashMap<ObjectId, (PriceChangeTerms, i64)> = HashMap::new();
    for id in tx.all::<PriceChange>()? {
        changes.insert(id.id(), (tx.segment_one(id.id())?, 0));
    }
    findings.compared("price_changes", changes.len());
    if changes.is_empty() {
        return Ok(());
    }
    each_entry(tx, |entry| -> Result<(), Fault> {
        let change = entry.header.reference.and_then(|id| changes.get_mut(&id));
        let Some((terms, posted)) = change else { return Ok(()) };
        // The first line is that of the inventory.
        let side = if terms.value_change.is_negative() { Side::Credit } else { Side::Debit };
        let sign = if side == Side::Debit { 1 } else { -1 };
        let lines = entry.lines.iter().filter(|line| line.side == side);
        *posted += sign * lines.map(|line| line.amount.minor()).sum::<i64>();
        if entry.header.reversed_by.is_some() || entry.header.reverses.is_some() {
            let change = entry.header.reference_number.clone().unwrap_or_default();
            findings.differs(format!("the entry of price change {change} is reversed"));
        }
        Ok(())
    })?;
    for (id, (terms, posted)) in changes {
        let value = terms.value_change.minor();
        let computed = computed(&terms)?;
        if value != computed || value != posted {
            findings.differs(format!(
                "price change {id} has the value {value}, its quantity makes {computed}, its entry \
                 has {posted} (minor units)"
            ));
        }
    }
    Ok(())
}

/// What quantity and prices make, in minor units.
fn computed(terms: &PriceChangeTerms) -> Result<i64, Fault> {
    let before = StandardPrice { price: terms.old_price, per: terms.old_price_unit };
    let after = StandardPrice { price: terms.new_price, per: terms.new_price_unit };
    Ok(tessera_stock::value_change(terms.quantity, (before, after))?.minor())
}
