//! All extensions of an installation as a transaction sees them, and which of them are current.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use super::{CustomSegment, Extended};
use crate::{
    CellRef, ColumnDef, ColumnType, Fault, ObjectDef, Placement, Registry, SegmentDef, Select,
    TableDef, Tx,
};

/// The segments that were activated, by their table: as they were activated.
pub static EXTENSION: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("table_name", ColumnType::Text),
        ColumnDef::required("definition", ColumnType::Text),
    ];
    TableDef::new("extension", columns, 1).placed(Placement::Everywhere)
});

/// One row that counts their changes.
pub static EXTENSION_GENERATION: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Int),
        ColumnDef::required("generation", ColumnType::Int),
    ];
    TableDef::new("extension_generation", columns, 1).placed(Placement::Everywhere)
});

/// The row of [`EXTENSION_GENERATION`].
const ROW: CellRef<'static> = CellRef::Int(1);

/// What commands announce that change extensions.
pub(crate) const CHANGED: &str = "extension";

/// The extensions of an installation at some moment.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    generation: i64,
    objects: HashMap<&'static str, Extended>,
}

impl Extensions {
    /// An object type as people see it: with the parts that were added to it.
    pub fn told(&self, def: &'static ObjectDef) -> &'static ObjectDef {
        self.of(def.name).map_or(def, |extended| extended.told)
    }

    /// The same with everything that is stored.
    pub(crate) fn stored(&self, def: &'static ObjectDef) -> &'static ObjectDef {
        self.of(def.name).map_or(def, |extended| extended.stored)
    }

    pub(crate) fn of(&self, object: &str) -> Option<&Extended> {
        if self.objects.is_empty() { None } else { self.objects.get(object) }
    }

    /// Every table that they need: the heads of the object types, and those of the segments.
    pub fn tables(&self) -> Vec<&'static TableDef> {
        let mut extended: Vec<&Extended> = self.objects.values().collect();
        extended.sort_by_key(|it| it.stored.name);
        extended.into_iter().flat_map(Extended::tables).collect()
    }

    /// These definitions; object types to which nothing happened are the same as before.
    fn of_definitions(
        registry: &Registry,
        generation: i64,
        definitions: Vec<CustomSegment>,
        former: &Self,
    ) -> Self {
        let mut by_object: HashMap<&'static str, (&'static ObjectDef, Vec<CustomSegment>)> =
            HashMap::new();
        for definition in definitions {
            // One of a module that the program does not have waits for it.
            let Some(entry) = registry.object(&definition.object) else { continue };
            let def = (entry.def)();
            by_object.entry(def.name).or_insert((def, Vec::new())).1.push(definition);
        }
        let extended = by_object.into_iter().map(|(name, (def, segments))| {
            let same = former.objects.get(name).filter(|former| *former.segments == *segments);
            (name, same.cloned().unwrap_or_else(|| Extended::new(def, &segments)))
        });
        Self { generation, objects: extended.collect() }
    }

    /// As they would be with this one.
    pub(crate) fn with(&self, registry: &Registry, segment: &CustomSegment) -> Self {
        let known = self.objects.values().flat_map(|it| it.segments.iter().cloned());
        let mut all: Vec<CustomSegment> =
            known.filter(|known| known.table() != segment.table()).collect();
        all.push(segment.clone());
        all.sort_by_key(CustomSegment::table);
        Self::of_definitions(registry, self.generation, all, self)
    }
}

impl Extended {
    fn tables(&self) -> impl Iterator<Item = &'static TableDef> {
        let segments = self.stored_parts.parts.iter().filter_map(|part| part.segment);
        std::iter::once(self.stored.head).chain(segments.map(SegmentDef::table))
    }
}

/// How long a process of several goes without looking whether another one changed the extensions.
const LOOK: Duration = Duration::from_millis(200);

/// The extensions that transactions begin with.
#[derive(Debug, Default)]
pub struct CurrentExtensions {
    current: RwLock<Arc<Extensions>>,
    /// How often they were outdated, and how often of that they were read since.
    outdated: AtomicU64,
    read: AtomicU64,
    looked: Mutex<Option<Instant>>,
    /// Segments whose tables this process made, by table.
    prepared: Mutex<HashMap<String, CustomSegment>>,
}

/// What was known when somebody began to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    outdated: u64,
    at: Instant,
}

impl CurrentExtensions {
    /// How long to wait until every process looked.
    pub const SETTLED: Duration = Duration::from_millis(2 * LOOK.as_millis() as u64);

    /// The current ones.
    pub fn get(&self) -> Arc<Extensions> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// They are to be read again.
    pub(crate) fn outdate(&self) {
        self.outdated.fetch_add(1, Ordering::AcqRel);
    }

    /// What commands announced; nothing where something may have been missed.
    pub(crate) fn hear(&self, message: Option<&str>) {
        if message.is_none_or(|message| message == CHANGED) {
            self.outdate();
        }
    }

    /// The tables of a segment were made.
    pub(crate) fn note_prepared(&self, segment: &CustomSegment) {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.insert(segment.table(), segment.clone());
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.read.load(Ordering::Acquire) < self.outdated.load(Ordering::Acquire)
    }

    /// Whether they may be older than they should, where other processes change them too.
    pub(crate) fn is_due(&self, shared: bool) -> bool {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_stale() || (shared && looked.is_none_or(|at| at.elapsed() >= LOOK))
    }

    /// The beginning of a look, taken before the transaction that reads: whoever outdates them since has them
    /// read again. Until they are read, everybody reads.
    pub(crate) fn look(&self) -> Look {
        Look { outdated: self.outdated.load(Ordering::Acquire), at: Instant::now() }
    }

    /// Reads them as the transaction sees them, where they changed.
    pub(crate) fn refresh(&self, tx: &mut Tx<'_>, look: Look) -> Result<(), Fault> {
        self.read_anew(tx)?;
        self.read.fetch_max(look.outdated, Ordering::AcqRel);
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(look.at);
        Ok(())
    }

    fn read_anew(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let generation = generation(tx)?;
        let current = self.get();
        if generation == current.generation {
            return Ok(());
        }
        let definitions = tx.activated_segments()?;
        let registry = &tx.environment().registry;
        let found = Extensions::of_definitions(registry, generation, definitions, &current);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have read later.
        if current.generation <= generation {
            *current = Arc::new(found);
        }
        Ok(())
    }
}

fn generation(tx: &mut Tx<'_>) -> Result<i64, Fault> {
    let mut found = 0;
    tx.connection.rows(&EXTENSION_GENERATION, &[ROW], &mut |row| {
        row.int()?;
        found = row.int()?.unwrap_or(0);
        Ok(())
    })?;
    Ok(found)
}

impl Tx<'_> {
    /// Every segment that was activated, as it was, in order of their tables.
    ///
    /// # Errors
    ///
    /// Where the database can't be read.
    pub fn activated_segments(&mut self) -> Result<Vec<CustomSegment>, Fault> {
        let mut found = Vec::new();
        let all = Select::from(&EXTENSION, &[0, 1]).order_by(0, crate::Direction::Ascending);
        self.connection.select(&all, &mut |row| {
            let name = row.text()?.unwrap_or_default().to_string();
            let definition = row.text()?.unwrap_or_default();
            let definition = serde_json::from_str(definition)
                .map_err(|error| Fault::corrupt(format!("the extension {name}: {error}")))?;
            found.push(definition);
            Ok(())
        })?;
        Ok(found)
    }

    /// Whether the tables of a segment, as it is, were made by [`crate::Database::prepare_extension`].
    pub fn is_prepared(&self, segment: &CustomSegment) -> bool {
        let prepared = &self.environment.extensions.prepared;
        let prepared = prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.get(&segment.table()) == Some(segment)
    }

    /// Has this segment be what it says from the end of the command on. Its tables were made by
    /// [`crate::Database::prepare_extension`].
    ///
    /// # Errors
    ///
    /// Where the database can't be written.
    pub fn activate_segment(&mut self, segment: &CustomSegment) -> Result<(), Fault> {
        self.writable()?;
        let definition = serde_json::to_string(segment)
            .map_err(|error| Fault::corrupt(format!("an extension is no JSON: {error}")))?;
        let row =
            [CellRef::Text(&segment.table()), CellRef::Text(&definition)].map(CellRef::to_cell);
        self.connection.put(&EXTENSION, &crate::RowBuffer(row.to_vec()))?;
        self.connection.adjust(&EXTENSION_GENERATION, &[ROW], &[(1, 1)], None)?;
        self.extends = true;
        Ok(self.connection.announce(CHANGED)?)
    }
}
