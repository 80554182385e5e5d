//! What a condition record must keep to; every finding at once, with its path.

use tessera_kernel::{Decimal, Fault, FieldProblem};

use crate::{
    Calculation, ConditionClass, ConditionRate, ConditionRecord, ConditionSign, ConditionType,
    PricingSettings, ScaleBasis, ScaleType,
};

/// The key fields are those of the table, and the table is one that the condition type looks at.
pub(crate) fn check_key(record: &ConditionRecord, settings: &PricingSettings) -> Result<(), Fault> {
    let key = &record.key;
    let invalid = |path: &str, message: String| Err(Fault::invalid(path, message));
    let kind = match settings.condition_types.require(key.condition_type) {
        Ok(kind) => kind,
        Err(message) => return invalid("key.condition_type", message),
    };
    let Some(sequence) = kind.access_sequence.and_then(|code| settings.access_sequences.get(code))
    else {
        let message = format!("{} is only entered in documents, no records", key.condition_type);
        return invalid("key.condition_type", message);
    };
    if !sequence.accesses.iter().any(|access| access.table == key.condition_table) {
        let tables = sequence.accesses.iter().map(|access| access.table.to_string());
        let tables: Vec<String> = tables.collect();
        let message = format!("{} is looked for in: {}", key.condition_type, tables.join(", "));
        return invalid("key.condition_table", message);
    }
    let table = match settings.condition_tables.require(key.condition_table) {
        Ok(table) => table,
        Err(message) => return invalid("key.condition_table", message),
    };
    let fits = record.key_fields.len() == table.fields.len()
        && table.fields.iter().all(|field| record.key_fields.iter().any(|own| own.field == *field));
    if fits {
        return Ok(());
    }
    let names: Vec<String> = table.fields.iter().map(|field| field.label()).collect();
    invalid("key_fields", format!("must be exactly: {}", names.join(", ")))
}

/// Rates and scales fit the condition type.
pub(crate) fn check(record: &ConditionRecord, settings: &PricingSettings) -> Result<(), Fault> {
    let mut problems = Vec::new();
    let kind = settings.condition_types.require(record.key.condition_type);
    let kind = kind.map_err(|message| Fault::invalid("key.condition_type", message))?;
    if record.rates.is_empty() {
        problems.push(FieldProblem::new("rates", "must have at least one rate"));
    }
    for (position, rate) in record.rates.iter().enumerate() {
        let path = format!("rates[{position}]");
        let mut report = |field: &str, message: &str| {
            problems.push(FieldProblem::new(format!("{path}.{field}"), message));
        };
        check_terms(rate, kind, &mut report);
        check_tax(rate, kind, settings, &mut report);
        check_limits(rate, &mut report);
        check_scale(record, rate, kind, &mut report);
    }
    for (position, line) in record.scales.iter().enumerate() {
        let path = format!("scales[{position}]");
        if !record.rates.iter().any(|rate| rate.scale == Some(line.scale)) {
            problems.push(FieldProblem::new(format!("{path}.scale"), "belongs to no rate"));
        }
        if line.rate < Decimal::ZERO
            && let Some(rule) = unsigned(kind)
        {
            problems.push(FieldProblem::new(format!("{path}.rate"), rule));
        }
        if takes_more_than_all(kind, kind.calculation, line.rate) {
            problems.push(FieldProblem::new(format!("{path}.rate"), TOO_MUCH));
        }
        let twice = |other: &&crate::ConditionScale| {
            other.scale == line.scale && other.threshold == line.threshold
        };
        if record.scales[..position].iter().any(|other| twice(&other)) {
            problems.push(FieldProblem::new(format!("{path}.threshold"), "stands there twice"));
        }
        if line.threshold < Decimal::ZERO {
            problems.push(FieldProblem::new(format!("{path}.threshold"), "must not be negative"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
}

/// Why a rate of the condition type has no sign, if it has none.
fn unsigned(kind: &ConditionType) -> Option<&'static str> {
    match (kind.class, kind.sign) {
        (ConditionClass::Price, _) => Some("must not be negative: it is a price"),
        (_, ConditionSign::Both) => None,
        _ => Some("must not be negative: the condition type has the sign"),
    }
}

/// Whether a rate is a discount of more than all that something costs.
fn takes_more_than_all(kind: &ConditionType, calculation: Calculation, rate: Decimal) -> bool {
    let is_discount = kind.sign == ConditionSign::Negative;
    is_discount && calculation == Calculation::Percentage && rate > Decimal::ONE_HUNDRED
}

const TOO_MUCH: &str = "must be at most 100: it takes away so many percent";

type Report<'r> = dyn FnMut(&str, &str) + 'r;

fn check_terms(rate: &ConditionRate, kind: &ConditionType, report: &mut Report<'_>) {
    let calculation = rate.calculation.unwrap_or(kind.calculation);
    if calculation != kind.calculation {
        match kind.class {
            ConditionClass::Tax => report("calculation", "must be percentage for a tax"),
            ConditionClass::Price if calculation == Calculation::Percentage => {
                report("calculation", "must not be percentage for a price");
            }
            _ if kind.scale_type == ScaleType::Graduated => {
                report("calculation", "must be left out: the scale is graduated");
            }
            _ => {}
        }
    }
    let rates = [
        ("rate", Some(rate.rate)),
        ("lower_limit", rate.lower_limit),
        ("upper_limit", rate.upper_limit),
    ];
    let negative = |rate: Option<Decimal>| rate.is_some_and(|rate| rate < Decimal::ZERO);
    if let Some(rule) = unsigned(kind) {
        rates.iter().filter(|(_, rate)| negative(*rate)).for_each(|(field, _)| report(field, rule));
    }
    if takes_more_than_all(kind, calculation, rate.rate) {
        report("rate", TOO_MUCH);
    }
    let by_value = rate.scale.is_some() && kind.scale_basis == ScaleBasis::Value;
    let amount = calculation != Calculation::Percentage;
    match rate.currency {
        None if amount => report("currency", "is missing: the rate is an amount"),
        None if by_value => report("currency", "is missing: the scale is by value"),
        Some(_) if !amount && !by_value => report("currency", "a percentage has none"),
        _ => {}
    }
    let quantity = matches!(calculation, Calculation::PerQuantity | Calculation::Weight);
    match rate.per {
        None if quantity => report("per", "is missing: what quantity is the amount for?"),
        Some(_) if !quantity => report("per", "only an amount per quantity or weight has one"),
        Some(per) if !per.is_positive() => report("per", "must be more than 0"),
        _ => {}
    }
}

fn check_tax(
    rate: &ConditionRate,
    kind: &ConditionType,
    settings: &PricingSettings,
    report: &mut Report<'_>,
) {
    let is_tax = kind.class == ConditionClass::Tax;
    match rate.tax_code {
        None if is_tax => report("tax_code", "is missing: every tax has one"),
        Some(_) if !is_tax => report("tax_code", "only a tax has one"),
        Some(code) => match settings.tax_codes.require(code) {
            Err(message) => report("tax_code", &message),
            Ok(entry) if entry.rate.is_some_and(|given| given != rate.rate) => {
                let given = entry.rate.map(tessera_kernel::format_decimal).unwrap_or_default();
                report("rate", &format!("must be {given}: tax code {code} says so"));
            }
            Ok(_) => {}
        },
        None => {}
    }
}

fn check_limits(rate: &ConditionRate, report: &mut Report<'_>) {
    let below = |limit: Option<Decimal>, value: Decimal| limit.is_some_and(|limit| value < limit);
    if let Some(upper) = rate.upper_limit {
        if below(rate.lower_limit, upper) {
            report("lower_limit", "must not be above upper_limit");
            report("upper_limit", "must not be below lower_limit");
        }
        if rate.rate > upper {
            report("rate", "must not be above upper_limit");
            report("upper_limit", "must not be below the rate");
        }
    }
    if below(rate.lower_limit, rate.rate) {
        report("rate", "must not be below lower_limit");
        report("lower_limit", "must not be above the rate");
    }
}

fn check_scale(
    record: &ConditionRecord,
    rate: &ConditionRate,
    kind: &ConditionType,
    report: &mut Report<'_>,
) {
    let Some(number) = rate.scale else {
        if rate.scale_unit.is_some() {
            report("scale_unit", "only a rate with a scale has one");
        }
        return;
    };
    if kind.scale_basis == ScaleBasis::None {
        report("scale", "the condition type has no scales");
    }
    if !record.scales.iter().any(|line| line.scale == number) {
        report("scale", "has no lines in scales");
    }
    if kind.scale_basis == ScaleBasis::Weight && rate.scale_unit.or(per_unit(rate)).is_none() {
        report("scale_unit", "is missing: the scale is by weight");
    }
    let graduated = kind.scale_type == ScaleType::Graduated;
    if graduated && rate.scale_unit.is_some() && rate.scale_unit != per_unit(rate) {
        report("scale_unit", "must be the unit of per: the scale is graduated");
    }
}

fn per_unit(rate: &ConditionRate) -> Option<tessera_kernel::Unit> {
    rate.per.map(|per| per.unit())
}
