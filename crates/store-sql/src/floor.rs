//! What a floor replays: the statements of commands with their values. Each engine runs them as bare
//! as it can; benchmarks compare themselves with that.

use tessera_kernel::{Cell, TableDef};

/// One statement with its values.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A new row.
    Insert {
        /// Table.
        table: &'static TableDef,
        /// Every column.
        row: Vec<Cell>,
    },
    /// A row in place of the one with its key.
    Replace {
        /// Table.
        table: &'static TableDef,
        /// Every column.
        row: Vec<Cell>,
    },
    /// A row in place of the one with its key, or a new one.
    Put {
        /// Table.
        table: &'static TableDef,
        /// Every column.
        row: Vec<Cell>,
    },
    /// Some columns of a row.
    Set {
        /// Table.
        table: &'static TableDef,
        /// Key.
        key: Vec<Cell>,
        /// Positions and values.
        columns: Vec<(usize, Cell)>,
    },
    /// Rows by the start of their key.
    Delete {
        /// Table.
        table: &'static TableDef,
        /// Leading key columns.
        prefix: Vec<Cell>,
    },
    /// Added to counters.
    Adjust {
        /// Table.
        table: &'static TableDef,
        /// Key.
        key: Vec<Cell>,
        /// Positions and amounts.
        deltas: Vec<(usize, i64)>,
    },
}

impl Operation {
    /// The table that it writes.
    pub fn table(&self) -> &'static TableDef {
        match self {
            Self::Insert { table, .. }
            | Self::Replace { table, .. }
            | Self::Put { table, .. }
            | Self::Set { table, .. }
            | Self::Delete { table, .. }
            | Self::Adjust { table, .. } => table,
        }
    }
}
