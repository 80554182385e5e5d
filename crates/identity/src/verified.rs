//! Secrets verified a moment ago, so that a call costs no query.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tessera_kernel::{Actor, ObjectId};

use crate::scope::Scope;

/// How long a secret is believed without a query. Bounds how late a revocation by another
/// process is heard.
const BELIEVED: Duration = Duration::from_secs(10);
/// Secrets at which the memory starts anew.
const CAPACITY: usize = 10_000;

/// Whoever is behind a secret that was verified.
#[derive(Clone, Debug)]
pub struct VerifiedCaller {
    /// Who acts.
    pub actor: Actor,
    /// Their user object.
    pub user: ObjectId,
    /// What this credential may do at most of what they may.
    pub scope: Scope,
}

/// What was found by the hash of a secret.
pub(crate) struct Credential {
    pub(crate) user: ObjectId,
    /// Name of a token.
    pub(crate) name: Option<String>,
    pub(crate) scope: Scope,
    /// Its use was noted some time ago, and is to be noted anew.
    pub(crate) stale: bool,
}

#[derive(Default)]
struct Entries {
    callers: HashMap<[u8; 32], (VerifiedCaller, Instant)>,
    /// Counts how often everything was forgotten: an answer that was looked up before is not kept
    /// after.
    age: u64,
}

/// Callers by the hash of their secret.
#[derive(Default)]
pub(crate) struct Verified(RwLock<Entries>);

impl Verified {
    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller, if the secret was verified a moment ago.
    pub(crate) fn get(&self, hash: &[u8; 32]) -> Option<VerifiedCaller> {
        let entries = self.read();
        let (caller, until) = entries.callers.get(hash)?;
        (*until > Instant::now()).then(|| caller.clone())
    }

    /// The age of the memory, to be given to `keep`.
    pub(crate) fn age(&self) -> u64 {
        self.read().age
    }

    /// Keeps an answer that was looked up at an age.
    pub(crate) fn keep(&self, hash: [u8; 32], caller: &VerifiedCaller, age: u64) {
        let mut entries = self.write();
        if entries.age != age {
            return;
        }
        if entries.callers.len() >= CAPACITY {
            entries.callers.clear();
        }
        entries.callers.insert(hash, (caller.clone(), Instant::now() + BELIEVED));
    }

    /// Forgets everything.
    pub(crate) fn forget(&self) {
        let mut entries = self.write();
        entries.callers.clear();
        entries.age += 1;
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::Source;

    use super::*;

    #[test]
    fn an_answer_older_than_a_revocation_is_not_kept() {
        let actor = Actor::user("ada", Source::Token, true);
        let (user, scope) = (ObjectId(Default::default()), Scope::unlimited());
        let (verified, caller) = (Verified::default(), VerifiedCaller { actor, user, scope });
        let age = verified.age();
        verified.forget();
        verified.keep([1; 32], &caller, age);
        assert!(verified.get(&[1; 32]).is_none());
        verified.keep([1; 32], &caller, verified.age());
        assert_eq!(verified.get(&[1; 32]).unwrap().actor.name(), "ada");
    }
}
