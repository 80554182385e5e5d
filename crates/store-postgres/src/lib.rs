#![doc = include_str!("../README.md")]

mod adjust;
mod ahead;
mod announcements;
mod aside;
mod catalog;
mod cells;
mod cluster;
mod connection;
mod error;
mod floor;
mod gathered;
mod link;
mod migrate;
mod options;
mod pending;
mod placed;
mod pool;
mod query;
mod queue;
mod reliance;
mod server;
mod session;
mod statement;
mod store;
mod tls;
mod value;
mod workers;

pub use cluster::{ClusterPlan, Distribution, TablePlan};
pub use floor::Floor;
pub use options::{Listener, Options, Prepared};
pub use store::{Occupant, PostgresStore};
