//! SQLite's errors in the engine's words.

use rusqlite::{ErrorCode, ffi};
use tessera_kernel::{StoreError, TableDef};
use tessera_store_sql::given_up;

/// An error of a statement that concerns no table in particular.
pub(crate) fn store_error(error: &rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return StoreError::Engine(error.to_string());
    };
    let said = message.clone().unwrap_or_else(|| failure.to_string());
    let unavailable = |what: &str| StoreError::Unavailable(format!("{what} ({said})"));
    match failure.code {
        ErrorCode::DiskFull => unavailable("the disk is full"),
        ErrorCode::ReadOnly => unavailable("the file can't be written"),
        ErrorCode::SystemIoFailure => unavailable("reading or writing the file failed"),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            unavailable("another program is using the file")
        }
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            unavailable("the file can't be opened")
        }
        ErrorCode::OperationInterrupted => given_up(),
        ErrorCode::OutOfMemory => unavailable("the memory is used up"),
        ErrorCode::NotADatabase => {
            StoreError::Incompatible("the file is not a Tessera database".to_string())
        }
        ErrorCode::DatabaseCorrupt => StoreError::Engine(format!(
            "the database file is damaged; restore the latest backup ({said})"
        )),
        _ => StoreError::Engine(said),
    }
}

/// An error of a statement on `table`.
pub(crate) fn table_error(error: &rusqlite::Error, table: &TableDef) -> StoreError {
    let (failure, message) = match error {
        rusqlite::Error::SqliteFailure(failure, message) => (failure, message),
        // What a row says of a value of its own that no column can hold.
        rusqlite::Error::ToSqlConversionFailure(why) => {
            let table = table.name.replace('_', " ");
            return StoreError::OutOfRange(format!("{table}: {why}"));
        }
        _ => return store_error(error),
    };
    let said = message.as_deref().unwrap_or_default();
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY => duplicate(table, "primary key"),
        ffi::SQLITE_CONSTRAINT_UNIQUE => duplicate(table, unique_index(table, said)),
        ffi::SQLITE_CONSTRAINT_NOTNULL => {
            let column = said.strip_prefix("NOT NULL constraint failed: ").unwrap_or(said);
            StoreError::Required(column.to_string())
        }
        ffi::SQLITE_CONSTRAINT_DATATYPE if said.contains("REAL value in INTEGER") => {
            StoreError::too_large(table)
        }
        _ => store_error(error),
    }
}

fn duplicate(table: &TableDef, index: &str) -> StoreError {
    StoreError::Duplicate { table: table.name.clone(), index: index.to_string() }
}

/// SQLite names the columns of a unique index, not the index.
fn unique_index<'t>(table: &'t TableDef, said: &str) -> &'t str {
    let columns = said.strip_prefix("UNIQUE constraint failed: ").unwrap_or(said);
    let of_columns = |positions: &[usize]| {
        let names: Vec<String> = positions
            .iter()
            .map(|position| format!("{}.{}", table.name, table.columns[*position].name))
            .collect();
        names.join(", ")
    };
    let mut unique = table.indexes.iter().filter(|index| index.unique);
    let found = unique.find(|index| of_columns(&index.columns) == columns);
    found.map_or("unique key", |index| index.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::{ColumnDef, ColumnType};

    fn failure(code: i32, message: &str) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message.to_string()))
    }

    #[test]
    fn a_unique_failure_names_its_index() {
        let columns = vec![
            ColumnDef::required("id", ColumnType::Int),
            ColumnDef::optional("mail", ColumnType::Text),
        ];
        let table = TableDef::new("person", columns, 1).with_index(&["mail"], true);
        let error = failure(ffi::SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: person.mail");
        assert_eq!(table_error(&error, &table), duplicate(&table, "person_by_mail"));
    }

    #[test]
    fn a_full_disk_is_unavailable() {
        let error = failure(ffi::SQLITE_FULL, "database or disk is full");
        assert!(matches!(store_error(&error), StoreError::Unavailable(_)));
    }
}
