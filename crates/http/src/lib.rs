#![doc = include_str!("../README.md")]

mod admission;
mod api;
mod around;
mod body;
mod caller;
mod client;
mod cursor;
mod filter;
mod health;
mod idempotent;
mod metadata;
mod metrics;
mod openapi;
mod operation;
mod parameters;
mod readable;
mod refusal;
mod reply;
mod routes;
mod server;
mod shown;
mod target;

pub use api::{Api, Limits};
pub use operation::{Operation, Policy};
pub use routes::{operations, router};
pub use server::{Server, ServerError};
