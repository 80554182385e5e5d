//! Balances: stored aggregates that are adjusted under a guard, never set.
//!
//! A balance row is an atomic counter with bounds. Stock, reservations, credit exposure and ledger
//! totals are balances; `verify` recomputes each of them from the documents beneath.

mod fresh;

use std::sync::OnceLock;

pub(crate) use fresh::FreshBalances;

use crate::{Ahead, Cell, CellRef, ColumnDef, ColumnType, Fault, Placement, Select, TableDef, Tx};

/// Definition of a balance.
#[derive(Debug)]
pub struct Balance {
    /// Name of its table.
    pub name: &'static str,
    /// Key columns.
    pub key: &'static [(&'static str, ColumnType)],
    /// Counters, integers in the unit that the owner documents.
    pub measures: &'static [&'static str],
    /// Rows that are all zero are deleted, so that what is over leaves no rows to read.
    pub sparse: bool,
    /// By what its rows find their node.
    pub placement: Placement,
    table: OnceLock<&'static TableDef>,
}

/// A bound on the outcome of an adjustment: the sum of `factor × measure` must be at least `least`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Column positions (in the table) with their factors.
    pub terms: Vec<(usize, i64)>,
    /// Lower bound.
    pub least: i64,
}

impl Balance {
    /// A definition.
    pub const fn new(
        name: &'static str,
        key: &'static [(&'static str, ColumnType)],
        measures: &'static [&'static str],
        placement: Placement,
    ) -> Self {
        Self { name, key, measures, sparse: false, placement, table: OnceLock::new() }
    }

    /// A definition of a balance that keeps no rows that are all zero.
    pub const fn sparse(
        name: &'static str,
        key: &'static [(&'static str, ColumnType)],
        measures: &'static [&'static str],
        placement: Placement,
    ) -> Self {
        Self { name, key, measures, sparse: true, placement, table: OnceLock::new() }
    }

    /// Its table: key columns, then measures.
    pub fn table(&'static self) -> &'static TableDef {
        self.table.get_or_init(|| {
            let key = self.key.iter().map(|(name, ty)| ColumnDef::required(name, *ty));
            let measures =
                self.measures.iter().map(|name| ColumnDef::required(name, ColumnType::Int));
            let columns = key.chain(measures).collect();
            let table = TableDef::new(self.name, columns, self.key.len());
            let mut table = table.placed(self.placement);
            table.sparse = self.sparse;
            Box::leak(Box::new(table))
        })
    }

    /// Column position of a measure.
    pub const fn column(&self, measure: usize) -> usize {
        self.key.len() + measure
    }

    /// The guard "the sum of factor × measure is at least `least`".
    pub fn at_least(&self, terms: &[(usize, i64)], least: i64) -> Guard {
        let terms = terms.iter().map(|(measure, factor)| (self.column(*measure), *factor));
        Guard { terms: terms.collect(), least }
    }

    /// Whether a guard holds for these measures.
    fn holds(&self, guard: &Guard, measures: &[i64]) -> bool {
        let term = |(column, factor): &(usize, i64)| {
            i128::from(measures[column - self.key.len()]) * i128::from(*factor)
        };
        // Terms have 126 bits at most, so that two of them fit; a guard has one or two.
        let sum = guard.terms.iter().map(term).fold(0, i128::saturating_add);
        sum >= i128::from(guard.least)
    }

    /// Whether a row with these measures is not kept.
    fn is_over(&self, measures: &[i64]) -> bool {
        self.sparse && measures.iter().all(|measure| *measure == 0)
    }
}

/// Counters of one adjustment that need no allocation.
const INLINE: usize = 8;

impl Tx<'_> {
    /// Adds `deltas` (measure, amount) to a balance row, which comes into being with zeroes.
    /// False, and nothing done, where `guard` would not hold afterwards.
    pub fn adjust(
        &mut self,
        balance: &'static Balance,
        key: &[CellRef<'_>],
        deltas: &[(usize, i64)],
        guard: Option<&Guard>,
    ) -> Result<bool, Fault> {
        self.writable()?;
        if let Some(outcome) = self.fresh.adjust(balance, key, deltas, guard) {
            return Ok(outcome?);
        }
        let column = |(measure, delta): &(usize, i64)| (balance.column(*measure), *delta);
        let (mut inline, heap);
        let columns = if deltas.len() <= INLINE {
            inline = [(0, 0); INLINE];
            inline.iter_mut().zip(deltas).for_each(|(slot, delta)| *slot = column(delta));
            &inline[..deltas.len()]
        } else {
            heap = deltas.iter().map(column).collect::<Vec<_>>();
            &heap[..]
        };
        Ok(self.connection.adjust(balance.table(), key, columns, guard)?)
    }

    /// Holds a balance row until the end of the command: what is read under that key from now on
    /// can't change in between.
    pub fn hold(&mut self, balance: &'static Balance, key: &[CellRef<'_>]) -> Result<(), Fault> {
        self.writable()?;
        if self.fresh.has(key) {
            return Ok(());
        }
        Ok(self.connection.hold(balance.table(), key)?)
    }

    /// Says which rows of balances, by leading key columns, are read next, so that a server can be asked
    /// for all of them at once.
    pub fn ask_balances(
        &mut self,
        asks: &[(&'static Balance, &[CellRef<'_>])],
    ) -> Result<(), Fault> {
        let asks = asks.iter().filter(|(_, key)| !self.fresh.has(key));
        let asks = asks.map(|(balance, key)| Ahead { table: balance.table(), key, held: false });
        Ok(self.connection.ahead(&asks.collect::<Vec<_>>())?)
    }

    /// The measures of one balance row; zeroes where there is none.
    pub fn balance(
        &mut self,
        balance: &'static Balance,
        key: &[CellRef<'_>],
    ) -> Result<Vec<i64>, Fault> {
        let mut measures = vec![0; balance.measures.len()];
        self.balances(balance, key, &mut |_, found| measures.copy_from_slice(found))?;
        Ok(measures)
    }

    /// Visits key and measures of the balance rows whose leading key columns equal `prefix`.
    pub fn balances(
        &mut self,
        balance: &'static Balance,
        prefix: &[CellRef<'_>],
        visit: &mut dyn FnMut(&[Cell], &[i64]),
    ) -> Result<(), Fault> {
        if prefix.is_empty() {
            self.fresh.write(self.connection)?;
        } else if self.fresh.visit(balance, prefix, visit) {
            return Ok(());
        }
        let mut key = Vec::with_capacity(balance.key.len());
        let mut measures = Vec::with_capacity(balance.measures.len());
        self.connection.rows(balance.table(), prefix, &mut |row| {
            key.clear();
            measures.clear();
            for (_, ty) in balance.key {
                key.push(crate::cell::read_cell(row, *ty)?);
            }
            for _ in balance.measures {
                measures.push(row.int()?.unwrap_or(0));
            }
            visit(&key, &measures);
            Ok(())
        })
    }

    /// Visits every row of a balance, for `verify` and reports.
    pub fn all_balances(
        &mut self,
        balance: &'static Balance,
        visit: &mut dyn FnMut(&[Cell], &[i64]),
    ) -> Result<(), Fault> {
        self.balances(balance, &[], visit)
    }

    /// Runs a query over any table that the caller's module owns.
    pub fn select(
        &mut self,
        query: &Select,
        visit: &mut dyn FnMut(&mut dyn crate::RowSource) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.fresh.write(self.connection)?;
        self.connection.select(query, visit)
    }
}
