#![doc = include_str!("../README.md")]

mod composition;
mod error;
pub mod idempotency;
mod location;
mod modules;
mod open;
mod services;
mod verify;

pub use composition::{Composition, compose};
pub use error::InstallationError;
pub use location::{Location, ServerUrl};
pub use open::{Installation, Options};
pub use services::Services;
pub use verify::verify;
