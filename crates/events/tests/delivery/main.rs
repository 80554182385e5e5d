//! Delivery of events, on a database and a receiver on this machine.

mod broker;
mod dispatcher;
mod processes;
mod retention;
mod support;
mod webhooks;
