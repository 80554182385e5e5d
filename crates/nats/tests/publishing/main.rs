//! What is published to a server of NATS on this machine.

mod access;
mod publishing;
mod stream;
mod support;
