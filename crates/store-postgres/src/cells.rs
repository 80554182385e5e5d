//! Keys, and what a row writes, as cells of a table.

use tessera_kernel::{Cell, CellRef, ColumnType, RowSink, StoreError, TableDef, WriteRow};
use uuid::Uuid;

/// The cells of a key.
pub(crate) fn to_cells(key: &[CellRef<'_>]) -> Vec<Cell> {
    key.iter().map(|cell| cell.to_cell()).collect()
}

/// The cells that a row writes, if they are those of the table.
pub(crate) fn cells(table: &TableDef, row: &dyn WriteRow) -> Result<Vec<Cell>, StoreError> {
    let mut sink = Cells { table, cells: Vec::with_capacity(table.columns.len()), refused: None };
    row.write(&mut sink);
    if let Some(why) = sink.refused {
        return Err(StoreError::OutOfRange(format!("{}: {why}", table.name.replace('_', " "))));
    }
    let (given, wanted) = (sink.cells.len(), table.columns.len());
    if given != wanted {
        return Err(StoreError::Engine(format!(
            "a row of {} was written with {given} columns instead of {wanted}",
            table.name
        )));
    }
    let misfit =
        sink.cells.iter().zip(&table.columns).find(|(cell, column)| !fits(cell, column.ty));
    match misfit {
        Some((cell, column)) => Err(StoreError::Engine(format!(
            "{cell:?} was given for {}.{}",
            table.name, column.name
        ))),
        None => Ok(sink.cells),
    }
}

fn fits(cell: &Cell, ty: ColumnType) -> bool {
    match cell {
        Cell::Null => true,
        Cell::Bool(_) => ty == ColumnType::Bool,
        Cell::Int(_) => ty == ColumnType::Int,
        Cell::Text(_) => ty == ColumnType::Text,
        Cell::Uuid(_) => ty == ColumnType::Uuid,
        Cell::Date(_) => ty == ColumnType::Date,
        Cell::Instant(_) => ty == ColumnType::Instant,
    }
}

struct Cells<'t> {
    table: &'t TableDef,
    cells: Vec<Cell>,
    refused: Option<String>,
}

impl RowSink for Cells<'_> {
    fn null(&mut self) {
        self.cells.push(Cell::Null);
    }
    fn bool(&mut self, value: bool) {
        self.cells.push(Cell::Bool(value));
    }
    fn int(&mut self, value: i64) {
        self.cells.push(Cell::Int(value));
    }
    fn text(&mut self, value: &str) {
        if value.contains('\0') {
            self.refuse("a text has a NUL character");
            return;
        }
        self.cells.push(Cell::Text(value.to_string()));
    }
    fn uuid(&mut self, value: Uuid) {
        self.cells.push(Cell::Uuid(value));
    }
    fn date(&mut self, value: i32) {
        self.cells.push(Cell::Date(value));
    }
    fn instant(&mut self, value: i64) {
        self.cells.push(Cell::Instant(value));
    }
    fn refuse(&mut self, why: &str) {
        let column = self.table.columns.get(self.cells.len()).map_or("?", |column| &column.name);
        self.refused.get_or_insert(format!("{column}: {why}"));
        self.cells.push(Cell::Null);
    }
}
