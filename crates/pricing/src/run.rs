//! One run of the engine: what it works on and what it has so far.
//!
//! First every line of the procedure finds its conditions for every item ([`crate::find`]), which
//! also decides which of them count; then every line is valued for every item ([`crate::value`]).
//! Line by line over all items, not item by item, because scales may be read with, and header
//! amounts be distributed over, all of them.

use std::ops::Range;

use tessera_kernel::{Currency, Decimal, Money, Quantity, Ref};

use crate::program::{ConditionStep, Program};
use crate::records::{Finding, Records};
use crate::trace::Trace;
use crate::{
    Calculation, ConditionOrigin, ConditionRate, ConditionRecord, InactiveReason, KeyField,
    KeyValue, ManualCondition, Missing, Priced, PricedItem, PricingCondition, PricingError,
    PricingHeader, PricingItem, ScaleLine, Subtotals,
};

/// How a rate is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// With its sign.
    pub(crate) rate: Decimal,
    pub(crate) currency: Currency,
    pub(crate) per: Option<Quantity>,
    pub(crate) calculation: Calculation,
}

/// What the value of a condition comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A rate.
    Rate,
    /// An amount for the whole document, by position among the header's conditions.
    HeaderAmount(usize),
    /// The cost of the item.
    Cost,
}

/// The scale of a rate.
#[derive(Clone, Debug)]
pub(crate) struct RowScale {
    pub(crate) lines: Vec<ScaleLine>,
    pub(crate) unit: Option<tessera_kernel::Unit>,
    pub(crate) currency: Option<Currency>,
}

/// A condition of an item on its way.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) item: usize,
    pub(crate) step: usize,
    pub(crate) source: Source,
    pub(crate) terms: Terms,
    pub(crate) scale: Option<RowScale>,
    pub(crate) found: Option<(Ref<ConditionRecord>, u32)>,
    pub(crate) origin: ConditionOrigin,
    pub(crate) tax_code: Option<tessera_kernel::Code>,
    pub(crate) inactive: Option<InactiveReason>,
    pub(crate) base: Decimal,
    pub(crate) value: Money,
    pub(crate) rounding: Decimal,
}

/// What an item has so far.
#[derive(Debug)]
pub(crate) struct ItemState {
    pub(crate) net: Money,
    pub(crate) tax: Money,
    pub(crate) price: Money,
    pub(crate) cost: Option<Money>,
    pub(crate) rounding: Decimal,
    pub(crate) tax_rounding: Decimal,
    pub(crate) subtotals: Subtotals,
    pub(crate) missing: Vec<Missing>,
    /// Rows of the price that counts.
    pub(crate) price_rows: Range<usize>,
}

/// What the document as a whole knows about an access.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// Nobody has looked yet.
    Unread,
    /// A key field of the header has no value.
    Blank(KeyField),
    /// No item can find anything.
    Nothing,
    /// Items have to look for themselves.
    Look,
    /// What every item finds.
    Same(Finding),
}

pub(crate) struct Run<'r, R, T> {
    pub(crate) records: &'r mut R,
    pub(crate) trace: &'r mut T,
    pub(crate) program: &'r Program,
    pub(crate) header: &'r PricingHeader,
    pub(crate) items: &'r [PricingItem],
    /// Conditions, line by line, within a line item by item.
    pub(crate) rows: Vec<Row>,
    /// First row of each line, and one more at the end.
    pub(crate) starts: Vec<usize>,
    /// Further intervals of graduated scales.
    pub(crate) intervals: Vec<Row>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) key: String,
    pub(crate) states: Vec<ItemState>,
    /// Value by line and item.
    pub(crate) lines: Vec<Money>,
}

/// Prices a document.
pub(crate) fn run<R: Records, T: Trace>(
    records: &mut R,
    trace: &mut T,
    program: &Program,
    header: &PricingHeader,
    items: &[PricingItem],
) -> Result<Priced, PricingError> {
    let mut run = Run::new(records, trace, program, header, items);
    run.check_entries()?;
    run.find_all()?;
    run.value_all()?;
    run.finish()
}

/// The value of a key field for an item.
pub(crate) fn key_value(
    header: &PricingHeader,
    item: &PricingItem,
    field: KeyField,
) -> Option<KeyValue> {
    let own = if field.is_of_item() { item.fields.get(field) } else { None };
    own.or_else(|| header_value(header, field))
}

/// The value of a key field for the whole document.
pub(crate) fn header_value(header: &PricingHeader, field: KeyField) -> Option<KeyValue> {
    match field {
        KeyField::Currency => Some(KeyValue::Currency(header.currency)),
        _ => header.fields.get(field),
    }
}

impl<'r, R: Records, T: Trace> Run<'r, R, T> {
    fn new(
        records: &'r mut R,
        trace: &'r mut T,
        program: &'r Program,
        header: &'r PricingHeader,
        items: &'r [PricingItem],
    ) -> Self {
        let zero = Money::zero(header.currency);
        let state = || ItemState {
            net: zero,
            tax: zero,
            price: zero,
            cost: None,
            rounding: Decimal::ZERO,
            tax_rounding: Decimal::ZERO,
            subtotals: Subtotals::default(),
            missing: Vec::new(),
            price_rows: 0..0,
        };
        Self {
            records,
            trace,
            program,
            header,
            items,
            rows: Vec::with_capacity(items.len() * 6),
            starts: Vec::with_capacity(program.steps.len() + 1),
            intervals: Vec::new(),
            slots: vec![Slot::Unread; program.accesses],
            key: String::with_capacity(160),
            states: items.iter().map(|_| state()).collect(),
            lines: vec![zero; items.len() * program.steps.len()],
        }
    }

    fn finish(mut self) -> Result<Priced, PricingError> {
        let currency = self.header.currency;
        let conditions = self.conditions();
        let mut items = Vec::with_capacity(self.items.len());
        for (item, state) in self.items.iter().zip(self.states) {
            items.push(PricedItem {
                item: item.item,
                net: state.net,
                tax: state.tax,
                gross: state.net.plus(state.tax)?,
                cost: state.cost,
                subtotals: state.subtotals,
                rounding: state.rounding,
                tax_rounding: state.tax_rounding,
                missing: state.missing,
            });
        }
        let net = Money::sum(items.iter().map(|item| item.net), currency)?;
        let tax = Money::sum(items.iter().map(|item| item.tax), currency)?;
        Ok(Priced { items, conditions, net, tax, gross: net.plus(tax)? })
    }

    /// The rows as conditions of the document, by item, line and counter.
    fn conditions(&mut self) -> Vec<PricingCondition> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.append(&mut self.intervals);
        let mut order: Vec<(usize, usize, usize)> =
            rows.iter().enumerate().map(|(index, row)| (row.item, row.step, index)).collect();
        order.sort_unstable();
        let mut conditions: Vec<PricingCondition> = Vec::with_capacity(rows.len());
        for (item, step, index) in order {
            let step = &self.program.steps[step];
            let Some(condition) = &step.condition else { continue };
            let (number, item) = (step.number, self.items[item].item);
            let counter = match conditions.last() {
                Some(last) if last.item == item && last.step == number => last.counter + 1,
                _ => 1,
            };
            let at = (item, number, counter);
            conditions.push(rows[index].to_condition(at, condition));
        }
        conditions
    }
}

impl Row {
    /// A condition found in a record.
    pub(crate) fn found(
        at: (usize, usize),
        condition: &ConditionStep,
        rate: &ConditionRate,
        found: (Ref<ConditionRecord>, u32),
        currency: Currency,
    ) -> Self {
        let terms = Terms {
            rate: condition.sign.apply(rate.rate),
            currency: rate.currency.unwrap_or(currency),
            per: rate.per,
            calculation: rate.calculation.unwrap_or(condition.calculation),
        };
        Self {
            origin: ConditionOrigin::Automatic,
            found: Some(found),
            tax_code: rate.tax_code,
            ..Self::plain(at, Source::Rate, terms, currency)
        }
    }

    /// A condition that was entered.
    pub(crate) fn entered(
        at: (usize, usize),
        condition: &ConditionStep,
        entry: &ManualCondition,
        item: &PricingItem,
        currency: Currency,
    ) -> Self {
        let calculation = entry.calculation.unwrap_or(condition.calculation);
        let unit = match calculation {
            Calculation::PerQuantity => Some(item.quantity.unit()),
            Calculation::Weight => Some(item.weight.unwrap_or(item.quantity).unit()),
            Calculation::Percentage | Calculation::Fixed => None,
        };
        let terms = Terms {
            rate: condition.sign.apply(entry.rate),
            currency: entry.currency.unwrap_or(currency),
            per: unit.map(|unit| entry.per.unwrap_or(Quantity::of(1, unit))),
            calculation,
        };
        Self { origin: ConditionOrigin::Manual, ..Self::plain(at, Source::Rate, terms, currency) }
    }

    /// The cost of an item.
    pub(crate) fn cost(at: (usize, usize), cost: Money, currency: Currency) -> Self {
        let terms = Terms {
            rate: Decimal::ZERO,
            currency: cost.currency(),
            per: None,
            calculation: Calculation::Fixed,
        };
        Self::plain(at, Source::Cost, terms, currency)
    }

    fn plain(at: (usize, usize), source: Source, terms: Terms, currency: Currency) -> Self {
        Self {
            step: at.0,
            item: at.1,
            source,
            terms,
            scale: None,
            found: None,
            origin: ConditionOrigin::Automatic,
            tax_code: None,
            inactive: None,
            base: Decimal::ZERO,
            value: Money::zero(currency),
            rounding: Decimal::ZERO,
        }
    }

    fn to_condition(&self, at: (u32, u32, u32), condition: &ConditionStep) -> PricingCondition {
        let (item, step, counter) = at;
        let terms = &self.terms;
        let of_rate = self.source != Source::Cost;
        let amount = of_rate && terms.calculation != Calculation::Percentage;
        PricingCondition {
            item,
            step,
            counter,
            condition_type: condition.code,
            rate: of_rate.then_some(terms.rate),
            rate_currency: amount.then_some(terms.currency),
            per: terms.per,
            base: self.base,
            value: self.value,
            rounding: self.rounding,
            account_key: condition.account_key,
            statistical: condition.statistical,
            origin: self.origin,
            record: self.found.map(|(record, _)| record),
            access: self.found.map(|(_, access)| access),
            inactive: self.inactive,
            tax_code: self.tax_code,
        }
    }
}
