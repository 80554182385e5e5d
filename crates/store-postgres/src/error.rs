//! The server's errors in the engine's words.

use tessera_kernel::{StoreError, TableDef};
use tokio_postgres::error::{DbError, SqlState};

use crate::statement::identifier;

/// How the client starts what it says of an address, password or encryption that can't work: trying
/// again would change nothing.
const UNREACHABLE_AS_GIVEN: [&str; 3] =
    ["invalid configuration", "authentication error", "error performing TLS handshake"];

/// What a failure means for the transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// The transaction lost against others: it can be run again.
    Again(String),
    /// The connection is gone, or leads to a server that does not write.
    Lost(String),
    /// The statement was refused.
    Refused(StoreError),
    /// What the command was told before the server was asked, or had heard before it began, is not so
    /// any more: it can be run again.
    Surprise,
}

impl Failure {
    /// The failure as a command or read is told of it.
    pub(crate) fn told(self) -> StoreError {
        match self {
            Self::Again(why) => StoreError::Unavailable(format!("too many at once ({why})")),
            Self::Lost(why) => {
                StoreError::Unavailable(format!("the server can't be reached ({why})"))
            }
            Self::Refused(error) => error,
            Self::Surprise => {
                StoreError::Unavailable("what it rests on keeps changing".to_string())
            }
        }
    }
}

/// The failure of a statement on `table`, if it concerns one.
pub(crate) fn failure(error: &tokio_postgres::Error, table: Option<&TableDef>) -> Failure {
    let Some(said) = error.as_db_error() else {
        let why = with_sources(error);
        return match () {
            () if why.contains("error serializing parameter") => {
                Failure::Refused(out_of_range(&why))
            }
            () if UNREACHABLE_AS_GIVEN.iter().any(|given| why.starts_with(given)) => {
                Failure::Refused(StoreError::Unavailable(why))
            }
            () => Failure::Lost(why),
        };
    };
    let message = said.message().to_string();
    let class = &said.code().code()[..2];
    match said.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
            Failure::Again(message)
        }
        // As `statement::refused_unless` makes the server report it.
        &SqlState::DIVISION_BY_ZERO => Failure::Surprise,
        &SqlState::READ_ONLY_SQL_TRANSACTION => Failure::Lost(message),
        // The server has ended the connection: this process stood still for a while.
        &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Failure::Lost(message),
        // Said when a connection is opened; somebody else's may end any time.
        &SqlState::TOO_MANY_CONNECTIONS => Failure::Lost(message),
        _ if class == "08" || class == "57" && said.code() != &SqlState::QUERY_CANCELED => {
            Failure::Lost(message)
        }
        _ => Failure::Refused(refused(said, table)),
    }
}

fn refused(said: &DbError, table: Option<&TableDef>) -> StoreError {
    let message = said.message();
    match *said.code() {
        SqlState::UNIQUE_VIOLATION => duplicate(said, table),
        SqlState::NOT_NULL_VIOLATION => {
            let part = |part: Option<&str>| part.unwrap_or("?").to_string();
            StoreError::Required(format!("{}.{}", part(said.table()), part(said.column())))
        }
        SqlState::NUMERIC_VALUE_OUT_OF_RANGE
        | SqlState::DATETIME_FIELD_OVERFLOW
        | SqlState::CHARACTER_NOT_IN_REPERTOIRE
        | SqlState::PROGRAM_LIMIT_EXCEEDED => out_of_range(message),
        SqlState::DISK_FULL => StoreError::Unavailable(format!("the disk is full ({message})")),
        SqlState::OUT_OF_MEMORY | SqlState::IO_ERROR => {
            StoreError::Unavailable(message.to_string())
        }
        SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED => {
            StoreError::Unavailable(format!("it took too long ({message})"))
        }
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            StoreError::Unavailable(format!(
                "the server refuses the user or the password ({message})"
            ))
        }
        SqlState::INVALID_CATALOG_NAME => StoreError::Unavailable(format!(
            "{message}: make an empty one with `createdb`, Tessera makes its tables"
        )),
        SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Unavailable(format!(
            "{message}: let the user own the database, or a schema in it"
        )),
        _ => StoreError::Engine(format!("{message} ({})", said.code().code())),
    }
}

fn out_of_range(why: &str) -> StoreError {
    StoreError::OutOfRange(format!("a value does not fit its column: {why}"))
}

/// The server names table and index; a cluster names the index of a shard, and only in its message.
fn duplicate(said: &DbError, table: Option<&TableDef>) -> StoreError {
    let constraint = said.constraint().unwrap_or_else(|| constraint_in(said.message()));
    let known =
        table.filter(|table| said.table().is_none_or(|said| said == identifier(&table.name)));
    let of_table = |table: &TableDef| index_of(table, constraint);
    let index = known.and_then(of_table).unwrap_or_else(|| match constraint.ends_with("_pkey") {
        true => PRIMARY.to_string(),
        false => constraint.to_string(),
    });
    let table = known.map_or_else(|| said.table().unwrap_or("?"), |table| &table.name);
    StoreError::Duplicate { table: table.to_string(), index }
}

const PRIMARY: &str = "primary key";

/// The index that a constraint is, of a table or one of its shards.
fn index_of(table: &TableDef, constraint: &str) -> Option<String> {
    let mut indexes = table.indexes.iter();
    let found = indexes.find(|index| is_or_is_of_a_shard(constraint, &identifier(&index.name)));
    let primary = identifier(&format!("{}_pkey", table.name));
    let is_primary = || is_or_is_of_a_shard(constraint, &primary).then(|| PRIMARY.to_string());
    found.map(|index| index.name.clone()).or_else(is_primary)
}

/// The name of a constraint in a message, whatever the language and its quotes are: our names have words that
/// are joined.
fn constraint_in(message: &str) -> &str {
    let mut words = message.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.find(|word| word.contains('_')).unwrap_or_default()
}

/// Whether a name is one of ours, or the same with the number of a shard behind it.
fn is_or_is_of_a_shard(said: &str, own: &str) -> bool {
    let number = said.strip_prefix(own).map(|rest| rest.strip_prefix('_').unwrap_or(rest));
    number.is_some_and(|number| number.bytes().all(|letter| letter.is_ascii_digit()))
}

/// An error with what it rests on.
pub(crate) fn with_sources(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tessera_kernel::{ColumnDef, ColumnType};

    use super::*;

    #[test]
    fn the_index_of_a_shard_is_told_as_that_of_its_table() {
        let columns = vec![
            ColumnDef::required("id", ColumnType::Uuid),
            ColumnDef::optional("number", ColumnType::Text),
        ];
        let table = TableDef::new("letter", columns, 1).with_index(&["number"], true);
        for (message, index) in [
            (
                "duplicate key value violates unique constraint \"letter_by_number_102008\"",
                "letter_by_number",
            ),
            ("doppelter Schlüsselwert verletzt »letter_pkey_102008«", "primary key"),
            ("… \"letter_by_number\"", "letter_by_number"),
        ] {
            assert_eq!(index_of(&table, constraint_in(message)).as_deref(), Some(index));
        }
        assert_eq!(index_of(&table, "letter_by_number_and_day"), None);
    }
}
