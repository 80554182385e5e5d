//! Amounts entered for the whole document, distributed over its items.

use std::ops::Range;

use tessera_kernel::{Decimal, Money, from_micros, to_micros};

use crate::amount::half_up;
use crate::program::{ConditionStep, Step};
use crate::records::Records;
use crate::run::{Run, Source};
use crate::share::share;
use crate::trace::Trace;
use crate::{InactiveReason, PricingError};

impl<R: Records, T: Trace> Run<'_, R, T> {
    /// Distributes every amount of a line in proportion to the base values of the items, without
    /// regard to their signs; evenly where all are zero. An amount has the sign of the whole
    /// document, so a discount on a document of returns reduces what is paid back.
    ///
    /// The parts are multiples of the rounding step and sum to the rounded amount; their rounding
    /// differences sum to that of the amount.
    pub(crate) fn distribute(
        &mut self,
        rows: Range<usize>,
        step: &Step,
        condition: &ConditionStep,
    ) -> Result<(), PricingError> {
        for position in 0..self.header.manual.len() {
            let source = Source::HeaderAmount(position);
            let rows: Vec<usize> =
                rows.clone().filter(|index| self.rows[*index].source == source).collect();
            if !rows.is_empty() {
                self.distribute_amount(&rows, step, condition)?;
            }
        }
        Ok(())
    }

    fn distribute_amount(
        &mut self,
        rows: &[usize],
        step: &Step,
        condition: &ConditionStep,
    ) -> Result<(), PricingError> {
        let currency = self.header.currency;
        let mut bases = Vec::with_capacity(rows.len());
        for index in rows {
            bases.push(self.base_value(step.base, self.rows[*index].item)?);
        }
        let total = Money::sum(bases.iter().copied(), currency)?;
        let mut weights: Vec<i64> = bases.iter().map(|base| base.abs().minor()).collect();
        if weights.iter().all(|weight| *weight == 0) {
            weights.fill(1);
        }
        let terms = self.rows[rows[0]].terms;
        let signed = if total.is_negative() { -terms.rate } else { terms.rate };
        let amount = if terms.currency == currency {
            Some(signed)
        } else {
            let day = self.header.pricing_date;
            self.records.exchange(signed, terms.currency, currency, day)?
        };
        let Some(amount) = amount else {
            for index in rows {
                self.refuse(*index, step, condition, InactiveReason::NoExchangeRate);
            }
            return Ok(());
        };
        let amount = half_up(amount);
        let rule = self.rounding_rule(condition);
        let too_large = || PricingError::AmountTooLarge { condition_type: condition.code };
        let booked = rule.apply(amount, currency).map_err(|_| too_large())?;
        let steps = Money::from_minor(booked.minor() / rule.step_minor, currency);
        let shares: Vec<Decimal> = weights.iter().copied().map(Decimal::from).collect();
        let parts = steps.allocate(&shares)?;
        let micros = to_micros(amount).map_err(|_| too_large())?;
        let exact = exact_parts(i128::from(micros), &weights);
        let exact = exact.ok_or_else(too_large)?;
        for (((index, base), part), exact) in rows.iter().zip(bases).zip(parts).zip(exact) {
            let value = part.times(rule.step_minor)?;
            self.check_base(base.amount(), self.rows[*index].item, condition)?;
            let row = &mut self.rows[*index];
            (row.base, row.value) = (base.amount(), value);
            row.rounding = half_up(from_micros(exact) - value.amount());
        }
        Ok(())
    }
}

/// Millionths of an amount by weight, cumulatively, so that they sum to it.
fn exact_parts(micros: i128, weights: &[i64]) -> Option<Vec<i64>> {
    let whole: i128 = weights.iter().copied().map(i128::from).sum();
    let (mut mark, mut before) = (0_i128, 0_i128);
    let mut parts = Vec::with_capacity(weights.len());
    for weight in weights {
        mark += i128::from(*weight);
        let after = share(micros, mark, whole)?;
        parts.push(i64::try_from(after - before).ok()?);
        before = after;
    }
    Some(parts)
}
