#![doc = include_str!("../README.md")]

mod base;
mod booking;
mod chain;
mod columns;
mod country;
mod error;
mod history;
mod input;
mod opening;
mod product;
mod reconciliation;
mod report;
mod seller;
mod usage;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

pub use error::ImportError;
pub use reconciliation::MonthFigures;
pub use report::{BaseCounts, Counts, Month, Report, ReportedRow};

use booking::Booking;
use country::Countries;
use history::{History, ReadError};
use input::Input;
use reconciliation::{Books, reconcile};
use seller::Seller;
use tessera_kernel::{Actor, Database, Fault, Source};
use tessera_organisation::OrganisationSettings;

/// How a file is imported.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Chains that wait for their commit at a time.
    pub in_flight: usize,
    /// Only so many invoices, from the first; none: all.
    pub most_invoices: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { in_flight: 128, most_invoices: None }
    }
}

/// What an import is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading the file; progress is in bytes of the file.
    Read,
    /// Making partners and products; progress is in objects.
    MasterData,
    /// Booking; progress is in rows.
    Book,
}

/// How far an import is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// What is done.
    pub done: u64,
    /// Of so much.
    pub of: u64,
}

/// Imports a file, plain or gzipped. Nothing else may write while it runs: the reconciliation
/// compares the books before and after.
///
/// # Errors
///
/// Where nothing was booked (no file, no columns, no organisation, an earlier import of it), and
/// where the database gave up in between: then the chains that were booked are whole.
pub fn import(
    db: &Database,
    file: &Path,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, ImportError> {
    let begun = Instant::now();
    let actor = Actor::system(Source::Import);
    let (seller, countries) = db.read(&actor, |tx| {
        let organisation = tx.settings::<OrganisationSettings>()?;
        Ok::<_, ImportError>((Seller::find(organisation)?, Countries::new(organisation)))
    })?;
    let unreadable = |error| ImportError::File { path: file.to_path_buf(), error };
    let input = Input::open(file).map_err(unreadable)?;
    let history = History::read(input, &countries, options.most_invoices, progress);
    let mut history = history.map_err(|error| match error {
        ReadError::Io(error) => unreadable(error),
        ReadError::Import(error) => error,
    })?;
    base::check_numbers(db, &actor, &history)?;
    let books = |tx: &mut tessera_kernel::Tx<'_>| Books::read(tx, seller.company);
    let before = db.read::<_, Fault>(&actor, books)?;
    let base = Arc::new(base::make(db, &actor, &history, seller, progress)?);
    let stock = opening::opening_stock(&history);
    let opened = opening_day(&history);
    if let Some(day) = opened {
        base::post_opening_stock(db, &actor, &base, &stock, seller, day)?;
    }
    let booking = Booking::new(db, &actor, &history);
    let booked = booking.run(&base, seller, options.in_flight, progress)?;
    base::check_availability(db, &actor, &base)?;
    let after = db.read::<_, Fault>(&actor, books)?;
    let mut reported = std::mem::take(&mut history.reported);
    reported.extend(booked.reported);
    reported.sort();
    Ok(Report {
        rows: history.rows,
        counts: booked.counts,
        reported,
        base: BaseCounts {
            partners: base.parties.len(),
            products: base.products.len(),
            stocked: stock.iter().filter(|pieces| **pieces > 0).count(),
            pieces: stock.iter().sum(),
        },
        opened,
        months: reconcile(&booked.values, &before, &after),
        elapsed: begun.elapsed(),
    })
}

/// The day before the first row; none where there is no row.
fn opening_day(history: &History) -> Option<tessera_kernel::Date> {
    let booked = history.invoices.iter().filter(|invoice| !invoice.lines.is_empty());
    let first = booked.map(|invoice| invoice.day).min()?;
    first.yesterday().ok()
}
