//! How much of each document item was taken up by its successors.

use std::collections::HashMap;

use tessera_kernel::{
    Balance, Cell, CellRef, ColumnType, Condition, Fault, ObjectId, Operator, Placement, Select, Tx,
};

/// Per document item, in micro-units of the base unit: `referenced` by orders (of a quotation) and
/// returns (of an order), `delivered` by deliveries, `billed` by billing documents; and
/// `in_deliveries`, the credit value that the item's deliveries count for until they are billed,
/// in minor units of the currency of the credit control area.
pub static FULFILMENT: Balance = Balance::new(
    "fulfilment",
    &[("document", ColumnType::Uuid), ("item", ColumnType::Int)],
    &["referenced", "delivered", "billed", "in_deliveries"],
    Placement::Object(0),
);

const IN_DELIVERIES: usize = 3;

/// What successors do to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fulfilled {
    /// An order referred to a quotation, or a return to an order.
    Referenced,
    /// A delivery took it up.
    Delivered,
    /// A billing document took it up.
    Billed,
}

impl Fulfilled {
    /// Position of the measure.
    pub const fn measure(self) -> usize {
        match self {
            Self::Referenced => 0,
            Self::Delivered => 1,
            Self::Billed => 2,
        }
    }
}

/// What successors took up of one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// By orders (of a quotation item) and returns (of an order item), micro-units of the base unit.
    pub referenced: i64,
    /// By deliveries, micro-units of the base unit.
    pub delivered: i64,
    /// By billing documents, micro-units of the base unit.
    pub billed: i64,
    /// Credit value that deliveries count for until they are billed, minor units.
    pub in_deliveries: i64,
}

/// What successors took up of a document, by item.
#[derive(Clone, Debug, Default)]
pub struct Fulfilments(Vec<(u32, Taken)>);

impl Fulfilments {
    /// Of one item; nothing where none was taken up.
    pub fn of(&self, item: u32) -> Taken {
        let found = self.0.iter().find(|(candidate, _)| *candidate == item);
        found.map_or_else(Taken::default, |(_, taken)| *taken)
    }

    /// Notes what was just taken up, so that a verb need not read it again.
    pub fn add(&mut self, item: u32, what: Fulfilled, quantity: i64, credit: i64) {
        let position = match self.0.iter().position(|(candidate, _)| *candidate == item) {
            Some(position) => position,
            None => {
                self.0.push((item, Taken::default()));
                self.0.len() - 1
            }
        };
        let taken = &mut self.0[position].1;
        match what {
            Fulfilled::Referenced => taken.referenced += quantity,
            Fulfilled::Delivered => taken.delivered += quantity,
            Fulfilled::Billed => taken.billed += quantity,
        }
        taken.in_deliveries += credit;
    }
}

/// Takes up `quantity` (micro-units of the base unit) of an item, and adds `credit` minor units to
/// what its deliveries count for; false, and nothing done, where more than `limit` would be taken
/// up in all.
pub fn fulfil(
    tx: &mut Tx<'_>,
    (document, item): (ObjectId, u32),
    what: Fulfilled,
    quantity: i64,
    credit: i64,
    limit: i64,
) -> Result<bool, Fault> {
    let guard = FULFILMENT.at_least(&[(what.measure(), -1)], -limit);
    let key = [CellRef::Uuid(document.0), CellRef::Int(i64::from(item))];
    let deltas = [(what.measure(), quantity), (IN_DELIVERIES, credit)];
    tx.adjust(&FULFILMENT, &key, &deltas, Some(&guard))
}

/// Gives back what a successor took up: micro-units of the base unit, minor units of credit. The
/// exact opposite of [`fulfil`].
pub fn withdraw(
    tx: &mut Tx<'_>,
    (document, item): (ObjectId, u32),
    what: Fulfilled,
    quantity: i64,
    credit: i64,
) -> Result<(), Fault> {
    let key = [CellRef::Uuid(document.0), CellRef::Int(i64::from(item))];
    let guard = FULFILMENT.at_least(&[(what.measure(), 1)], 0);
    let deltas = [(what.measure(), -quantity), (IN_DELIVERIES, -credit)];
    if tx.adjust(&FULFILMENT, &key, &deltas, Some(&guard))? {
        return Ok(());
    }
    Err(Fault::corrupt(format!("item {item} of {document} gives back more than was taken up")))
}

/// What successors took up of a document.
pub fn fulfilments(tx: &mut Tx<'_>, document: ObjectId) -> Result<Fulfilments, Fault> {
    let mut found = Vec::new();
    tx.balances(&FULFILMENT, &[CellRef::Uuid(document.0)], &mut |key, measures| {
        if let (Cell::Int(item), &[referenced, delivered, billed, in_deliveries]) =
            (&key[1], measures)
        {
            let taken = Taken { referenced, delivered, billed, in_deliveries };
            found.push((u32::try_from(*item).unwrap_or(u32::MAX), taken));
        }
    })?;
    Ok(Fulfilments(found))
}

/// What successors took up of the documents from `first` to `last`, by document and item; for
/// checks.
pub fn fulfilments_between(
    tx: &mut Tx<'_>,
    first: ObjectId,
    last: ObjectId,
) -> Result<HashMap<(ObjectId, u32), Taken>, Fault> {
    let query = Select::all(FULFILMENT.table())
        .filter(Condition::compare(0, Operator::Ge, Cell::Uuid(first.0)))
        .filter(Condition::compare(0, Operator::Le, Cell::Uuid(last.0)));
    let mut found = HashMap::new();
    tx.select(&query, &mut |row| {
        let document = row.uuid()?.map(ObjectId);
        let item = row.int()?.and_then(|item| u32::try_from(item).ok());
        let mut measure = || row.int().map(Option::unwrap_or_default);
        let taken = Taken {
            referenced: measure()?,
            delivered: measure()?,
            billed: measure()?,
            in_deliveries: measure()?,
        };
        found.extend(document.zip(item).map(|key| (key, taken)));
        Ok(())
    })?;
    Ok(found)
}
