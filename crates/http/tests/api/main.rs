//! The API from outside: requests and answers.

mod admission;
mod bad_input;
mod bulk;
mod credentials;
mod history;
mod idempotency;
mod lists;
mod objects;
mod protocol;
mod support;
