//! One row of the file as values, or what is wrong with it.

use csv::StringRecord;
use tessera_kernel::{Date, parse_date, parse_decimal, to_micros};

use crate::ImportError;

/// The columns, in the order of [`Columns`].
const NAMES: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// The largest quantity of a row, in pieces.
const LARGEST_QUANTITY: i64 = 10_000_000;
/// The highest unit price, in micros of a pound: 10 million pounds.
const HIGHEST_PRICE: i64 = 10_000_000 * 1_000_000;
/// The longest invoice number; a customer's order number has 35 characters.
const LONGEST_INVOICE: usize = 20;
/// The longest stock code and customer number.
const LONGEST_NUMBER: usize = 30;
/// The longest description of an item or a product.
const LONGEST_DESCRIPTION: usize = 120;

/// A row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row<'r> {
    /// Number of the invoice; starts with C for a cancellation, A for an adjustment.
    pub(crate) invoice: &'r str,
    /// Number of the product.
    pub(crate) stock_code: &'r str,
    /// May be empty.
    pub(crate) description: String,
    /// Pieces, not zero; less than zero for what comes back or is written off.
    pub(crate) quantity: i32,
    /// Local day of the shop.
    pub(crate) day: Date,
    /// Micros of a pound for a piece; may be zero or less.
    pub(crate) price: i64,
    /// Number of the customer; none where nobody knows.
    pub(crate) customer: Option<&'r str>,
    /// Name of the country.
    pub(crate) country: &'r str,
}

/// Where the columns stand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    positions: [usize; 8],
    count: usize,
}

impl Columns {
    /// Finds the columns by their names, in any order, among others.
    pub(crate) fn find(header: &StringRecord) -> Result<Self, ImportError> {
        let mut positions = [0; 8];
        for (position, column) in positions.iter_mut().zip(NAMES) {
            // A spreadsheet may have left a byte order mark.
            let is_it = |name: &str| name.trim_start_matches('\u{feff}').trim() == column;
            let found = header.iter().position(is_it);
            *position = found.ok_or(ImportError::Column { column })?;
        }
        Ok(Self { positions, count: header.len() })
    }

    /// The values of a row; else the reason for which it can't be booked.
    pub(crate) fn row<'r>(&self, record: &'r StringRecord) -> Result<Row<'r>, String> {
        if record.len() != self.count {
            return Err(format!("has {} values, the header {}", record.len(), self.count));
        }
        let value = |column: usize| record.get(self.positions[column]).unwrap_or_default().trim();
        Ok(Row {
            invoice: invoice(value(0))?,
            stock_code: number("StockCode", value(1))?,
            description: description(value(2)),
            quantity: quantity(value(3))?,
            day: day(value(4))?,
            price: price(value(5))?,
            customer: customer(value(6))?,
            country: value(7),
        })
    }
}

/// What is shown of a wrong value.
fn shown(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).take(40).collect()
}

fn invoice(text: &str) -> Result<&str, String> {
    let digits = text.strip_prefix(['C', 'A']).unwrap_or(text);
    let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits && text.len() <= LONGEST_INVOICE {
        return Ok(text);
    }
    Err(format!("InvoiceNo `{}` is not digits, after C or A or nothing", shown(text)))
}

fn number<'t>(column: &str, text: &'t str) -> Result<&'t str, String> {
    if text.is_empty() {
        return Err(format!("{column} is empty"));
    }
    if text.chars().count() > LONGEST_NUMBER || text.chars().any(char::is_control) {
        let shown = shown(text);
        return Err(format!("{column} `{shown}` is longer than {LONGEST_NUMBER} characters"));
    }
    Ok(text)
}

/// The text in one line, cut to what an item takes.
fn description(text: &str) -> String {
    let plain = text.chars().map(|sign| if sign.is_control() { ' ' } else { sign });
    let plain: String = plain.take(LONGEST_DESCRIPTION).collect();
    plain.trim().to_string()
}

fn quantity(text: &str) -> Result<i32, String> {
    let parsed: Option<i64> = text.parse().ok();
    match parsed.filter(|quantity| quantity.abs() <= LARGEST_QUANTITY) {
        Some(0) => Err("Quantity is 0: nothing was sold or moved".to_string()),
        // Its bound is far within 32 bits.
        Some(quantity) => Ok(i32::try_from(quantity).unwrap_or_default()),
        None => Err(format!(
            "Quantity `{}` is not a whole number within ±{LARGEST_QUANTITY}",
            shown(text)
        )),
    }
}

fn price(text: &str) -> Result<i64, String> {
    let micros = parse_decimal(text).and_then(to_micros);
    let micros = micros.map_err(|error| format!("UnitPrice `{}`: {error}", shown(text)))?;
    if micros.abs() > HIGHEST_PRICE {
        return Err(format!("UnitPrice `{}` is beyond 10 million", shown(text)));
    }
    Ok(micros)
}

/// The day of a local moment, `2010-12-01 08:26:00`; the time may be left out.
fn day(text: &str) -> Result<Date, String> {
    let wrong = || format!("InvoiceDate `{}` is not like 2010-12-01 08:26:00", shown(text));
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let date = parse_date(date).map_err(|_| wrong())?;
    let mut parts = time.split(':');
    let mut part = |most: u8| {
        let digits = parts.next().filter(|part| part.len() == 2)?;
        let within = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u8>().ok().filter(|value| within && *value <= most)
    };
    let (hour, minute) = (part(23), part(59));
    let (has_seconds, second) = (time.len() > 5, part(60));
    let fits = hour.is_some() && minute.is_some() && (!has_seconds || second.is_some());
    if !fits || time.len() > 8 {
        return Err(wrong());
    }
    // Ledgers take these years, and opening stock stands on the day before.
    if !(1901..=9000).contains(&date.year()) {
        return Err(format!("InvoiceDate `{}` is not between 1901 and 9000", shown(text)));
    }
    Ok(date)
}

/// The number of a customer, which spreadsheets write as a float: `17850.0`.
fn customer(text: &str) -> Result<Option<&str>, String> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    if digits.is_empty() && text.is_empty() {
        return Ok(None);
    }
    let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits && digits.len() <= LONGEST_NUMBER {
        return Ok(Some(digits));
    }
    Err(format!("CustomerID `{}` is not a number", shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 8] = [
        "C536365",
        " 85123A ",
        "WHITE HEART",
        "-6",
        "2010-12-01 08:26:00",
        "2.55",
        "17850.0",
        "United Kingdom",
    ];

    fn columns() -> Columns {
        Columns::find(&StringRecord::from(NAMES.to_vec())).unwrap()
    }

    fn with(column: usize, text: &str) -> Result<(), String> {
        let mut values = GOOD;
        values[column] = text;
        columns().row(&StringRecord::from(values.to_vec())).map(drop)
    }

    #[test]
    fn a_row_is_read() {
        let record = StringRecord::from(GOOD.to_vec());
        let expected = Row {
            invoice: "C536365",
            stock_code: "85123A",
            description: "WHITE HEART".to_string(),
            quantity: -6,
            day: parse_date("2010-12-01").unwrap(),
            price: 2_550_000,
            customer: Some("17850"),
            country: "United Kingdom",
        };
        assert_eq!(columns().row(&record).unwrap(), expected);
    }

    #[test]
    fn columns_may_stand_in_any_order_but_must_all_be_there() {
        let mut names = NAMES.to_vec();
        names.reverse();
        names.push("More");
        let columns = Columns::find(&StringRecord::from(names)).unwrap();
        let mut values = GOOD.to_vec();
        values.reverse();
        values.push("");
        assert_eq!(columns.row(&StringRecord::from(values)).unwrap().quantity, -6);
        let without = StringRecord::from(NAMES[1..].to_vec());
        let error = Columns::find(&without).unwrap_err();
        assert!(error.to_string().contains("`InvoiceNo`"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_column() {
        for (column, text) in [
            (0, ""),
            (0, "X1"),
            (0, "CA1"),
            (1, ""),
            (1, &"x".repeat(31)),
            (3, "0"),
            (3, "1.5"),
            (3, "10000001"),
            (3, "99999999999999999999"),
            (4, "01/12/2010"),
            (4, "2010-02-30 08:00:00"),
            (4, "2010-12-01 24:00"),
            (4, "2010-12-01 8:00"),
            (4, "2010-12-01 08:00:00.5"),
            (4, "0001-01-01"),
            (5, ""),
            (5, "1e3"),
            (5, "1.1234567"),
            (5, "10000001"),
            (6, "17850.5"),
            (6, ".0"),
        ] {
            let reason = with(column, text).unwrap_err();
            assert!(reason.contains(NAMES[column]), "{text}: {reason}");
        }
        let short = StringRecord::from(GOOD[1..].to_vec());
        assert_eq!(columns().row(&short).unwrap_err(), "has 7 values, the header 8");
    }

    #[test]
    fn what_may_be_left_out_may() {
        for (column, text) in [(2, ""), (4, "2010-12-01"), (4, "2010-12-01T08:26"), (6, "")] {
            with(column, text).unwrap();
        }
        assert_eq!(description("a\nb"), "a b");
        assert_eq!(description("\0"), "");
        assert_eq!(description(&"ä".repeat(200)).chars().count(), LONGEST_DESCRIPTION);
    }
}
