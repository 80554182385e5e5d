#![doc = include_str!("../README.md")]

mod api;
mod around;
mod body;
mod caller;
mod cursor;
mod filter;
mod idempotent;
mod metadata;
mod metrics;
mod openapi;
mod operation;
mod refusal;
mod reply;
mod routes;
mod server;
mod target;

pub use api::{Api, Limits};
pub use routes::router;
pub use server::{Server, ServerError};
