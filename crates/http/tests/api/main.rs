//! The API from outside: requests and answers.

mod access;
mod admission;
mod bad_input;
mod broker;
mod bulk;
mod credentials;
mod custom;
mod escalation;
mod history;
mod idempotency;
mod lists;
mod objects;
mod oidc;
mod passkeys;
mod protocol;
mod second_factor;
mod sign_in;
mod support;
mod surface;
