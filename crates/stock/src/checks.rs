//! The balances of stock against the documents beneath them.

use std::collections::HashMap;

use tessera_kernel::{
    Aggregate, Balance, Cell, Choice, Code, ColumnType, Date, Fault, Findings, Ref, Segment,
    Select, TableDef, Tx, date_from_days, format_decimal, from_micros, read_cell,
};
use tessera_product::Product;

use crate::balances::{RECEIPTS, REQUIREMENT, RESERVED, STOCK};
use crate::{Direction, GoodsMovementItem, PlannedReceiptTerms};

type Sums = HashMap<Vec<Cell>, i64>;

/// [`STOCK`] is the sum of the items of all goods movements.
pub(crate) fn check_stock(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let table = GoodsMovementItem::def().table();
    let mut expected = Sums::new();
    let from = ["product", "plant", "storage_location", "direction"];
    for (mut key, quantity) in sums(tx, table, &from, "quantity")? {
        let adds = key.pop() == Some(Cell::Text(Direction::Receipt.code().to_string()));
        *expected.entry(key).or_default() += if adds { quantity } else { -quantity };
    }
    let to = ["product", "to_plant", "to_storage_location"];
    for (key, quantity) in sums(tx, table, &to, "quantity")? {
        if key[1] != Cell::Null {
            *expected.entry(key).or_default() += quantity;
        }
    }
    compare(tx, &STOCK, 0, "stock", expected, findings)
}

/// What is expected by [`REQUIREMENT`] is what the planned receipts have open.
pub(crate) fn check_receipts(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let table = PlannedReceiptTerms::def().table();
    let expected = sums(tx, table, &["product", "plant", "date"], "open_quantity")?;
    compare(tx, &REQUIREMENT, RECEIPTS, "receipts", expected, findings)
}

/// Compares what is reserved with what the documents above reserve: micro-units of the base unit
/// by product, plant and day.
pub fn compare_reserved(
    tx: &mut Tx<'_>,
    expected: &HashMap<(Ref<Product>, Code, Date), i64>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let cells = expected.iter().map(|((product, plant, date), micros)| {
        let day = tessera_kernel::date_to_days(*date);
        let key = vec![Cell::Uuid(product.id().0), Cell::Text(plant.to_string()), Cell::Date(day)];
        (key, *micros)
    });
    let expected = cells.collect();
    compare(tx, &REQUIREMENT, RESERVED, "reserved", expected, findings)
}

/// Sums of a column by other columns.
fn sums(
    tx: &mut Tx<'_>,
    table: &'static TableDef,
    group: &[&str],
    figure: &str,
) -> Result<Sums, Fault> {
    let column = |name: &str| {
        let missing = || Fault::corrupt(format!("{} has no column {name}", table.name));
        table.position(name).ok_or_else(missing)
    };
    let columns = group.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?;
    let types: Vec<ColumnType> = columns.iter().map(|column| table.columns[*column].ty).collect();
    let query = Select::from(table, &columns).aggregate(Aggregate::Sum(column(figure)?));
    let mut sums = Sums::new();
    tx.select(&query, &mut |row| {
        let mut key = Vec::with_capacity(types.len());
        for ty in &types {
            key.push(read_cell(row, *ty)?);
        }
        let sum = row.int()?.unwrap_or(0);
        sums.insert(key, sum);
        Ok(())
    })?;
    Ok(sums)
}

/// Names every row of a balance whose measure is not what was expected.
fn compare(
    tx: &mut Tx<'_>,
    balance: &'static Balance,
    measure: usize,
    name: &str,
    mut expected: Sums,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let (mut compared, mut found) = (0, Vec::new());
    tx.all_balances(balance, &mut |key, measures| {
        compared += 1;
        let wanted = expected.remove(key).unwrap_or(0);
        if measures[measure] != wanted {
            found.push((key.to_vec(), measures[measure], wanted));
        }
    })?;
    found.extend(expected.into_iter().filter(|(_, sum)| *sum != 0).map(|(key, sum)| (key, 0, sum)));
    found.sort();
    for (key, stored, wanted) in found {
        let (stored, wanted) = (from_micros(stored), from_micros(wanted));
        findings.differs(format!(
            "{name} of {}: the balance says {}, the documents say {}",
            describe(&key),
            format_decimal(stored),
            format_decimal(wanted),
        ));
    }
    findings.compared(name, compared);
    Ok(())
}

fn describe(key: &[Cell]) -> String {
    let cells = key.iter().map(|cell| match cell {
        Cell::Uuid(id) => format!("product {id}"),
        Cell::Text(text) => text.clone(),
        Cell::Date(day) => date_from_days(*day).map_or_else(|| day.to_string(), |d| d.to_string()),
        other => format!("{other:?}"),
    });
    cells.collect::<Vec<_>>().join(", ")
}
