//! Tables as an engine sees them.

use crate::{Cell, CellRef, ColumnType, Placement, StoreError};

/// What a column holds in the rows that were there before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fill {
    /// This value; [`Cell::Null`] is none.
    Value(Cell),
    /// What stands in this column of another table, in the row whose first column equals the first column here, of
    /// several in that with the lowest key; empty where there is no such row.
    Copy(&'static TableDef, usize),
    /// No value would be true: a table that has rows refuses the column.
    Nothing,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDef {
    /// Name, unique in its table, snake case.
    pub name: String,
    /// Type.
    pub ty: ColumnType,
    /// Refuses NULL.
    pub required: bool,
    /// Value in the rows that were there before it.
    pub fill: Fill,
}

impl ColumnDef {
    /// A column that always has a value: in earlier rows 0, false, empty text or no id.
    pub fn required(name: &str, ty: ColumnType) -> Self {
        Self { name: name.to_string(), ty, required: true, fill: Fill::Value(ty.neutral()) }
    }

    /// A column that may be empty, as it is in earlier rows.
    pub fn optional(name: &str, ty: ColumnType) -> Self {
        Self { name: name.to_string(), ty, required: false, fill: Fill::Value(Cell::Null) }
    }

    /// Sets what it holds in earlier rows.
    #[must_use]
    pub fn filled(mut self, fill: Fill) -> Self {
        self.fill = fill;
        self
    }
}

/// One secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexDef {
    /// Name, unique in the database.
    pub name: String,
    /// Positions of its columns.
    pub columns: Vec<usize>,
    /// Refuses a second row with the same (non-null) values.
    pub unique: bool,
}

/// One table; its primary key is the first `key` columns, and rows are clustered by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDef {
    /// Name, unique in the database.
    pub name: String,
    /// Columns, the key first.
    pub columns: Vec<ColumnDef>,
    /// How many leading columns form the primary key.
    pub key: usize,
    /// Secondary indexes.
    pub indexes: Vec<IndexDef>,
    /// A row whose non-key columns are all zero is as good as absent: adjusting deletes it.
    pub sparse: bool,
    /// By what its rows find their node where there are several.
    pub placement: Placement,
}

impl TableDef {
    /// A table without secondary indexes, on the node that coordinates others.
    pub fn new(name: &str, columns: Vec<ColumnDef>, key: usize) -> Self {
        Self {
            name: name.to_string(),
            columns,
            key,
            indexes: Vec::new(),
            sparse: false,
            placement: Placement::Central,
        }
    }

    /// Sets where its rows live; panics (when the program starts) where that is told by a column
    /// outside of the key, which could change.
    #[must_use]
    pub fn placed(mut self, placement: Placement) -> Self {
        self.placement = placement;
        let name = &self.name;
        assert!(
            self.placing_column().is_none_or(|column| column < self.key),
            "{name} can't be placed"
        );
        self
    }

    /// Adds an index named after its table and columns.
    #[must_use]
    pub fn with_index(mut self, columns: &[&str], unique: bool) -> Self {
        let name = format!("{}_by_{}", self.name, columns.join("_and_"));
        let columns = columns.iter().filter_map(|column| self.position(column)).collect();
        self.indexes.push(IndexDef { name, columns, unique });
        self
    }

    /// Refuses values for more key columns than there are, or for fewer where all are wanted.
    pub fn check_key(&self, values: &[CellRef<'_>], whole: bool) -> Result<(), StoreError> {
        let (given, wanted) = (values.len(), self.key);
        let fits = if whole { given == wanted } else { given <= wanted };
        if fits {
            return Ok(());
        }
        let name = &self.name;
        Err(StoreError::Engine(format!(
            "{given} values were given for the key of {name}, which has {wanted}"
        )))
    }

    /// Position of a column.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|candidate| candidate.name == column)
    }
}
