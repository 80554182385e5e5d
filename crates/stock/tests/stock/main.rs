//! Stock on the embedded engine.

mod availability;
mod bad_input;
mod concurrency;
mod fixture;
mod movements;
mod planned_receipts;
mod random;
