//! Master data kept in memory by the writer.
//!
//! Only commands use the cache. Every write of an object drops its entry, and objects touched by
//! the running command are read from the database, so an undone command leaves nothing behind.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard};

use hashbrown::HashMap;

use crate::ObjectId;

/// Entries at which the cache starts anew; bounds its memory.
const CAPACITY: usize = 50_000;

type Lookup = (&'static str, &'static str);

#[derive(Default)]
struct Entries {
    objects: HashMap<ObjectId, Arc<dyn Any + Send + Sync>>,
    lookups: HashMap<Lookup, HashMap<Box<str>, Option<ObjectId>>>,
    lookup_count: usize,
}

/// See the module.
#[derive(Default)]
pub struct Cache(Mutex<Entries>);

impl Cache {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn object(&self, id: ObjectId) -> Option<Arc<dyn Any + Send + Sync>> {
        self.entries().objects.get(&id).cloned()
    }

    pub(crate) fn keep_object(&self, id: ObjectId, object: Arc<dyn Any + Send + Sync>) {
        let mut entries = self.entries();
        if entries.objects.len() >= CAPACITY {
            entries.objects.clear();
        }
        entries.objects.insert(id, object);
    }

    pub(crate) fn drop_object(&self, id: ObjectId) {
        self.entries().objects.remove(&id);
    }

    pub(crate) fn lookup(&self, column: Lookup, value: &str) -> Option<Option<ObjectId>> {
        self.entries().lookups.get(&column)?.get(value).copied()
    }

    pub(crate) fn keep_lookup(&self, column: Lookup, value: &str, found: Option<ObjectId>) {
        let mut entries = self.entries();
        if entries.lookup_count >= CAPACITY * 4 {
            entries.lookups.clear();
            entries.lookup_count = 0;
        }
        entries.lookup_count += 1;
        entries.lookups.entry(column).or_default().insert(value.into(), found);
    }

    /// Forgets every answer about objects of one type.
    pub(crate) fn drop_lookup(&self, column: Lookup, value: &str) {
        if let Some(values) = self.entries().lookups.get_mut(&column) {
            values.remove(value);
        }
    }

    /// Forgets everything: after a commit that failed, or a change of customizing.
    pub fn clear(&self) {
        *self.entries() = Entries::default();
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache({} objects)", self.entries().objects.len())
    }
}
