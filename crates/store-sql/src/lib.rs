#![doc = include_str!("../README.md")]

mod dialect;
mod fingerprint;
pub mod floor;
mod names;
mod pool;
mod select;

pub use dialect::Dialect;
pub use fingerprint::fingerprint;
pub use names::{push_name, push_names, quote};
pub use pool::{Pool, given_up};
pub use select::{Parameter, render};
