//! Booking records: each in a command of its own, many at a time. Rows with one number are booked in the
//! order of the file, also where the engine runs commands at once.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_json::Value;
use tessera_kernel::{
    Actor, Cell, Condition, CreateObject, Database, Fault, ObjectDef, ObjectEntry, ObjectId,
    Problem, ProblemKind, Select, Tx, head_column,
};

use super::{Existing, Row};
use crate::error::CommandError;

/// Commands that wait for their commit; more wait to be queued.
const WINDOW: u64 = 1_024;

/// What became of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) skipped: u64,
    pub(super) failed: u64,
}

impl Counts {
    /// Rows read.
    pub(super) fn read(&self) -> u64 {
        self.created + self.updated + self.skipped + self.failed
    }
}

/// What became of the rows, and why some failed.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) counts: Counts,
    /// Line and reason, in order of line.
    pub(super) errors: Vec<(u64, String)>,
}

#[derive(Clone, Copy, Debug)]
enum Booked {
    Created,
    Updated,
    Skipped,
}

/// The line, and the number that its row tells, with what became of it.
type Answer = (u64, Option<String>, Result<Booked, Problem>);

/// Books records of one object type.
pub(super) struct Booking {
    db: Database,
    /// The import, with its run.
    actor: Actor,
    entry: ObjectEntry,
    create: CreateObject,
    existing: Existing,
    answers: (Sender<Answer>, Receiver<Answer>),
    waiting: u64,
    /// Numbers of the rows that wait for an answer.
    numbers: HashSet<String>,
    outcome: Outcome,
}

impl Booking {
    /// Refused where objects of this type are only made by verbs. `actor` is the import with its run.
    pub(super) fn new(
        db: Database,
        actor: Actor,
        entry: ObjectEntry,
        existing: Existing,
    ) -> Result<Self, CommandError> {
        let create = entry.create.ok_or_else(|| {
            let name = (entry.def)().name;
            CommandError::Input(format!("{name} is made by its verbs, not by an import"))
        })?;
        let (answers, numbers, outcome) = (channel(), HashSet::new(), Outcome::default());
        Ok(Self { db, actor, entry, create, existing, answers, waiting: 0, numbers, outcome })
    }

    /// Queues a row.
    pub(super) fn book(&mut self, (line, record): Row) {
        let record = match record {
            Ok(record) => record,
            Err(reason) => return self.failed(line, reason),
        };
        let number = record.get("number").and_then(Value::as_str).map(str::to_string);
        while self.waiting >= WINDOW || number.as_ref().is_some_and(|it| self.numbers.contains(it))
        {
            self.hear();
        }
        self.numbers.extend(number.clone());
        let (entry, create, existing) = (self.entry, self.create, self.existing);
        let answer = self.answers.0.clone();
        self.waiting += 1;
        self.db.submit(
            self.actor.clone(),
            move |tx| book(tx, &entry, create, existing, &record),
            // The receiver lives until every answer is there.
            move |outcome| drop(answer.send((line, number, outcome))),
        );
    }

    /// Waits for every row.
    pub(super) fn finish(mut self) -> Outcome {
        while self.waiting > 0 {
            self.hear();
        }
        self.outcome.errors.sort();
        self.outcome
    }

    fn hear(&mut self) {
        let Ok((line, number, outcome)) = self.answers.1.recv() else { return };
        self.waiting -= 1;
        if let Some(number) = number {
            self.numbers.remove(&number);
        }
        match outcome {
            Ok(Booked::Created) => self.outcome.counts.created += 1,
            Ok(Booked::Updated) => self.outcome.counts.updated += 1,
            Ok(Booked::Skipped) => self.outcome.counts.skipped += 1,
            Err(problem) => self.failed(line, problem.detail),
        }
    }

    fn failed(&mut self, line: u64, reason: String) {
        self.outcome.counts.failed += 1;
        self.outcome.errors.push((line, reason));
    }
}

fn book(
    tx: &mut Tx<'_>,
    entry: &ObjectEntry,
    create: CreateObject,
    existing: Existing,
    record: &Value,
) -> Result<Booked, Problem> {
    let def = (entry.def)();
    let known = match record.get("number").and_then(Value::as_str) {
        Some(number) => find(tx, def, number)?,
        None => None,
    };
    let Some(id) = known else {
        create(tx, record)?;
        return Ok(Booked::Created);
    };
    let conflict = |detail: String| Problem::new(ProblemKind::Conflict, "import.exists", detail);
    match (existing, entry.change) {
        (Existing::Skip, _) => Ok(Booked::Skipped),
        (Existing::Fail, _) => Err(conflict(format!("{} {id} exists", def.name))),
        (Existing::Update, None) => Err(conflict(format!("{} is never changed", def.name))),
        (Existing::Update, Some(change)) => {
            let before = tx.head(def, id)?.version;
            change(tx, id, None, record)?;
            let changed = tx.head(def, id)?.version != before;
            Ok(if changed { Booked::Updated } else { Booked::Skipped })
        }
    }
}

fn find(tx: &mut Tx<'_>, def: &'static ObjectDef, number: &str) -> Result<Option<ObjectId>, Fault> {
    let number = Cell::Text(number.to_string());
    let query = Select::from(def.head, &[head_column::ID])
        .filter(Condition::eq(head_column::NUMBER, number))
        .limit(1);
    let mut found = None;
    tx.select(&query, &mut |row| {
        found = row.uuid()?.map(ObjectId);
        Ok(())
    })?;
    Ok(found)
}
