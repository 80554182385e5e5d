//! An open transaction: of a command, or of a read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use tessera_kernel::{Ahead, Cell, CellRef, StoreError, TableDef};
use tessera_store_sql::given_up;

use crate::ahead::Answers;
use crate::announcements::{Announcements, From, News};
use crate::cells::to_cells;
use crate::error::{Failure, failure};
use crate::link::{Answer, Link, Step};
use crate::pending::Pending;
use crate::reliance::Heard;
use crate::statement::{Operation, Texts};
use crate::value::Value;
use crate::{queue, reliance};

/// What begins the transaction of a command.
const COMMAND: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
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
            news: None,
            messages: Vec::new(),
            heard: None,
            relied: BTreeSet::new(),
            queued: Vec::new(),
            answers: Answers::default(),
            answering: Answering::Exact,
            guessed: false,
            held: Vec::new(),
        }
    }

    /// The session of a command.
    pub(crate) fn writing(
        link: &'l mut Link,
        texts: &'l mut Texts,
        announcements: &'l Announcements,
        answering: Answering,
    ) -> Self {
        let announcements = Some(announcements);
        Self { writes: true, announcements, answering, ..Self::reading(link, texts, None) }
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

    /// Whether a guard may be said to hold, and a row to be held, before the server is asked. From then
    /// on it was.
    pub(crate) fn guesses(&mut self) -> bool {
        let guesses = self.answering == Answering::Expected;
        self.guessed |= guesses;
        // What was asked ahead was read before the row that is taken now.
        self.answers.forget_all();
        guesses
    }

    /// Sends what waits, and commits. `Lost` leaves open whether it was committed.
    pub(crate) fn commit(mut self) -> Result<(), Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let waiting = [self.messages.is_empty(), self.queued.is_empty(), self.pending.is_empty()];
        if waiting == [true; 3] && !self.begun {
            return Ok(());
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
        outcome
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

    /// The writes that wait.
    pub(crate) fn pending(&mut self) -> &mut Pending {
        &mut self.pending
    }

    /// The text of an operation.
    pub(crate) fn text(&mut self, table: &'static TableDef, operation: Operation) -> Arc<str> {
        self.texts.get(table, operation)
    }

    /// Sends a statement about rows with these values, behind what has to be sent before; answers its
    /// answer.
    pub(crate) fn ask(
        &mut self,
        step: Step,
        values: &[(usize, Cell)],
    ) -> Result<Answer, StoreError> {
        self.usable()?;
        let mut steps = Vec::new();
        if let Some(table) = step.table {
            self.pending.take_before((table, values), self.texts, &mut steps);
        }
        steps.push(step);
        let mut answers = self.sent(steps)?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Sends statements; a failure leaves nothing but to roll back.
    pub(crate) fn sent(
        &mut self,
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<Vec<Answer>, StoreError> {
        self.send(steps).map_err(|failure| self.failure.insert(failure).clone().told())
    }

    /// Sends questions about rows by their keys, all at once, and keeps the answers.
    pub(crate) fn ask_ahead(&mut self, asks: &[Ahead<'_>]) -> Result<(), StoreError> {
        self.usable()?;
        self.answers.forget_all();
        let mut steps = Vec::new();
        for ask in asks {
            let about = (ask.table, &*key_cells(ask.key));
            self.pending.take_before(about, self.texts, &mut steps);
        }
        let written = steps.len();
        let groups = groups(asks);
        let mut gathered = Vec::with_capacity(groups.len());
        for group in &groups {
            let first = &asks[group[0]];
            if group.len() == 1 {
                gathered.push(None);
                steps.push(self.keyed_question(first.table, first.key, first.held));
                continue;
            }
            let tables: Vec<&'static TableDef> = group.iter().map(|at| asks[*at].table).collect();
            let statement = self.texts.gathered(&tables, first.key.len());
            let values = key_values(first.table, first.key).collect();
            steps.push(Step { sql: statement.sql.clone(), values, table: None });
            gathered.push(Some(statement));
        }
        let answers = self.sent(steps)?.into_iter().skip(written);
        for ((group, gathered), answer) in groups.into_iter().zip(gathered).zip(answers) {
            let answers = match gathered {
                Some(gathered) => gathered.split(answer).map_err(|error| {
                    let failure = failure(&error, None);
                    self.failure.insert(failure).clone().told()
                })?,
                None => vec![answer],
            };
            for (at, answer) in group.into_iter().zip(answers) {
                let ask = &asks[at];
                if ask.held && answer.affected > 0 {
                    self.held.push((ask.table, to_cells(ask.key)));
                }
                self.answers.keep(ask.table, ask.key, ask.held, answer);
            }
        }
        Ok(())
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
        let answer = self.ask(step, &key_cells(key))?;
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
        if self.guesses() {
            self.pending.hold(table, key);
            self.held.push((table, cells));
            return Ok(());
        }
        if self.keyed_rows(table, key, true)?.affected > 0 {
            return Ok(());
        }
        // A row that is not there can't be held.
        self.write(table, Operation::Zero, key, key_values(table, key).collect())?;
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

    /// Runs a write on rows with this key at once, behind what waits on them; answers how many rows it
    /// changed.
    pub(crate) fn write(
        &mut self,
        table: &'static TableDef,
        operation: Operation,
        key: &[CellRef<'_>],
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
        let sql = self.text(table, operation);
        Step { sql, values: key_values(table, key).collect(), table: Some(table) }
    }
}

/// Questions that become one statement each, by position: rows that are held by themselves, others with
/// those that have the same key.
fn groups(asks: &[Ahead<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, ask) in asks.iter().enumerate() {
        let alike = |group: &&mut Vec<usize>| {
            let first = &asks[group[0]];
            !first.held && !ask.held && to_cells(first.key) == to_cells(ask.key)
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    groups
}

/// The leading columns with the cells of a key.
fn key_cells(key: &[CellRef<'_>]) -> Vec<(usize, Cell)> {
    to_cells(key).into_iter().enumerate().collect()
}

/// The cells of a key as values.
pub(crate) fn key_values<'k>(
    table: &'static TableDef,
    key: &'k [CellRef<'k>],
) -> impl Iterator<Item = Value> + 'k {
    key.iter().zip(&table.columns).map(|(cell, column)| Value::of(*cell, column.ty))
}
