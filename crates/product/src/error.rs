//! What can go wrong with a product.

use tessera_kernel::{Fault, Problem, ProblemKind, QuantityError, Unit};

use crate::Product;

/// A refusal of a product's functions.
#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    /// The product is not measured in this unit.
    #[error("{product} is not measured in {unit}; its units are {units}: add a conversion")]
    NoUnit {
        /// Name of the product.
        product: String,
        /// The unit asked for.
        unit: Unit,
        /// Its units.
        units: String,
    },
    /// The quantity can't be converted exactly, or is too large.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
}

impl ProductError {
    pub(crate) fn no_unit(product: &Product, unit: Unit) -> Self {
        let mut units = product.general.base_unit.to_string();
        for record in &product.units {
            units.push_str(", ");
            units.push_str(record.unit.code());
        }
        Self::NoUnit { product: product.general.name.clone(), unit, units }
    }
}

impl From<ProductError> for Problem {
    fn from(error: ProductError) -> Self {
        let detail = error.to_string();
        match error {
            ProductError::NoUnit { .. } => {
                Problem::new(ProblemKind::Invalid, "product.no_unit", detail)
            }
            ProductError::Quantity(error) => Fault::from(error).into(),
        }
    }
}
