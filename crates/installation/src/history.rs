//! How long the history of objects is kept, and what is done to it beside the commands.

use serde::Deserialize;
use tessera_customizing::{Customizing, Diagnostics, Shipped};
use tessera_kernel::{
    Actor, Database, Fault, Instant, Module, ObjectDef, ObjectId, Registry, Settings, Source,
    StoreError, Tx,
};

/// Shipped customizing: everything is kept.
pub(crate) const CONFIG: &[Shipped] = &[];
/// Objects worked on in one command.
const BATCH: u32 = 100;
const SECONDS_OF_A_DAY: i64 = 86_400;

/// An entry of the catalogue `history_retention`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retention {
    /// Object type.
    object: String,
    /// Days for which changes of its objects are kept.
    days: u32,
}

/// An entry of the catalogue `legal_hold`: what must not be removed, however old.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LegalHold {
    /// Object type.
    object: String,
    /// Numbers of the objects; none: all of the type.
    #[serde(default)]
    numbers: Vec<String>,
    /// Why.
    reason: String,
}

/// Settings of this module.
#[derive(Clone, Debug)]
pub(crate) struct HistorySettings {
    retentions: Vec<Retention>,
    holds: Vec<LegalHold>,
}

/// The table of contents.
pub(crate) fn module() -> Module {
    Module {
        name: "history",
        owner: "platform",
        help: "Keeps the history of objects as long as customizing says.",
        ..Module::default()
    }
}

/// Reads `history_retention` and `legal_hold`.
pub(crate) fn settings(
    customizing: &Customizing,
    problems: &mut Diagnostics,
    settings: &mut Settings,
) {
    let retentions = customizing.catalogue::<Retention>("history_retention", problems);
    let holds = customizing.catalogue::<LegalHold>("legal_hold", problems);
    settings.insert(HistorySettings {
        retentions: retentions.iter().map(|(_, entry)| entry.clone()).collect(),
        holds: holds.iter().map(|(_, entry)| entry.clone()).collect(),
    });
}

/// Reports entries that name no object type, keep nothing, or give no reason.
pub(crate) fn check(customizing: &Customizing, registry: &Registry, problems: &mut Diagnostics) {
    let unknown = |object: &str| {
        let is_known = registry.object(object).is_some();
        (!is_known).then(|| format!("`object`: there is no object type `{object}`"))
    };
    // What can't be read is reported where the settings are read.
    let mut elsewhere = Diagnostics::default();
    let retentions = customizing.catalogue::<Retention>("history_retention", &mut elsewhere);
    let mut seen: Vec<String> = Vec::new();
    for (code, entry) in retentions.iter() {
        let mut found: Vec<String> = unknown(&entry.object).into_iter().collect();
        if entry.days == 0 {
            found.push("`days` must be 1 or more; without an entry all is kept".to_string());
        }
        if seen.contains(&entry.object) {
            found.push(format!("`object`: {} has an entry already", entry.object));
        }
        seen.push(entry.object.clone());
        let Some(origin) = retentions.origin(code) else { continue };
        found
            .iter()
            .for_each(|it| problems.report(origin, format!("history_retention.{code}: {it}")));
    }
    let holds = customizing.catalogue::<LegalHold>("legal_hold", &mut elsewhere);
    for (code, entry) in holds.iter() {
        let mut found: Vec<String> = unknown(&entry.object).into_iter().collect();
        if entry.reason.trim().is_empty() {
            found.push("`reason` must say why".to_string());
        }
        let Some(origin) = holds.origin(code) else { continue };
        found.iter().for_each(|it| problems.report(origin, format!("legal_hold.{code}: {it}")));
    }
}

/// What is done to histories from time to time.
#[derive(Debug, Default)]
pub struct HistoryKeeper {
    /// Each object has a chain: nothing that is made now lacks one.
    all_begun: bool,
    /// When old lines were removed last.
    removed: Option<Instant>,
}

impl HistoryKeeper {
    /// Begins chains that have not begun, sets seals, and once a day removes what is older than it is kept. Answers
    /// how many lines were removed.
    ///
    /// # Errors
    ///
    /// Those of the database; what was done before stays done.
    pub fn keep(&mut self, db: &Database) -> Result<usize, Fault> {
        if !self.all_begun {
            begin(db)?;
            self.all_begun = true;
        }
        seal(db)?;
        let now = db.environment().clock.now();
        let is_due = self.removed.is_none_or(|last| last.plus_seconds(SECONDS_OF_A_DAY) <= now);
        if !is_due {
            return Ok(0);
        }
        let removed = remove(db, now)?;
        self.removed = Some(now);
        Ok(removed)
    }
}

fn begin(db: &Database) -> Result<(), Fault> {
    let migration = Actor::system(Source::Migration).through("history");
    let defs: Vec<&'static ObjectDef> =
        db.environment().registry.objects().map(|entry| (entry.def)()).collect();
    for def in defs {
        let mut after = None;
        loop {
            let begin = move |tx: &mut Tx<'_>| tx.begin_histories(def, after, BATCH);
            let (_, next): (usize, Option<ObjectId>) = db.command(&migration, begin)?;
            if next.is_none() {
                break;
            }
            after = next;
        }
    }
    Ok(())
}

/// Sets seals, and has ids that are drawn from now on follow them.
fn seal(db: &Database) -> Result<(), Fault> {
    let system = Actor::system(Source::System).through("history");
    loop {
        let sealed: Result<usize, Fault> = db.command(&system, |tx| {
            let sealed = tx.seal_changes()?;
            Ok(sealed)
        });
        match sealed {
            Ok(0) => break,
            // Another process was faster.
            Ok(_) | Err(Fault::Store(StoreError::Duplicate { .. })) => {}
            Err(fault) => return Err(fault),
        }
    }
    let sealed = db.read(&system, |tx| {
        let sealed = tx.sealed_until()?;
        Ok::<_, Fault>(sealed)
    })?;
    if let Some(sealed) = sealed {
        db.environment().ids.start_after(sealed);
    }
    Ok(())
}

/// Removes what is older than it is kept and nobody holds.
fn remove(db: &Database, now: Instant) -> Result<usize, Fault> {
    let system = Actor::system(Source::System).through("history_retention");
    let Some(settings) = db.environment().settings.get::<HistorySettings>() else { return Ok(0) };
    let mut removed = 0;
    for Retention { object, days } in &settings.retentions {
        let Some(entry) = db.environment().registry.object(object) else { continue };
        let holds: Vec<&LegalHold> =
            settings.holds.iter().filter(|hold| hold.object == *object).collect();
        if holds.iter().any(|hold| hold.numbers.is_empty()) {
            continue;
        }
        let held: Vec<String> = holds.iter().flat_map(|hold| hold.numbers.clone()).collect();
        let before = now.plus_seconds(-i64::from(*days) * SECONDS_OF_A_DAY);
        let def = (entry.def)();
        let mut after = None;
        loop {
            let held = held.clone();
            let step = move |tx: &mut Tx<'_>| remove_some(tx, def, &held, after, before);
            let (lines, next): (usize, Option<ObjectId>) = db.command(&system, step)?;
            removed += lines;
            if next.is_none() {
                break;
            }
            after = next;
        }
    }
    Ok(removed)
}

/// The same of some objects; answers how many lines are gone, and the last object where more follow.
fn remove_some(
    tx: &mut Tx<'_>,
    def: &'static ObjectDef,
    held: &[String],
    after: Option<ObjectId>,
    before: Instant,
) -> Result<(usize, Option<ObjectId>), Fault> {
    let ids = tx.changed_objects(def, after, BATCH)?;
    let mut lines = 0;
    for id in &ids {
        let number = tx.head(def, *id)?.number;
        if number.is_some_and(|number| held.contains(&number)) {
            continue;
        }
        match tx.cut_history(def, *id, before) {
            Ok(cut) => lines += cut,
            // `verify` tells what is wrong with it; it is kept as evidence.
            Err(Fault::Corrupt(what)) => {
                tracing::warn!(what, "a history was tampered with: nothing of it is removed");
            }
            Err(fault) => return Err(fault),
        }
    }
    let next = ids.last().copied().filter(|_| ids.len() == BATCH as usize);
    Ok((lines, next))
}
