//! Numbers of journal entries: one gapless series per company and fiscal year.

use std::fmt::Write;

use tessera_kernel::{Code, Fault, Tx};

use crate::entries::DocumentKind;

/// The series of a company and a fiscal year, like `1000-2026`.
pub(crate) fn series(company_code: Code, year: u32) -> String {
    let mut series = String::with_capacity(24);
    // Writing to a string can't fail.
    let _ = write!(series, "{company_code}-{year}");
    series
}

/// The next number of an entry of a kind.
pub(crate) fn draw(
    tx: &mut Tx<'_>,
    kind: &DocumentKind,
    company_code: Code,
    year: u32,
) -> Result<String, Fault> {
    tx.next_in_series(kind.number_range.as_str(), &series(company_code, year))
}
