//! Open items and payments against the allocations.

use hashbrown::HashMap;
use tessera_kernel::{
    Cell, Condition, Direction, Fault, Findings, Money, Object, ObjectId, Operator, Record,
    Segment, Select, Tx, head_column,
};

use crate::segments::{
    ItemStatus, Payment, PaymentAllocation, PaymentHeader, PaymentStatus, Receivable,
    ReceivableItem,
};
use crate::walk::{read_id, records_between};

/// Objects per page.
const PAGE: u32 = 1_000;

/// A visitor of one page of records.
type VisitPage<'v, S> = dyn FnMut(&mut Tx<'_>, Vec<(ObjectId, S)>) -> Result<(), Fault> + 'v;

/// Visits the records of a segment of every object, page by page, with the first and last id.
fn each_page<T: Object, S: Segment>(
    tx: &mut Tx<'_>,
    visit: &mut VisitPage<'_, S>,
) -> Result<(), Fault> {
    let mut after: Option<ObjectId> = None;
    loop {
        let mut query = Select::from(T::def().head, &[head_column::ID])
            .order_by(head_column::ID, Direction::Ascending)
            .limit(PAGE);
        query.after = after.map(|id| vec![Cell::Uuid(id.0)]);
        let mut ids = Vec::new();
        tx.select(&query, &mut |row| {
            ids.push(read_id(row)?);
            Ok(())
        })?;
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(()) };
        let records = records_between::<S>(tx, *first, *last)?;
        after = Some(*last);
        visit(tx, records)?;
    }
}

/// What active allocations took from an item: amount, local amount, credit amount.
type Taken = [i64; 3];

pub(super) fn check_items(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut compared = 0;
    each_page::<Receivable, ReceivableItem>(tx, &mut |tx, items| {
        let (Some((first, _)), Some((last, _))) = (items.first(), items.last()) else {
            return Ok(());
        };
        let taken = taken_between(tx, *first, *last)?;
        compared += items.len();
        for (id, item) in items {
            let [amount, local, _] = taken.get(&id).copied().unwrap_or_default();
            check_item(&item, amount, local, findings);
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
        if row.reversed_on.is_none() {
            let sums = taken.entry(row.receivable.id()).or_default();
            let parts = [row.amount, row.local_amount, row.credit_amount];
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum = sum.saturating_add(part.minor());
            }
        }
        Ok(())
    })?;
    Ok(taken)
}

fn check_item(item: &ReceivableItem, taken: i64, local: i64, findings: &mut Findings) {
    let name = &item.document_number;
    let (open, wanted) = (item.open_amount.minor(), item.amount.minor() - taken);
    let (open_local, wanted_local) =
        (item.open_local_amount.minor(), item.local_amount.minor() - local);
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
    each_page::<Payment, PaymentHeader>(tx, &mut |tx, payments| {
        let (Some((first, _)), Some((last, _))) = (payments.first(), payments.last()) else {
            return Ok(());
        };
        let rows: Vec<(ObjectId, PaymentAllocation)> = records_between(tx, *first, *last)?;
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
    if found != wanted || (cancelled && used != 0) {
        findings.differs(format!(
            "payment {id} has {found} on account, its allocations leave {wanted} (minor units)"
        ));
    }
}
