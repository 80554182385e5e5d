//! The database's queue: messages in the order in which commands put them while they held the same
//! rows. The server numbers them as they are written, at the end of the command, with every row held.

use tessera_kernel::{Cell, ColumnType};

use crate::link::Step;
use crate::value::Value;

/// Makes the table where there is none.
pub(crate) const CREATE: &str = "CREATE TABLE IF NOT EXISTS tessera_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message text NOT NULL
)";

/// The table's name.
pub(crate) const TABLE: &str = "tessera_queue";

/// The lock of whoever takes messages, until the end of their command: `queue` on a telephone.
const LOCK: &str = "SELECT pg_advisory_xact_lock(78383)";
const PUT: &str = "INSERT INTO tessera_queue (message) SELECT * FROM unnest($1)";
const TAKE: &str = "WITH taken AS (
        DELETE FROM tessera_queue
        WHERE id IN (SELECT id FROM tessera_queue ORDER BY id LIMIT $1)
        RETURNING id, message)
    SELECT message FROM taken ORDER BY id";

/// Adds the statement that puts messages, if there are any.
pub(crate) fn put(messages: Vec<String>, steps: &mut Vec<Step>) {
    if messages.is_empty() {
        return;
    }
    let cells = messages.into_iter().map(Cell::Text).collect();
    let values = vec![Value::Many(cells, ColumnType::Text)];
    steps.push(Step { sql: PUT.into(), values, table: None });
}

/// The statements that take messages, the last of which answers them. The second sees what was kept
/// by the time that the first one has the lock.
pub(crate) fn take(most: u32) -> [Step; 2] {
    let values = vec![Value::int(i64::from(most))];
    [Step::bare(LOCK), Step { sql: TAKE.into(), values, table: None }]
}
