//! How the conditions that a document has came about: what is stored is what is explained. What is
//! not stored, the way of the search, is recomputed for the pricing date, and where a search would
//! find something else now, that is told.

use std::sync::Arc;

use hashbrown::HashMap;
use serde_json::{Value, json};
use tessera_kernel::{Code, Date, Language, Money, Tx};

use crate::explanation::{ExplainedLine, Explanation, json_of};
use crate::program::{Base, Program, Step};
use crate::trace::Remark;
use crate::{
    ConditionClass, ConditionOrigin, Exchange, InactiveReason, Missing, MissingReason, Priced,
    PricingCondition, PricingError, PricingHeader, PricingItem, PricingSettings, Totals, explain,
    have_same_rates,
};

/// How a document is priced.
#[derive(Clone, Debug)]
pub struct StoredExplanation {
    /// Lines by item, in the order of the procedure: stored conditions with the values that follow
    /// from them.
    pub lines: Vec<ExplainedLine>,
    /// Sums of the stored conditions.
    pub totals: Totals,
    /// What the items lack.
    pub missing: Vec<(u32, Missing)>,
    /// What pricing everything anew would give now.
    pub anew: Priced,
    procedure: Code,
    pricing_date: Date,
}

/// Explains the stored `conditions` of a document. `header` and `items` are what they would be
/// priced with now, with all that was entered.
pub fn explain_stored(
    tx: &mut Tx<'_>,
    settings: &PricingSettings,
    (header, items): (&PricingHeader, &[PricingItem]),
    conditions: &[PricingCondition],
    exchange: &mut Exchange<'_>,
) -> Result<StoredExplanation, PricingError> {
    let Explanation { procedure, pricing_date, mut lines, priced: anew } =
        explain(tx, settings, header, items, exchange)?;
    let program = settings.program(header.procedure)?;
    let mut missing = Vec::new();
    let mut by_item: HashMap<u32, Vec<&PricingCondition>> =
        items.iter().map(|item| (item.item, Vec::new())).collect();
    for row in conditions {
        if let Some(rows) = by_item.get_mut(&row.item) {
            rows.push(row);
        }
    }
    for lines in lines.chunk_by_mut(|one, other| one.item == other.item) {
        let item = lines[0].item;
        let rows = by_item.get(&item).map_or(&[][..], Vec::as_slice);
        for (line, step) in lines.iter_mut().zip(&program.steps) {
            let own = rows.iter().filter(|row| row.step == step.number);
            let own: Vec<PricingCondition> = own.map(|row| (*row).clone()).collect();
            missing.extend(lacks(step, line, &own).into_iter().map(|lack| (item, lack)));
            line.remark = remark(line, &own);
            if own.iter().any(|row| row.origin.is_copied()) {
                line.scales.clear();
            }
            line.conditions = own;
        }
        value_lines(program, lines, header)?;
    }
    let priced = |row: &PricingCondition| by_item.contains_key(&row.item);
    let strange = conditions.iter().filter(|row| priced(row));
    let strange = strange.filter(|row| !program.steps.iter().any(|step| step.number == row.step));
    lines.extend(strange.map(|row| of_another_procedure(settings, row)));
    let totals = Totals::of(conditions.iter().filter(|row| priced(row)), header.currency)?;
    Ok(StoredExplanation { lines, totals, missing, anew, procedure, pricing_date })
}

/// The line of a condition that was taken over from a document with another procedure.
fn of_another_procedure(settings: &PricingSettings, row: &PricingCondition) -> ExplainedLine {
    let kind = settings.condition_types.get(row.condition_type);
    ExplainedLine {
        item: row.item,
        step: row.step,
        name: kind.map(|kind| Arc::new(kind.name.clone())).unwrap_or_default(),
        condition_type: Some(row.condition_type),
        attempts: Vec::new(),
        remark: Some(Remark::TakenOver),
        scales: Vec::new(),
        conditions: vec![row.clone()],
        value: row.value,
    }
}

/// What is to be said of a line: where its conditions are from, or that they would be others now.
fn remark(line: &ExplainedLine, own: &[PricingCondition]) -> Option<Remark> {
    match own.first().map(|row| row.origin) {
        Some(ConditionOrigin::Copied) => return Some(Remark::TakenOver),
        Some(ConditionOrigin::CopiedManual) => return Some(Remark::EnteredBefore),
        Some(ConditionOrigin::Manual) => return line.remark.or(Some(Remark::Entered)),
        Some(ConditionOrigin::Automatic) | None => {}
    }
    let records =
        |rows: &[PricingCondition]| -> Vec<_> { rows.iter().map(|row| row.record).collect() };
    let same = have_same_rates(own, &line.conditions) && records(own) == records(&line.conditions);
    if same { line.remark } else { Some(Remark::FoundOtherwise) }
}

/// What a line lacks of what it requires.
fn lacks(step: &Step, line: &ExplainedLine, own: &[PricingCondition]) -> Option<Missing> {
    let condition = step.condition.as_ref()?;
    let lack = |reason| Some(Missing { step: step.number, condition_type: condition.code, reason });
    for row in own {
        match row.inactive {
            Some(InactiveReason::UnitMismatch) => return lack(MissingReason::UnitMismatch),
            Some(InactiveReason::NoExchangeRate) => return lack(MissingReason::NoExchangeRate),
            _ => {}
        }
    }
    let applies = !matches!(line.remark, Some(Remark::RequirementNotMet(_)));
    let none = own.is_empty() && condition.required && applies;
    none.then(|| lack(MissingReason::NotFound)).flatten()
}

/// The values of the lines of an item by its stored conditions.
fn value_lines(
    program: &Program,
    lines: &mut [ExplainedLine],
    header: &PricingHeader,
) -> Result<(), PricingError> {
    let zero = Money::zero(header.currency);
    let (mut net, mut tax, mut price, mut cost) = (zero, zero, zero, zero);
    let mut values: Vec<Money> = Vec::with_capacity(lines.len());
    for (line, step) in lines.iter_mut().zip(&program.steps) {
        let Some(condition) = &step.condition else {
            let applies = !matches!(line.remark, Some(Remark::RequirementNotMet(_)));
            line.value = match step.base {
                _ if !applies => zero,
                _ if step.margin => net.minus(cost)?,
                Base::Gross => net.plus(tax)?,
                Base::Net => net,
                Base::Price => price,
                Base::Cost => cost,
                Base::Line(at) => values[at],
                Base::Range(from, to) => sum_of_conditions(program, &values, (from, to), zero)?,
            };
            values.push(line.value);
            continue;
        };
        let counting = line.conditions.iter().filter(|row| row.inactive.is_none());
        line.value = Money::sum(counting.map(|row| row.value), header.currency)?;
        values.push(line.value);
        let sums = [
            (condition.class == ConditionClass::Cost, &mut cost),
            (!condition.statistical && condition.class == ConditionClass::Tax, &mut tax),
            (!condition.statistical && condition.class != ConditionClass::Tax, &mut net),
            (!condition.statistical && condition.class == ConditionClass::Price, &mut price),
        ];
        for (_, sum) in sums.into_iter().filter(|(counts, _)| *counts) {
            *sum = sum.plus(line.value)?;
        }
    }
    Ok(())
}

fn sum_of_conditions(
    program: &Program,
    values: &[Money],
    (from, to): (usize, usize),
    zero: Money,
) -> Result<Money, PricingError> {
    let counts = |step: &Step| step.condition.as_ref().is_some_and(|own| !own.statistical);
    let counted = (from..to).filter(|line| counts(&program.steps[*line]));
    Ok(Money::sum(counted.map(|line| values[line]), zero.currency())?)
}

impl StoredExplanation {
    /// The explanation as JSON, with sentences in English and names in `language`; what pricing
    /// would give now stands by itself under `priced_anew`.
    pub fn to_json(&self, language: Language) -> Result<Value, PricingError> {
        let Totals { net, tax, gross, .. } = self.totals;
        let missing = self.missing.iter().map(|(item, missing)| (*item, *missing));
        let at = (self.procedure, self.pricing_date);
        let mut body = json_of(at, (net, tax, gross), missing, &self.lines, language)?;
        let anew = &self.anew;
        body["priced_anew"] = json!({
            "net": anew.net.to_string(),
            "tax": anew.tax.to_string(),
            "gross": anew.gross.to_string(),
            "differs": (anew.net, anew.tax) != (net, tax),
        });
        Ok(body)
    }
}
