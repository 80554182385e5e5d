//! What entries of customizing must agree about; every finding with file and line.

use std::collections::BTreeSet;

use tessera_customizing::{Catalogue, Diagnostics};
use tessera_kernel::{Catalogues, Code};

use crate::{
    Calculation, ConditionClass, ConditionType, ManualEntry, PricingProcedure, PricingSettings,
    ProcedureStep, ScaleBasis, ScaleType, ValueFormula,
};

/// Checks everything.
pub(crate) fn check(settings: &PricingSettings, codes: &Catalogues, problems: &mut Diagnostics) {
    check_tables(settings, problems);
    settings.access_sequences.check_references(
        "accesses",
        &settings.condition_tables,
        |sequence| sequence.accesses.iter().map(|access| access.table).collect(),
        problems,
    );
    settings.condition_types.check_references(
        "access_sequence",
        &settings.access_sequences,
        |kind| kind.access_sequence.into_iter().collect(),
        problems,
    );
    settings.procedures.check_references(
        "steps",
        &settings.condition_types,
        |procedure| procedure.steps.iter().filter_map(|step| step.condition_type).collect(),
        problems,
    );
    settings.determinations.check_references(
        "procedure",
        &settings.procedures,
        |entry| vec![entry.procedure],
        problems,
    );
    for (code, kind) in settings.condition_types.iter() {
        for message in check_type(kind) {
            report(&settings.condition_types, code, message, problems);
        }
    }
    for (code, procedure) in settings.procedures.iter() {
        for message in check_procedure(procedure, settings, codes) {
            report(&settings.procedures, code, &message, problems);
        }
    }
    check_determinations(settings, codes, problems);
}

fn report<T>(catalogue: &Catalogue<T>, code: Code, message: &str, problems: &mut Diagnostics) {
    if let Some(origin) = catalogue.origin(code) {
        problems.report(origin, format!("{}.{code}: {message}", catalogue.name()));
    }
}

fn check_tables(settings: &PricingSettings, problems: &mut Diagnostics) {
    for (code, table) in settings.condition_tables.iter() {
        let distinct: BTreeSet<_> = table.fields.iter().collect();
        if table.fields.is_empty() || distinct.len() != table.fields.len() {
            let message = "fields must name at least one key field, each once";
            report(&settings.condition_tables, code, message, problems);
        }
    }
    for (code, sequence) in settings.access_sequences.iter() {
        if sequence.accesses.is_empty() {
            let message = "accesses must name at least one table";
            report(&settings.access_sequences, code, message, problems);
        }
    }
}

/// Whether a scale by this basis can be graduated over this calculation.
fn can_be_graduated(calculation: Calculation, basis: ScaleBasis) -> bool {
    matches!(
        (calculation, basis),
        (Calculation::Percentage, ScaleBasis::Value)
            | (Calculation::PerQuantity, ScaleBasis::Quantity)
            | (Calculation::Weight, ScaleBasis::Weight)
    )
}

fn check_type(kind: &ConditionType) -> Vec<&'static str> {
    let by_rate = matches!(kind.calculation, Calculation::Percentage | Calculation::Fixed);
    let graduated = kind.scale_type == ScaleType::Graduated;
    let rules = [
        (
            kind.class == ConditionClass::Tax && kind.calculation != Calculation::Percentage,
            "a tax is calculated as percentage",
        ),
        (
            kind.class == ConditionClass::Tax && kind.manual != ManualEntry::None,
            "a tax can't be entered by hand: manual must be none",
        ),
        (
            kind.class == ConditionClass::Price && kind.calculation == Calculation::Percentage,
            "a price is calculated as per_quantity, weight or fixed",
        ),
        (
            kind.class == ConditionClass::Price && kind.header_condition,
            "a price can't be a header condition",
        ),
        (
            kind.manual == ManualEntry::Only && kind.access_sequence.is_some(),
            "what is only entered by hand has no access_sequence",
        ),
        (
            kind.header_condition && (!by_rate || kind.manual != ManualEntry::Only),
            "a header condition is a percentage or fixed, and manual must be only",
        ),
        (
            graduated
                && (kind.group_condition || !can_be_graduated(kind.calculation, kind.scale_basis)),
            "a graduated scale needs a percentage by value, per_quantity by quantity or weight by \
             weight, and no group_condition",
        ),
        (
            kind.group_condition && kind.scale_basis == ScaleBasis::None,
            "a group_condition needs a scale_basis",
        ),
    ];
    rules.into_iter().filter(|(broken, _)| *broken).map(|(_, message)| message).collect()
}

fn check_procedure(
    procedure: &PricingProcedure,
    settings: &PricingSettings,
    codes: &Catalogues,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut before: Vec<&ProcedureStep> = Vec::new();
    for step in &procedure.steps {
        let at = format!("step {}", step.step);
        if before.last().is_some_and(|last| (last.step, last.counter) >= (step.step, step.counter))
        {
            found.push(format!("{at}: steps must stand in order of step and counter, each once"));
        }
        if step.condition_type.is_some()
            && before.iter().any(|other| other.condition_type == step.condition_type)
        {
            found.push(format!("{at}: the condition type stands in the procedure already"));
        }
        for line in [step.from, step.to].into_iter().flatten() {
            if line >= step.step || !before.iter().any(|other| other.step == line) {
                found.push(format!("{at}: from and to must be earlier steps; {line} is none"));
            }
        }
        let kind = step.condition_type.and_then(|code| settings.condition_types.get(code));
        let messages = check_step(step, kind);
        found.extend(messages.into_iter().map(|message| format!("{at}: {message}")));
        if let Some(key) = step.account_key {
            found.extend(codes.check("account_key", key).err());
        }
        before.push(step);
    }
    if before.is_empty() {
        found.push("a procedure needs at least one step".to_string());
    }
    found
}

fn check_step(step: &ProcedureStep, kind: Option<&ConditionType>) -> Vec<&'static str> {
    let is_class = |class| kind.is_some_and(|kind| kind.class == class);
    let total = step.condition_type.is_none();
    let cost = step.value_formula == Some(ValueFormula::Cost);
    let margin = step.value_formula == Some(ValueFormula::Margin);
    let manual_only = kind.is_some_and(|kind| kind.manual == ManualEntry::Only);
    let found = kind.is_some_and(|kind| kind.access_sequence.is_some()) && !step.manual;
    let rules = [
        (total && step.name.is_none(), "a line of totals needs a name"),
        (
            total
                && (step.manual || step.required || step.statistical || step.account_key.is_some()),
            "manual, required, statistical and account_key need a condition_type",
        ),
        (step.from > step.to && step.to.is_some(), "from must not be after to"),
        (step.from.is_none() && step.to.is_some(), "to needs a from"),
        (
            step.from.is_some() && step.base_formula.is_some(),
            "from and base_formula exclude each other",
        ),
        (margin && !total, "margin needs a line of totals"),
        (cost && !is_class(ConditionClass::Cost), "cost needs a condition_type of class cost"),
        (
            is_class(ConditionClass::Cost) && !step.statistical,
            "a condition_type of class cost must be statistical",
        ),
        (
            step.manual && kind.is_some_and(|kind| kind.manual == ManualEntry::None),
            "the condition_type can't be entered by hand",
        ),
        (
            kind.is_some() && !found && !cost && !manual_only && !step.manual,
            "the condition_type is neither found nor entered: it needs an access_sequence",
        ),
    ];
    rules.into_iter().filter(|(broken, _)| *broken).map(|(_, message)| message).collect()
}

fn check_determinations(
    settings: &PricingSettings,
    codes: &Catalogues,
    problems: &mut Diagnostics,
) {
    let mut seen = BTreeSet::new();
    for (code, entry) in settings.determinations.iter() {
        let organisation = [
            ("sales_organisation", entry.sales_organisation),
            ("distribution_channel", entry.distribution_channel),
            ("division", entry.division),
        ];
        for (catalogue, value) in organisation {
            if let Some(Err(message)) = value.map(|value| codes.check(catalogue, value)) {
                report(&settings.determinations, code, &message, problems);
            }
        }
        let fields = (
            entry.sales_organisation,
            entry.distribution_channel,
            entry.division,
            entry.document_class,
            entry.customer_class,
        );
        if !seen.insert(fields) {
            let message = "another entry names the same fields with the same values";
            report(&settings.determinations, code, message, problems);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::settings_with;

    /// What is found about the shipped files with this laid over them.
    fn found(extra: &'static str) -> String {
        settings_with(extra).1.to_string()
    }

    #[test]
    fn the_shipped_entries_agree() {
        assert_eq!(found(""), "");
    }

    #[test]
    fn references_must_exist() {
        let table = "[access_sequence.X]\nname = { en = \"X\" }\naccesses = [{ table = \"A9\" }]\n";
        assert!(found(table).contains("A9 is no condition table; allowed are: A002"));
        let determination = "[procedure_determination.X]\ndivision = \"9\"\nprocedure = \"NO\"\n";
        let message = "extra.toml:1: procedure_determination.X.procedure";
        assert!(found(determination).contains(message));
        let same = "[procedure_determination.X]\nprocedure = \"WEB\"\n";
        assert!(found(same).contains("another entry names the same fields"));
    }

    #[test]
    fn a_condition_type_must_make_sense() {
        const TYPE: &str = "[condition_type.X]\nname = { en = \"X\" }\n";
        for (entry, message) in [
            ("class = 'tax'\ncalculation = 'fixed'\n", "a tax is calculated as percentage"),
            (
                "class = 'tax'\ncalculation = 'percentage'\nmanual = 'allowed'\n",
                "a tax can't be entered",
            ),
            ("class = 'price'\ncalculation = 'percentage'\n", "a price is calculated as"),
            (
                "class = 'discount'\ncalculation = 'fixed'\nheader_condition = true\n",
                "manual must be only",
            ),
            (
                "class = 'discount'\ncalculation = 'fixed'\nscale_basis = 'value'\n\
                 scale_type = 'graduated'\n",
                "a graduated scale needs",
            ),
            ("class = 'discount'\ncalculation = 'each'\n", "unknown variant `each`"),
        ] {
            let text = found(format!("{TYPE}{entry}").leak());
            assert!(text.contains(message), "{entry} gave {text}");
            assert!(text.starts_with("shipped:extra.toml:"), "{text}");
        }
    }

    #[test]
    fn a_procedure_must_be_computable_from_top_to_bottom() {
        const PROCEDURE: &str = "[pricing_procedure.X]\nname = { en = \"X\" }\n\
             [[pricing_procedure.X.steps]]\nstep = 10\ncondition_type = \"PR00\"\n\
             [[pricing_procedure.X.steps]]\n";
        for (step, message) in [
            ("step = 10\ncondition_type = 'K004'\n", "in order of step"),
            ("step = 20\ncondition_type = 'PR00'\n", "in the procedure already"),
            ("step = 20\ncondition_type = 'K004'\nfrom = 30\n", "30 is none"),
            ("step = 20\nname = { en = 'T' }\nto = 10\n", "to needs a from"),
            ("step = 20\nname = { en = 'T' }\nrequired = true\n", "need a condition_type"),
            ("step = 20\n", "needs a name"),
            ("step = 20\ncondition_type = 'K004'\nvalue_formula = 'margin'\n", "margin needs"),
            ("step = 20\ncondition_type = 'VPRS'\nvalue_formula = 'cost'\n", "statistical"),
            ("step = 20\ncondition_type = 'MWST'\nmanual = true\n", "entered by hand"),
            ("step = 20\ncondition_type = 'VPRS'\nstatistical = true\n", "neither found nor"),
        ] {
            let text = found(format!("{PROCEDURE}{step}").leak());
            assert!(text.contains(message), "{step} gave {text}");
        }
    }
}
