//! Open items and payments against the allocations.

use hashbrown::HashMap;
use tessera_kernel::{
    Cell, Condition, Fault, Findings, Money, ObjectId, Operator, Record, Segment, Select, Tx,
};

use crate::segments::{
    ItemStatus, Payment, PaymentAllocation, PaymentHeader, PaymentStatus, Receivable,
    ReceivableItem,
};
use crate::walk::read_id;

/// What active allocations took from an item, in minor units, and how many allocations there are,
/// with those that were taken back.
#[derive(Clone, Copy, Default)]
struct Taken {
    amount: i64,
    local: i64,
    credit: i64,
    rows: i64,
}

pub(super) fn check_items(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut compared = 0;
    tx.each_page::<Receivable>(&mut |tx, first, last| {
        let items: Vec<(ObjectId, ReceivableItem)> = tx.records_between(first, last)?;
        let taken = taken_between(tx, first, last)?;
        compared += items.len();
        for (id, item) in items {
            let taken = taken.get(&id).copied().unwrap_or_default();
            check_item(&item, taken, findings);
            if !credit_follows(&item, taken) {
                let (name, credit) = (&item.document_number, item.credit_amount);
                findings.differs(format!(
                    "open item {name} counts for {credit} in the credit exposure, which does not \
                     follow from what is open and what its allocations took"
                ));
            }
        }
        Ok(())
    })?;
    findings.compared("receivable", compared);
    Ok(())
}

/// Sums of the active allocations to the items from `first` to `last`.
fn taken_between(
    tx: &mut Tx<'_>,
    first: ObjectId,
    last: ObjectId,
) -> Result<HashMap<ObjectId, Taken>, Fault> {
    let table = PaymentAllocation::def().table();
    let column = table.position("receivable").ok_or_else(|| Fault::corrupt("no such column"))?;
    let query = Select::all(table)
        .filter(Condition::compare(column, Operator::Ge, Cell::Uuid(first.0)))
        .filter(Condition::compare(column, Operator::Le, Cell::Uuid(last.0)));
    let mut taken: HashMap<ObjectId, Taken> = HashMap::new();
    tx.select(&query, &mut |row| {
        read_id(row)?;
        let row = PaymentAllocation::read(row)?;
        let sums = taken.entry(row.receivable.id()).or_default();
        sums.rows += 1;
        if row.reversed_on.is_none() {
            sums.amount = sums.amount.saturating_add(row.amount.minor());
            sums.local = sums.local.saturating_add(row.local_amount.minor());
            sums.credit = sums.credit.saturating_add(row.credit_amount.minor());
        }
        Ok(())
    })?;
    Ok(taken)
}

/// An item counts for its open part. In the currency of the credit control area that is the open
/// amount itself; in another one each allocation took its share, rounded to the minor unit.
fn credit_follows(item: &ReceivableItem, taken: Taken) -> bool {
    let [amount, open] = [item.amount, item.open_amount].map(|money| i128::from(money.minor()));
    let (credit, taken_credit) = (i128::from(item.credit_amount.minor()), i128::from(taken.credit));
    if item.credit_amount.currency() == item.amount.currency() {
        return credit == open && taken_credit == i128::from(taken.amount);
    }
    // credit ÷ whole is open ÷ amount, but for one minor unit of each rounding.
    let off = credit * amount - (credit + taken_credit) * open;
    off.abs() <= amount.abs() * i128::from(taken.rows)
}

fn check_item(item: &ReceivableItem, taken: Taken, findings: &mut Findings) {
    let name = &item.document_number;
    let (open, wanted) = (item.open_amount.minor(), item.amount.minor() - taken.amount);
    let (open_local, wanted_local) =
        (item.open_local_amount.minor(), item.local_amount.minor() - taken.local);
    if open != wanted || open_local != wanted_local {
        findings.differs(format!(
            "open item {name} has {open} and {open_local} open, its allocations leave {wanted} \
             and {wanted_local}"
        ));
    }
    if open.signum() * item.amount.minor().signum() < 0 {
        findings.differs(format!("open item {name} is open beyond zero"));
    }
    let cleared = item.status == ItemStatus::Cleared;
    let zero = open_local == 0 && item.credit_amount.is_zero();
    if item.status != item.derived_status() || (cleared && !zero) {
        findings.differs(format!("open item {name} has a status that its amounts do not"));
    }
}

pub(super) fn check_payments(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut compared = 0;
    tx.each_page::<Payment>(&mut |tx, first, last| {
        let payments: Vec<(ObjectId, PaymentHeader)> = tx.records_between(first, last)?;
        let rows: Vec<(ObjectId, PaymentAllocation)> = tx.records_between(first, last)?;
        let mut used: HashMap<ObjectId, i64> = HashMap::new();
        for (payment, row) in rows {
            let parts = [row.cash, row.discount, row.written_off];
            if parts.iter().map(Money::minor).sum::<i64>() != row.amount.minor() {
                let (line, number) = (row.line, &row.document_number);
                findings
                    .differs(format!("allocation {line} of {payment} to {number} adds up wrong"));
            }
            if row.reversed_on.is_none() {
                *used.entry(payment).or_default() += row.cash.minor();
            }
        }
        compared += payments.len();
        for (id, header) in payments {
            check_payment(id, &header, used.get(&id).copied().unwrap_or(0), findings);
        }
        Ok(())
    })?;
    findings.compared("payment", compared);
    Ok(())
}

fn check_payment(id: ObjectId, header: &PaymentHeader, used: i64, findings: &mut Findings) {
    let cancelled = header.status == PaymentStatus::Cancelled;
    let wanted = if cancelled { 0 } else { header.amount.minor() - used };
    let found = header.unallocated.minor();
    let (credit, zero) = (header.credit_amount, header.unallocated.is_zero());
    let same = credit.currency() == header.unallocated.currency();
    if (same && credit.minor() != found) || (zero && !credit.is_zero()) {
        findings.differs(format!(
            "payment {id} lowers the credit exposure by {credit}, and has {} on account",
            header.unallocated
        ));
    }
    if found != wanted || (cancelled && used != 0) {
        findings.differs(format!(
            "payment {id} has {found} on account, its allocations leave {wanted} (minor units)"
        ));
    }
}
