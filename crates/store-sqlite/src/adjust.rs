//! Guarded counters.
//!
//! There is one writer, so that reading a row, deciding and writing it is atomic. Deciding here and
//! not in SQL keeps the sums exact beyond 64 bits and needs no statement per shape of guard.

use tessera_kernel::{CellRef, ColumnType, Connection, Fault, Guard, StoreError, TableDef};

use crate::statements::Bound;

/// Counters of one row by their position behind the key; wider tables go to the heap.
const INLINE: usize = 16;

/// Whether one `UPDATE` can do the whole adjustment of a row that is there, which SQL can where
/// nothing but the outcome can leave 64 bits: then that outcome is an error, or so far beyond any
/// bound that rounding does not matter. Answers the bound on the row before the adjustment and
/// pushes the columns to add to and to compare.
pub(crate) fn bound(
    table: &TableDef,
    deltas: &[(usize, i64)],
    guard: Option<&Guard>,
    columns: &mut Vec<usize>,
) -> Option<(Bound, i64)> {
    let is_counter = |column: usize| {
        column >= table.key && table.columns.get(column).is_some_and(|column| column.required)
    };
    for (column, _) in deltas {
        if !is_counter(*column) || columns.contains(column) {
            return None;
        }
        columns.push(*column);
    }
    if table.sparse || deltas.is_empty() {
        return None;
    }
    let Some(guard) = guard else { return Some((Bound::None, 0)) };
    let (bound, terms) = match *guard.terms.as_slice() {
        [(one, 1)] => (Bound::One, [Some(one), None]),
        [(one, -1)] => (Bound::Negated, [Some(one), None]),
        [(one, 1), (other, 1)] => (Bound::Sum, [Some(one), Some(other)]),
        [(one, 1), (other, -1)] | [(other, -1), (one, 1)] => {
            (Bound::Difference, [Some(one), Some(other)])
        }
        _ => return None,
    };
    let mut least = i128::from(guard.least);
    for (column, factor) in &guard.terms {
        let delta = deltas.iter().find(|(changed, _)| changed == column);
        least -= delta.map_or(0, |(_, delta)| i128::from(*delta) * i128::from(*factor));
    }
    columns.extend(terms.into_iter().flatten());
    let exact = guard.terms.iter().all(|(column, _)| is_counter(*column));
    let least = i64::try_from(least).ok().filter(|least| *least > i64::MIN)?;
    exact.then_some((bound, least))
}

/// Adds `deltas` to the row with this key if `guard` holds afterwards.
pub(crate) fn adjust(
    connection: &mut dyn Connection,
    table: &'static TableDef,
    key: &[CellRef<'_>],
    deltas: &[(usize, i64)],
    guard: Option<&Guard>,
) -> Result<bool, StoreError> {
    let (mut inline, mut heap) = ([0; INLINE], Vec::new());
    let width = table.columns.len() - table.key;
    let counters = if width <= INLINE {
        &mut inline[..width]
    } else {
        heap.resize(width, 0);
        &mut heap[..]
    };
    let found = read(connection, table, key, counters)?;
    for (column, delta) in deltas {
        let counter = counter(table, counters, *column)?;
        *counter = counter.checked_add(*delta).ok_or_else(|| StoreError::too_large(table))?;
    }
    if let Some(guard) = guard
        && !holds(table, counters, guard)?
    {
        return Ok(false);
    }
    write(connection, table, key, deltas, counters, found)?;
    Ok(true)
}

/// Fills `counters` from the row, if there is one.
fn read(
    connection: &mut dyn Connection,
    table: &'static TableDef,
    key: &[CellRef<'_>],
    counters: &mut [i64],
) -> Result<bool, StoreError> {
    let mut found = false;
    let outcome = connection.rows(table, key, &mut |row| {
        found = true;
        for column in &table.columns[..table.key] {
            match column.ty {
                ColumnType::Text => row.text().map(drop)?,
                ColumnType::Uuid => row.uuid().map(drop)?,
                _ => row.int().map(drop)?,
            }
        }
        for counter in &mut *counters {
            *counter = row.int()?.unwrap_or(0);
        }
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(found),
        Err(Fault::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Engine(format!("{}: {other}", table.name))),
    }
}

fn counter<'c>(
    table: &TableDef,
    counters: &'c mut [i64],
    column: usize,
) -> Result<&'c mut i64, StoreError> {
    let position = column.checked_sub(table.key);
    position.and_then(|position| counters.get_mut(position)).ok_or_else(|| {
        StoreError::Engine(format!("column {column} of {} is not a counter", table.name))
    })
}

/// Whether the weighted sum reaches the bound.
fn holds(table: &TableDef, counters: &mut [i64], guard: &Guard) -> Result<bool, StoreError> {
    let mut sum = 0_i128;
    for (column, factor) in &guard.terms {
        let value = *counter(table, counters, *column)?;
        sum = i128::from(value)
            .checked_mul(i128::from(*factor))
            .and_then(|product| sum.checked_add(product))
            .ok_or_else(|| StoreError::too_large(table))?;
    }
    Ok(sum >= i128::from(guard.least))
}

fn write(
    connection: &mut dyn Connection,
    table: &'static TableDef,
    key: &[CellRef<'_>],
    deltas: &[(usize, i64)],
    counters: &[i64],
    found: bool,
) -> Result<(), StoreError> {
    let gone = table.sparse && counters.iter().all(|counter| *counter == 0);
    if gone {
        return if found { connection.delete(table, key).map(drop) } else { Ok(()) };
    }
    let (mut inline, mut heap) = ([(0, CellRef::Null); INLINE], Vec::new());
    if found {
        let changed =
            deltas.iter().map(|(column, _)| (*column, CellRef::Int(counters[*column - table.key])));
        let columns = if deltas.len() <= INLINE {
            inline.iter_mut().zip(changed).for_each(|(slot, cell)| *slot = cell);
            &inline[..deltas.len()]
        } else {
            heap.extend(changed);
            &heap[..]
        };
        return connection.set(table, key, None, columns).map(drop);
    }
    connection.insert(table, &NewRow { key, counters })
}

struct NewRow<'r> {
    key: &'r [CellRef<'r>],
    counters: &'r [i64],
}

impl tessera_kernel::WriteRow for NewRow<'_> {
    fn write(&self, sink: &mut dyn tessera_kernel::RowSink) {
        self.key.write(sink);
        for counter in self.counters {
            sink.int(*counter);
        }
    }
}
