//! Cells: what an engine stores in one column of one row, and how rows are written and read
//! without building a vector per row.

use uuid::Uuid;

use crate::Fault;

/// Column types that every engine has natively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// 16 bytes.
    Uuid,
    /// 64-bit signed integer: counters, minor units of money, micro-units of decimals.
    Int,
    /// UTF-8 text.
    Text,
    /// Calendar day.
    Date,
    /// Microseconds since 1970-01-01T00:00:00Z.
    Instant,
    /// Truth value.
    Bool,
}

impl ColumnType {
    /// Zero, false, empty text, no id, the first day or moment that is counted from.
    pub fn neutral(self) -> Cell {
        match self {
            Self::Uuid => Cell::Uuid(Uuid::nil()),
            Self::Int => Cell::Int(0),
            Self::Text => Cell::Text(String::new()),
            Self::Date => Cell::Date(0),
            Self::Instant => Cell::Instant(0),
            Self::Bool => Cell::Bool(false),
        }
    }
}

/// An owned value of one column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cell {
    /// No value.
    Null,
    /// Truth value.
    Bool(bool),
    /// Integer.
    Int(i64),
    /// Text.
    Text(String),
    /// Object id.
    Uuid(Uuid),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since the epoch.
    Instant(i64),
}

/// A borrowed value of one column, as used for keys and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellRef<'a> {
    /// No value.
    Null,
    /// Truth value.
    Bool(bool),
    /// Integer.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Object id.
    Uuid(Uuid),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since the epoch.
    Instant(i64),
}

impl Cell {
    /// The same value, borrowed.
    pub fn as_ref(&self) -> CellRef<'_> {
        match self {
            Self::Null => CellRef::Null,
            Self::Bool(value) => CellRef::Bool(*value),
            Self::Int(value) => CellRef::Int(*value),
            Self::Text(value) => CellRef::Text(value),
            Self::Uuid(value) => CellRef::Uuid(*value),
            Self::Date(value) => CellRef::Date(*value),
            Self::Instant(value) => CellRef::Instant(*value),
        }
    }
}

impl CellRef<'_> {
    /// The same value, owned.
    pub fn to_cell(self) -> Cell {
        match self {
            Self::Null => Cell::Null,
            Self::Bool(value) => Cell::Bool(value),
            Self::Int(value) => Cell::Int(value),
            Self::Text(value) => Cell::Text(value.to_string()),
            Self::Uuid(value) => Cell::Uuid(value),
            Self::Date(value) => Cell::Date(value),
            Self::Instant(value) => Cell::Instant(value),
        }
    }

    /// Writes the value as the next column.
    pub fn write(self, sink: &mut dyn RowSink) {
        match self {
            Self::Null => sink.null(),
            Self::Bool(value) => sink.bool(value),
            Self::Int(value) => sink.int(value),
            Self::Text(value) => sink.text(value),
            Self::Uuid(value) => sink.uuid(value),
            Self::Date(value) => sink.date(value),
            Self::Instant(value) => sink.instant(value),
        }
    }
}

/// Takes the columns of one row in the order of its table. An engine binds them straight into a
/// prepared statement; errors surface when the row is executed.
pub trait RowSink {
    /// No value.
    fn null(&mut self);
    /// Truth value.
    fn bool(&mut self, value: bool);
    /// Integer.
    fn int(&mut self, value: i64);
    /// Text.
    fn text(&mut self, value: &str);
    /// Object id.
    fn uuid(&mut self, value: Uuid);
    /// Days since 1970-01-01.
    fn date(&mut self, value: i32);
    /// Microseconds since the epoch.
    fn instant(&mut self, value: i64);
    /// A value that its column can't hold; the row is refused when it is executed.
    fn refuse(&mut self, why: &str);
}

/// Gives the columns of one row in the order in which they were asked for. Each call moves on
/// by one column; a column of another type than asked for is a [`Fault::Corrupt`].
pub trait RowSource {
    /// Truth value.
    fn bool(&mut self) -> Result<Option<bool>, Fault>;
    /// Integer.
    fn int(&mut self) -> Result<Option<i64>, Fault>;
    /// Text.
    fn text(&mut self) -> Result<Option<&str>, Fault>;
    /// Object id.
    fn uuid(&mut self) -> Result<Option<Uuid>, Fault>;
    /// Days since 1970-01-01.
    fn date(&mut self) -> Result<Option<i32>, Fault>;
    /// Microseconds since the epoch.
    fn instant(&mut self) -> Result<Option<i64>, Fault>;
}

/// Reads the next column as the cell that its column type says.
pub fn read_cell(source: &mut dyn RowSource, ty: ColumnType) -> Result<Cell, Fault> {
    Ok(match ty {
        ColumnType::Uuid => source.uuid()?.map_or(Cell::Null, Cell::Uuid),
        ColumnType::Int => source.int()?.map_or(Cell::Null, Cell::Int),
        ColumnType::Text => source.text()?.map_or(Cell::Null, |text| Cell::Text(text.to_string())),
        ColumnType::Date => source.date()?.map_or(Cell::Null, Cell::Date),
        ColumnType::Instant => source.instant()?.map_or(Cell::Null, Cell::Instant),
        ColumnType::Bool => source.bool()?.map_or(Cell::Null, Cell::Bool),
    })
}

/// Something that writes itself as the columns of a row.
pub trait WriteRow {
    /// Writes every column, in the order of the table.
    fn write(&self, sink: &mut dyn RowSink);
}

impl WriteRow for [CellRef<'_>] {
    fn write(&self, sink: &mut dyn RowSink) {
        for cell in self {
            cell.write(sink);
        }
    }
}

impl WriteRow for [Cell] {
    fn write(&self, sink: &mut dyn RowSink) {
        for cell in self {
            cell.as_ref().write(sink);
        }
    }
}

/// A row kept as cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowBuffer(pub Vec<Cell>);

impl RowBuffer {
    /// The cells that `row` writes.
    pub fn of(row: &dyn WriteRow) -> Self {
        let mut buffer = Self(Vec::with_capacity(16));
        row.write(&mut buffer);
        buffer
    }
}

impl WriteRow for RowBuffer {
    fn write(&self, sink: &mut dyn RowSink) {
        self.0.as_slice().write(sink);
    }
}

impl RowSink for RowBuffer {
    fn null(&mut self) {
        self.0.push(Cell::Null);
    }
    fn bool(&mut self, value: bool) {
        self.0.push(Cell::Bool(value));
    }
    fn int(&mut self, value: i64) {
        self.0.push(Cell::Int(value));
    }
    fn text(&mut self, value: &str) {
        self.0.push(Cell::Text(value.to_string()));
    }
    fn uuid(&mut self, value: Uuid) {
        self.0.push(Cell::Uuid(value));
    }
    fn date(&mut self, value: i32) {
        self.0.push(Cell::Date(value));
    }
    fn instant(&mut self, value: i64) {
        self.0.push(Cell::Instant(value));
    }
    fn refuse(&mut self, _why: &str) {
        // A buffered row goes through an engine's sink later; text in a number's place is
        // refused there.
        self.0.push(Cell::Text("a value that its column can't hold".to_string()));
    }
}

/// Reads a row that is kept as cells.
pub struct SliceSource<'a> {
    cells: std::slice::Iter<'a, Cell>,
}

impl<'a> SliceSource<'a> {
    /// Starts at the first cell.
    pub fn new(cells: &'a [Cell]) -> Self {
        Self { cells: cells.iter() }
    }

    fn next(&mut self, wanted: &str) -> Result<&'a Cell, Fault> {
        self.cells.next().ok_or_else(|| Fault::corrupt(format!("a row ends before its {wanted}")))
    }
}

macro_rules! slice_read {
    ($name:ident, $variant:ident, $out:ty) => {
        fn $name(&mut self) -> Result<Option<$out>, Fault> {
            match self.next(stringify!($name))? {
                Cell::Null => Ok(None),
                Cell::$variant(value) => Ok(Some(*value)),
                other => {
                    Err(Fault::corrupt(format!("{other:?} stands where {} is", stringify!($name))))
                }
            }
        }
    };
}

impl RowSource for SliceSource<'_> {
    slice_read!(bool, Bool, bool);
    slice_read!(int, Int, i64);
    slice_read!(uuid, Uuid, Uuid);
    slice_read!(date, Date, i32);
    slice_read!(instant, Instant, i64);

    fn text(&mut self) -> Result<Option<&str>, Fault> {
        match self.next("text")? {
            Cell::Null => Ok(None),
            Cell::Text(value) => Ok(Some(value)),
            other => Err(Fault::corrupt(format!("{other:?} stands where text is"))),
        }
    }
}
