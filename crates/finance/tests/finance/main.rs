//! Finance on a database.

mod bad_input;
mod fixture;
mod outside;
mod payments;
mod postings;
mod random;
mod reports;
mod speed;
