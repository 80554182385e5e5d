//! Secrets verified a moment ago, so that a call costs no query.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tessera_kernel::Actor;

/// How long a secret is believed without a query. Bounds how late a revocation by another
/// process is heard.
const BELIEVED: Duration = Duration::from_secs(10);
/// Secrets at which the memory starts anew.
const CAPACITY: usize = 10_000;

#[derive(Default)]
struct Entries {
    actors: HashMap<[u8; 32], (Actor, Instant)>,
    /// Counts how often everything was forgotten: an answer that was looked up before is not kept
    /// after.
    age: u64,
}

/// Actors by the hash of their secret.
#[derive(Default)]
pub(crate) struct Verified(RwLock<Entries>);

impl Verified {
    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The actor, if the secret was verified a moment ago.
    pub(crate) fn get(&self, hash: &[u8; 32]) -> Option<Actor> {
        let entries = self.read();
        let (actor, until) = entries.actors.get(hash)?;
        (*until > Instant::now()).then(|| actor.clone())
    }

    /// The age of the memory, to be given to `keep`.
    pub(crate) fn age(&self) -> u64 {
        self.read().age
    }

    /// Keeps an answer that was looked up at an age.
    pub(crate) fn keep(&self, hash: [u8; 32], actor: &Actor, age: u64) {
        let mut entries = self.write();
        if entries.age != age {
            return;
        }
        if entries.actors.len() >= CAPACITY {
            entries.actors.clear();
        }
        entries.actors.insert(hash, (actor.clone(), Instant::now() + BELIEVED));
    }

    /// Forgets everything.
    pub(crate) fn forget(&self) {
        let mut entries = self.write();
        entries.actors.clear();
        entries.age += 1;
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::Source;

    use super::*;

    #[test]
    fn an_answer_older_than_a_revocation_is_not_kept() {
        let (verified, actor) = (Verified::default(), Actor::user("ada", Source::Token, true));
        let age = verified.age();
        verified.forget();
        verified.keep([1; 32], &actor, age);
        assert!(verified.get(&[1; 32]).is_none());
        verified.keep([1; 32], &actor, verified.age());
        assert_eq!(verified.get(&[1; 32]).unwrap().name(), "ada");
    }
}
