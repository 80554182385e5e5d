//! Second pass: what each condition is worth.
//!
//! A value is computed exactly, converted to the currency of the document and rounded there once;
//! what rounding took away is kept. Exact means to the 28 digits of [`Decimal`].

use std::ops::Range;

use tessera_kernel::{Decimal, Money, MoneyError, Ref, RoundingRule, to_micros};

use crate::amount::{calculation_base, exact_value, half_up, scale_base};
use crate::program::{Base, ConditionStep, Step};
use crate::records::Records;
use crate::run::{RowScale, Run, Source, Terms};
use crate::trace::{Remark, ScaleReading, Trace};
use crate::{
    Calculation, ConditionClass, ConditionRecord, InactiveReason, Missing, MissingReason,
    PricingError, ScaleBasis, ScaleLine, ScaleType, scale,
};

/// What is read in a scale, summed over the items that found the same record.
type GroupBases = Vec<(Ref<ConditionRecord>, Decimal)>;

impl<R: Records, T: Trace> Run<'_, R, T> {
    /// Values every line for every item.
    pub(crate) fn value_all(&mut self) -> Result<(), PricingError> {
        let program = self.program;
        for (position, step) in program.steps.iter().enumerate() {
            match &step.condition {
                Some(condition) => self.value_conditions(position, step, condition)?,
                None => self.total(position, step)?,
            }
            if T::ACTIVE {
                for item in 0..self.items.len() {
                    let value = self.lines[position * self.items.len() + item];
                    self.trace.line((position, item), value);
                }
            }
        }
        Ok(())
    }

    /// A line of totals.
    fn total(&mut self, position: usize, step: &Step) -> Result<(), PricingError> {
        for item in 0..self.items.len() {
            if let Some(requirement) = step.requirement
                && !self.holds(requirement, item)
            {
                self.trace.remark((position, item), Remark::RequirementNotMet(requirement));
                continue;
            }
            let value = if step.margin {
                let state = &self.states[item];
                state.net.minus(state.cost.unwrap_or(Money::zero(self.header.currency)))?
            } else {
                self.base_value(step.base, item)?
            };
            self.lines[position * self.items.len() + item] = value;
            if let Some(subtotal) = step.subtotal {
                self.states[item].subtotals.add(subtotal, value)?;
            }
        }
        Ok(())
    }

    fn value_conditions(
        &mut self,
        position: usize,
        step: &Step,
        condition: &ConditionStep,
    ) -> Result<(), PricingError> {
        let rows = self.starts[position]..self.starts[position + 1];
        if rows.is_empty() {
            return Ok(());
        }
        let groups = if condition.group {
            self.group_bases(rows.clone(), step, condition)?
        } else {
            Vec::new()
        };
        let intervals = self.intervals.len();
        for index in rows.clone() {
            self.value_row(index, step, condition, &groups)?;
        }
        if condition.header {
            self.distribute(rows.clone(), step, condition)?;
        }
        for index in rows {
            let row = &self.rows[index];
            let outcome = (row.item, row.inactive, row.value, row.rounding);
            self.book(position, step, condition, outcome)?;
        }
        for index in intervals..self.intervals.len() {
            let row = &self.intervals[index];
            let outcome = (row.item, row.inactive, row.value, row.rounding);
            self.book(position, step, condition, outcome)?;
        }
        Ok(())
    }

    /// What a line is computed from, for an item.
    pub(crate) fn base_value(&self, base: Base, item: usize) -> Result<Money, PricingError> {
        let (state, width) = (&self.states[item], self.items.len());
        Ok(match base {
            Base::Gross => state.net.plus(state.tax)?,
            Base::Net => state.net,
            Base::Price => state.price,
            Base::Cost => state.cost.unwrap_or(Money::zero(self.header.currency)),
            Base::Line(line) => self.lines[line * width + item],
            Base::Range(from, to) => {
                let lines = (from..to).filter(|line| {
                    let condition = self.program.steps[*line].condition.as_ref();
                    condition.is_some_and(|condition| !condition.statistical)
                });
                let values = lines.map(|line| self.lines[line * width + item]);
                Money::sum(values, self.header.currency)?
            }
        })
    }

    /// Values a row that comes from a rate or a cost; amounts for the whole document are
    /// distributed later.
    fn value_row(
        &mut self,
        index: usize,
        step: &Step,
        condition: &ConditionStep,
        groups: &GroupBases,
    ) -> Result<(), PricingError> {
        let (row, currency) = (&self.rows[index], self.header.currency);
        let (source, terms, item) = (row.source, row.terms, row.item);
        if let Source::HeaderAmount(_) = source {
            return Ok(());
        }
        if source == Source::Cost {
            let cost = self.items[item].cost.unwrap_or(Money::zero(currency)).amount();
            return self.set_value(index, condition, cost, cost);
        }
        let base_value = self.base_value(step.base, item)?;
        let Some(base) = calculation_base(&self.items[item], &terms, base_value) else {
            self.refuse(index, step, condition, InactiveReason::UnitMismatch);
            return Ok(());
        };
        let Some(scale) = self.rows[index].scale.take() else {
            let exact = exact_value(&terms, terms.rate, base);
            let exact = exact.ok_or_else(|| self.too_large(item, condition))?;
            return self.set_value(index, condition, base, exact);
        };
        let own = scale_base(&self.items[item], &scale, condition, base_value);
        let record = self.rows[index].found.map(|(record, _)| record);
        let group = groups.iter().find(|(group, _)| Some(*group) == record).map(|(_, base)| *base);
        let Some(read_with) = group.or(own).map(|read_with| read_with.abs()) else {
            self.refuse(index, step, condition, InactiveReason::UnitMismatch);
            return Ok(());
        };
        let Some(lines) = self.lines_of(&scale, condition)? else {
            self.refuse(index, step, condition, InactiveReason::NoExchangeRate);
            return Ok(());
        };
        if condition.scale_type == ScaleType::Graduated {
            return self.value_intervals(index, condition, base, &lines);
        }
        let line = scale::line_for(&lines, condition.scale_type, read_with);
        let rate = line.map_or(terms.rate, |(_, rate)| condition.sign.apply(rate));
        let threshold = line.map(|(threshold, _)| threshold);
        let reading = ScaleReading { base: read_with, threshold, rate };
        self.trace.scale((self.rows[index].step, item), reading);
        self.rows[index].terms.rate = rate;
        let exact = exact_value(&terms, rate, base);
        let exact = exact.ok_or_else(|| self.too_large(item, condition))?;
        self.set_value(index, condition, base, exact)
    }

    /// The row takes the first interval of its base, further rows take the others.
    fn value_intervals(
        &mut self,
        index: usize,
        condition: &ConditionStep,
        base: Decimal,
        lines: &[ScaleLine],
    ) -> Result<(), PricingError> {
        let (template, negative) = (self.rows[index].clone(), base < Decimal::ZERO);
        let unsigned = condition.sign.apply(template.terms.rate);
        let mut from = Decimal::ZERO;
        let mut rows = Vec::new();
        for (part, rate) in scale::intervals(lines, base.abs(), unsigned) {
            let mut row = template.clone();
            row.terms.rate = condition.sign.apply(rate);
            row.base = if negative { -part } else { part };
            let reading = ScaleReading { base: part, threshold: Some(from), rate: row.terms.rate };
            self.trace.scale((row.step, row.item), reading);
            from += part;
            let exact = exact_value(&row.terms, row.terms.rate, row.base);
            let exact = exact.ok_or_else(|| self.too_large(row.item, condition))?;
            let Some(exact) = self.in_document_currency(&row.terms, exact)? else {
                let step = &self.program.steps[row.step];
                self.refuse(index, step, condition, InactiveReason::NoExchangeRate);
                return Ok(());
            };
            (row.value, row.rounding) = self.round(exact, row.item, condition)?;
            rows.push(row);
        }
        let mut rows = rows.into_iter();
        if let Some(first) = rows.next() {
            self.rows[index] = first;
        }
        self.intervals.extend(rows);
        Ok(())
    }

    /// Rounds an exact value, in the currency of its terms, into the row.
    fn set_value(
        &mut self,
        index: usize,
        condition: &ConditionStep,
        base: Decimal,
        exact: Decimal,
    ) -> Result<(), PricingError> {
        let (terms, item) = (self.rows[index].terms, self.rows[index].item);
        let Some(exact) = self.in_document_currency(&terms, exact)? else {
            let step = &self.program.steps[self.rows[index].step];
            self.refuse(index, step, condition, InactiveReason::NoExchangeRate);
            return Ok(());
        };
        let (value, rounding) = self.round(exact, item, condition)?;
        self.check_base(base, item, condition)?;
        let row = &mut self.rows[index];
        (row.base, row.value, row.rounding) = (base, value, rounding);
        Ok(())
    }

    /// Refuses what a condition can't be kept with.
    pub(crate) fn check_base(
        &self,
        base: Decimal,
        item: usize,
        condition: &ConditionStep,
    ) -> Result<(), PricingError> {
        to_micros(base).map(|_| ()).map_err(|_| self.too_large(item, condition))
    }

    fn in_document_currency(
        &mut self,
        terms: &Terms,
        exact: Decimal,
    ) -> Result<Option<Decimal>, PricingError> {
        let currency = self.header.currency;
        if terms.calculation == Calculation::Percentage || terms.currency == currency {
            return Ok(Some(exact));
        }
        let day = self.header.pricing_date;
        Ok(self.records.exchange(exact, terms.currency, currency, day)?)
    }

    /// The value in the currency of the document, and what the exact value has more.
    fn round(
        &self,
        exact: Decimal,
        item: usize,
        condition: &ConditionStep,
    ) -> Result<(Money, Decimal), PricingError> {
        let rule = self.rounding_rule(condition);
        let value = rule.apply(exact, self.header.currency).map_err(|error| match error {
            MoneyError::Overflow => self.too_large(item, condition),
            other => other.into(),
        })?;
        let rest = exact.checked_sub(value.amount());
        let rest = rest.ok_or_else(|| self.too_large(item, condition))?;
        Ok((value, half_up(rest)))
    }

    pub(crate) fn rounding_rule(&self, condition: &ConditionStep) -> RoundingRule {
        let rule = self.header.rounding;
        RoundingRule { mode: condition.rounding.unwrap_or(rule.mode), ..rule }
    }

    pub(crate) fn too_large(&self, item: usize, condition: &ConditionStep) -> PricingError {
        PricingError::TooLarge { item: self.items[item].item, condition_type: condition.code }
    }

    /// The lines of a scale; by value, with thresholds in the currency of the document. Nothing
    /// where there is no exchange rate.
    fn lines_of(
        &mut self,
        scale: &RowScale,
        condition: &ConditionStep,
    ) -> Result<Option<Vec<ScaleLine>>, PricingError> {
        let (currency, day) = (self.header.currency, self.header.pricing_date);
        let from = scale.currency.unwrap_or(currency);
        if condition.scale_basis != ScaleBasis::Value || from == currency {
            return Ok(Some(scale.lines.clone()));
        }
        let mut lines = Vec::with_capacity(scale.lines.len());
        for (threshold, rate) in &scale.lines {
            match self.records.exchange(*threshold, from, currency, day)? {
                Some(threshold) => lines.push((half_up(threshold), *rate)),
                None => return Ok(None),
            }
        }
        Ok(Some(lines))
    }

    /// The sums over all items that scales of group conditions are read with.
    fn group_bases(
        &self,
        rows: Range<usize>,
        step: &Step,
        condition: &ConditionStep,
    ) -> Result<GroupBases, PricingError> {
        let mut groups = GroupBases::new();
        for row in &self.rows[rows] {
            let (Some((record, _)), Some(scale)) = (row.found, &row.scale) else { continue };
            let base_value = self.base_value(step.base, row.item)?;
            let item = &self.items[row.item];
            let Some(base) = scale_base(item, scale, condition, base_value) else { continue };
            match groups.iter_mut().find(|(group, _)| *group == record) {
                Some((_, sum)) => *sum += base,
                None => groups.push((record, base)),
            }
        }
        Ok(groups)
    }

    /// A condition that can't be valued does not count and makes its item incomplete.
    pub(crate) fn refuse(
        &mut self,
        index: usize,
        step: &Step,
        condition: &ConditionStep,
        reason: InactiveReason,
    ) {
        let row = &mut self.rows[index];
        if row.inactive.is_some() {
            return;
        }
        row.inactive = Some(reason);
        let reason = match reason {
            InactiveReason::NoExchangeRate => MissingReason::NoExchangeRate,
            _ => MissingReason::UnitMismatch,
        };
        let missing = Missing { step: step.number, condition_type: condition.code, reason };
        let state = &mut self.states[row.item];
        if !state.missing.contains(&missing) {
            state.missing.push(missing);
        }
    }

    /// Adds a value to its line and to the item.
    fn book(
        &mut self,
        position: usize,
        step: &Step,
        condition: &ConditionStep,
        outcome: (usize, Option<InactiveReason>, Money, Decimal),
    ) -> Result<(), PricingError> {
        let (item, inactive, value, rounding) = outcome;
        if inactive.is_some() {
            return Ok(());
        }
        let line = &mut self.lines[position * self.items.len() + item];
        *line = line.plus(value)?;
        let state = &mut self.states[item];
        if let Some(subtotal) = step.subtotal {
            state.subtotals.add(subtotal, value)?;
        }
        if condition.class == ConditionClass::Cost {
            let before = state.cost.unwrap_or(Money::zero(value.currency()));
            state.cost = Some(before.plus(value)?);
        }
        if condition.statistical {
            return Ok(());
        }
        if condition.class == ConditionClass::Tax {
            state.tax = state.tax.plus(value)?;
            state.tax_rounding += rounding;
        } else {
            state.net = state.net.plus(value)?;
            state.rounding += rounding;
        }
        if condition.class == ConditionClass::Price {
            state.price = state.price.plus(value)?;
        }
        Ok(())
    }
}
