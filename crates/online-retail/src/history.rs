//! What the file says, in memory: products, partners, invoices and their rows, in order of the
//! file. A row takes some 30 bytes, texts are kept once.

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord};
use hashbrown::HashMap;
use tessera_kernel::{Code, Date};

use crate::columns::{Columns, Row};
use crate::country::Countries;
use crate::input::Input;
use crate::product::ShopProduct;
use crate::usage::Usage;
use crate::{ImportError, Progress, ReportedRow, Stage};

/// Rows between two calls of the progress.
const STEP: u64 = 20_000;

/// A row that is to be booked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Line of the file on which it starts.
    pub(crate) line: u64,
    /// Position of the product.
    pub(crate) product: u32,
    /// Position of the description; 0 is the empty one.
    pub(crate) text: u32,
    /// Pieces.
    pub(crate) quantity: i32,
    /// Micros of a pound for a piece.
    pub(crate) price: i64,
    /// What it becomes; set when the whole invoice is known.
    pub(crate) usage: Usage,
}

impl Line {
    /// Quantity × price in micros of a pound.
    pub(crate) fn value(&self) -> i128 {
        i128::from(self.quantity) * i128::from(self.price)
    }
}

/// A partner of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) country: Code,
}

/// Rows with one number, customer, country and day.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) number: String,
    /// Positions of the partners.
    pub(crate) sold_to: u32,
    pub(crate) ship_to: u32,
    /// Whether the file names the customer.
    pub(crate) customer_known: bool,
    pub(crate) day: Date,
    pub(crate) lines: Vec<Line>,
}

impl Invoice {
    /// A cancellation, by its number.
    pub(crate) fn is_cancellation(&self) -> bool {
        self.number.starts_with('C')
    }
}

/// What makes rows one invoice: number, sold-to and ship-to party, day.
type InvoiceKey = (String, u32, u32, Date);

/// The file.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) rows: u64,
    pub(crate) products: Vec<ShopProduct>,
    pub(crate) parties: Vec<Party>,
    pub(crate) invoices: Vec<Invoice>,
    pub(crate) texts: Vec<Box<str>>,
    /// Rows that can't be booked.
    pub(crate) reported: Vec<ReportedRow>,
}

impl History {
    /// Reads a file, at most so many invoices of it.
    pub(crate) fn read(
        input: Input,
        countries: &Countries,
        most_invoices: Option<usize>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, ReadError> {
        let (size, position) = (input.size, input.position);
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(input.content);
        let columns = Columns::find(&header(&mut reader)?)?;
        let mut builder = Builder::new(countries, most_invoices);
        let mut record = StringRecord::new();
        loop {
            let before = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(true) => {
                    let line = record.position().map_or(before, Position::line);
                    if !builder.take(line, columns.row(&record)) {
                        break;
                    }
                }
                Ok(false) => break,
                Err(error) => match error.into_kind() {
                    ErrorKind::Io(error) => return Err(ReadError::Io(error)),
                    ErrorKind::Utf8 { pos, .. } => {
                        let line = pos.as_ref().map_or(before, Position::line);
                        builder.report(line, "is not UTF-8".to_string());
                    }
                    kind => builder.report(before, format!("is no row: {kind:?}")),
                },
            }
            if builder.history.rows.is_multiple_of(STEP) {
                progress(Progress { stage: Stage::Read, done: position.get(), of: size });
            }
        }
        Ok(builder.finish())
    }
}

/// Why a file can't be read.
pub(crate) enum ReadError {
    Io(std::io::Error),
    Import(ImportError),
}

impl From<ImportError> for ReadError {
    fn from(error: ImportError) -> Self {
        Self::Import(error)
    }
}

/// The first line; one that is not UTF-8 names no columns.
fn header<R: std::io::Read>(reader: &mut csv::Reader<R>) -> Result<StringRecord, ReadError> {
    match reader.headers() {
        Ok(header) => Ok(header.clone()),
        Err(error) => match error.into_kind() {
            ErrorKind::Io(error) => Err(ReadError::Io(error)),
            _ => Ok(StringRecord::new()),
        },
    }
}

/// A history in the making, with what finds its parts.
struct Builder<'c> {
    history: History,
    countries: &'c Countries,
    most_invoices: usize,
    products: HashMap<String, u32>,
    texts: HashMap<Box<str>, u32>,
    /// Known customers by number.
    customers: HashMap<String, u32>,
    /// Partners by number.
    parties: HashMap<String, u32>,
    invoices: HashMap<InvoiceKey, usize>,
}

/// The position of the next element; a file has fewer rows than 32 bits count.
fn next<T>(elements: &[T]) -> u32 {
    u32::try_from(elements.len()).unwrap_or(u32::MAX)
}

impl<'c> Builder<'c> {
    fn new(countries: &'c Countries, most_invoices: Option<usize>) -> Self {
        let history = History { texts: vec!["".into()], ..History::default() };
        Self {
            history,
            countries,
            most_invoices: most_invoices.unwrap_or(usize::MAX),
            products: HashMap::new(),
            texts: HashMap::from([("".into(), 0)]),
            customers: HashMap::new(),
            parties: HashMap::new(),
            invoices: HashMap::new(),
        }
    }

    fn report(&mut self, line: u64, reason: String) {
        self.history.rows += 1;
        self.history.reported.push(ReportedRow { line, reason });
    }

    /// Takes a row; false where it belongs to an invoice that is not wanted any more.
    fn take(&mut self, line: u64, row: Result<Row<'_>, String>) -> bool {
        let country = match &row {
            Ok(row) => self.countries.code(row.country),
            Err(reason) => Err(reason.clone()),
        };
        let (row, country) = match (row, country) {
            (Ok(row), Ok(country)) => (row, country),
            (_, Err(reason)) | (Err(reason), _) => {
                self.report(line, reason);
                return true;
            }
        };
        let (sold_to, ship_to) = self.partners(&row, country);
        let Some(invoice) = self.invoice(&row, sold_to, ship_to) else { return false };
        let product = self.product(row.stock_code);
        let text = self.text(&row.description);
        let usage = Usage::default();
        let (quantity, price) = (row.quantity, row.price);
        let line = Line { line, product, text, quantity, price, usage };
        self.history.products[product as usize].note(&line);
        self.history.invoices[invoice].lines.push(line);
        self.history.rows += 1;
        true
    }

    /// Sold-to and ship-to party. A customer belongs to the country of their first row; what goes
    /// to another country has a ship-to party of its own.
    fn partners(&mut self, row: &Row<'_>, country: Code) -> (u32, u32) {
        let Some(customer) = row.customer else {
            let name = || format!("Web shop, unknown customer, {}", row.country);
            let party = self.party(format!("WEB-{country}"), name, country);
            return (party, party);
        };
        let sold_to = match self.customers.get(customer) {
            Some(known) => *known,
            None => {
                let name = || format!("Customer {customer}");
                let party = self.party(customer.to_string(), name, country);
                self.customers.insert(customer.to_string(), party);
                party
            }
        };
        if self.history.parties[sold_to as usize].country == country {
            return (sold_to, sold_to);
        }
        let name = || format!("Customer {customer}, {}", row.country);
        (sold_to, self.party(format!("{customer}-{country}"), name, country))
    }

    fn party(&mut self, number: String, name: impl FnOnce() -> String, country: Code) -> u32 {
        if let Some(known) = self.parties.get(&number) {
            return *known;
        }
        let position = next(&self.history.parties);
        let party = Party { number: number.clone(), name: name(), country };
        self.history.parties.push(party);
        self.parties.insert(number, position);
        position
    }

    /// Position of the row's invoice; none where it would be one too many.
    fn invoice(&mut self, row: &Row<'_>, sold_to: u32, ship_to: u32) -> Option<usize> {
        let last = self.history.invoices.len().wrapping_sub(1);
        if let Some(invoice) = self.history.invoices.last()
            && invoice.number == row.invoice
            && (invoice.sold_to, invoice.ship_to, invoice.day) == (sold_to, ship_to, row.day)
        {
            return Some(last);
        }
        let key = (row.invoice.to_string(), sold_to, ship_to, row.day);
        if let Some(known) = self.invoices.get(&key) {
            return Some(*known);
        }
        let position = self.history.invoices.len();
        if position == self.most_invoices {
            return None;
        }
        self.history.invoices.push(Invoice {
            number: row.invoice.to_string(),
            sold_to,
            ship_to,
            customer_known: row.customer.is_some(),
            day: row.day,
            lines: Vec::new(),
        });
        self.invoices.insert(key, position);
        Some(position)
    }

    fn product(&mut self, stock_code: &str) -> u32 {
        if let Some(known) = self.products.get(stock_code) {
            return *known;
        }
        let position = next(&self.history.products);
        self.history.products.push(ShopProduct::new(stock_code));
        self.products.insert(stock_code.to_string(), position);
        position
    }

    fn text(&mut self, text: &str) -> u32 {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let position = next(&self.history.texts);
        self.history.texts.push(text.into());
        self.texts.insert(text.into(), position);
        position
    }

    /// Decides what every row becomes, now that each invoice is known as a whole.
    fn finish(self) -> History {
        let mut history = self.history;
        let History { invoices, products, reported, .. } = &mut history;
        for invoice in invoices.iter_mut() {
            crate::usage::decide(invoice, products, reported);
        }
        history
    }
}
