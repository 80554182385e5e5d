//! What modules ask of an open transaction.

use tessera_kernel::{
    Ahead, Cell, CellRef, Connection, Fault, Guard, RowSource, Select, StoreError, TableDef,
    WriteRow,
};

use crate::cells::{cells, to_cells};
use crate::link::{Answer, Step};
use crate::session::{Session, key_values};
use crate::statement::Operation;
use crate::value::{RowReader, Value};
use crate::{adjust, query, queue};

/// Called once per row.
type Visit<'v> = dyn FnMut(&mut dyn RowSource) -> Result<(), Fault> + 'v;

fn visit_rows(answer: &Answer, visit: &mut Visit<'_>) -> Result<(), Fault> {
    let places = answer.places.as_deref();
    answer.rows.iter().try_for_each(|row| visit(&mut RowReader::at(row, places)))
}

impl Connection for Session<'_> {
    fn insert(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        let cells = cells(table, row).map_err(|error| self.refuse(error))?;
        self.before_write(table, &cells)?;
        self.pending().insert(table, cells);
        Ok(())
    }

    fn replace(
        &mut self,
        table: &'static TableDef,
        row: &dyn WriteRow,
    ) -> Result<bool, StoreError> {
        let cells = cells(table, row).map_err(|error| self.refuse(error))?;
        self.before_write(table, &cells[..table.key])?;
        let key: Vec<CellRef<'_>> = cells[..table.key].iter().map(Cell::as_ref).collect();
        let values = cells.iter().zip(&table.columns);
        let values = values.map(|(cell, column)| Value::One(cell.clone(), column.ty)).collect();
        Ok(self.write(table, Operation::Replace, &key, values)? > 0)
    }

    fn put(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        let cells = cells(table, row).map_err(|error| self.refuse(error))?;
        self.before_write(table, &cells[..table.key])?;
        self.pending().put(table, cells);
        Ok(())
    }

    fn set(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        guard: Option<(usize, CellRef<'_>)>,
        columns: &[(usize, CellRef<'_>)],
    ) -> Result<bool, StoreError> {
        self.before_write(table, &to_cells(key))?;
        table.check_key(key, true)?;
        let changed = columns.iter().map(|(column, _)| *column).collect();
        let guarded = guard.map(|(column, _)| column);
        let of = |(column, cell): (usize, CellRef<'_>)| Value::of(cell, table.columns[column].ty);
        let values = columns.iter().copied().map(of);
        let values = values.chain(key_values(table, key)).chain(guard.map(of)).collect();
        if self.guesses() {
            let sql = self.text(table, Operation::SetSurely(changed, guarded));
            self.pending().keyed(table, key, Step { sql, values, table: Some(table) });
            return Ok(true);
        }
        Ok(self.write(table, Operation::Set(changed, guarded), key, values)? > 0)
    }

    fn delete(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
    ) -> Result<usize, StoreError> {
        self.before_write(table, &to_cells(prefix))?;
        table.check_key(prefix, false)?;
        let values = key_values(table, prefix).collect();
        let deleted = self.write(table, Operation::Delete(prefix.len()), prefix, values)?;
        Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
    }

    fn rows(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        table.check_key(prefix, false)?;
        let answer = self.keyed_rows(table, prefix, false)?;
        visit_rows(&answer, visit)
    }

    fn select(&mut self, select: &Select, visit: &mut Visit<'_>) -> Result<(), Fault> {
        let answer = self.ask(query::step(select), &query::values(select))?;
        visit_rows(&answer, visit)
    }

    fn adjust(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError> {
        self.before_write(table, &to_cells(key))?;
        table.check_key(key, true)?;
        let outcome = adjust::adjust(self, table, key, deltas, guard);
        outcome.map_err(|error| self.refuse(error))
    }

    fn hold(&mut self, table: &'static TableDef, key: &[CellRef<'_>]) -> Result<(), StoreError> {
        self.writable()?;
        table.check_key(key, true)?;
        self.hold_row(table, key)
    }

    fn ahead(&mut self, asks: &[Ahead<'_>]) -> Result<(), StoreError> {
        if asks.len() < 2 {
            return Ok(());
        }
        for ask in asks {
            ask.table.check_key(ask.key, ask.held)?;
        }
        self.ask_ahead(asks)
    }

    fn announce(&mut self, message: &str) -> Result<(), StoreError> {
        self.writable()?;
        self.say(message);
        Ok(())
    }

    fn rely(&mut self, message: &str) -> Result<(), StoreError> {
        self.writable()?;
        self.rely_on(message);
        Ok(())
    }

    fn announced(&mut self, hear: &mut dyn FnMut(Option<&str>)) -> Result<(), StoreError> {
        self.writable()?;
        self.listen(hear)
    }

    fn enqueue(&mut self, message: &str) -> Result<(), StoreError> {
        self.writable()?;
        self.queue(message);
        Ok(())
    }

    fn dequeue(
        &mut self,
        most: u32,
        take: &mut dyn FnMut(&str) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        self.writable()?;
        let answer = self.sent(queue::take(most))?.pop().unwrap_or_default();
        for row in &answer.rows {
            take(RowReader::new(row).text()?.unwrap_or_default())?;
        }
        Ok(true)
    }

    fn is_isolated(&self) -> bool {
        !self.is_writing()
    }

    fn refuses_late(&self) -> bool {
        true
    }

    fn row_held(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.writable()?;
        table.check_key(key, true)?;
        let answer = self.keyed_rows(table, key, true)?;
        visit_rows(&answer, visit)
    }
}
