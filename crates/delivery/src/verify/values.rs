//! The values of goods movements against the books.

use std::collections::HashMap;

use tessera_finance::{Side, each_entry};
use tessera_kernel::{
    Aggregate, Cell, Choice as _, Condition, Fault, Findings, ObjectId, Operator, Segment as _,
    Select, Tx,
};
use tessera_stock::{Direction, GoodsMovementHeader, GoodsMovementItem, StockSettings};

use super::status::column;

/// A movement that is booked, in minor units of the company's currency.
#[derive(Default)]
struct Booked {
    reversed: bool,
    /// Value of what came in or went out.
    value: i64,
    /// Whether it is a transfer, and whether it took goods to another standard price.
    transfer: bool,
    repriced: bool,
    /// Debits of its entries.
    posted: i64,
    /// Entries, and those of them that were reversed.
    entries: [usize; 2],
}

/// Checks that every movement that is booked and has a value has its entry, of the same value, and
/// that the entry is reversed where the movement is.
pub(crate) fn check(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut booked = movements(tx)?;
    add_values(tx, &mut booked)?;
    each_entry(tx, |entry| -> Result<(), Fault> {
        let header = &entry.header;
        let of = header.reference.filter(|_| header.reverses.is_none());
        if let Some(movement) = of.and_then(|id| booked.get_mut(&id)) {
            movement.entries[0] += 1;
            movement.entries[1] += usize::from(header.reversed_by.is_some());
            let debits = entry.lines.iter().filter(|line| line.side == Side::Debit);
            movement.posted += debits.map(|line| line.amount.minor()).sum::<i64>();
        }
        Ok(())
    })?;
    findings.compared("movement_values", booked.len());
    for (id, Booked { reversed, value, transfer, repriced, posted, entries }) in booked {
        let [all, taken_back] = entries;
        if if transfer { repriced && all == 0 } else { posted != value } {
            findings.differs(format!(
                "goods movement {id} has the value {value}, its entries have {posted} (minor units)"
            ));
        }
        if taken_back != if reversed { all } else { 0 } {
            findings.differs(format!(
                "{taken_back} of {all} entries of goods movement {id} are reversed"
            ));
        }
    }
    Ok(())
}

/// The movements that their type books, but for those that take back others: these reverse the
/// entries of what they took back.
fn movements(tx: &mut Tx<'_>) -> Result<HashMap<ObjectId, Booked>, Fault> {
    let settings = tx.settings::<StockSettings>()?;
    let types = settings.movement_types.iter().filter(|(_, rule)| rule.posting.is_some());
    let values: Vec<Cell> = types.map(|(code, _)| Cell::Text(code.to_string())).collect();
    let table = GoodsMovementHeader::def().table();
    let column = |name| column(table, name);
    let booked = Condition { column: column("movement_type")?, operator: Operator::In, values };
    let original =
        Condition { column: column("reverses")?, operator: Operator::Empty, values: Vec::new() };
    let query = Select::from(table, &[0, column("reversed_by")?]).filter(booked).filter(original);
    let mut movements = HashMap::new();
    tx.select(&query, &mut |row| {
        let id = row.uuid()?.map(ObjectId);
        let reversed = row.uuid()?.is_some();
        movements.extend(id.map(|id| (id, Booked { reversed, ..Booked::default() })));
        Ok(())
    })?;
    Ok(movements)
}

/// Adds the values of the items: one row per movement and direction. A transfer is booked by what
/// it gained or lost, and in full only between two accounts.
fn add_values(tx: &mut Tx<'_>, booked: &mut HashMap<ObjectId, Booked>) -> Result<(), Fault> {
    let table = GoodsMovementItem::def().table();
    let column = |name| column(table, name);
    let query = Select::from(table, &[0, column("direction")?])
        .aggregate(Aggregate::Sum(column("value")?))
        .aggregate(Aggregate::Sum(column("to_value")?));
    let transfer = Direction::Transfer.code();
    tx.select(&query, &mut |row| {
        let movement = row.uuid()?.map(ObjectId);
        let transfer = row.text()? == Some(transfer);
        let (value, to_value) = (row.int()?.unwrap_or(0), row.int()?.unwrap_or(0));
        if let Some(movement) = movement.and_then(|id| booked.get_mut(&id)) {
            movement.transfer |= transfer;
            movement.repriced |= transfer && to_value != 0 && to_value != value;
            movement.value += value;
        }
        Ok(())
    })
}
