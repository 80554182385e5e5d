//! Finance on a database.

mod fixture;
mod outside;
mod payments;
mod postings;
mod random;
mod reports;
mod speed;
