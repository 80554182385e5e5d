//! Guarded counters.
//!
//! Without a guard there is nothing to answer: the sums wait with the other writes. Nearly every guard
//! holds, so a command is told at first that it does, and the sums wait too; the server refuses the
//! command where one does not, and it is run again. Then one `UPDATE` adds where the outcome holds, and
//! locks the row. Where there is no row, one is made from zeroes, unless another command was faster: then
//! the `UPDATE` is tried once more on what it made.

use tessera_kernel::{Cell, ColumnType, Guard, StoreError, TableDef};

use crate::placed::bucket_column;
use crate::session::Session;
use crate::statement::Operation;
use crate::value::Value;

/// Adds `deltas` to the row with this whole key if `guard` holds afterwards.
pub(crate) fn adjust(
    session: &mut Session<'_>,
    table: &'static TableDef,
    key: &[Cell],
    deltas: &[(usize, i64)],
    guard: Option<&Guard>,
) -> Result<bool, StoreError> {
    let sums = sums(table, deltas)?;
    let Some(guard) = guard else {
        session.pending().add(table, key.to_vec(), &sums)?;
        return Ok(true);
    };
    if guard.terms.iter().any(|(column, _)| !is_counter(table, *column)) {
        return Err(no_counter(table));
    }
    let under_guard = Adjustment { table, key, sums: &sums, guard };
    if session.guesses(table) {
        let from_zero = under_guard.holds_from_zero()?;
        session.pending().add_guarded(table, key.to_vec(), &sums, guard, from_zero);
        return Ok(true);
    }
    if under_guard.add(session)? {
        return Ok(true);
    }
    if !under_guard.holds_from_zero()? {
        return Ok(false);
    }
    Ok(under_guard.start(session)? || under_guard.add(session)?)
}

fn is_counter(table: &TableDef, column: usize) -> bool {
    column >= table.key && column < table.columns.len()
}

fn no_counter(table: &TableDef) -> StoreError {
    StoreError::Engine(format!("a column of {} that is no counter was to be adjusted", table.name))
}

/// One sum per column; at least one, so that there is something to set.
fn sums(table: &TableDef, deltas: &[(usize, i64)]) -> Result<Vec<(usize, i64)>, StoreError> {
    let mut sums: Vec<(usize, i64)> = Vec::with_capacity(deltas.len().max(1));
    for (column, delta) in deltas {
        if !is_counter(table, *column) {
            return Err(no_counter(table));
        }
        match sums.iter_mut().find(|(other, _)| other == column) {
            Some((_, sum)) => {
                *sum = sum.checked_add(*delta).ok_or_else(|| StoreError::too_large(table))?;
            }
            None => sums.push((*column, *delta)),
        }
    }
    if sums.is_empty() {
        sums.push((table.key, 0));
    }
    Ok(sums)
}

struct Adjustment<'a> {
    table: &'static TableDef,
    key: &'a [Cell],
    sums: &'a [(usize, i64)],
    guard: &'a Guard,
}

impl Adjustment<'_> {
    fn columns(&self) -> Vec<usize> {
        self.sums.iter().map(|(column, _)| *column).collect()
    }

    fn key_values(&self) -> impl Iterator<Item = Value> {
        let cells = self.key.iter().zip(&self.table.columns);
        cells.map(|(cell, column)| Value::One(cell.clone(), column.ty))
    }

    fn sum_values(&self) -> impl Iterator<Item = Value> {
        self.sums.iter().map(|(_, sum)| Value::int(*sum))
    }

    /// Adds to the row that is there.
    fn add(&self, session: &mut Session<'_>) -> Result<bool, StoreError> {
        let operation = Operation::Add(self.columns(), self.guard.terms.clone());
        let least = Value::int(self.guard.least);
        let values = self.sum_values().chain(self.key_values()).chain([least]);
        let changed = session.write(self.table, operation, self.key, values.collect())? > 0;
        if changed && self.table.sparse {
            let keys = self.key.iter().zip(&self.table.columns);
            let keys = keys.map(|(cell, column)| Value::Many(vec![cell.clone()], column.ty));
            let bucket = bucket_column(self.table).map(|at| self.key[at].clone());
            let bucket = bucket.map(|bucket| Value::One(bucket, ColumnType::Int));
            session.write(self.table, Operation::Sweep, self.key, keys.chain(bucket).collect())?;
        }
        Ok(changed)
    }

    /// Makes the row from zeroes.
    fn start(&self, session: &mut Session<'_>) -> Result<bool, StoreError> {
        if self.table.sparse && self.sums.iter().all(|(_, sum)| *sum == 0) {
            return Ok(true);
        }
        let values = self.key_values().chain(self.sum_values());
        let operation = Operation::Start(self.columns());
        Ok(session.write(self.table, operation, self.key, values.collect())? > 0)
    }

    fn holds_from_zero(&self) -> Result<bool, StoreError> {
        let mut outcome = 0_i128;
        for (column, factor) in &self.guard.terms {
            let sum = self.sums.iter().find(|(changed, _)| changed == column);
            let sum = sum.map_or(0, |(_, sum)| i128::from(*sum));
            outcome = sum
                .checked_mul(i128::from(*factor))
                .and_then(|term| outcome.checked_add(term))
                .ok_or_else(|| StoreError::too_large(self.table))?;
        }
        Ok(outcome >= i128::from(self.guard.least))
    }
}
