//! Answers to questions that were sent before they were asked.

use tessera_kernel::{Cell, CellRef, TableDef};

use crate::cells::to_cells;
use crate::link::Answer;

/// The answers, in the order in which they are asked for.
#[derive(Default)]
pub(crate) struct Answers(Vec<Known>);

struct Known {
    table: &'static TableDef,
    key: Vec<Cell>,
    held: bool,
    answer: Answer,
}

impl Answers {
    /// Keeps an answer.
    pub(crate) fn keep(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        held: bool,
        answer: Answer,
    ) {
        self.0.push(Known { table, key: to_cells(key), held, answer });
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&mut self) {
        self.0.clear();
    }

    /// Forgets what was answered about rows with these leading cells: they are written, and the
    /// answers are no longer true.
    pub(crate) fn forget(&mut self, table: &'static TableDef, written: &[Cell]) {
        self.0.retain(|known| {
            let alike = known.key.iter().zip(written).all(|(known, written)| known == written);
            !(std::ptr::eq(known.table, table) && alike)
        });
    }

    /// Takes the first answer to a question, if it was sent.
    pub(crate) fn take(
        &mut self,
        table: &'static TableDef,
        key: &[CellRef<'_>],
        held: bool,
    ) -> Option<Answer> {
        let is_it = |known: &Known| {
            std::ptr::eq(known.table, table)
                && known.held == held
                && known.key.len() == key.len()
                && known.key.iter().zip(key).all(|(known, cell)| *known == cell.to_cell())
        };
        let at = self.0.iter().position(is_it)?;
        Some(self.0.remove(at).answer)
    }
}
