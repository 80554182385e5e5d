//! Field definitions: what a derive says about a field of a segment, and the closed set of field
//! types that user interface, import, API schema and warehouse match exhaustively.

use crate::{ColumnType, Fault, RowSink, RowSource, WriteRow};

/// One allowed value of a choice field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChoiceDef {
    /// Stored and transmitted code, snake case.
    pub code: &'static str,
    /// Help text.
    pub help: &'static str,
}

/// The closed set of field types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Text of at most so many characters.
    Text {
        /// Characters.
        max: u32,
    },
    /// Key of customizing; the catalogue says which (`""`: free).
    Code {
        /// Catalogue, like `plant` or `payment_terms`.
        catalogue: &'static str,
    },
    /// One of a closed list.
    Choice(&'static [ChoiceDef]),
    /// Yes or no.
    Bool,
    /// Whole number.
    Int {
        /// Smallest number that it takes.
        least: i64,
        /// Largest number that it takes.
        most: i64,
    },
    /// Exact number with up to six decimals.
    Decimal,
    /// Exact percentage with up to six decimals.
    Percentage,
    /// Amount in a currency, in whole minor units.
    Money,
    /// Quantity with unit, up to six decimals.
    Quantity,
    /// ISO 4217 currency.
    Currency,
    /// Unit of measure.
    Unit,
    /// Calendar day.
    Date,
    /// Moment.
    Instant,
    /// Local date and time with zone.
    LocalDateTime,
    /// From day to day, inclusive.
    Validity,
    /// Text by language.
    LocalizedText,
    /// Language tag.
    Language,
    /// Another object; the kind says which (`""`: any).
    Reference {
        /// Object type.
        object: &'static str,
    },
}

impl FieldType {
    /// The type with another maximal length; only text has one.
    #[must_use]
    pub const fn with_max(self, max: u32) -> Self {
        match self {
            Self::Text { .. } => Self::Text { max },
            _ => panic!("only text has a maximal length"),
        }
    }

    /// The type bound to a catalogue of customizing; only codes have one.
    #[must_use]
    pub const fn of_catalogue(self, catalogue: &'static str) -> Self {
        match self {
            Self::Code { .. } => Self::Code { catalogue },
            _ => panic!("only a code belongs to a catalogue"),
        }
    }

    /// Columns that hold a field of this type: suffix of the column name, and type.
    pub const fn columns(self) -> &'static [(&'static str, ColumnType)] {
        match self {
            Self::Text { .. }
            | Self::Code { .. }
            | Self::Choice(_)
            | Self::LocalizedText
            | Self::Currency
            | Self::Unit
            | Self::Language => &[("", ColumnType::Text)],
            Self::Bool => &[("", ColumnType::Bool)],
            Self::Int { .. } | Self::Decimal | Self::Percentage => &[("", ColumnType::Int)],
            Self::Money => &[("", ColumnType::Int), ("_currency", ColumnType::Text)],
            Self::Quantity => &[("", ColumnType::Int), ("_unit", ColumnType::Text)],
            Self::Date => &[("", ColumnType::Date)],
            Self::Instant => &[("", ColumnType::Instant)],
            Self::LocalDateTime => &[("", ColumnType::Text), ("_zone", ColumnType::Text)],
            Self::Validity => &[("_from", ColumnType::Date), ("_to", ColumnType::Date)],
            Self::Reference { .. } => &[("", ColumnType::Uuid)],
        }
    }
}

/// Default of a field that may be left out of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Truth value.
    Bool(bool),
    /// Whole number (of the field's own unit, not of its micro-units).
    Int(i64),
    /// Text or code.
    Text(&'static str),
}

/// Which numbers a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Any.
    Any,
    /// Zero or more.
    NotNegative,
    /// More than zero.
    Positive,
}

/// One field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDef {
    /// Name in Rust, JSON and (with the suffixes of its type) in the base table.
    pub name: &'static str,
    /// Help text; paragraphs end in a line break.
    pub help: &'static str,
    /// Group on a form.
    pub group: &'static str,
    /// Type.
    pub kind: FieldType,
    /// Must have a value.
    pub required: bool,
    /// Value where the input leaves it out.
    pub default: Option<Literal>,
    /// Which numbers it takes.
    pub sign: Sign,
    /// Has an index, so it can be filtered by at any volume.
    pub index: bool,
    /// No two objects (or rows) have the same value.
    pub unique: bool,
    /// Stands in the head row, so lists show, filter and sort it (segments with one row only).
    pub list: bool,
    /// Set by the program, refused as input.
    pub read_only: bool,
    /// A text that may have several lines.
    pub multiline: bool,
    /// What people call it, by language; where there is none, its name says it.
    pub labels: &'static [(&'static str, &'static str)],
}

impl FieldDef {
    /// Label in a language, else as [`FieldDef::label`].
    pub fn label_in(&self, wanted: &str) -> String {
        let found = self.labels.iter().find(|(language, _)| *language == wanted);
        found.map_or_else(|| self.label(), |(_, label)| (*label).to_string())
    }

    /// Label in English, else derived from the name: `net_value` is "Net value".
    pub fn label(&self) -> String {
        if let Some((_, label)) = self.labels.iter().find(|(language, _)| *language == "en") {
            return (*label).to_string();
        }
        let text = self.name.replace('_', " ");
        let mut letters = text.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    }

    /// Names and types of its columns.
    pub fn column_names(&self) -> impl Iterator<Item = (String, ColumnType)> + '_ {
        self.kind.columns().iter().map(|(suffix, ty)| (format!("{}{suffix}", self.name), *ty))
    }
}

/// A struct of fields that is written to and read from the columns of a row.
pub trait Record: WriteRow + Sized {
    /// Its fields, in order.
    const FIELDS: &'static [FieldDef];
    /// Reads every field.
    fn read(source: &mut dyn RowSource) -> Result<Self, Fault>;
}

/// A value that can stand in a field.
pub trait FieldValue: Sized {
    /// Its field type.
    const TYPE: FieldType;
    /// Writes its columns.
    fn write(&self, sink: &mut dyn RowSink);
    /// Reads its columns; `None` where the first is empty.
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault>;
    /// Writes empty columns.
    fn write_null(sink: &mut dyn RowSink) {
        for _ in Self::TYPE.columns() {
            sink.null();
        }
    }
}

/// What stands in a struct: a [`FieldValue`], or an `Option` of one.
pub trait StoredValue: Sized {
    /// Field type.
    const TYPE: FieldType;
    /// Whether it always has a value.
    const REQUIRED: bool;
    /// Writes its columns.
    fn store(&self, sink: &mut dyn RowSink);
    /// Reads its columns; `name` is for the message about damaged data.
    fn restore(source: &mut dyn RowSource, name: &'static str) -> Result<Self, Fault>;
}

impl<T: FieldValue> StoredValue for T {
    const TYPE: FieldType = T::TYPE;
    const REQUIRED: bool = true;
    fn store(&self, sink: &mut dyn RowSink) {
        self.write(sink);
    }
    fn restore(source: &mut dyn RowSource, name: &'static str) -> Result<Self, Fault> {
        T::read(source)?.ok_or_else(|| Fault::corrupt(format!("{name} has no value")))
    }
}

impl<T: FieldValue> StoredValue for Option<T> {
    const TYPE: FieldType = T::TYPE;
    const REQUIRED: bool = false;
    fn store(&self, sink: &mut dyn RowSink) {
        match self {
            Some(value) => value.write(sink),
            None => T::write_null(sink),
        }
    }
    fn restore(source: &mut dyn RowSource, _name: &'static str) -> Result<Self, Fault> {
        T::read(source)
    }
}

/// A closed list of values; see the derive.
pub trait Choice: Copy + 'static {
    /// The values, in order.
    const CHOICES: &'static [ChoiceDef];
    /// Code of this value.
    fn code(self) -> &'static str;
    /// Value of a code.
    fn from_code(code: &str) -> Option<Self>;
}

/// Reads a choice column.
pub fn read_choice<C: Choice>(source: &mut dyn RowSource) -> Result<Option<C>, Fault> {
    match source.text()? {
        None => Ok(None),
        Some(code) => C::from_code(code)
            .map(Some)
            .ok_or_else(|| Fault::corrupt(format!("`{code}` is no value of this choice"))),
    }
}
