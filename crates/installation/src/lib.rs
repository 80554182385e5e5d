#![doc = include_str!("../README.md")]

mod cluster;
mod composition;
mod copy;
mod error;
mod history;
pub mod idempotency;
mod location;
mod modules;
mod open;
mod services;
mod verify;

pub use cluster::Cluster;
pub use composition::{Composition, compose};
pub use copy::{ContentHash, Progress, content_hash};
pub use error::InstallationError;
pub use history::HistoryKeeper;
pub use location::{Location, ServerUrl};
pub use open::{Installation, Options};
pub use services::{Publication, Services};
pub use tessera_store_sqlite::archive;
pub use verify::verify;
