//! Posting periods.

use tessera_kernel::{Choice, Code, Object, Segment};

/// Whether a period takes postings.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodState {
    /// It takes postings.
    Open,
    /// It takes none.
    Closed,
}

/// One period of a company.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "posting_period_status", everywhere, one)]
pub struct PeriodStatus {
    /// Company.
    #[field(code = "company_code", list)]
    pub company_code: Code,
    /// Fiscal year.
    #[field(list)]
    pub fiscal_year: u32,
    /// Period.
    #[field(list)]
    pub period: u32,
    /// Whether it takes postings.
    #[field(list)]
    pub status: PeriodState,
}

/// A period that was closed once. A period without an object is open. Its number is company, fiscal
/// year and period: `1000-2026-07`.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "posting_period", cached)]
pub struct PostingPeriod {
    /// The period and its state.
    pub status: PeriodStatus,
}
