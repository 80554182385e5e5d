//! An open transaction: of a command, or of a read.

mod asking;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use tessera_kernel::{Bucket, Cell, CellRef, ColumnType, Fault, StoreError, TableDef};
use tessera_store_sql::given_up;

use crate::ahead::Answers;
use crate::announcements::{Announcements, From, News};
use crate::aside::Aside;
use crate::cells::to_cells;
use crate::error::Failure;
use crate::link::{Answer, Link, Step};
use crate::pending::Pending;
use crate::placed;
use crate::reliance::Heard;
use crate::statement::{Operation, Texts};
use crate::value::Value;
use crate::{queue, reliance};

/// What begins the transaction of a command. Whether it writes is left to the server: one that does not, a
/// replica or one that somebody closed (`default_transaction_read_only`), says so at the first write.
const COMMAND: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// What begins that of a read.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How a command is answered whether a guard holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answering {
    /// That it does, before the server is asked; where it does not, the command is run again.
    Expected,
    /// As it is: the server is asked, and waited for.
    Exact,
}

/// What modules work on.
pub(crate) struct Session<'l> {
    link: &'l mut Link,
    texts: &'l mut Texts,
    deadline: Option<Instant>,
    writes: bool,
    begun: bool,
    pending: Pending,
    /// Why the transaction can only be rolled back.
    failure: Option<Failure>,
    /// Of a command: what others announced, what it heard of that, and what it announces itself.
    announcements: Option<&'l Announcements>,
    /// For what is kept whatever becomes of the command.
    aside: Option<&'l Aside>,
    news: Option<News>,
    messages: Vec<String>,
    /// What it had heard as it began, and the messages that must not have come since.
    heard: Option<Heard>,
    relied: BTreeSet<String>,
    /// Messages for the database's queue.
    queued: Vec<String>,
    /// What was asked ahead.
    answers: Answers,
    answering: Answering,
    /// An answer was given before the server was asked.
    guessed: bool,
    /// Rows that are held until the end, or will be by what waits.
    held: Vec<(&'static TableDef, Vec<Cell>)>,
    reach: Reach,
}

/// Where the rows lie that a command has to do with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// Buckets.
    pub(crate) buckets: BTreeSet<Bucket>,
    /// Statements on rows of any bucket.
    pub(crate) scattered: u64,
}

impl<'l> Session<'l> {
    /// The session of a read, given up at the deadline, if there is one.
    pub(crate) fn reading(
        link: &'l mut Link,
        texts: &'l mut Texts,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            link,
            texts,
            deadline,
            writes: false,
            begun: false,
            pending: Pending::default(),
            failure: None,
            announcements: None,
            aside: None,
            news: None,
            messages: Vec::new(),
            heard: None,
            relied: BTreeSet::new(),
            queued: Vec::new(),
            answers: Answers::default(),
            answering: Answering::Exact,
            guessed: false,
            held: Vec::new(),
            reach: Reach::default(),
        }
    }

    /// The session of a command.
    pub(crate) fn writing(
        link: &'l mut Link,
        texts: &'l mut Texts,
        (announcements, aside): (&'l Announcements, &'l Aside),
        answering: Answering,
    ) -> Self {
        let (announcements, aside) = (Some(announcements), Some(aside));
        Self { writes: true, announcements, aside, answering, ..Self::reading(link, texts, None) }
    }

    /// Adds to a counter in a transaction of its own; answers what it is then.
    pub(crate) fn draw(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        (column, by): (usize, i64),
    ) -> Result<Option<i64>, StoreError> {
        self.writable()?;
        let Some(aside) = self.aside else { return Ok(None) };
        // The command has nothing to do with that bucket.
        let bucket = placed::bucket(table, &self.texts.homes, key).map(placed::cell);
        let whole: Vec<Cell> = key.iter().map(|cell| cell.to_cell()).chain(bucket).collect();
        let step = self.drawing(table, &whole, (column, by));
        let answer = aside.run(step).map_err(Failure::told)?;
        Ok(answer.rows.first().and_then(|row| row.try_get(0).ok()))
    }

    /// Adds to a counter in this transaction; answers what it is then. All that waits is sent before: everybody
    /// wants the row, which is held for what is left of the command.
    pub(crate) fn count(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        by: (usize, i64),
    ) -> Result<i64, Fault> {
        let whole = self.server_key(table, key);
        self.before_write(table, &whole)?;
        let mut steps = Vec::new();
        self.pending.take(self.texts, &mut steps);
        steps.push(self.drawing(table, &whole, by));
        let answer = self.sent(steps)?.pop().unwrap_or_default();
        let counter = answer.rows.first().and_then(|row| row.try_get(0).ok());
        counter.ok_or_else(|| Fault::corrupt(format!("{} did not count", table.name)))
    }

    fn drawing(
        &mut self,
        table: &'static TableDef,
        key: &[Cell],
        (column, by): (usize, i64),
    ) -> Step {
        let key = key.iter().zip(&table.columns);
        let key = key.map(|(cell, column)| Value::One(cell.clone(), column.ty));
        let values = key.chain([Value::int(by)]).collect();
        Step { sql: self.text(table, Operation::Draw(column)), values, table: Some(table) }
    }

    /// What begins the transaction, unless it has begun.
    fn beginning(&self) -> Vec<Step> {
        if self.begun {
            return Vec::new();
        }
        let begin = Step::bare(if self.writes { COMMAND } else { READ });
        let left = self.deadline.map(|at| at.saturating_duration_since(Instant::now()));
        std::iter::once(begin).chain(self.link.limits(left, self.writes)).collect()
    }

    /// Sends statements, the first of them with what begins the transaction: then a command also
    /// reads what was announced.
    fn send(&mut self, steps: impl IntoIterator<Item = Step>) -> Result<Vec<Answer>, Failure> {
        let mut all = self.beginning();
        let from = self.announcements.filter(|_| !self.begun).map(Announcements::from);
        let read_at = all.len();
        all.extend(from.map(From::step));
        all.extend(steps);
        self.begun = true;
        let mut answers = self.link.run(&all)?;
        if let Some(from) = from {
            let news = from.news(&answers[read_at].rows)?;
            self.heard = Some(Heard::of(&news));
            self.news = Some(news);
        }
        Ok(answers.split_off(read_at + usize::from(from.is_some())))
    }

    /// Why the transaction can't be committed, if it can't.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether the command was told something that is not known, so that nothing but a commit proves
    /// that what it made of it is right.
    pub(crate) fn has_guessed(&self) -> bool {
        self.guessed
    }

    /// Whether a guard may be said to hold, and a row of this table to be held, before the server is asked. From
    /// then on it was. A cluster reports that it was wrong for what lies by bucket only.
    pub(crate) fn guesses(&mut self, table: &'static TableDef) -> bool {
        let is_reported = !self.texts.sharded || table.placing_column().is_some();
        let guesses = self.answering == Answering::Expected && is_reported;
        self.guessed |= guesses;
        // What was asked ahead was read before the row that is taken now.
        self.answers.forget_all();
        guesses
    }

    /// Sends what waits, and commits. `Lost` leaves open whether it was committed.
    pub(crate) fn commit(mut self) -> Result<Reach, Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let waiting = [self.messages.is_empty(), self.queued.is_empty(), self.pending.is_empty()];
        if waiting == [true; 3] && !self.begun {
            return Ok(self.reach);
        }
        let mut steps = self.beginning();
        self.pending.take(self.texts, &mut steps);
        reliance::steps(&self.messages, self.relied, self.heard.as_ref(), &mut steps);
        if let Some(announcements) = self.announcements {
            announcements.write(self.messages, &mut steps);
        }
        queue::put(self.queued, &mut steps);
        steps.push(Step::bare("COMMIT"));
        let outcome = self.link.run(&steps).map(drop);
        if let Err(Failure::Refused(_) | Failure::Again(_) | Failure::Surprise) = &outcome {
            // The server answers a commit after a failure by rolling back; where the failure was in
            // preparing a statement, no commit was sent.
            self.link.script("ROLLBACK")?;
        }
        outcome.map(|()| self.reach)
    }

    /// Leaves no trace. An error where the connection is lost, and with it the transaction.
    pub(crate) fn roll_back(self) -> Result<(), Failure> {
        match self.failure {
            Some(lost @ Failure::Lost(_)) => Err(lost),
            _ if self.begun => self.link.script("ROLLBACK"),
            _ => Ok(()),
        }
    }

    /// Announces a message with the commit.
    pub(crate) fn say(&mut self, message: &str) {
        self.messages.push(message.to_string());
    }

    /// Has the command run again where somebody announced this message since it began.
    pub(crate) fn rely_on(&mut self, message: &str) {
        self.relied.insert(message.to_string());
    }

    /// Puts a message into the database's queue with the commit.
    pub(crate) fn queue(&mut self, message: &str) {
        self.queued.push(message.to_string());
    }

    /// Tells what was announced before the command began.
    pub(crate) fn listen(&mut self, hear: &mut dyn FnMut(Option<&str>)) -> Result<(), StoreError> {
        if !self.begun {
            self.sent([])?;
        }
        if let (Some(announcements), Some(news)) = (self.announcements, self.news.take()) {
            announcements.tell(news, hear);
        }
        Ok(())
    }

    /// Whether it is the session of a command.
    pub(crate) fn is_writing(&self) -> bool {
        self.writes
    }

    /// Whether the tables are spread over a cluster.
    pub(crate) fn has_shards(&self) -> bool {
        self.texts.sharded
    }

    /// The writes that wait.
    pub(crate) fn pending(&mut self) -> &mut Pending {
        &mut self.pending
    }

    /// The text of an operation.
    pub(crate) fn text(&mut self, table: &'static TableDef, operation: Operation) -> Arc<str> {
        self.texts.get(table, operation)
    }

    /// The bucket of the rows of a table by leading key columns, if they tell it; noted as one that the
    /// command has to do with.
    pub(crate) fn bucket(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
    ) -> Option<Bucket> {
        let cell = table.placing_column().and_then(|at| key.get(at)).map(|cell| cell.to_cell());
        self.bucket_by(table, cell.as_ref())
    }

    /// The same by what stands in the column that tells it, if that is known.
    pub(crate) fn bucket_by(
        &mut self,
        table: &'static TableDef,
        told: Option<&Cell>,
    ) -> Option<Bucket> {
        let bucket =
            told.and_then(|cell| placed::bucket_of(table, &self.texts.homes, cell.as_ref()));
        match bucket {
            Some(bucket) => drop(self.reach.buckets.insert(bucket)),
            None => self.reach.scattered += u64::from(placed::bucket_column(table).is_some()),
        }
        bucket
    }

    /// The cells of a key with the bucket behind them, where they tell it: all columns of a whole key.
    pub(crate) fn server_key(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
    ) -> Vec<Cell> {
        let bucket = self.bucket(table, key).map(placed::cell);
        key.iter().map(|cell| cell.to_cell()).chain(bucket).collect()
    }

    /// Those as values.
    pub(crate) fn key_values(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
    ) -> Vec<Value> {
        let bucket = self.bucket(table, key).map(placed::cell);
        let bucket = bucket.map(|bucket| Value::One(bucket, ColumnType::Int));
        let cells = key.iter().zip(&table.columns);
        cells.map(|(cell, column)| Value::of(*cell, column.ty)).chain(bucket).collect()
    }

    /// Sends a statement about rows with these values, behind what has to be sent before; answers its
    /// answer.
    pub(crate) fn ask(
        &mut self,
        step: Step,
        values: &[(usize, Cell)],
    ) -> Result<Answer, StoreError> {
        self.ask_around(None, step, values)
    }

    /// The same of a query of many parts, which takes longer to plan than to answer: a read plans it once for all values,
    /// as commands do with each statement.
    pub(crate) fn ask_by_parts(
        &mut self,
        step: Step,
        values: &[(usize, Cell)],
    ) -> Result<Answer, StoreError> {
        let modes = ["force_generic_plan", "auto"];
        let around = modes.map(|mode| Step::bare(&format!("SET LOCAL plan_cache_mode = {mode}")));
        self.ask_around(Some(around).filter(|_| !self.writes), step, values)
    }

    fn ask_around(
        &mut self,
        around: Option<[Step; 2]>,
        step: Step,
        values: &[(usize, Cell)],
    ) -> Result<Answer, StoreError> {
        self.usable()?;
        let mut steps = Vec::new();
        if let Some(table) = step.table {
            self.pending.take_before((table, values), self.texts, &mut steps);
        }
        let [before, after] = around.map_or([None, None], |around| around.map(Some));
        steps.extend(before);
        let at = steps.len();
        steps.push(step);
        steps.extend(after);
        let mut answers = self.sent(steps)?;
        Ok(if at < answers.len() { answers.swap_remove(at) } else { Answer::default() })
    }

    /// Sends statements; a failure leaves nothing but to roll back.
    pub(crate) fn sent(
        &mut self,
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<Vec<Answer>, StoreError> {
        self.send(steps).map_err(|failure| self.failure.insert(failure).clone().told())
    }

    /// The rows by a key, as they were asked for ahead, or asked for now.
    pub(crate) fn keyed_rows(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        held: bool,
    ) -> Result<Answer, StoreError> {
        if let Some(answer) = self.answers.take(table, key, held) {
            return Ok(answer);
        }
        if held {
            self.answers.forget_all();
        }
        let step = self.keyed_question(table, key, held);
        let answer = self.ask(step, &key_cells(&to_cells(key)))?;
        if held && answer.affected > 0 {
            self.held.push((table, to_cells(key)));
        }
        Ok(answer)
    }

    /// Holds a row, which comes into being with zeroes where it is not there.
    pub(crate) fn hold_row(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
    ) -> Result<(), StoreError> {
        let cells = to_cells(key);
        if self.held.iter().any(|(other, held)| std::ptr::eq(*other, table) && *held == cells) {
            return Ok(());
        }
        if self.guesses(table) {
            let key = self.server_key(table, key);
            self.pending.hold(table, key);
            self.held.push((table, cells));
            return Ok(());
        }
        if self.keyed_rows(table, key, true)?.affected > 0 {
            return Ok(());
        }
        // A row that is not there can't be held.
        let (whole, values) = (self.server_key(table, key), self.key_values(table, key));
        self.write(table, Operation::Zero, &whole, values)?;
        self.keyed_rows(table, key, true).map(drop)
    }

    fn keyed_question(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        held: bool,
    ) -> Step {
        let operation = if held { Operation::RowHeld } else { Operation::Rows(key.len()) };
        self.keyed(table, operation, key)
    }

    /// Runs a write on rows with these leading cells at once, behind what waits on them; answers how many rows it
    /// changed.
    pub(crate) fn write(
        &mut self,
        table: &'static TableDef,
        operation: Operation,
        key: &[Cell],
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let sql = self.text(table, operation);
        let step = Step { sql, values, table: Some(table) };
        Ok(self.ask(step, &key_cells(key))?.affected)
    }

    /// After a refusal the transaction can only be undone.
    pub(crate) fn refuse(&mut self, error: StoreError) -> StoreError {
        self.failure.get_or_insert(Failure::Refused(error.clone()));
        error
    }

    /// Before a write on rows with this key.
    pub(crate) fn before_write(
        &mut self,
        table: &'static TableDef,
        key: &[Cell],
    ) -> Result<(), StoreError> {
        self.answers.forget(table, key);
        self.writable()
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.deadline.is_some_and(|at| Instant::now() >= at) {
            return Err(given_up());
        }
        self.failure.as_ref().map_or(Ok(()), |failure| Err(failure.clone().told()))
    }

    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        self.usable()?;
        if self.writes {
            return Ok(());
        }
        Err(StoreError::Engine("a read snapshot can't be written".to_string()))
    }

    /// A statement with the cells of a key as its values.
    pub(crate) fn keyed(
        &mut self,
        table: &'static TableDef,
        operation: Operation,
        key: &[CellRef<'_>],
    ) -> Step {
        let (sql, values) = (self.text(table, operation), self.key_values(table, key));
        Step { sql, values, table: Some(table) }
    }
}

/// The leading columns with the cells of a key.
fn key_cells(key: &[Cell]) -> Vec<(usize, Cell)> {
    key.iter().cloned().enumerate().collect()
}
