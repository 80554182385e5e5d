//! Whether every history is as the program wrote it: no line changed, removed, added or moved, and no record changed
//! without one.

use hashbrown::{HashMap, HashSet};
use serde_json::Value;

use super::chain::mark;
use super::change_set::{CHANGE_SET, ChangeSet, Deed, Touched, set_column};
use super::digest::Digest;
use super::seal::SealCheck;
use super::state::{Records, Unfit};
use crate::cell::read_cell;
use crate::change::{Image, OWNER, TEAM};
use crate::tx::Line;
use crate::{
    CHANGE_DOCUMENT, Cell, Condition, Direction, Fault, FieldChange, Findings, Head, ObjectDef,
    ObjectId, Operator, RowBuffer, Select, Tx, head_column,
};

/// Objects, and change sets, that are compared at a time.
const PAGE: u32 = 250;
/// Differences told of one check: where one is wrong, thousands may be.
const MOST: usize = 1_000;

/// Compares every history with the objects, and with the change sets.
///
/// # Errors
///
/// Where the database can't be read.
pub fn verify_histories(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let defs: Vec<&'static ObjectDef> =
        tx.environment().registry.objects().map(|entry| tx.stored((entry.def)())).collect();
    let mut found = Found { findings, objects: 0, sets: 0, unchained: 0, told: 0 };
    for def in &defs {
        each_page_of(tx, def, &mut found)?;
    }
    each_set(tx, &defs, &mut found)?;
    let Found { objects, sets, unchained, .. } = found;
    findings.compared("history of objects", objects);
    findings.compared("change sets", sets);
    if unchained > 0 {
        findings.compared("history without a chain yet", unchained);
    }
    Ok(())
}

struct Found<'f> {
    findings: &'f mut Findings,
    objects: usize,
    sets: usize,
    unchained: usize,
    told: usize,
}

impl Found<'_> {
    fn differs(&mut self, what: String) {
        self.told += 1;
        if self.told <= MOST {
            self.findings.differs(format!("history: {what}"));
        }
    }
}

fn each_page_of(
    tx: &mut Tx<'_>,
    def: &'static ObjectDef,
    found: &mut Found<'_>,
) -> Result<(), Fault> {
    let mut after: Option<ObjectId> = None;
    loop {
        let mut query =
            Select::all(def.head).order_by(head_column::ID, Direction::Ascending).limit(PAGE);
        query.after = after.map(|id| vec![Cell::Uuid(id.0)]);
        let mut heads = Vec::new();
        tx.select(&query, &mut |row| {
            heads.push(crate::tx::read_head(def, row)?);
            Ok(())
        })?;
        let Some(last) = heads.last() else { return Ok(()) };
        after = Some(last.id);
        found.objects += heads.len();
        let ids: Vec<ObjectId> = heads.iter().map(|head| head.id).collect();
        let mut images = tx.images(def, &ids)?;
        let mut lines = tx.lines_of(&ids)?;
        let sets = sets_of(tx, &heads, &lines)?;
        for head in &heads {
            let history = History {
                def,
                head,
                lines: lines.remove(&head.id).unwrap_or_default(),
                records: Records::of(def, images.remove(&head.id).unwrap_or_default()),
                sets: &sets,
            };
            history.check(found);
        }
    }
}

/// The change sets that heads and lines name.
fn sets_of(
    tx: &mut Tx<'_>,
    heads: &[Head],
    lines: &HashMap<ObjectId, Vec<Line>>,
) -> Result<HashMap<ObjectId, ChangeSet>, Fault> {
    let mut ids: HashSet<ObjectId> = heads.iter().filter_map(|head| head.created_in).collect();
    ids.extend(lines.values().flatten().filter_map(|line| line.change.change_set));
    let ids: Vec<ObjectId> = ids.into_iter().collect();
    tx.change_sets(&ids)
}

/// One object with all that is told of it.
struct History<'h> {
    def: &'static ObjectDef,
    head: &'h Head,
    lines: Vec<Line>,
    records: Records,
    sets: &'h HashMap<ObjectId, ChangeSet>,
}

impl History<'_> {
    fn name(&self) -> String {
        let number = self.head.number.clone().unwrap_or_else(|| self.head.id.to_string());
        format!("{} {number}", self.def.name)
    }

    fn check(mut self, found: &mut Found<'_>) {
        let name = self.name();
        for what in self.compare(found) {
            found.differs(format!("{name}{what}"));
        }
    }

    /// What differs.
    fn compare(&mut self, found: &mut Found<'_>) -> Vec<String> {
        let mut differences = self.lines_that_differ();
        if !differences.is_empty() {
            return differences;
        }
        let begin = self.lines.iter().rposition(|line| begins(&line.change));
        let (base, start) = match begin {
            None => (1, None),
            Some(at) => (self.lines[at].change.version, Some(self.lines[at].change.clone())),
        };
        if self.head.history.is_none() && start.is_none() && self.head.created_in.is_none() {
            found.unchained += 1;
            return Vec::new();
        }
        differences.extend(self.versions_missing(base));
        differences.extend(self.handed_over());
        match self.rewind(base) {
            Err(Unfit::Differs(what)) => differences.push(what),
            // The program of today can't say what was then; the chain still can.
            Err(Unfit::Unknown(_)) => differences.extend(self.chain(base, start.as_ref(), None)),
            Ok(state) => differences.extend(self.chain(base, start.as_ref(), Some(state))),
        }
        differences
    }

    /// Lines that are not as they were written, and gaps between them.
    fn lines_that_differ(&self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut expected = 1;
        let mut version = 0;
        for Line { change, digest, .. } in &self.lines {
            if change.version != version {
                (version, expected) = (change.version, 1);
            }
            if digest.is_some_and(|digest| digest != Digest::of_line(change).short()) {
                differences.push(at(change, "was changed"));
            } else if digest.is_none() && change.change_set.is_some() {
                differences.push(at(change, "has no digest"));
            }
            if change.is_mark() {
                continue;
            }
            if change.line != expected {
                differences.push(format!(", version {version}: line {expected} is missing"));
            }
            expected = change.line + 1;
        }
        differences
    }

    fn versions_missing(&self, base: i64) -> Vec<String> {
        let told: HashSet<i64> = self
            .lines
            .iter()
            .filter(|line| !begins(&line.change))
            .map(|line| line.change.version)
            .collect();
        let mut differences = Vec::new();
        for version in base + 1..=self.head.version {
            if !told.contains(&version) {
                differences.push(format!(", version {version}: its lines are missing"));
            }
            if differences.len() > 10 {
                break;
            }
        }
        if let Some(beyond) = told.iter().filter(|version| **version > self.head.version).max() {
            differences.push(format!(
                ", version {beyond}: has lines, and the object has version {}",
                self.head.version
            ));
        }
        differences
    }

    /// Where the head row names somebody else than the last change of who is responsible.
    fn handed_over(&self) -> Option<String> {
        let last = |field: &str| {
            let lines = self.lines.iter().rev().map(|line| &line.change);
            lines.filter(|change| change.is_of_head()).find(|change| change.field == field)
        };
        let named = [(OWNER, self.head.owner), (TEAM, self.head.team)];
        let is_other = |(field, now): &(&str, Option<ObjectId>)| {
            let now = now.map(|id| Value::from(id.to_string()).to_string());
            last(field).is_some_and(|change| change.new != now)
        };
        let (field, _) = named.into_iter().find(is_other)?;
        Some(format!(": the head row names another {field} than its history"))
    }

    /// Digest of the records at the version with which the history begins.
    fn rewind(&mut self, base: i64) -> Result<Digest, Unfit> {
        for Line { change, .. } in self.lines.iter().rev() {
            if change.version <= base {
                break;
            }
            self.records.undo(change).map_err(|unfit| match unfit {
                Unfit::Differs(what) => Unfit::Differs(at(change, &what)),
                unknown @ Unfit::Unknown(_) => unknown,
            })?;
        }
        Ok(self.records.digest())
    }

    /// Follows the chain from its beginning to the head row.
    fn chain(&self, base: i64, start: Option<&FieldChange>, state: Option<Digest>) -> Vec<String> {
        let mut history = match self.beginning(base, start, state) {
            Ok(history) => history,
            Err(difference) => return vec![difference],
        };
        for version in base + 1..=self.head.version {
            let of_version = || {
                let lines = self.lines.iter().map(|line| &line.change);
                lines.filter(move |change| change.version == version && !begins(change))
            };
            let digests: Vec<Digest> = of_version().map(Digest::of_line).collect();
            history = Digest::of_change(history, version, &digests);
            let Some(change) = of_version().find(|change| !change.is_mark()) else { continue };
            let Some(id) = change.change_set else {
                return vec![format!(", version {version}: belongs to no change set")];
            };
            if let Err(what) = self.confirm(id, version, history, Some(change)) {
                return vec![format!(", version {version}: {what}")];
            }
        }
        if self.head.history == Some(history) {
            return Vec::new();
        }
        vec![format!(", version {}: the head row names another history", self.head.version)]
    }

    /// The digest with which the chain begins.
    fn beginning(
        &self,
        base: i64,
        start: Option<&FieldChange>,
        state: Option<Digest>,
    ) -> Result<Digest, String> {
        let Some(mark) = start else {
            let Some(created_in) = self.head.created_in else {
                return Err(": the head row does not say in which change set it was made".into());
            };
            let set = self.sets.get(&created_in);
            let touched = set.and_then(|set| touched(set, self.head.id, 1));
            let made = match state {
                Some(state) => Digest::of_creation(self.def.name, self.head.id, state),
                None => match touched.and_then(|touched| touched.digest) {
                    Some(digest) => digest,
                    None => return Err(format!(": change set {created_in} does not tell of it")),
                },
            };
            self.confirm(created_in, 1, made, None).map_err(|what| {
                format!(", version 1: {what}, or a record was changed without the program")
            })?;
            if let Some(set) = set
                && (set.actor != self.head.created_by || set.at != self.head.created_at)
            {
                return Err(", version 1: the head row tells of another creation".to_string());
            }
            return Ok(made);
        };
        let is_same = state.is_none_or(|state| mark.new == Some(state.to_string()));
        if !is_same {
            let what = "a record was changed without the program";
            return Err(format!(", version {base}: {what}"));
        }
        let line = Digest::of_line(mark);
        let deed = if mark.field == mark::CUT { Deed::Cut } else { Deed::Begun };
        let set = mark.change_set.and_then(|id| self.sets.get(&id));
        let told = set.is_some_and(|set| {
            set.objects
                .iter()
                .any(|it| it.deed == deed && it.id == self.head.id && it.digest == Some(line))
        });
        if !told {
            return Err(format!(
                ", version {base}: no change set tells of the mark `{}`",
                mark.field
            ));
        }
        match mark.old.as_deref().map(str::parse) {
            Some(Ok(before)) => Ok(before),
            Some(Err(())) => Err(format!(", version {base}: the mark names no digest")),
            None => Ok(line),
        }
    }

    /// The change set tells the same of a version.
    fn confirm(
        &self,
        id: ObjectId,
        version: i64,
        history: Digest,
        change: Option<&FieldChange>,
    ) -> Result<(), String> {
        let Some(set) = self.sets.get(&id) else {
            return Err(format!("its change set {id} is missing"));
        };
        if !set.is_whole() {
            return Err(format!("its change set {id} was changed"));
        }
        match touched(set, self.head.id, version) {
            None => return Err(format!("its change set {id} does not tell of it")),
            Some(touched) if touched.digest != Some(history) => {
                return Err(format!("its change set {id} tells of another history"));
            }
            Some(_) => {}
        }
        let fits = change.is_none_or(|change| {
            change.at == set.at && change.actor == set.actor && change.source == set.source
        });
        if fits { Ok(()) } else { Err(format!("its change set {id} names somebody else")) }
    }
}

fn at(change: &FieldChange, what: &str) -> String {
    format!(", version {}, line {}: {what}", change.version, change.line)
}

/// Whether a line marks where a history begins.
fn begins(change: &FieldChange) -> bool {
    change.is_mark() && (change.field == mark::BEGUN || change.field == mark::CUT)
}

/// What a set did to make a version of an object.
fn touched(set: &ChangeSet, id: ObjectId, version: i64) -> Option<&Touched> {
    set.objects.iter().find(|it| {
        it.id == id && it.version == version && !matches!(it.deed, Deed::Begun | Deed::Cut)
    })
}

/// Every change set is as it was written, and what it tells of is there.
fn each_set(
    tx: &mut Tx<'_>,
    defs: &[&'static ObjectDef],
    found: &mut Found<'_>,
) -> Result<(), Fault> {
    let mut seals = SealCheck::new(tx)?;
    let mut after: Option<ObjectId> = None;
    loop {
        let mut query =
            Select::all(&CHANGE_SET).order_by(set_column::ID, Direction::Ascending).limit(PAGE);
        query.after = after.map(|id| vec![Cell::Uuid(id.0)]);
        let mut sets = Vec::new();
        tx.select(&query, &mut |row| {
            sets.push(ChangeSet::read(row)?);
            Ok(())
        })?;
        let Some(last) = sets.last() else { break };
        after = Some(last.id);
        found.sets += sets.len();
        for set in &sets {
            if !set.is_whole() {
                found.differs(format!("change set {}: was changed", set.id));
            }
            seals.take(set).into_iter().for_each(|what| found.differs(what));
        }
        for def in defs {
            let told = sets.iter().flat_map(|set| {
                let of_type = set.objects.iter().filter(|touched| touched.kind == def.name);
                of_type.map(move |touched| (set, touched))
            });
            compare_with_heads(tx, def, told.collect(), found)?;
        }
    }
    seals.end().into_iter().for_each(|what| found.differs(what));
    Ok(())
}

/// What change sets tell of objects of a type is true of them, or of what is left of them.
fn compare_with_heads(
    tx: &mut Tx<'_>,
    def: &'static ObjectDef,
    told: Vec<(&ChangeSet, &Touched)>,
    found: &mut Found<'_>,
) -> Result<(), Fault> {
    let ids: HashSet<ObjectId> = told.iter().map(|(_, touched)| touched.id).collect();
    let versions = tx.versions(def, &ids.into_iter().collect::<Vec<_>>())?;
    let mut gone = HashSet::new();
    for (set, touched) in told {
        let Touched { id, version, .. } = *touched;
        match versions.get(&id) {
            Some((now, created_in)) => {
                if *now < version {
                    let what =
                        format!("its change set {} is there, and it has version {now}", set.id);
                    found.differs(format!("{} {id}, version {version}: {what}", def.name));
                }
                if touched.deed == Deed::Created && *created_in != Some(set.id) {
                    let what = "the head row names another change set as that which made it";
                    found.differs(format!("{} {id}, version 1: {what}", def.name));
                }
            }
            None => _ = gone.insert(id),
        }
    }
    for id in gone {
        deleted(tx, def, id, found)?;
    }
    Ok(())
}

/// An object that is gone was deleted by the program: its history says so, and leads back to what was made.
fn deleted(
    tx: &mut Tx<'_>,
    def: &'static ObjectDef,
    id: ObjectId,
    found: &mut Found<'_>,
) -> Result<(), Fault> {
    let lines = tx.lines_of(&[id])?.remove(&id).unwrap_or_default();
    let end = lines.iter().find(|line| line.change.is_mark() && line.change.field == mark::DELETED);
    let Some(end) = end else {
        found.differs(format!("{} {id}: is gone, and nothing tells of its deletion", def.name));
        return Ok(());
    };
    let set = end.change.change_set;
    let mut head = tx.last_head(def, id)?;
    let mut lines = HashMap::from_iter([(id, lines)]);
    let sets = sets_of(tx, std::slice::from_ref(&head), &lines)?;
    let lines = lines.remove(&id).unwrap_or_default();
    head.history = set.and_then(|set| touched(sets.get(&set)?, id, head.version)?.digest);
    if head.history.is_some() {
        History { def, head: &head, lines, records: Records::none(def), sets: &sets }.check(found);
    }
    Ok(())
}

impl Tx<'_> {
    /// Change sets by id, as far as they are there.
    pub(crate) fn change_sets(
        &mut self,
        ids: &[ObjectId],
    ) -> Result<HashMap<ObjectId, ChangeSet>, Fault> {
        let mut sets = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(PAGE as usize) {
            self.select(&Select::all(&CHANGE_SET).filter(any_of(ids)), &mut |row| {
                let set = ChangeSet::read(row)?;
                sets.insert(set.id, set);
                Ok(())
            })?;
        }
        Ok(sets)
    }

    /// The lines of objects, oldest first.
    pub(crate) fn lines_of(
        &mut self,
        ids: &[ObjectId],
    ) -> Result<HashMap<ObjectId, Vec<Line>>, Fault> {
        let mut lines: HashMap<ObjectId, Vec<Line>> = HashMap::new();
        let mut query = Select::all(&CHANGE_DOCUMENT).filter(any_of(ids));
        for column in 0..3 {
            query = query.order_by(column, Direction::Ascending);
        }
        self.select(&query, &mut |row| {
            let line = Line::read(row)?;
            lines.entry(line.object).or_default().push(line);
            Ok(())
        })?;
        Ok(lines)
    }

    /// The records of objects of a type, by part.
    pub(crate) fn images(
        &mut self,
        def: &'static ObjectDef,
        ids: &[ObjectId],
    ) -> Result<HashMap<ObjectId, Image>, Fault> {
        let parts = def.composite.parts.len();
        let mut images: HashMap<ObjectId, Image> =
            ids.iter().map(|id| (*id, vec![Vec::new(); parts])).collect();
        for (part, definition) in def.composite.parts.iter().enumerate() {
            let Some(segment) = definition.segment else { continue };
            let columns = &segment.table().columns[1..];
            let mut query = Select::all(segment.table()).filter(any_of(ids));
            for column in 0..=segment.key_columns() {
                query = query.order_by(column, Direction::Ascending);
            }
            self.select(&query, &mut |row| {
                let id = row.uuid()?.map(ObjectId);
                let mut cells = Vec::with_capacity(columns.len());
                for column in columns {
                    cells.push(read_cell(row, column.ty)?);
                }
                if let Some(image) = id.and_then(|id| images.get_mut(&id)) {
                    image[part].push(RowBuffer(cells));
                }
                Ok(())
            })?;
        }
        Ok(images)
    }

    /// Versions of objects of a type, as far as they are there, with the change sets that made them.
    fn versions(
        &mut self,
        def: &'static ObjectDef,
        ids: &[ObjectId],
    ) -> Result<HashMap<ObjectId, (i64, Option<ObjectId>)>, Fault> {
        let mut versions = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(PAGE as usize) {
            let columns = [head_column::ID, head_column::VERSION, head_column::CREATED_IN];
            self.select(&Select::from(def.head, &columns).filter(any_of(ids)), &mut |row| {
                if let (Some(id), Some(version)) = (row.uuid()?, row.int()?) {
                    versions.insert(ObjectId(id), (version, row.uuid()?.map(ObjectId)));
                }
                Ok(())
            })?;
        }
        Ok(versions)
    }
}

/// The first column is one of these ids.
fn any_of(ids: &[ObjectId]) -> Condition {
    let values = ids.iter().map(|id| Cell::Uuid(id.0)).collect();
    Condition { column: 0, operator: Operator::In, values }
}
