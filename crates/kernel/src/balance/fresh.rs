//! Balance rows of objects that the running command made.
//!
//! Nobody else knows such an object, so that its rows begin with zeroes and only this command adjusts
//! them: they are kept in memory and written once, at the end or when a query reads them, however
//! often they are adjusted.

use std::collections::BTreeMap;

use super::{Balance, Guard};
use crate::{Cell, CellRef, Connection, ObjectId, RowSink, StoreError, WriteRow};

/// Rows by what follows the object in their key.
type Rows = BTreeMap<Vec<Cell>, Vec<i64>>;

/// The rows that the database does not have yet.
#[derive(Default)]
pub(crate) struct FreshBalances(BTreeMap<ObjectId, Vec<(&'static Balance, Rows)>>);

impl FreshBalances {
    /// The command made an object.
    pub(crate) fn begin(&mut self, id: ObjectId) {
        self.0.insert(id, Vec::new());
    }

    /// Whether every row under this key is here.
    pub(super) fn has(&self, key: &[CellRef<'_>]) -> bool {
        matches!(key.first(), Some(CellRef::Uuid(id)) if self.0.contains_key(&ObjectId(*id)))
    }

    /// Adds to a row; false, and nothing done, where `guard` would not hold afterwards. None where the
    /// row may be in the database.
    pub(super) fn adjust(
        &mut self,
        balance: &'static Balance,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Option<Result<bool, StoreError>> {
        let (CellRef::Uuid(id), rest) = key.split_first()? else { return None };
        let balances = self.0.get_mut(&ObjectId(*id))?;
        let known = balances.iter().position(|(known, _)| std::ptr::eq(*known, balance));
        let known = known.unwrap_or_else(|| {
            balances.push((balance, Rows::new()));
            balances.len() - 1
        });
        let rows = &mut balances[known].1;
        let rest: Vec<Cell> = rest.iter().map(|cell| cell.to_cell()).collect();
        let mut next = rows.get(&rest).cloned().unwrap_or_else(|| vec![0; balance.measures.len()]);
        for (measure, delta) in deltas {
            match next[*measure].checked_add(*delta) {
                Some(sum) => next[*measure] = sum,
                None => return Some(Err(StoreError::too_large(balance.table()))),
            }
        }
        let holds = guard.is_none_or(|guard| balance.holds(guard, &next));
        if holds {
            rows.insert(rest, next);
        }
        Some(Ok(holds))
    }

    /// Visits the rows under this key, in its order; false where they may be in the database.
    pub(super) fn visit(
        &self,
        balance: &'static Balance,
        prefix: &[CellRef<'_>],
        visit: &mut dyn FnMut(&[Cell], &[i64]),
    ) -> bool {
        let Some((object @ CellRef::Uuid(id), rest)) = prefix.split_first() else { return false };
        let Some(balances) = self.0.get(&ObjectId(*id)) else { return false };
        let Some((_, rows)) = balances.iter().find(|(known, _)| std::ptr::eq(*known, balance))
        else {
            return true;
        };
        let is_asked = |key: &[Cell]| rest.iter().zip(key).all(|(cell, own)| *cell == own.as_ref());
        for (key, measures) in rows.iter().filter(|(key, _)| is_asked(key)) {
            if !balance.is_over(measures) {
                let mut whole = vec![object.to_cell()];
                whole.extend_from_slice(key);
                visit(&whole, measures);
            }
        }
        true
    }

    /// Writes every row. From now on the database has them.
    pub(crate) fn write(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        for (id, balances) in std::mem::take(&mut self.0) {
            for (balance, rows) in balances {
                let kept = rows.iter().filter(|(_, measures)| !balance.is_over(measures));
                let kept: Vec<Row<'_>> =
                    kept.map(|(rest, measures)| Row { id, rest, measures }).collect();
                let rows: Vec<&dyn WriteRow> =
                    kept.iter().map(|row| row as &dyn WriteRow).collect();
                connection.insert_all(balance.table(), &rows)?;
            }
        }
        Ok(())
    }
}

struct Row<'r> {
    id: ObjectId,
    rest: &'r [Cell],
    measures: &'r [i64],
}

impl WriteRow for Row<'_> {
    fn write(&self, sink: &mut dyn RowSink) {
        sink.uuid(self.id.0);
        self.rest.write(sink);
        self.measures.iter().for_each(|measure| sink.int(*measure));
    }
}
