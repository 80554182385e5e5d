//! The kernel on a database: a small library that lends books to members, with segments of every
//! cardinality.

mod balances;
mod cache;
mod changes;
mod events;
mod fresh;
mod gapless;
mod histories;
mod lists;
mod numbers;
mod objects;
mod panics;
mod recording;
mod references;
mod refusals;
mod sample;
mod saves;
mod stale;
mod tampering;
mod town;
mod written;
