//! Booking chains: each in a command of its own, many at a time in one commit.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};

use tessera_kernel::{Actor, Database, Problem, ProblemKind};

use crate::base::Base;
use crate::chain::Chain;
use crate::history::{History, Invoice};
use crate::report::{Counts, Month, ReportedRow};
use crate::seller::Seller;
use crate::usage::Usage;
use crate::{ImportError, Progress, Stage};

/// What became of the chains.
#[derive(Debug, Default)]
pub(crate) struct Booked {
    pub(crate) counts: Counts,
    /// Exact value of the booked rows in micros of a pound, by month.
    pub(crate) values: BTreeMap<Month, i128>,
    pub(crate) reported: Vec<ReportedRow>,
}

type Answer = (usize, Result<(), Problem>);

/// Books chains in order of the file.
pub(crate) struct Booking<'h> {
    db: &'h Database,
    actor: &'h Actor,
    history: &'h History,
    answers: (Sender<Answer>, Receiver<Answer>),
    waiting: usize,
    booked: Booked,
}

impl<'h> Booking<'h> {
    pub(crate) fn new(db: &'h Database, actor: &'h Actor, history: &'h History) -> Self {
        Self { db, actor, history, answers: channel(), waiting: 0, booked: Booked::default() }
    }

    /// Books every invoice, `in_flight` at a time.
    pub(crate) fn run(
        mut self,
        base: &Base,
        seller: Seller,
        in_flight: usize,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Booked, ImportError> {
        let of = self.history.rows;
        let history = self.history;
        let mut last = 0;
        for (position, invoice) in history.invoices.iter().enumerate() {
            if invoice.lines.is_empty() {
                continue;
            }
            while self.waiting >= in_flight.max(1) {
                self.hear()?;
            }
            self.submit(position, Chain::of(invoice, history, base, seller));
            let done = self.booked.counts.booked();
            if done >= last + 1_000 {
                last = done;
                progress(Progress { stage: Stage::Book, done, of });
            }
        }
        while self.waiting > 0 {
            self.hear()?;
        }
        Ok(self.booked)
    }

    fn submit(&mut self, position: usize, chain: Chain) {
        let answer = self.answers.0.clone();
        self.waiting += 1;
        self.db.submit(
            self.actor.clone(),
            move |tx| chain.book(tx),
            // The receiver lives until every answer is there, or nobody wants them any more.
            move |outcome| drop(answer.send((position, outcome))),
        );
    }

    fn hear(&mut self) -> Result<(), ImportError> {
        // `self` keeps a sender, so the channel can't be closed.
        let Ok((position, outcome)) = self.answers.1.recv() else { return Ok(()) };
        self.waiting -= 1;
        let invoice = &self.history.invoices[position];
        match outcome {
            Ok(()) => self.booked.note(invoice),
            // The disk is full or the writer gone: no further row can be booked either.
            Err(problem) if problem.kind == ProblemKind::Unavailable => {
                return Err(ImportError::Stopped { invoice: invoice.number.clone(), problem });
            }
            Err(problem) => {
                let reason = format!("invoice {}: {}", invoice.number, problem.detail);
                let rows = invoice
                    .lines
                    .iter()
                    .map(|line| ReportedRow { line: line.line, reason: reason.clone() });
                self.booked.reported.extend(rows);
            }
        }
        Ok(())
    }
}

impl Booked {
    fn note(&mut self, invoice: &Invoice) {
        self.counts.invoices += 1;
        let value = self.values.entry(Month::of(invoice.day)).or_default();
        for line in &invoice.lines {
            *value += line.value();
            let count = match line.usage {
                Usage::Sale => &mut self.counts.sold,
                Usage::Return => &mut self.counts.returned,
                Usage::Free => &mut self.counts.free,
                Usage::Found => &mut self.counts.found,
                Usage::WrittenOff => &mut self.counts.written_off,
            };
            *count += 1;
        }
    }
}
