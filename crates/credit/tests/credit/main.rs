//! Credit on the embedded engine.

mod concurrency;
mod decisions;
mod fixture;
mod random;
