//! Stock on the embedded engine.

mod availability;
mod concurrency;
mod fixture;
mod movements;
mod planned_receipts;
mod random;
