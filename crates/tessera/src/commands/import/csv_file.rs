//! CSV: a header of paths, a row a record.

use serde_json::{Map, Value};
use tessera_kernel::ObjectEntry;

use super::Row;
use super::columns::{Column, close_gaps};
use super::input::Input;
use crate::error::CommandError;

/// Reads every row; a header that names no fields is refused before any row is read.
pub(super) fn read(
    input: Input,
    entry: &ObjectEntry,
    take: &mut dyn FnMut(Row),
) -> Result<(), CommandError> {
    let definition =
        entry.create_input.map_or_else(|| (entry.def)().composite, |definition| definition());
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input.reader);
    let headers = reader.headers().map_err(|error| CommandError::Input(error.to_string()))?;
    let columns = headers
        .iter()
        // A byte order mark that a spreadsheet left.
        .map(|path| Column::parse(path.trim_start_matches('\u{feff}'), definition))
        .collect::<Result<Vec<Column>, String>>()
        .map_err(CommandError::Input)?;
    let mut record = csv::StringRecord::new();
    loop {
        let before = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {
                let line = record.position().map_or(before, csv::Position::line);
                take((line, row(&columns, &record)));
            }
            Ok(false) => return Ok(()),
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                let line = error.position().map_or(before, csv::Position::line);
                take((line, Err("is not UTF-8".to_string())));
            }
            Err(error) => return Err(CommandError::Input(error.to_string())),
        }
    }
}

fn row(columns: &[Column], record: &csv::StringRecord) -> Result<Value, String> {
    if record.len() != columns.len() {
        return Err(format!("has {} values, the header {}", record.len(), columns.len()));
    }
    let mut value = Map::new();
    for (column, text) in columns.iter().zip(record) {
        column.put(&mut value, text)?;
    }
    close_gaps(&mut value);
    Ok(Value::Object(value))
}
