//! JSON input into records, with every finding named by its path.

use serde_json::{Map, Value};

use crate::tx::CellGather;
use crate::{
    Cell, Code, Composite, CompositeDef, Currency, Decimal, Fault, FieldDef, FieldProblem,
    FieldType, FieldValue, Instant, Language, Literal, LocalDateTime, LocalizedText, Money,
    Multiplicity, ObjectId, Part, Percentage, Quantity, Record, RowBuffer, RowSink, Sign, Unit,
    Validity, business_day, date_to_days, decimal, parse_date, to_micros, with_article,
};

/// Records per part that a body may have; more is refused, not read. A document of so many items
/// keeps the writer for less than half a second.
const MAX_RECORDS: usize = 2_000;

/// The largest quantity of one input; sums of many of them still have room.
const MAX_QUANTITY: i64 = 1_000_000_000;

/// Reads a composite from a JSON object. Every finding is reported, not just the first.
pub fn parse<C: Composite>(body: &Value) -> Result<C, Fault> {
    let (rows, problems) = parse_rows(C::composite(), body, true);
    if !problems.is_empty() {
        return Err(Fault::Invalid(problems));
    }
    C::gather(&mut CellGather(&rows))
}

/// Whether a body can be read as a composite of this definition; every finding is reported.
pub fn check(definition: &CompositeDef, body: &Value) -> Result<(), Fault> {
    let (_, problems) = parse_rows(definition, body, true);
    if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
}

/// The records of a body that is read as a composite of this definition, by part.
pub(crate) fn rows(definition: &CompositeDef, body: &Value) -> Result<Vec<Vec<RowBuffer>>, Fault> {
    let (rows, problems) = parse_rows(definition, body, true);
    if problems.is_empty() { Ok(rows) } else { Err(Fault::Invalid(problems)) }
}

/// Reads one record from a JSON object.
pub fn parse_record<R: Record>(body: &Value) -> Result<R, Fault> {
    let mut problems = Vec::new();
    let row = record(R::FIELDS, body, "", true, &mut problems);
    if !problems.is_empty() {
        return Err(Fault::Invalid(problems));
    }
    R::read(&mut crate::cell::SliceSource::new(&row.0))
}

/// Takes `number` (text of at most 40 characters) out of a body.
pub fn split_number(body: &Value) -> Result<(Option<String>, Value), Fault> {
    let Value::Object(map) = body else {
        return Err(Fault::invalid("", "must be a JSON object"));
    };
    let mut map = map.clone();
    let number = match map.shift_remove("number") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if is_number(&text) => Some(text),
        Some(_) => {
            let rule = "must be text of 1 to 40 characters, without control or invisible \
                        characters and without space around it";
            return Err(Fault::invalid("number", rule));
        }
    };
    Ok((number, Value::Object(map)))
}

fn is_number(text: &str) -> bool {
    let length = text.chars().count();
    (1..=40).contains(&length)
        && text.trim() == text
        && !text.chars().any(|c| c.is_control() || is_deceptive(c))
}

pub(super) const READ_ONLY: &str = "is set by the program and can't be given";

pub(super) fn part_names(composite: &CompositeDef) -> String {
    let names: Vec<&str> = composite
        .parts
        .iter()
        .flat_map(|part| {
            if part.flatten {
                part.fields.iter().map(|field| field.name).collect()
            } else {
                vec![part.name]
            }
        })
        .collect();
    names.join(", ")
}

pub(crate) fn unknown(path: &str, allowed: &str) -> FieldProblem {
    if allowed.is_empty() {
        return FieldProblem::new(path, "is not known here; nothing is to be given");
    }
    FieldProblem::new(path, format!("is not known here; allowed are: {allowed}"))
}

/// Rows by part, and what is wrong. `strict` refuses read-only fields.
pub(crate) fn parse_rows(
    composite: &CompositeDef,
    body: &Value,
    strict: bool,
) -> (Vec<Vec<RowBuffer>>, Vec<FieldProblem>) {
    let mut rows: Vec<Vec<RowBuffer>> = vec![Vec::new(); composite.parts.len()];
    let mut problems = Vec::new();
    let Value::Object(body) = body else {
        return (rows, vec![FieldProblem::new("", "must be a JSON object")]);
    };
    for name in body.keys() {
        let known = composite.parts.iter().any(|part| {
            (!part.flatten && part.name == name)
                || (part.flatten && part.fields.iter().any(|field| field.name == name))
        });
        if !known {
            problems.push(unknown(name, &part_names(composite)));
        }
    }
    for (part, rows) in composite.parts.iter().zip(&mut rows) {
        if part.flatten {
            rows.push(fields(part.fields, body, "", strict, &mut problems));
        } else {
            parse_part(part, body.get(part.name), rows, strict, &mut problems);
        }
    }
    (rows, problems)
}

fn parse_part(
    part: &Part,
    value: Option<&Value>,
    rows: &mut Vec<RowBuffer>,
    strict: bool,
    problems: &mut Vec<FieldProblem>,
) {
    let mut problem = |message: &str| problems.push(FieldProblem::new(part.name, message));
    match (part.multiplicity, value) {
        (Multiplicity::Many, None) | (Multiplicity::Optional, None | Some(Value::Null)) => {}
        (Multiplicity::One, None) => {
            // A segment in which everything may be left out may be left out itself.
            let missing = Value::Object(Map::new());
            let mut inner = Vec::new();
            rows.push(record(part.fields, &missing, part.name, strict, &mut inner));
            if !inner.is_empty() {
                problem("is missing");
            }
        }
        (Multiplicity::Many, Some(Value::Array(records))) => {
            if records.len() > MAX_RECORDS {
                problem("has more than 2,000 records");
                return;
            }
            for (position, value) in records.iter().enumerate() {
                let path = format!("{}[{position}]", part.name);
                rows.push(record(part.fields, value, &path, strict, problems));
            }
        }
        (Multiplicity::Many, Some(_)) => problem("must be an array of objects"),
        (_, Some(value)) => {
            rows.push(record(part.fields, value, part.name, strict, problems));
        }
    }
}

fn record(
    definitions: &[FieldDef],
    value: &Value,
    path: &str,
    strict: bool,
    problems: &mut Vec<FieldProblem>,
) -> RowBuffer {
    let Value::Object(map) = value else {
        problems.push(FieldProblem::new(path, "must be a JSON object"));
        return RowBuffer::default();
    };
    for name in map.keys() {
        if !definitions.iter().any(|field| field.name == name) {
            let names: Vec<&str> = definitions.iter().map(|field| field.name).collect();
            problems.push(unknown(&join(path, name), &names.join(", ")));
        }
    }
    fields(definitions, map, path, strict, problems)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}

fn fields(
    definitions: &[FieldDef],
    map: &Map<String, Value>,
    path: &str,
    strict: bool,
    problems: &mut Vec<FieldProblem>,
) -> RowBuffer {
    let mut row = RowBuffer(Vec::with_capacity(definitions.len() + 4));
    for field in definitions {
        let width = row.0.len();
        let given = map.get(field.name).filter(|value| !value.is_null());
        let outcome = match given {
            Some(_) if strict && field.read_only => Err(READ_ONLY.to_string()),
            Some(value) => write_value(field, value, &mut row),
            None => write_default(field, &mut row),
        };
        if let Err(message) = outcome {
            problems.push(FieldProblem::new(join(path, field.name), message));
            row.0.truncate(width);
            row.0.extend(field.kind.columns().iter().map(|_| Cell::Null));
        }
    }
    row
}

/// The columns of a field that the input leaves out; none where it must be given.
pub(crate) fn default_cells(field: &FieldDef) -> Option<Vec<Cell>> {
    let mut row = RowBuffer::default();
    write_default(field, &mut row).ok().map(|()| row.0)
}

fn write_default(field: &FieldDef, row: &mut RowBuffer) -> Result<(), String> {
    match field.default {
        Some(Literal::Bool(value)) => write_value(field, &value.into(), row),
        Some(Literal::Int(value)) => write_value(field, &value.into(), row),
        Some(Literal::Text(value)) => write_value(field, &value.into(), row),
        // What the program sets has a neutral value until it does.
        None if field.read_only && field.required => write_neutral(field, row),
        None if field.required => Err("is missing".to_string()),
        None => {
            field.kind.columns().iter().for_each(|_| row.null());
            Ok(())
        }
    }
}

fn write_neutral(field: &FieldDef, row: &mut RowBuffer) -> Result<(), String> {
    match field.kind {
        FieldType::Bool => row.bool(false),
        FieldType::Int { .. } | FieldType::Decimal | FieldType::Percentage => row.int(0),
        FieldType::Text { .. } => row.text(""),
        FieldType::Choice(choices) => row.text(choices.first().map_or("", |choice| choice.code)),
        _ => return Err("is missing".to_string()),
    }
    Ok(())
}

/// Writes a JSON value as the columns of a field, or says what would be allowed.
fn write_value(field: &FieldDef, value: &Value, row: &mut RowBuffer) -> Result<(), String> {
    match field.kind {
        FieldType::Text { max } => row.text(text_of(field, value, max)?),
        FieldType::Code { .. } => code(value)?.write(row),
        FieldType::Choice(choices) => {
            let text = string(value)?;
            if !choices.iter().any(|choice| choice.code == text) {
                let codes: Vec<&str> = choices.iter().map(|choice| choice.code).collect();
                return Err(format!("must be one of: {}", codes.join(", ")));
            }
            row.text(text);
        }
        FieldType::Bool => match value {
            Value::Bool(value) => row.bool(*value),
            _ => return Err("must be true or false".to_string()),
        },
        FieldType::Int { least, most } => row.int(integer(field, value, least..=most)?),
        FieldType::Decimal => {
            let number = signed(field, number(value)?)?;
            row.int(to_micros(number).map_err(|error| error.to_string())?);
        }
        FieldType::Percentage => {
            let number = signed(field, number(value)?)?;
            Percentage::new(number).map_err(|error| error.to_string())?.write(row);
        }
        FieldType::Money => money(field, value)?.write(row),
        FieldType::Quantity => quantity(field, value)?.write(row),
        FieldType::Currency => {
            Currency::parse(string(value)?).map_err(|error| error.to_string())?.write(row);
        }
        FieldType::Unit => {
            Unit::parse(string(value)?).map_err(|error| error.to_string())?.write(row);
        }
        FieldType::Language => {
            Language::parse(string(value)?).map_err(|error| error.to_string())?.write(row);
        }
        FieldType::Date => row.date(date_to_days(day(value)?)),
        FieldType::Instant => {
            Instant::parse(string(value)?).map_err(|error| error.to_string())?.write(row);
        }
        FieldType::LocalDateTime => {
            LocalDateTime::parse(string(value)?).map_err(|error| error.to_string())?.write(row);
        }
        FieldType::Validity => validity(value)?.write(row),
        FieldType::LocalizedText => LocalizedText::from_json(value)?.write(row),
        FieldType::Reference { object } => {
            let id: ObjectId = string(value)?.parse().map_err(|_| {
                if object.is_empty() {
                    return "must be an id, a UUID".to_string();
                }
                format!("must be the id of {}, a UUID", with_article(object))
            })?;
            id.write(row);
        }
    }
    Ok(())
}

fn string(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "must be text".to_string())
}

fn text_of<'v>(field: &FieldDef, value: &'v Value, max: u32) -> Result<&'v str, String> {
    let text = string(value)?;
    if text.chars().count() > max as usize {
        return Err(format!("must have at most {max} characters"));
    }
    let of_lines = |c| matches!(c, '\n' | '\t' | '\r');
    if !field.multiline && text.chars().any(of_lines) {
        return Err("must be one line, without tabs".to_string());
    }
    if text.chars().any(|c| c.is_control() && !of_lines(c)) {
        return Err("must not contain control characters".to_string());
    }
    if let Some(c) = text.chars().find(|c| is_deceptive(*c)) {
        return Err(format!("must not contain the invisible character U+{:04X}", u32::from(c)));
    }
    Ok(text)
}

/// Characters that are not seen and make two texts look alike, or turn the text around: separators
/// of lines and paragraphs, spaces without width, marks of direction (Unicode Standard Annex 9).
/// The joiners of scripts and emoji (U+200C, U+200D) are not among them.
fn is_deceptive(c: char) -> bool {
    matches!(
        c,
        '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
    )
}

fn code(value: &Value) -> Result<Code, String> {
    Code::parse(string(value)?).map_err(|error| error.to_string())
}

fn number(value: &Value) -> Result<Decimal, String> {
    let rule = "must be a number with at most 6 decimals, like \"12.5\"";
    match value {
        Value::String(text) => decimal::parse(text).map_err(|error| error.to_string()),
        Value::Number(number) => decimal::parse(&number.to_string()).map_err(|_| rule.to_string()),
        _ => Err(rule.to_string()),
    }
}

fn signed(field: &FieldDef, number: Decimal) -> Result<Decimal, String> {
    match field.sign {
        Sign::NotNegative if number < Decimal::ZERO => Err("must not be negative".to_string()),
        Sign::Positive if number <= Decimal::ZERO => Err("must be more than 0".to_string()),
        _ => Ok(number),
    }
}

fn integer(
    field: &FieldDef,
    value: &Value,
    allowed: std::ops::RangeInclusive<i64>,
) -> Result<i64, String> {
    let number = value.as_i64().ok_or("must be a whole number")?;
    signed(field, Decimal::from(number))?;
    if !allowed.contains(&number) {
        return Err(format!("must be between {} and {}", allowed.start(), allowed.end()));
    }
    Ok(number)
}

/// The two members of a pair like an amount with its currency; others are refused.
fn pair<'v>(value: &'v Value, first: &str, second: &str) -> Result<(&'v Value, &'v Value), String> {
    let rule = || format!("must be an object with exactly `{first}` and `{second}`");
    let map = value.as_object().filter(|map| map.len() == 2).ok_or_else(rule)?;
    Ok((map.get(first).ok_or_else(rule)?, map.get(second).ok_or_else(rule)?))
}

fn money(field: &FieldDef, value: &Value) -> Result<Money, String> {
    let (amount, currency) = pair(value, "amount", "currency")?;
    let currency = Currency::parse(string(currency)?).map_err(|error| error.to_string())?;
    let amount = signed(field, number(amount)?)?;
    Money::exact(amount, currency).map_err(|error| error.to_string())
}

fn quantity(field: &FieldDef, value: &Value) -> Result<Quantity, String> {
    let (amount, unit) = pair(value, "value", "unit")?;
    let unit = Unit::parse(string(unit)?).map_err(|error| error.to_string())?;
    let amount = signed(field, number(amount)?)?;
    if amount.abs() > Decimal::from(MAX_QUANTITY) {
        return Err("must be at most 1,000,000,000: take a larger unit".to_string());
    }
    Quantity::new(amount, unit).map_err(|error| error.to_string())
}

fn date(value: &Value) -> Result<crate::Date, String> {
    parse_date(string(value)?).map_err(|error| error.to_string())
}

fn day(value: &Value) -> Result<crate::Date, String> {
    let day = date(value)?;
    business_day(day).map(|()| day)
}

fn validity(value: &Value) -> Result<Validity, String> {
    let (from, to) = pair(value, "from", "to")?;
    let from = day(from).map_err(|message| format!("from: {message}"))?;
    let to = date(to).map_err(|message| format!("to: {message}"))?;
    Validity::new(from, to).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
