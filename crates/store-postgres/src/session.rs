//! An open transaction: of a command, or of a read.

use std::sync::Arc;

use tessera_kernel::{
    Ahead, CellRef, Connection, Fault, Guard, RowSource, Select, StoreError, TableDef, WriteRow,
};

use crate::ahead::Answers;
use crate::announcements::{Announcements, From, News};
use crate::cells::cells;
use crate::error::Failure;
use crate::link::{Answer, Link, Step};
use crate::pending::Pending;
use crate::statement::{Operation, Texts};
use crate::value::{RowReader, Value};
use crate::{adjust, query, queue};

/// Called once per row.
type Visit<'v> = dyn FnMut(&mut dyn RowSource) -> Result<(), Fault> + 'v;

/// What begins the transaction of a command.
const COMMAND: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// What begins that of a read.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What modules work on.
pub(crate) struct Session<'l> {
    link: &'l mut Link,
    texts: &'l mut Texts,
    writes: bool,
    begun: bool,
    pending: Pending,
    /// Why the transaction can only be rolled back.
    failure: Option<Failure>,
    /// Of a command: what others announced, what it heard of that, and what it announces itself.
    announcements: Option<&'l Announcements>,
    news: Option<News>,
    messages: Vec<String>,
    /// Messages for the database's queue.
    queued: Vec<String>,
    /// What was asked ahead.
    answers: Answers,
}

impl<'l> Session<'l> {
    /// The session of a read.
    pub(crate) fn reading(link: &'l mut Link, texts: &'l mut Texts) -> Self {
        Self {
            link,
            texts,
            writes: false,
            begun: false,
            pending: Pending::default(),
            failure: None,
            announcements: None,
            news: None,
            messages: Vec::new(),
            queued: Vec::new(),
            answers: Answers::default(),
        }
    }

    /// The session of a command.
    pub(crate) fn writing(
        link: &'l mut Link,
        texts: &'l mut Texts,
        announcements: &'l Announcements,
    ) -> Self {
        let announcements = Some(announcements);
        Self { writes: true, announcements, ..Self::reading(link, texts) }
    }

    /// What begins the transaction, unless it has begun.
    fn beginning(&self) -> Vec<Step> {
        let begin = Step::bare(if self.writes { COMMAND } else { READ });
        if self.begun { Vec::new() } else { vec![begin] }
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
            self.news = Some(from.news(&answers[read_at].rows)?);
        }
        Ok(answers.split_off(read_at + usize::from(from.is_some())))
    }

    /// Why the transaction can't be committed, if it can't.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
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
        if let Some(announcements) = self.announcements {
            announcements.write(self.messages, &mut steps);
        }
        queue::put(self.queued, &mut steps);
        steps.push(Step::bare("COMMIT"));
        let outcome = self.link.run(&steps).map(drop);
        if let Err(Failure::Refused(_) | Failure::Again(_)) = &outcome {
            // The server answers a commit after a failure by rolling back; where the failure was in
            // preparing a statement, no commit was sent.
            self.link.script("ROLLBACK")?;
        }
        outcome
    }

    /// Leaves no trace.
    pub(crate) fn roll_back(self) -> Result<(), Failure> {
        let lost = matches!(self.failure, Some(Failure::Lost(_)));
        if self.begun && !lost { self.link.script("ROLLBACK") } else { Ok(()) }
    }

    /// The writes that wait.
    pub(crate) fn pending(&mut self) -> &mut Pending {
        &mut self.pending
    }

    /// The text of an operation.
    pub(crate) fn text(&mut self, table: &'static TableDef, operation: Operation) -> Arc<str> {
        self.texts.get(table, operation)
    }

    /// Sends a statement, behind what waits on its table; answers its answer.
    pub(crate) fn ask(&mut self, step: Step) -> Result<Answer, StoreError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone().told());
        }
        let mut steps = Vec::new();
        if step.table.is_some_and(|table| self.pending.touches(table)) {
            self.pending.take(self.texts, &mut steps);
        }
        steps.push(step);
        let mut answers = self.sent(steps)?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Sends statements; a failure leaves nothing but to roll back.
    fn sent(&mut self, steps: impl IntoIterator<Item = Step>) -> Result<Vec<Answer>, StoreError> {
        self.send(steps).map_err(|failure| self.failure.insert(failure).clone().told())
    }

    /// The rows by a key, as they were asked for ahead, or asked for now.
    fn keyed_rows(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        held: bool,
    ) -> Result<Answer, StoreError> {
        if let Some(answer) = self.answers.take(table, key, held) {
            return Ok(answer);
        }
        let step = self.keyed_question(table, key, held);
        self.ask(step)
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

    /// After a refusal the transaction can only be undone.
    fn refuse(&mut self, error: StoreError) -> StoreError {
        self.failure.get_or_insert(Failure::Refused(error.clone()));
        error
    }

    /// Before every write.
    fn before_write(&mut self) -> Result<(), StoreError> {
        self.answers.forget();
        self.writable()
    }

    fn writable(&self) -> Result<(), StoreError> {
        match &self.failure {
            Some(failure) => Err(failure.clone().told()),
            None if self.writes => Ok(()),
            None => Err(StoreError::Engine("a read snapshot can't be written".to_string())),
        }
    }

    fn visit(&mut self, step: Step, visit: &mut Visit<'_>) -> Result<(), Fault> {
        let answer = self.ask(step)?;
        visit_rows(&answer, visit)
    }

    fn keyed(
        &mut self,
        table: &'static TableDef,
        operation: Operation,
        key: &[CellRef<'_>],
    ) -> Step {
        let sql = self.text(table, operation);
        Step { sql, values: key_values(table, key).collect(), table: Some(table) }
    }
}

fn visit_rows(answer: &Answer, visit: &mut Visit<'_>) -> Result<(), Fault> {
    answer.rows.iter().try_for_each(|row| visit(&mut RowReader::new(row)))
}

fn key_values<'k>(
    table: &'static TableDef,
    key: &'k [CellRef<'k>],
) -> impl Iterator<Item = Value> + 'k {
    key.iter().zip(&table.columns).map(|(cell, column)| Value::of(*cell, column.ty))
}

impl Connection for Session<'_> {
    fn insert(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        self.before_write()?;
        let cells = cells(table, row).map_err(|error| self.refuse(error))?;
        self.pending.insert(table, cells);
        Ok(())
    }

    fn replace(
        &mut self,
        table: &'static TableDef,
        row: &dyn WriteRow,
    ) -> Result<bool, StoreError> {
        self.before_write()?;
        let cells = cells(table, row).map_err(|error| self.refuse(error))?;
        let values = cells.into_iter().zip(&table.columns);
        let values = values.map(|(cell, column)| Value::One(cell, column.ty)).collect();
        Ok(self.write(table, Operation::Replace, values)? > 0)
    }

    fn put(&mut self, table: &'static TableDef, row: &dyn WriteRow) -> Result<(), StoreError> {
        self.before_write()?;
        let cells = cells(table, row).map_err(|error| self.refuse(error))?;
        self.pending.put(table, cells);
        Ok(())
    }

    fn set(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        guard: Option<(usize, CellRef<'_>)>,
        columns: &[(usize, CellRef<'_>)],
    ) -> Result<bool, StoreError> {
        self.before_write()?;
        table.check_key(key, true)?;
        let changed = columns.iter().map(|(column, _)| *column).collect();
        let operation = Operation::Set(changed, guard.map(|(column, _)| column));
        let of = |(column, cell): (usize, CellRef<'_>)| Value::of(cell, table.columns[column].ty);
        let values = columns.iter().copied().map(of);
        let values = values.chain(key_values(table, key)).chain(guard.map(of)).collect();
        Ok(self.write(table, operation, values)? > 0)
    }

    fn delete(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
    ) -> Result<usize, StoreError> {
        self.before_write()?;
        table.check_key(prefix, false)?;
        let values = key_values(table, prefix).collect();
        let deleted = self.write(table, Operation::Delete(prefix.len()), values)?;
        Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
    }

    fn rows(
        &mut self,
        table: &'static TableDef,
        prefix: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        table.check_key(prefix, false)?;
        let answer = self.keyed_rows(table, prefix, false)?;
        visit_rows(&answer, visit)
    }

    fn select(&mut self, select: &Select, visit: &mut Visit<'_>) -> Result<(), Fault> {
        self.visit(query::step(select), visit)
    }

    fn adjust(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, StoreError> {
        self.before_write()?;
        table.check_key(key, true)?;
        let outcome = adjust::adjust(self, table, key, deltas, guard);
        outcome.map_err(|error| self.refuse(error))
    }

    fn hold(&mut self, table: &'static TableDef, key: &[CellRef<'_>]) -> Result<(), StoreError> {
        self.writable()?;
        table.check_key(key, true)?;
        let held = self.keyed(table, Operation::RowHeld, key);
        if self.ask(held.clone())?.affected > 0 {
            return Ok(());
        }
        // A row that is not there can't be held: it comes into being with zeroes.
        let zero = self.keyed(table, Operation::Zero, key);
        self.ask(zero)?;
        self.ask(held).map(drop)
    }

    fn ahead(&mut self, asks: &[Ahead<'_>]) -> Result<(), StoreError> {
        if asks.len() < 2 {
            return Ok(());
        }
        for ask in asks {
            ask.table.check_key(ask.key, ask.held)?;
        }
        if let Some(failure) = &self.failure {
            return Err(failure.clone().told());
        }
        self.answers.forget();
        let mut steps = Vec::new();
        if asks.iter().any(|ask| self.pending.touches(ask.table)) {
            self.pending.take(self.texts, &mut steps);
        }
        let written = steps.len();
        steps.extend(asks.iter().map(|ask| self.keyed_question(ask.table, ask.key, ask.held)));
        let answers = self.sent(steps)?;
        for (ask, answer) in asks.iter().zip(answers.into_iter().skip(written)) {
            self.answers.keep(ask.table, ask.key, ask.held, answer);
        }
        Ok(())
    }

    fn announce(&mut self, message: &str) -> Result<(), StoreError> {
        self.writable()?;
        self.messages.push(message.to_string());
        Ok(())
    }

    fn announced(&mut self, hear: &mut dyn FnMut(Option<&str>)) -> Result<(), StoreError> {
        self.writable()?;
        if !self.begun {
            self.sent([])?;
        }
        if let (Some(announcements), Some(news)) = (self.announcements, self.news.take()) {
            announcements.tell(news, hear);
        }
        Ok(())
    }

    fn enqueue(&mut self, message: &str) -> Result<(), StoreError> {
        self.writable()?;
        self.queued.push(message.to_string());
        Ok(())
    }

    fn dequeue(
        &mut self,
        most: u32,
        take: &mut dyn FnMut(&str) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        self.writable()?;
        let answer = self.sent(queue::take(most))?.pop().unwrap_or_default();
        for row in &answer.rows {
            take(RowReader::new(row).text()?.unwrap_or_default())?;
        }
        Ok(true)
    }

    fn is_isolated(&self) -> bool {
        !self.writes
    }

    fn refuses_late(&self) -> bool {
        true
    }

    fn row_held(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Fault> {
        self.writable()?;
        table.check_key(key, true)?;
        let answer = self.keyed_rows(table, key, true)?;
        visit_rows(&answer, visit)
    }
}
