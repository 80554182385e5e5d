//! How each value type stands in columns.

use crate::{
    Code, Currency, Date, Decimal, Fault, FieldType, FieldValue, Instant, Kind, Language,
    LocalDateTime, LocalizedText, Money, ObjectId, Percentage, Quantity, Ref, RowSink, RowSource,
    Unit, Validity, Zone, date_from_days, date_to_days, from_micros, to_micros,
};

fn damaged(error: impl std::fmt::Display) -> Fault {
    Fault::corrupt(error.to_string())
}

/// Micro-units of a decimal. Values enter through constructors that allow six decimals; a result
/// of arithmetic that was stored without rounding is refused with its row.
fn write_decimal(value: Decimal, sink: &mut dyn RowSink) {
    match to_micros(value) {
        Ok(micros) => sink.int(micros),
        Err(error) => sink.refuse(&error.to_string()),
    }
}

impl FieldValue for String {
    const TYPE: FieldType = FieldType::Text { max: 255 };
    fn write(&self, sink: &mut dyn RowSink) {
        sink.text(self);
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        Ok(source.text()?.map(str::to_string))
    }
}

impl FieldValue for bool {
    const TYPE: FieldType = FieldType::Bool;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.bool(*self);
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.bool()
    }
}

impl FieldValue for i64 {
    const TYPE: FieldType = FieldType::Int { least: -1_000_000_000_000, most: 1_000_000_000_000 };
    fn write(&self, sink: &mut dyn RowSink) {
        sink.int(*self);
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.int()
    }
}

impl FieldValue for u32 {
    const TYPE: FieldType = FieldType::Int { least: 0, most: u32::MAX as i64 };
    fn write(&self, sink: &mut dyn RowSink) {
        sink.int(i64::from(*self));
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.int()?.map(|value| Self::try_from(value).map_err(damaged)).transpose()
    }
}

impl FieldValue for Decimal {
    const TYPE: FieldType = FieldType::Decimal;
    fn write(&self, sink: &mut dyn RowSink) {
        write_decimal(*self, sink);
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        Ok(source.int()?.map(from_micros))
    }
}

impl FieldValue for Percentage {
    const TYPE: FieldType = FieldType::Percentage;
    fn write(&self, sink: &mut dyn RowSink) {
        write_decimal(self.value(), sink);
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.int()?.map(|micros| Self::new(from_micros(micros)).map_err(damaged)).transpose()
    }
}

impl FieldValue for Money {
    const TYPE: FieldType = FieldType::Money;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.int(self.minor());
        sink.text(self.currency().code());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        let minor = source.int()?;
        let currency = Currency::read(source)?;
        match (minor, currency) {
            (None, _) => Ok(None),
            (Some(minor), Some(currency)) => Ok(Some(Self::from_minor(minor, currency))),
            (Some(_), None) => Err(damaged("an amount has no currency")),
        }
    }
}

impl FieldValue for Quantity {
    const TYPE: FieldType = FieldType::Quantity;
    fn write(&self, sink: &mut dyn RowSink) {
        write_decimal(self.value(), sink);
        sink.text(self.unit().code());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        let value = source.int()?;
        let unit = Unit::read(source)?;
        match (value, unit) {
            (None, _) => Ok(None),
            (Some(micros), Some(unit)) => {
                Self::new(from_micros(micros), unit).map(Some).map_err(damaged)
            }
            (Some(_), None) => Err(damaged("a quantity has no unit")),
        }
    }
}

impl FieldValue for Currency {
    const TYPE: FieldType = FieldType::Currency;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.text(self.code());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.text()?.map(|text| Self::parse(text).map_err(damaged)).transpose()
    }
}

impl FieldValue for Unit {
    const TYPE: FieldType = FieldType::Unit;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.text(self.code());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.text()?.map(|text| Self::parse(text).map_err(damaged)).transpose()
    }
}

impl FieldValue for Code {
    const TYPE: FieldType = FieldType::Code { catalogue: "" };
    fn write(&self, sink: &mut dyn RowSink) {
        sink.text(self.as_str());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.text()?.map(|text| Self::parse(text).map_err(damaged)).transpose()
    }
}

impl FieldValue for Language {
    const TYPE: FieldType = FieldType::Language;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.text(self.code());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.text()?.map(|text| Self::parse(text).map_err(damaged)).transpose()
    }
}

impl FieldValue for LocalizedText {
    const TYPE: FieldType = FieldType::LocalizedText;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.text(&self.to_json().to_string());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        let Some(text) = source.text()? else { return Ok(None) };
        let json = serde_json::from_str(text).map_err(damaged)?;
        Self::from_json(&json).map(Some).map_err(damaged)
    }
}

impl FieldValue for Date {
    const TYPE: FieldType = FieldType::Date;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.date(date_to_days(*self));
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        source.date()?.map(read_day).transpose()
    }
}

fn read_day(days: i32) -> Result<Date, Fault> {
    date_from_days(days).ok_or_else(|| damaged(format!("day number {days} is no date")))
}

impl FieldValue for Instant {
    const TYPE: FieldType = FieldType::Instant;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.instant(self.as_micros());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        Ok(source.instant()?.map(Self::from_micros))
    }
}

impl FieldValue for LocalDateTime {
    const TYPE: FieldType = FieldType::LocalDateTime;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.text(&self.local.to_string());
        sink.text(self.zone.name());
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        let local = source.text()?.map(|text| text.parse().map_err(damaged)).transpose()?;
        let zone = source.text()?.map(|text| Zone::parse(text).map_err(damaged)).transpose()?;
        match (local, zone) {
            (None, _) => Ok(None),
            (Some(local), Some(zone)) => Ok(Some(Self { local, zone })),
            (Some(_), None) => Err(damaged("a local time has no zone")),
        }
    }
}

impl FieldValue for Validity {
    const TYPE: FieldType = FieldType::Validity;
    fn write(&self, sink: &mut dyn RowSink) {
        sink.date(date_to_days(self.from));
        sink.date(date_to_days(self.to));
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        let (from, to) = (source.date()?, source.date()?);
        match (from, to) {
            (Some(from), Some(to)) => {
                Self::new(read_day(from)?, read_day(to)?).map(Some).map_err(damaged)
            }
            _ => Ok(None),
        }
    }
}

impl FieldValue for ObjectId {
    const TYPE: FieldType = FieldType::Reference { object: "" };
    fn write(&self, sink: &mut dyn RowSink) {
        sink.uuid(self.0);
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        Ok(source.uuid()?.map(Self))
    }
}

impl<T: Kind> FieldValue for Ref<T> {
    const TYPE: FieldType = FieldType::Reference { object: T::NAME };
    fn write(&self, sink: &mut dyn RowSink) {
        sink.uuid(self.id().0);
    }
    fn read(source: &mut dyn RowSource) -> Result<Option<Self>, Fault> {
        Ok(source.uuid()?.map(|id| Self::new(ObjectId(id))))
    }
}
