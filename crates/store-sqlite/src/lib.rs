#![doc = include_str!("../README.md")]

mod adjust;
pub mod archive;
mod backup;
mod bind;
mod catalog;
mod checkpoint;
mod error;
mod file;
pub mod floor;
mod lock;
mod migrate;
mod options;
mod query;
mod readers;
mod rebuild;
mod session;
mod sql;
mod statements;
mod store;
mod writer;

pub use options::{Access, Options};
pub use store::SqliteStore;
