//! Who of several processes does what only one should do.
//!
//! The holder of a lease counts a beat up; whoever sees the same beat for a while, by its own clock
//! that only runs forward, takes the lease over. No clock of the day is compared with another one.
//! A holder that hears nothing from the database stops before others may take over. The lease saves
//! work that would be done twice; what must not happen twice is guarded by offsets besides.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tessera_kernel::{
    Actor, Cell, CellRef, ColumnDef, ColumnType, Database, Fault, ObjectId, RowBuffer, Source,
    StoreError, TableDef, Tx,
};

/// One row per task.
pub(crate) static LEASE: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("task", ColumnType::Text),
        ColumnDef::optional("holder", ColumnType::Uuid),
        ColumnDef::required("beat", ColumnType::Int),
    ];
    TableDef::new("lease", columns, 1)
});

const HOLDER: usize = 1;
const BEAT: usize = 2;

/// How often the holder counts up, and others look.
const PULSE: Duration = Duration::from_millis(500);
/// How long a holder trusts its last beat.
const TRUST: Duration = Duration::from_secs(3);
/// How long the same beat is seen before the lease is taken over; longer than the holder trusts it.
const SILENCE: Duration = Duration::from_secs(5);

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    holder: Option<ObjectId>,
    beat: i64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Held, with the beat counted last, at a moment.
    Held(i64, Instant),
    /// Somebody else's row, seen so since a moment, and looked at last.
    Watched(Option<Row>, Instant, Instant),
}

/// A lease on a task.
#[derive(Debug)]
pub(crate) struct Lease {
    db: Database,
    task: &'static str,
    me: ObjectId,
    state: State,
}

fn system() -> Actor {
    Actor::system(Source::System)
}

impl Lease {
    /// Not held yet.
    pub(crate) fn new(db: Database, task: &'static str) -> Self {
        let environment = db.environment();
        let me = environment.ids.next(environment.clock.now(), None);
        let now = Instant::now();
        let state = State::Watched(None, now, now.checked_sub(PULSE).unwrap_or(now));
        Self { db, task, me, state }
    }

    /// Whether this process does the task now; takes the lease where nobody has it. Where only one
    /// process works on the database there is nothing to ask.
    pub(crate) fn is_held(&mut self) -> bool {
        if !self.db.store().is_shared() {
            return true;
        }
        match self.state {
            State::Held(_, at) if at.elapsed() < PULSE => true,
            State::Held(beat, at) => self.renew(beat, at),
            State::Watched(_, _, looked) if looked.elapsed() < PULSE => false,
            State::Watched(seen, since, _) => self.watch(seen, since),
        }
    }

    /// Leaves the task to others; it may be taken again later.
    pub(crate) fn release(&mut self) {
        let State::Held(beat, _) = self.state else { return };
        if let Err(error) = self.set(beat, Row { holder: None, beat: beat + 1 }) {
            tracing::warn!(task = self.task, %error, "a lease can't be given back");
        }
        let now = Instant::now();
        self.state = State::Watched(None, now, now);
    }

    fn renew(&mut self, beat: i64, at: Instant) -> bool {
        let (moment, next) = (Instant::now(), Row { holder: Some(self.me), beat: beat + 1 });
        match self.set(beat, next) {
            Ok(true) => self.state = State::Held(beat + 1, moment),
            Ok(false) => self.state = State::Watched(None, moment, moment),
            Err(error) => {
                tracing::warn!(task = self.task, %error, "a lease can't be renewed");
                if at.elapsed() >= TRUST {
                    self.state = State::Watched(None, moment, moment);
                }
            }
        }
        matches!(self.state, State::Held(..))
    }

    fn watch(&mut self, seen: Option<Row>, since: Instant) -> bool {
        let (moment, task) = (Instant::now(), self.task);
        let found = match self.db.read(&system(), |tx| row(tx, task)) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(task, %error, "a lease can't be read");
                self.state = State::Watched(seen, since, moment);
                return false;
            }
        };
        let since = if found == seen { since } else { moment };
        self.state = State::Watched(found, since, moment);
        let taken = match found {
            None => self.begin(),
            Some(Row { holder: Some(_), .. }) if since.elapsed() < SILENCE => return false,
            Some(Row { beat, .. }) => {
                let next = Row { holder: Some(self.me), beat: beat + 1 };
                self.set(beat, next).map(|set| set.then_some(next.beat))
            }
        };
        match taken {
            Ok(Some(beat)) => {
                tracing::info!(task, "this process does it now");
                self.state = State::Held(beat, moment);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(task, %error, "a lease can't be taken");
                false
            }
        }
    }

    /// Makes the row; nothing where another process was faster.
    fn begin(&self) -> Result<Option<i64>, Fault> {
        let (task, me) = (self.task, self.me);
        let made = self.db.command(&system(), move |tx| {
            let row = [Cell::Text(task.to_string()), Cell::Uuid(me.0), Cell::Int(1)];
            Ok::<_, Fault>(tx.connection().insert(&LEASE, &RowBuffer(row.to_vec()))?)
        });
        match made {
            Ok(()) => Ok(Some(1)),
            Err(Fault::Store(StoreError::Duplicate { .. })) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Replaces the row that has this beat; false where it has another one by now.
    fn set(&self, beat: i64, next: Row) -> Result<bool, Fault> {
        let task = self.task;
        self.db.command(&system(), move |tx| {
            let holder = next.holder.map_or(CellRef::Null, |holder| CellRef::Uuid(holder.0));
            let columns = [(HOLDER, holder), (BEAT, CellRef::Int(next.beat))];
            let guard = Some((BEAT, CellRef::Int(beat)));
            Ok(tx.connection().set(&LEASE, &[CellRef::Text(task)], guard, &columns)?)
        })
    }
}

/// Whoever goes leaves the lease to others at once.
impl Drop for Lease {
    fn drop(&mut self) {
        self.release();
    }
}

/// The beat of a task: it stands still where nobody does it.
pub(crate) fn beat(tx: &mut Tx<'_>, task: &str) -> Result<Option<i64>, Fault> {
    Ok(row(tx, task)?.map(|row| row.beat))
}

fn row(tx: &mut Tx<'_>, task: &str) -> Result<Option<Row>, Fault> {
    let mut found = None;
    tx.connection().rows(&LEASE, &[CellRef::Text(task)], &mut |row| {
        row.text()?;
        found =
            Some(Row { holder: row.uuid()?.map(ObjectId), beat: row.int()?.unwrap_or_default() });
        Ok(())
    })?;
    Ok(found)
}
