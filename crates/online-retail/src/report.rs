//! What an import did.

use std::fmt;
use std::time::Duration;

use tessera_kernel::{Date, Decimal};

use crate::reconciliation::MonthFigures;

/// A row that was not booked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedRow {
    /// Line of the file on which it starts; the header is line 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Year.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
}

impl Month {
    /// The month of a day.
    pub fn of(day: Date) -> Self {
        Self { year: day.year(), month: day.month() }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Booked rows by what they became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Invoices of the file that were booked.
    pub invoices: u64,
    /// Items of orders, billed.
    pub sold: u64,
    /// Items of returns, credited.
    pub returned: u64,
    /// Items of orders that were delivered without being billed.
    pub free: u64,
    /// Items of movements of goods that were found.
    pub found: u64,
    /// Items of movements of goods that were written off.
    pub written_off: u64,
}

impl Counts {
    /// Rows booked.
    pub fn booked(&self) -> u64 {
        self.sold + self.returned + self.free + self.found + self.written_off
    }
}

/// Master data and stock that the rows rest on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BaseCounts {
    /// Partners made.
    pub partners: usize,
    /// Products made.
    pub products: usize,
    /// Products that had opening stock.
    pub stocked: usize,
    /// Pieces of opening stock.
    pub pieces: i64,
}

/// What an import did.
#[derive(Clone, Debug)]
pub struct Report {
    /// Rows read.
    pub rows: u64,
    /// Rows booked, by what they became.
    pub counts: Counts,
    /// Rows that were not booked, by line.
    pub reported: Vec<ReportedRow>,
    /// Master data and opening stock.
    pub base: BaseCounts,
    /// Day of the opening stock.
    pub opened: Option<Date>,
    /// The file against the books, by month.
    pub months: Vec<MonthFigures>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Report {
    /// Every row is booked or reported, and the books say what the file says.
    pub fn agrees(&self) -> bool {
        let reported = u64::try_from(self.reported.len()).unwrap_or(u64::MAX);
        self.rows == self.counts.booked() + reported && self.months.iter().all(MonthFigures::agrees)
    }

    /// Rows per second.
    pub fn rows_per_second(&self) -> u64 {
        let millis = self.elapsed.as_millis().max(1);
        u64::try_from(u128::from(self.rows) * 1_000 / millis).unwrap_or(u64::MAX)
    }

    fn total(&self, figure: impl Fn(&MonthFigures) -> Decimal) -> Decimal {
        self.months.iter().map(figure).sum()
    }
}

/// Rows of the table that are printed; the others are in [`Report::reported`].
const SHOWN: usize = 20;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { invoices, sold, returned, free, found, written_off } = self.counts;
        let (rows, booked) = (self.rows, self.counts.booked());
        writeln!(f, "{rows} rows read = {booked} booked + {} reported", self.reported.len())?;
        writeln!(
            f,
            "booked: {sold} sold, {returned} returned, {free} free of charge, {found} found, \
             {written_off} written off, of {invoices} invoices"
        )?;
        let BaseCounts { partners, products, stocked, pieces } = self.base;
        writeln!(f, "made: {partners} partners, {products} products")?;
        if let Some(day) = self.opened {
            writeln!(
                f,
                "opening stock on {day}: {pieces} pieces of {stocked} products, of each the most \
                 by which what left exceeded what had come"
            )?;
        }
        self.table(f)?;
        for row in self.reported.iter().take(SHOWN) {
            writeln!(f, "line {}: {}", row.line, row.reason)?;
        }
        if self.reported.len() > SHOWN {
            writeln!(f, "… and {} rows more", self.reported.len() - SHOWN)?;
        }
        let seconds = self.elapsed.as_secs();
        let tenths = self.elapsed.subsec_millis() / 100;
        write!(f, "{seconds}.{tenths} s, {} rows/s", self.rows_per_second())
    }
}

impl Report {
    /// The reconciliation by month and in all.
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<8} {:>16} {:>16} {:>10} {:>16}",
            "GBP", "file", "billed", "rounding", "ledger"
        )?;
        let mut row = |name: &str, figures: [Decimal; 4], agrees: bool| {
            let [file, billed, rounding, earned] = figures.map(|figure| figure.normalize());
            let verdict = if agrees { "" } else { "  DIFFERENT" };
            writeln!(f, "{name:<8} {file:>16} {billed:>16} {rounding:>10} {earned:>16}{verdict}")
        };
        for month in &self.months {
            let MonthFigures { file, billed, rounding, earned, .. } = *month;
            row(&month.month.to_string(), [file, billed, rounding, earned], month.agrees())?;
        }
        let totals = [
            self.total(|month| month.file),
            self.total(|month| month.billed),
            self.total(|month| month.rounding),
            self.total(|month| month.earned),
        ];
        row("total", totals, self.months.iter().all(MonthFigures::agrees))
    }
}
