//! What modules ask of an open transaction.

use tessera_kernel::{
    Ahead, Cell, CellRef, Connection, Fault, Guard, RowSource, Select, StoreError, TableDef,
    WriteRow,
};

use crate::cells::{cells, to_cells};
use crate::link::{Answer, Step};
use crate::placed::{self, column};
use crate::session::Session;
use crate::statement::Operation;
use crate::value::{RowReader, Value};
use crate::{adjust, query, queue};

/// Called once per row.
type Visit<'v> = dyn FnMut(&mut dyn RowSource) -> Result<(), Fault> + 'v;

fn visit_rows(answer: &Answer, visit: &mut Visit<'_>) -> Result<(), Fault> {
    let places = answer.places.as_deref();
    answer.rows.iter().try_for_each(|row| visit(&mut RowReader::at(row, places)))
}

impl Session<'_> {
    /// A row as it is on the server, and its table.
    fn server_row(
        &mut self,
        table: &'static TableDef,
        row: &dyn WriteRow,
    ) -> Result<(&'static TableDef, Vec<Cell>), StoreError> {
        let mut cells = cells(table, row).map_err(|error| self.refuse(error))?;
        let server = placed::on_server(table);
        let told = server.placing_column().map(|at| cells[at].clone());
        if let Some(bucket) = self.bucket_by(server, told.as_ref()) {
            cells.insert(table.key, placed::cell(bucket));
        }
        Ok((server, cells))
    }
}

impl Connection for Session<'_> {
    fn insert(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        let (table, cells) = self.server_row(table, row)?;
        self.before_write(table, &cells)?;
        self.pending().insert(table, cells);
        Ok(())
    }

    fn replace(
        &mut self,
        table: &'static TableDef,
        row: &dyn WriteRow,
    ) -> Result<bool, StoreError> {
        let (table, cells) = self.server_row(table, row)?;
        self.before_write(table, &cells[..table.key])?;
        let values = cells.iter().zip(&table.columns);
        let values = values.map(|(cell, column)| Value::One(cell.clone(), column.ty)).collect();
        Ok(self.write(table, Operation::Replace, &cells[..table.key], values)? > 0)
    }

    fn put(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        let (table, cells) = self.server_row(table, row)?;
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
        table.check_key(key, true)?;
        let on_server = |at: usize| column(table, at);
        let changed = columns.iter().map(|(at, _)| on_server(*at)).collect();
        let guarded = guard.map(|(at, _)| on_server(at));
        let of = |(at, cell): (usize, CellRef<'_>)| Value::of(cell, table.columns[at].ty);
        let values: Vec<Value> = columns.iter().copied().map(of).collect();
        let guard = guard.map(of);
        let table = placed::on_server(table);
        self.before_write(table, &to_cells(key))?;
        let (whole, key) = (self.server_key(table, key), self.key_values(table, key));
        let values = values.into_iter().chain(key).chain(guard).collect();
        if self.guesses(table) {
            let sql = self.text(table, Operation::SetSurely(changed, guarded));
            self.pending().keyed(table, whole, Step { sql, values, table: Some(table) });
            return Ok(true);
        }
        Ok(self.write(table, Operation::Set(changed, guarded), &whole, values)? > 0)
    }

    fn delete(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
    ) -> Result<usize, StoreError> {
        table.check_key(prefix, false)?;
        let (table, cells) = (placed::on_server(table), to_cells(prefix));
        self.before_write(table, &cells)?;
        let values = self.key_values(table, prefix);
        let deleted = self.write(table, Operation::Delete(prefix.len()), &cells, values)?;
        Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
    }

    fn rows(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        table.check_key(prefix, false)?;
        let answer = self.keyed_rows(placed::on_server(table), prefix, false)?;
        visit_rows(&answer, visit)
    }

    fn select(&mut self, select: &Select, visit: &mut Visit<'_>) -> Result<(), Fault> {
        let values = query::values(select);
        let placing = select.table.placing_column();
        let told = values.iter().find(|(at, _)| Some(*at) == placing).map(|(_, cell)| cell.clone());
        let table = placed::on_server(select.table);
        let bucket = self.bucket_by(table, told.as_ref());
        let shifted = values.into_iter().map(|(at, cell)| (column(select.table, at), cell));
        let (step, shifted) = (query::step(select, bucket), shifted.collect::<Vec<_>>());
        let answer = match select.branches.len() {
            0 | 1 => self.ask(step, &shifted)?,
            _ => self.ask_by_parts(step, &shifted)?,
        };
        visit_rows(&answer, visit)
    }

    fn adjust(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError> {
        table.check_key(key, true)?;
        let shifted = |(at, value): &(usize, i64)| (column(table, *at), *value);
        let deltas: Vec<(usize, i64)> = deltas.iter().map(shifted).collect();
        let guard = guard.map(|guard| Guard {
            terms: guard.terms.iter().map(shifted).collect(),
            least: guard.least,
        });
        let table = placed::on_server(table);
        self.before_write(table, &to_cells(key))?;
        let key = self.server_key(table, key);
        let outcome = adjust::adjust(self, table, &key, &deltas, guard.as_ref());
        outcome.map_err(|error| self.refuse(error))
    }

    fn hold(&mut self, table: &'static TableDef, key: &[CellRef<'_>]) -> Result<(), StoreError> {
        self.writable()?;
        table.check_key(key, true)?;
        self.hold_row(placed::on_server(table), key)
    }

    fn ahead(&mut self, asks: &[Ahead<'_>]) -> Result<(), StoreError> {
        if asks.len() < 2 {
            return Ok(());
        }
        for ask in asks {
            ask.table.check_key(ask.key, ask.held)?;
        }
        let asks = asks.iter().map(|ask| Ahead { table: placed::on_server(ask.table), ..*ask });
        self.ask_ahead(&asks.collect::<Vec<_>>())
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

    fn count(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        by: (usize, i64),
    ) -> Result<i64, Fault> {
        table.check_key(key, true)?;
        let (at, by) = (column(table, by.0), by.1);
        Session::count(self, placed::on_server(table), key, (at, by))
    }

    fn draw(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        by: (usize, i64),
    ) -> Result<Option<i64>, StoreError> {
        table.check_key(key, true)?;
        let (at, by) = (column(table, by.0), by.1);
        Session::draw(self, placed::on_server(table), key, (at, by))
    }

    fn is_sharded(&self) -> bool {
        self.has_shards()
    }

    fn row_held(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.writable()?;
        table.check_key(key, true)?;
        let answer = self.keyed_rows(placed::on_server(table), key, true)?;
        visit_rows(&answer, visit)
    }

    fn row_shared(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.writable()?;
        table.check_key(key, true)?;
        let table = placed::on_server(table);
        let step = self.keyed(table, Operation::RowShared, key);
        let about: Vec<(usize, Cell)> = to_cells(key).into_iter().enumerate().collect();
        let answer = self.ask(step, &about)?;
        visit_rows(&answer, visit)
    }
}
