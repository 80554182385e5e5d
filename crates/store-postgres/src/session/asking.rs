//! Questions that are sent before they are asked.

use tessera_kernel::{Ahead, ColumnType, StoreError, TableDef};

use super::{Session, key_cells};
use crate::cells::to_cells;
use crate::error::failure;
use crate::gathered::Keys;
use crate::link::Step;
use crate::placed;
use crate::value::Value;

impl Session<'_> {
    /// Sends questions about rows by their keys, all at once, and keeps the answers.
    pub(crate) fn ask_ahead(&mut self, asks: &[Ahead<'_>]) -> Result<(), StoreError> {
        self.usable()?;
        self.answers.forget_all();
        let mut steps = Vec::new();
        for ask in asks {
            let about = (ask.table, &*key_cells(&to_cells(ask.key)));
            self.pending.take_before(about, self.texts, &mut steps);
        }
        let written = steps.len();
        let batches = self.batches(asks);
        let mut gathered = Vec::with_capacity(batches.len());
        for batch in &batches {
            let first = &asks[batch[0][0]];
            if batch.len() == 1 && batch[0].len() == 1 {
                gathered.push(None);
                steps.push(self.keyed_question(first.table, first.key, first.held));
                continue;
            }
            let keys = if batch.len() == 1 { Keys::One } else { Keys::Several };
            let tables: Vec<&'static TableDef> =
                batch[0].iter().map(|at| asks[*at].table).collect();
            let statement = self.texts.gathered(&tables, first.key.len(), keys);
            let values = match keys {
                Keys::One => self.key_values(first.table, first.key),
                Keys::Several => self.keys_values(batch.iter().map(|group| &asks[group[0]])),
            };
            steps.push(Step { sql: statement.sql.clone(), values, table: None });
            gathered.push(Some(statement));
        }
        let answers = self.sent(steps)?.into_iter().skip(written);
        for ((batch, gathered), answer) in batches.into_iter().zip(gathered).zip(answers) {
            let answers = match gathered {
                Some(gathered) => gathered.split(answer, batch.len()).map_err(|error| {
                    let failure = failure(&error, None);
                    self.failure.insert(failure).clone().told()
                })?,
                None => vec![answer],
            };
            for (at, answer) in batch.into_iter().flatten().zip(answers) {
                let ask = &asks[at];
                if ask.held && answer.affected > 0 {
                    self.held.push((ask.table, to_cells(ask.key)));
                }
                self.answers.keep(ask.table, ask.key, ask.held, answer);
            }
        }
        Ok(())
    }

    /// The keys of questions that have one bucket, as an array for each column, with that bucket behind them.
    fn keys_values<'q>(&mut self, asks: impl Iterator<Item = &'q Ahead<'q>> + Clone) -> Vec<Value> {
        let Some(first) = asks.clone().next() else { return Vec::new() };
        let bucket = self.bucket(first.table, first.key).map(placed::cell);
        let bucket = bucket.map(|bucket| Value::One(bucket, ColumnType::Int));
        let column = |at: usize| {
            let cells = asks.clone().map(|ask| ask.key[at].to_cell()).collect();
            Value::Many(cells, first.table.columns[at].ty)
        };
        (0..first.key.len()).map(column).chain(bucket).collect()
    }

    /// Questions that become one statement each, by position: rows that are held by themselves, others with those
    /// that have the same key and bucket, and these groups with others about the same tables in that bucket.
    fn batches(&self, asks: &[Ahead<'_>]) -> Vec<Vec<Vec<usize>>> {
        let bucket = |ask: &Ahead<'_>| placed::bucket(ask.table, &self.texts.homes, ask.key);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (at, ask) in asks.iter().enumerate() {
            let alike = |group: &&mut Vec<usize>| {
                let first = &asks[group[0]];
                !first.held
                    && !ask.held
                    && to_cells(first.key) == to_cells(ask.key)
                    && bucket(first) == bucket(ask)
            };
            match groups.iter_mut().find(alike) {
                Some(group) => group.push(at),
                None => groups.push(vec![at]),
            }
        }
        let mut batches: Vec<Vec<Vec<usize>>> = Vec::new();
        for group in groups {
            let ask = &asks[group[0]];
            let tables = |group: &[usize]| -> Vec<*const TableDef> {
                group.iter().map(|at| std::ptr::from_ref(asks[*at].table)).collect()
            };
            let alike = |batch: &&mut Vec<Vec<usize>>| {
                let first = &asks[batch[0][0]];
                !first.held
                    && !ask.held
                    && first.key.len() == ask.key.len()
                    && bucket(first) == bucket(ask)
                    && tables(&batch[0]) == tables(&group)
            };
            match batches.iter_mut().find(alike) {
                Some(batch) => batch.push(group),
                None => batches.push(vec![group]),
            }
        }
        batches
    }
}
