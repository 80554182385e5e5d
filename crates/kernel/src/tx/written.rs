//! What a command wrote itself: it need not read it back.

use std::any::Any;
use std::sync::Arc;

use hashbrown::HashMap;
use uuid::Uuid;

use crate::{Cell, Composite, Head, Object, ObjectId, Ref, RowSink, Stored};

/// Objects remembered at most: a chain of documents touches some ten, and a command that writes
/// thousands keeps no copy of each.
const CAPACITY: usize = 64;

/// Objects as the running command left them in the database, each as a whole.
#[derive(Default)]
pub(super) struct Written(HashMap<ObjectId, (Head, Arc<dyn Any + Send + Sync>)>);

impl Written {
    /// The database has the object as it was saved last.
    pub(super) fn keep<T: Object>(&mut self, object: &Stored<T>) {
        if self.0.len() >= CAPACITY {
            self.0.clear();
        }
        self.0.insert(object.head.id, (object.head.clone(), object.original.clone()));
    }

    /// Something else is written to the object.
    pub(super) fn forget(&mut self, id: ObjectId) {
        self.0.remove(&id);
    }

    /// The object as reading it would give it. None where it is not remembered, or where its
    /// records do not stand in the order of their keys, in which they are read.
    pub(super) fn object<T: Object>(&self, id: Ref<T>) -> Option<Stored<T>> {
        let (head, value) = self.0.get(&id.id())?;
        let original = value.clone().downcast::<T>().ok()?;
        is_in_key_order(&*original).then(|| Stored {
            head: head.clone(),
            value: T::clone(&original),
            original,
        })
    }
}

fn is_in_key_order<T: Composite>(value: &T) -> bool {
    let parts = &T::composite().parts;
    let mut former: Option<(usize, Key)> = None;
    let mut is_ordered = true;
    value.visit(&mut |part, row| {
        let columns = parts[part].segment.map_or(0, crate::SegmentDef::key_columns);
        let mut key = Key { cells: Vec::with_capacity(columns), columns };
        row.write(&mut key);
        if let Some((same, before)) = &former
            && *same == part
        {
            is_ordered &= before.cells < key.cells;
        }
        former = Some((part, key));
    });
    is_ordered
}

/// The first columns of a row, which are its key.
struct Key {
    cells: Vec<Cell>,
    columns: usize,
}

impl Key {
    fn take(&mut self, cell: impl FnOnce() -> Cell) {
        if self.cells.len() < self.columns {
            self.cells.push(cell());
        }
    }
}

impl RowSink for Key {
    fn null(&mut self) {
        self.take(|| Cell::Null);
    }
    fn bool(&mut self, value: bool) {
        self.take(|| Cell::Bool(value));
    }
    fn int(&mut self, value: i64) {
        self.take(|| Cell::Int(value));
    }
    fn text(&mut self, value: &str) {
        self.take(|| Cell::Text(value.to_string()));
    }
    fn uuid(&mut self, value: Uuid) {
        self.take(|| Cell::Uuid(value));
    }
    fn date(&mut self, value: i32) {
        self.take(|| Cell::Date(value));
    }
    fn instant(&mut self, value: i64) {
        self.take(|| Cell::Instant(value));
    }
    fn refuse(&mut self, _: &str) {}
}
