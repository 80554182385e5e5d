//! The units of a condition record. Customizing has them, a weight is in a unit of mass, and the
//! product that the record is for is measured in the others: else the rate would never apply.

use std::sync::Arc;

use tessera_kernel::{Fault, FieldProblem, Kind, Ref, Stored, Tx, Unit};
use tessera_organisation::OrganisationSettings;
use tessera_product::Product;

use crate::{Calculation, ConditionRecord, KeyField, PricingSettings, ScaleBasis};

/// What a unit measures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    Quantity,
    Weight,
}

/// Refuses units in which nothing of what the record is for is measured; every finding at once.
pub(crate) fn check(
    tx: &mut Tx<'_>,
    record: &ConditionRecord,
    settings: &PricingSettings,
) -> Result<(), Fault> {
    let kind = settings.condition_types.require(record.key.condition_type);
    let kind = kind.map_err(|message| Fault::invalid("key.condition_type", message))?;
    let product = product_of(tx, record)?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let mut problems = Vec::new();
    for (position, rate) in record.rates.iter().enumerate() {
        let mut expect = |field: &str, outcome: Result<(), String>| {
            let path = format!("rates[{position}].{field}");
            problems.extend(outcome.err().map(|message| FieldProblem::new(path, message)));
        };
        let fits = |unit, measure| unit_fits(organisation, product.as_deref(), unit, measure);
        if let Some(per) = rate.per {
            let calculation = rate.calculation.unwrap_or(kind.calculation);
            let is_weight = calculation == Calculation::Weight;
            let measure = if is_weight { Measure::Weight } else { Measure::Quantity };
            match fits(per.unit(), measure) {
                Ok(()) => expect("per", organisation.quantity_fits(per)),
                wrong => expect("per.unit", wrong),
            }
        }
        if let Some(unit) = rate.scale_unit {
            let is_weight = kind.scale_basis == ScaleBasis::Weight;
            let measure = if is_weight { Measure::Weight } else { Measure::Quantity };
            expect("scale_unit", fits(unit, measure));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
}

fn unit_fits(
    organisation: &OrganisationSettings,
    product: Option<&Stored<Product>>,
    unit: Unit,
    measure: Measure,
) -> Result<(), String> {
    organisation.unit(unit)?;
    match (measure, product) {
        (Measure::Weight, _) => organisation.unit_of_mass(unit),
        (Measure::Quantity, Some(product)) => {
            product.conversion(unit).map(|_| ()).map_err(|error| error.to_string())
        }
        (Measure::Quantity, None) => Ok(()),
    }
}

/// The product that the record is for, if it is for one.
fn product_of(
    tx: &mut Tx<'_>,
    record: &ConditionRecord,
) -> Result<Option<Arc<Stored<Product>>>, Fault> {
    let mut fields = record.key_fields.iter();
    let Some(entry) = fields.find(|entry| entry.field == KeyField::Product) else {
        return Ok(None);
    };
    // As with every key field: where the program has no such objects there is nothing to check.
    let is_known = tx.environment().registry.object(Product::NAME).is_some();
    match entry.value.parse().map(Ref::<Product>::new) {
        Ok(product) if is_known => tx.shared(product).map(Some),
        _ => Ok(None),
    }
}
