//! Objects that many commands read and few change, kept in memory.
//!
//! Only commands use the cache. Every write of an object drops its entry, and objects touched by
//! the running command are read from the database, so an undone command leaves nothing behind.
//!
//! Where commands run at once, in one process or in many, a command announces what it changed, and
//! each hears what was announced before it began (a *hearing*) before it looks into the cache. What
//! it reads itself it keeps only if nobody heard anything since: otherwise it might put back what
//! another one has just dropped.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard};

use hashbrown::HashMap;

use crate::ObjectId;

/// Entries at which the cache starts anew; bounds its memory.
const CAPACITY: usize = 50_000;

/// An object type and one of its unique fields.
type Lookup = (&'static str, &'static str);

#[derive(Default)]
struct Entries {
    objects: HashMap<ObjectId, Arc<dyn Any + Send + Sync>>,
    lookups: HashMap<Lookup, HashMap<Box<str>, Option<ObjectId>>>,
    lookup_count: usize,
    /// Messages heard.
    heard: u64,
}

/// What the cache had heard when a command began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hearing(u64);

/// See the module.
#[derive(Default)]
pub struct Cache(Mutex<Entries>);

impl Cache {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What is heard so far.
    pub(crate) fn hearing(&self) -> Hearing {
        Hearing(self.entries().heard)
    }

    /// Drops what a message says; everything where one may have been missed.
    pub(crate) fn hear(&self, message: Option<&str>) {
        let mut entries = self.entries();
        let heard = entries.heard + 1;
        match message {
            None => *entries = Entries::default(),
            Some(message) => entries.forget(message),
        }
        entries.heard = heard;
    }

    pub(crate) fn object(&self, id: ObjectId) -> Option<Arc<dyn Any + Send + Sync>> {
        self.entries().objects.get(&id).cloned()
    }

    pub(crate) fn keep_object(
        &self,
        hearing: Hearing,
        id: ObjectId,
        object: Arc<dyn Any + Send + Sync>,
    ) {
        let mut entries = self.entries();
        if entries.heard != hearing.0 {
            return;
        }
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

    pub(crate) fn keep_lookup(
        &self,
        hearing: Hearing,
        column: Lookup,
        value: &str,
        found: Option<ObjectId>,
    ) {
        let mut entries = self.entries();
        if entries.heard != hearing.0 {
            return;
        }
        if entries.lookup_count >= CAPACITY * 4 {
            entries.lookups.clear();
            entries.lookup_count = 0;
        }
        entries.lookup_count += 1;
        entries.lookups.entry(column).or_default().insert(value.into(), found);
    }

    /// Forgets which object has this value.
    pub(crate) fn drop_lookup(&self, column: Lookup, value: &str) {
        if let Some(values) = self.entries().lookups.get_mut(&column) {
            values.remove(value);
        }
    }

    /// Forgets everything: after a commit that failed, or a change of customizing.
    pub fn clear(&self) {
        self.hear(None);
    }
}

impl Entries {
    fn forget(&mut self, message: &str) {
        if let Ok(id) = message.parse::<ObjectId>() {
            self.objects.remove(&id);
            return;
        }
        let Some((column, value)) = message.split_once('=') else { return };
        for ((object, field), values) in &mut self.lookups {
            if column.split_once('.') == Some((object, field)) {
                values.remove(value);
            }
        }
    }
}

/// The message that an object changed.
pub(crate) fn changed(id: ObjectId) -> String {
    id.to_string()
}

/// The message that another object, or none, has a unique value now.
pub(crate) fn moved((object, field): (&str, &str), value: &str) -> String {
    format!("{object}.{field}={value}")
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache({} objects)", self.entries().objects.len())
    }
}
