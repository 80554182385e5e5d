//! Cells on the wire: PostgreSQL's binary formats.

use bytes::{BufMut as _, BytesMut};
use std::error::Error;
use tessera_kernel::{Cell, CellRef, ColumnType, Fault, RowSource};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// Days from 1970-01-01 to 2000-01-01, where the server counts from.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

type Failed = Box<dyn Error + Sync + Send>;

/// The server's type of a column.
pub(crate) fn native(ty: ColumnType) -> Type {
    match ty {
        ColumnType::Uuid => Type::UUID,
        ColumnType::Int => Type::INT8,
        ColumnType::Text => Type::TEXT,
        ColumnType::Date => Type::DATE,
        ColumnType::Instant => Type::TIMESTAMPTZ,
        ColumnType::Bool => Type::BOOL,
    }
}

/// The server's type of an array of values of a column.
pub(crate) fn array(ty: ColumnType) -> Type {
    match ty {
        ColumnType::Uuid => Type::UUID_ARRAY,
        ColumnType::Int => Type::INT8_ARRAY,
        ColumnType::Text => Type::TEXT_ARRAY,
        ColumnType::Date => Type::DATE_ARRAY,
        ColumnType::Instant => Type::TIMESTAMPTZ_ARRAY,
        ColumnType::Bool => Type::BOOL_ARRAY,
    }
}

/// A parameter of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// One value of a column of this type.
    One(Cell, ColumnType),
    /// Values of a column of this type.
    Many(Vec<Cell>, ColumnType),
}

impl Value {
    /// A value of a column.
    pub(crate) fn of(cell: CellRef<'_>, ty: ColumnType) -> Self {
        Self::One(cell.to_cell(), ty)
    }

    /// A whole number.
    pub(crate) fn int(value: i64) -> Self {
        Self::One(Cell::Int(value), ColumnType::Int)
    }

    /// Its type.
    pub(crate) fn native(&self) -> Type {
        match self {
            Self::One(_, ty) => native(*ty),
            Self::Many(_, ty) => array(*ty),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failed> {
        match self {
            Self::One(Cell::Null, _) => Ok(IsNull::Yes),
            Self::One(cell, ty) => write(cell, *ty, out).map(|()| IsNull::No),
            Self::Many(cells, ty) => write_array(cells, *ty, out).map(|()| IsNull::No),
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn write(cell: &Cell, ty: ColumnType, out: &mut BytesMut) -> Result<(), Failed> {
    match (cell, ty) {
        (Cell::Uuid(value), ColumnType::Uuid) => out.put_slice(value.as_bytes()),
        (Cell::Int(value), ColumnType::Int) => out.put_i64(*value),
        (Cell::Bool(value), ColumnType::Bool) => out.put_u8((*value).into()),
        (Cell::Text(value), ColumnType::Text) if value.contains('\0') => {
            return Err("a text has a NUL character".into());
        }
        (Cell::Text(value), ColumnType::Text) => out.put_slice(value.as_bytes()),
        (Cell::Date(days), ColumnType::Date) => {
            // The outermost numbers mean infinity.
            let days = days.checked_sub(EPOCH_DAYS).filter(|days| *days > i32::MIN);
            out.put_i32(days.ok_or("a day is too far away")?);
        }
        (Cell::Instant(micros), ColumnType::Instant) => {
            let micros = micros.checked_sub(EPOCH_MICROS).filter(|micros| *micros > i64::MIN);
            out.put_i64(micros.ok_or("a moment is too far away")?);
        }
        (other, ty) => return Err(format!("{other:?} was given for a column of {ty:?}").into()),
    }
    Ok(())
}

fn write_array(cells: &[Cell], ty: ColumnType, out: &mut BytesMut) -> Result<(), Failed> {
    out.put_i32(1);
    out.put_i32(i32::from(cells.contains(&Cell::Null)));
    out.put_u32(native(ty).oid());
    out.put_i32(i32::try_from(cells.len())?);
    out.put_i32(1);
    for cell in cells {
        if *cell == Cell::Null {
            out.put_i32(-1);
            continue;
        }
        let length = out.len();
        out.put_i32(0);
        write(cell, ty, out)?;
        let written = i32::try_from(out.len() - length - 4)?;
        out[length..length + 4].copy_from_slice(&written.to_be_bytes());
    }
    Ok(())
}

/// The bytes of a column as they came.
struct Raw<'r>(&'r [u8]);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_ty: &Type, raw: &'r [u8]) -> Result<Self, Failed> {
        Ok(Self(raw))
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }
}

/// Reads the columns of a row of an answer from left to right.
pub(crate) struct RowReader<'r> {
    row: &'r tokio_postgres::Row,
    /// Where the columns stand, if not from left to right.
    places: Option<&'r [usize]>,
    next: usize,
}

impl<'r> RowReader<'r> {
    /// Starts at the first column.
    pub(crate) fn new(row: &'r tokio_postgres::Row) -> Self {
        Self { row, places: None, next: 0 }
    }

    /// The same where the columns stand in other places.
    pub(crate) fn at(row: &'r tokio_postgres::Row, places: Option<&'r [usize]>) -> Self {
        Self { row, places, next: 0 }
    }

    fn value(&mut self, wanted: &str, ty: &Type) -> Result<Option<&'r [u8]>, Fault> {
        let place = |places: &[usize]| places.get(self.next).copied().unwrap_or(usize::MAX);
        let column = self.places.map_or(self.next, place);
        self.next += 1;
        let Some(found) = self.row.columns().get(column) else {
            let what = format!("an answer has no column {} for {wanted}", self.next);
            return Err(Fault::corrupt(what));
        };
        let value: Option<Raw<'r>> = self
            .row
            .try_get(column)
            .map_err(|error| Fault::corrupt(format!("column {}: {error}", found.name())))?;
        // An answer without columns of its own is `SELECT NULL`, of type text.
        if found.type_() != ty && value.is_some() {
            let (name, holds) = (found.name(), found.type_());
            return Err(Fault::corrupt(format!("column {name} holds {holds}, not {wanted}")));
        }
        Ok(value.map(|raw| raw.0))
    }

    fn fixed<const N: usize>(&mut self, wanted: &str, ty: &Type) -> Result<Option<[u8; N]>, Fault> {
        let Some(bytes) = self.value(wanted, ty)? else { return Ok(None) };
        let fits = bytes.try_into();
        fits.map(Some).map_err(|_| Fault::corrupt(format!("{wanted} of {} bytes", bytes.len())))
    }
}

impl RowSource for RowReader<'_> {
    fn bool(&mut self) -> Result<Option<bool>, Fault> {
        Ok(self.fixed::<1>("a truth value", &Type::BOOL)?.map(|[byte]| byte != 0))
    }

    fn int(&mut self) -> Result<Option<i64>, Fault> {
        Ok(self.fixed("an integer", &Type::INT8)?.map(i64::from_be_bytes))
    }

    fn text(&mut self) -> Result<Option<&str>, Fault> {
        let Some(bytes) = self.value("text", &Type::TEXT)? else { return Ok(None) };
        let text = std::str::from_utf8(bytes);
        text.map(Some).map_err(|_| Fault::corrupt("stored text is not UTF-8"))
    }

    fn uuid(&mut self) -> Result<Option<Uuid>, Fault> {
        Ok(self.fixed("an id", &Type::UUID)?.map(Uuid::from_bytes))
    }

    fn date(&mut self) -> Result<Option<i32>, Fault> {
        let Some(days) = self.fixed("a date", &Type::DATE)?.map(i32::from_be_bytes) else {
            return Ok(None);
        };
        let days = days.checked_add(EPOCH_DAYS);
        days.map(Some).ok_or_else(|| Fault::corrupt("a date is infinite"))
    }

    fn instant(&mut self) -> Result<Option<i64>, Fault> {
        let Some(micros) = self.fixed("an instant", &Type::TIMESTAMPTZ)?.map(i64::from_be_bytes)
        else {
            return Ok(None);
        };
        let micros = micros.checked_add(EPOCH_MICROS);
        micros.map(Some).ok_or_else(|| Fault::corrupt("an instant is infinite"))
    }
}
