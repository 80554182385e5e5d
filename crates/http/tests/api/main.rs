//! The API from outside: requests and answers.

mod access;
mod admission;
mod bad_input;
mod bulk;
mod credentials;
mod idempotency;
mod lists;
mod objects;
mod protocol;
mod support;
