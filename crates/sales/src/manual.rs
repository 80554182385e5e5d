//! Conditions entered by hand: what they must be beyond the rules of the pricing procedure.

use tessera_kernel::{Decimal, Quantity, Tx, Unit};
use tessera_organisation::OrganisationSettings;
use tessera_pricing::{Calculation, ConditionClass, ManualCondition as Manual, PricingSettings};

use crate::draft::ManualCondition;
use crate::pricing_request::is_priced;
use crate::{SalesDocument, SalesError, SalesItem};

/// Refuses conditions of items that the document lacks or does not price, a second price of an
/// item, a price below zero, and an amount per quantity in a unit that the item is not counted in.
pub(crate) fn check(
    tx: &mut Tx<'_>,
    document: &SalesDocument,
    manual: &[ManualCondition],
) -> Result<(), SalesError> {
    let settings = tx.settings::<PricingSettings>()?;
    for (position, condition) in manual.iter().enumerate() {
        let field = |name: &str, message: String| {
            SalesError::field(format!("conditions[{position}].{name}"), message)
        };
        let Some(number) = condition.item else { continue };
        let Some(item) = document.item(number) else {
            return Err(field("item", format!("there is no item {number}")));
        };
        if !is_priced(tx, item)? {
            return Err(field("item", format!("item {number} is free of charge: it has no price")));
        }
        let code = condition.condition_type;
        let is_price = settings.class_of(code) == Some(ConditionClass::Price);
        let same = |other: &ManualCondition| {
            other.item == condition.item && other.condition_type == condition.condition_type
        };
        if is_price && manual[..position].iter().any(same) {
            let message = format!("{code} stands there twice for item {number}: it has one price");
            return Err(field("condition_type", message));
        }
        if is_price && condition.rate < Decimal::ZERO {
            return Err(field("rate", "must not be negative: it is a price".to_string()));
        }
        let calculation = settings.condition_types.get(code).map(|kind| kind.calculation);
        if let (Some(per), Some(calculation)) = (condition.per, calculation) {
            check_per(tx, item, per, calculation).map_err(|error| match error {
                PerError::Unit(message) => field("per.unit", message),
                PerError::Quantity(message) => field("per", message),
                PerError::Other(error) => error,
            })?;
        }
    }
    Ok(())
}

/// What is wrong with the quantity that an amount is for.
enum PerError {
    Unit(String),
    Quantity(String),
    Other(SalesError),
}

/// An amount per quantity is for a quantity in the unit of the sale or in the base unit, one per
/// weight for one in the unit of the product's weight.
fn check_per(
    tx: &mut Tx<'_>,
    item: &SalesItem,
    per: Quantity,
    calculation: Calculation,
) -> Result<(), PerError> {
    let other = |fault: tessera_kernel::Fault| PerError::Other(fault.into());
    let organisation = tx.settings::<OrganisationSettings>().map_err(other)?;
    organisation.unit(per.unit()).map_err(PerError::Unit)?;
    let units: Vec<Unit> = match calculation {
        // Pricing says that there is no quantity.
        Calculation::Percentage | Calculation::Fixed => return Ok(()),
        Calculation::PerQuantity => vec![item.quantity.unit(), item.base_quantity.unit()],
        Calculation::Weight => {
            let product = tx.shared(item.product).map_err(other)?;
            product.general.gross_weight.iter().map(Quantity::unit).collect()
        }
    };
    if units.is_empty() {
        let message = format!("the product of item {} has no weight", item.item);
        return Err(PerError::Unit(message));
    }
    if units.contains(&per.unit()) {
        return organisation.quantity_fits(per).map_err(PerError::Quantity);
    }
    let mut names: Vec<&str> = units.iter().map(Unit::code).collect();
    names.dedup();
    let (names, number) = (names.join(" or "), item.item);
    let measured = if calculation == Calculation::Weight { "weighed" } else { "counted" };
    Err(PerError::Unit(format!("must be {names}: item {number} is {measured} in it")))
}

/// What was entered for an item, or for the whole document.
pub(crate) fn entered(manual: &[ManualCondition], item: Option<u32>) -> Vec<Manual> {
    manual.iter().filter(|manual| manual.item == item).map(to_manual).collect()
}

fn to_manual(condition: &ManualCondition) -> Manual {
    Manual {
        currency: condition.currency,
        per: condition.per,
        ..Manual::new(condition.condition_type, condition.rate)
    }
}
