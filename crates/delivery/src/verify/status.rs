//! The status of deliveries against their goods movements and what was billed of them.

use std::collections::HashMap;

use tessera_document::fulfilments_between;
use tessera_kernel::{
    Cell, Condition, Date, Fault, Findings, ObjectId, Operator, Ref, Segment as _, Select,
    TableDef, Tx, date_from_days,
};
use tessera_sales::Progress;
use tessera_stock::GoodsMovementHeader;

use crate::{Delivery, DeliveryItem, DeliverySettings, DeliveryStatus, GoodsIssueStatus};

/// Goods movements of deliveries that were not taken back, by delivery: movement and posting date.
type Moved = HashMap<ObjectId, Vec<(ObjectId, Date)>>;

/// Checks that a delivery is posted where its goods have moved and nowhere else, and that it is
/// billed as far as its items are.
pub(crate) fn check(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut moved = moved(tx)?;
    let mut compared = 0;
    tx.each_page::<Delivery>(&mut |tx, first, last| {
        let taken = fulfilments_between(tx, first, last)?;
        let mut billing: HashMap<ObjectId, [usize; 2]> = HashMap::new();
        for (id, item) in tx.records_between::<DeliveryItem>(first, last)? {
            if item.billable {
                let [billable, billed] = billing.entry(id).or_default();
                let taken = taken.get(&(id, item.item)).copied().unwrap_or_default();
                *billable += 1;
                *billed += usize::from(taken.billed > 0);
            }
        }
        for (id, status) in tx.records_between::<DeliveryStatus>(first, last)? {
            compared += 1;
            let movements = moved.remove(&id).unwrap_or_default();
            if !follows(&status, &movements) {
                let count = movements.len();
                findings.differs(format!(
                    "delivery {id} is {:?}, {count} goods movements of it count",
                    status.goods_issue_status
                ));
            }
            let wanted = progress(&status, billing.get(&id).copied().unwrap_or_default());
            if status.billing != wanted {
                let found = status.billing;
                findings.differs(format!("billing of delivery {id} is {found:?}, not {wanted:?}"));
            }
        }
        Ok(())
    })?;
    for (reference, movements) in moved {
        for (movement, _) in movements {
            findings.differs(format!("goods movement {movement} is of no delivery: {reference}"));
        }
    }
    findings.compared("delivery_status", compared);
    Ok(())
}

fn follows(status: &DeliveryStatus, movements: &[(ObjectId, Date)]) -> bool {
    let noted = status.goods_movement.map(Ref::id).zip(status.goods_issue);
    match status.goods_issue_status {
        GoodsIssueStatus::Posted => noted.is_some() && movements == noted.as_slice(),
        GoodsIssueStatus::Open | GoodsIssueStatus::Cancelled => {
            movements.is_empty() && status.goods_movement.is_none() && status.goods_issue.is_none()
        }
    }
}

fn progress(status: &DeliveryStatus, [billable, billed]: [usize; 2]) -> Progress {
    match (billable, billed) {
        _ if status.goods_issue_status == GoodsIssueStatus::Cancelled => Progress::NotRelevant,
        (0, _) => Progress::NotRelevant,
        (_, 0) => Progress::Open,
        _ if billed == billable => Progress::Complete,
        _ => Progress::Partial,
    }
}

/// One pass over the movements by which deliveries move goods.
fn moved(tx: &mut Tx<'_>) -> Result<Moved, Fault> {
    let settings = tx.settings::<DeliverySettings>()?;
    let types = settings.delivery_types.iter();
    let types = types.map(|(_, rule)| Cell::Text(rule.movement_type.to_string())).collect();
    let table = GoodsMovementHeader::def().table();
    let is_empty = |name: &str| -> Result<Condition, Fault> {
        Ok(Condition {
            column: column(table, name)?,
            operator: Operator::Empty,
            values: Vec::new(),
        })
    };
    let of_delivery = Condition {
        column: column(table, "movement_type")?,
        operator: Operator::In,
        values: types,
    };
    let columns = [0, column(table, "reference")?, column(table, "posting_date")?];
    let query = Select::from(table, &columns)
        .filter(of_delivery)
        .filter(is_empty("reversed_by")?)
        .filter(is_empty("reverses")?);
    let mut moved = Moved::new();
    tx.select(&query, &mut |row| {
        let movement = row.uuid()?.map(ObjectId);
        let reference = row.uuid()?.map(ObjectId);
        let date = row.date()?.and_then(date_from_days);
        if let (Some(movement), Some(reference), Some(date)) = (movement, reference, date) {
            moved.entry(reference).or_default().push((movement, date));
        }
        Ok(())
    })?;
    Ok(moved)
}

pub(super) fn column(table: &TableDef, name: &str) -> Result<usize, Fault> {
    let missing = || Fault::corrupt(format!("{} has no column {name}", table.name));
    table.position(name).ok_or_else(missing)
}
