//! Procedures compiled at start: flat lists of steps with everything resolved, so that pricing an
//! item looks up nothing by code.

use std::sync::Arc;

use tessera_kernel::{Code, LocalizedText, Rounding};

use crate::{
    BaseFormula, Calculation, ConditionClass, ConditionSign, KeyField, ManualEntry, Priority,
    Requirement, ScaleBasis, ScaleType, Subtotal, ValueFormula,
};

/// A compiled procedure.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) code: Code,
    pub(crate) steps: Vec<Step>,
    /// How many accesses all steps have together.
    pub(crate) accesses: usize,
}

/// A compiled line.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) number: u32,
    /// Shared by the explanations of all items.
    pub(crate) name: Arc<LocalizedText>,
    /// None on a line of totals.
    pub(crate) condition: Option<ConditionStep>,
    pub(crate) base: Base,
    pub(crate) margin: bool,
    pub(crate) subtotal: Option<Subtotal>,
    pub(crate) requirement: Option<Requirement>,
}

/// What a line is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// All that counts so far, with taxes.
    Gross,
    /// All that counts so far, without taxes.
    Net,
    /// The price that counts.
    Price,
    /// The cost.
    Cost,
    /// The value of one line, by position.
    Line(usize),
    /// The conditions of the lines from one position to before another.
    Range(usize, usize),
}

/// A line with a condition type.
#[derive(Debug)]
pub(crate) struct ConditionStep {
    pub(crate) code: Code,
    pub(crate) class: ConditionClass,
    pub(crate) calculation: Calculation,
    pub(crate) sign: ConditionSign,
    pub(crate) scale_basis: ScaleBasis,
    pub(crate) scale_type: ScaleType,
    pub(crate) group: bool,
    pub(crate) header: bool,
    pub(crate) rounding: Option<Rounding>,
    pub(crate) manual: ManualEntry,
    pub(crate) priority: Priority,
    pub(crate) cost: bool,
    pub(crate) required: bool,
    pub(crate) statistical: bool,
    pub(crate) account_key: Option<Code>,
    /// Empty where nothing is looked for.
    pub(crate) accesses: Vec<Access>,
}

/// A compiled access.
#[derive(Debug)]
pub(crate) struct Access {
    /// Position in the sequence, from 1.
    pub(crate) number: u32,
    /// Position among the accesses of the program.
    pub(crate) slot: usize,
    pub(crate) table: Code,
    /// Condition type and table, as a lookup starts.
    pub(crate) prefix: String,
    pub(crate) fields: Vec<KeyField>,
    /// Whether no item can differ from another, so one look serves the document.
    pub(crate) of_document: bool,
    pub(crate) exclusive: bool,
    pub(crate) requirement: Option<Requirement>,
}

/// How the lookups of a condition type's records in a table start.
pub(crate) fn lookup_prefix(condition_type: Code, table: Code) -> String {
    format!("{condition_type}|{table}")
}

impl From<BaseFormula> for Base {
    fn from(formula: BaseFormula) -> Self {
        match formula {
            BaseFormula::Net => Self::Net,
            BaseFormula::Gross => Self::Gross,
            BaseFormula::Price => Self::Price,
            BaseFormula::Cost => Self::Cost,
        }
    }
}

/// Compiles a procedure from entries that passed the checks; what they refused is left out.
pub(crate) fn compile(
    code: Code,
    procedure: &crate::PricingProcedure,
    settings: &crate::PricingSettings,
) -> Program {
    let mut program = Program { code, steps: Vec::new(), accesses: 0 };
    for entry in &procedure.steps {
        let condition = match entry.condition_type {
            None => None,
            Some(code) => {
                let Some(kind) = settings.condition_types.get(code) else { continue };
                Some(compile_condition(code, kind, entry, settings, &mut program.accesses))
            }
        };
        let own_name = || {
            entry
                .condition_type
                .and_then(|code| Some(settings.condition_types.get(code)?.name.clone()))
        };
        let base = base(entry, &program.steps, condition.as_ref());
        program.steps.push(Step {
            number: entry.step,
            name: Arc::new(entry.name.clone().or_else(own_name).unwrap_or_default()),
            condition,
            base,
            margin: entry.value_formula == Some(ValueFormula::Margin),
            subtotal: entry.subtotal,
            requirement: entry.requirement,
        });
    }
    program
}

fn base(entry: &crate::ProcedureStep, before: &[Step], condition: Option<&ConditionStep>) -> Base {
    if let Some(formula) = entry.base_formula {
        return formula.into();
    }
    let Some(from) = entry.from else {
        let is_tax = condition.is_some_and(|condition| condition.class == ConditionClass::Tax);
        return if is_tax { Base::Net } else { Base::Gross };
    };
    let to = entry.to.unwrap_or(from);
    let start = before.partition_point(|step| step.number < from);
    let end = before.partition_point(|step| step.number <= to);
    if end == start + 1 { Base::Line(start) } else { Base::Range(start, end) }
}

fn compile_condition(
    code: Code,
    kind: &crate::ConditionType,
    entry: &crate::ProcedureStep,
    settings: &crate::PricingSettings,
    slots: &mut usize,
) -> ConditionStep {
    let sequence = kind.access_sequence.filter(|_| !entry.manual);
    let sequence = sequence.and_then(|sequence| settings.access_sequences.get(sequence));
    let mut accesses = Vec::new();
    for (number, access) in (1..).zip(sequence.iter().flat_map(|sequence| &sequence.accesses)) {
        let Some(table) = settings.condition_tables.get(access.table) else { continue };
        accesses.push(Access {
            number,
            slot: *slots,
            table: access.table,
            prefix: lookup_prefix(code, access.table),
            fields: table.fields.clone(),
            of_document: !table.fields.iter().any(|field| field.is_of_item()),
            exclusive: access.exclusive,
            requirement: access.requirement,
        });
        *slots += 1;
    }
    ConditionStep {
        code,
        class: kind.class,
        calculation: kind.calculation,
        sign: kind.sign,
        scale_basis: kind.scale_basis,
        scale_type: kind.scale_type,
        group: kind.group_condition,
        header: kind.header_condition,
        rounding: kind.rounding.map(Rounding::from),
        manual: kind.manual,
        priority: kind.priority,
        cost: entry.value_formula == Some(ValueFormula::Cost),
        required: entry.required,
        statistical: entry.statistical,
        account_key: entry.account_key,
        accesses,
    }
}
