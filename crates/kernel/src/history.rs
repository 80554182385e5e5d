//! The history of objects: change sets, digests, former states, and what is kept of them how long.

mod chain;
mod change_set;
mod digest;
mod restore;
mod retention;
mod seal;
mod search;
mod state;
mod verify;
mod versions;

pub(crate) use change_set::OpenSet;
pub use change_set::{CHANGE_SET, ChangeSet, Deed, Touched};
pub(crate) use digest::{Digest, StateDigest};
pub use restore::{Restore, RestoreHeader, RestoreOnly};
pub use seal::{CHANGE_SEAL, Seal};
pub use search::{FoundChange, FoundChanges, HistoryQuery};
pub use state::FormerState;
pub use verify::verify_histories;
pub use versions::{ObjectHistory, VersionChange};
