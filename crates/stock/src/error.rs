//! What can go wrong with stock.

use tessera_kernel::{Code, Currency, Date, Fault, Problem, ProblemKind, Quantity, Unit};
use tessera_product::ProductError;

/// A refusal of the functions of stock.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// There is less than is wanted.
    #[error(
        "{location} of plant {plant} has {available} of product {product}, {wanted} is wanted: \
         post a receipt first, take less, or take it from another storage location"
    )]
    NotEnough {
        /// Number of the product.
        product: String,
        /// Plant.
        plant: Code,
        /// Storage location.
        location: Code,
        /// What is wanted.
        wanted: Quantity,
        /// What is there.
        available: Quantity,
    },
    /// Less is reserved than is to be given back or used up.
    #[error(
        "{reserved} of product {product} is reserved in plant {plant} for {date}, not {quantity}: \
         look at the availability of the product for the days that are reserved"
    )]
    NotReserved {
        /// Number of the product.
        product: String,
        /// Plant.
        plant: Code,
        /// Day of the reservation.
        date: Date,
        /// What is to be given back.
        quantity: Quantity,
        /// What is reserved.
        reserved: Quantity,
    },
    /// A reservation can't move to an earlier day without taking from others.
    #[error(
        "{quantity} of product {product} in plant {plant} can't leave on {date} already: \
         {available} is free before others get theirs"
    )]
    NotCovered {
        /// Number of the product.
        product: String,
        /// Plant.
        plant: Code,
        /// Day wanted.
        date: Date,
        /// Quantity to move.
        quantity: Quantity,
        /// What is free.
        available: Quantity,
    },
    /// A quantity must be more than nothing.
    #[error("the quantity {quantity} must be more than 0")]
    NotPositive {
        /// The quantity.
        quantity: Quantity,
    },
    /// Stock is counted in base units.
    #[error("product {product} is kept in {base}; {unit} must be converted first")]
    NotBaseUnit {
        /// Number of the product.
        product: String,
        /// Its base unit.
        base: Unit,
        /// The unit given.
        unit: Unit,
    },
    /// The product isn't kept in the plant.
    #[error("product {product} is not kept in plant {plant}: add the plant to the product")]
    NotInPlant {
        /// Number of the product.
        product: String,
        /// The plant.
        plant: Code,
    },
    /// The product isn't kept in the plant that a transfer gives to.
    #[error("product {product} is not kept in plant {to_plant}: add the plant to the product")]
    NotInDestination {
        /// Number of the product.
        product: String,
        /// The plant that would get it.
        to_plant: Code,
    },
    /// The standard price is in another currency than the books.
    #[error(
        "product {product} is valued in {found} in plant {plant}, whose company keeps its books \
         in {wanted}: correct the standard price"
    )]
    ValuationCurrency {
        /// Number of the product.
        product: String,
        /// The plant.
        plant: Code,
        /// Currency of the standard price.
        found: Currency,
        /// Currency of the company.
        wanted: Currency,
    },
    /// A transfer would give goods to another company.
    #[error(
        "plant {plant} belongs to company {company}, plant {to_plant} to {to_company}: goods do \
         not change their owner by a transfer; post an issue in {plant} and a receipt in {to_plant}"
    )]
    OtherCompany {
        /// Plant that gives.
        plant: Code,
        /// Its company.
        company: Code,
        /// Plant that gets.
        to_plant: Code,
        /// Its company.
        to_company: Code,
    },
    /// A movement would be of several companies.
    #[error(
        "plant {plant} belongs to company {company}, plant {first} to {first_company}: post a goods movement for each \
         company"
    )]
    TwoCompanies {
        /// Plant of the first item.
        first: Code,
        /// Its company.
        first_company: Code,
        /// Plant of this one.
        plant: Code,
        /// Its company.
        company: Code,
    },
    /// A code is not in customizing, or two codes don't fit together.
    #[error("{path}: {message}")]
    Organisation {
        /// Field.
        path: String,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// A movement has no items.
    #[error("a goods movement needs at least one item")]
    NoItems,
    /// The movement was reversed before.
    #[error("goods movement {number} was reversed already, by {by}")]
    ReversedAlready {
        /// Its number.
        number: String,
        /// Number of the reversal.
        by: String,
    },
    /// Movements of this type are not reversed.
    #[error(
        "goods movement {number} has the movement type {movement_type}, which has no reversal in \
         customizing: post the opposite movement instead"
    )]
    NotReversible {
        /// Its number.
        number: String,
        /// Its movement type.
        movement_type: Code,
    },
    /// Nothing more is to come.
    #[error("planned receipt {number} is closed: nothing of it is open")]
    PlannedReceiptClosed {
        /// Its number.
        number: String,
    },
    /// More has arrived than would remain announced.
    #[error(
        "{received} of planned receipt {number} has arrived; the quantity can't be less than that"
    )]
    LessThanReceived {
        /// Its number.
        number: String,
        /// What has arrived.
        received: Quantity,
    },
    /// The planned receipt is for something else.
    #[error("planned receipt {number} is for product {product} in plant {plant}")]
    OtherPlannedReceipt {
        /// Its number.
        number: String,
        /// Number of its product.
        product: String,
        /// Its plant.
        plant: Code,
    },
    /// An item of a movement is refused.
    #[error("{reason}")]
    Item {
        /// Its position among the items, from 0.
        position: usize,
        /// Why; paths are those within the item.
        reason: Box<StockError>,
    },
    /// Units of the product.
    #[error(transparent)]
    Product(#[from] ProductError),
    /// The caller may not, or the input is wrong.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl StockError {
    /// A code that customizing refuses.
    pub(crate) fn organisation(path: impl Into<String>, message: String) -> Self {
        Self::Organisation { path: path.into(), message }
    }

    /// The refusal of the item at a position of a movement.
    pub(crate) fn of_item(self, position: usize) -> Self {
        Self::Item { position, reason: Box::new(self) }
    }

    /// What is refused, for callers whose own callers did not write the items.
    #[must_use]
    pub fn without_item(self) -> Self {
        match self {
            Self::Item { reason, .. } => *reason,
            other => other,
        }
    }

    /// The field of an item that a refusal comes from which names none itself.
    fn field_of_item(&self) -> &'static str {
        match self {
            Self::PlannedReceiptClosed { .. } | Self::OtherPlannedReceipt { .. } => {
                "planned_receipt"
            }
            Self::ValuationCurrency { .. } => "product",
            _ => "quantity",
        }
    }
}

impl From<StockError> for Problem {
    fn from(error: StockError) -> Self {
        let detail = error.to_string();
        let conflict = |code: &str, detail| Problem::new(ProblemKind::Conflict, code, detail);
        let invalid = |code: &str, detail| Problem::new(ProblemKind::Invalid, code, detail);
        let at = |code: &str, path: &str, detail: String| {
            invalid(code, detail.clone()).field(path, detail)
        };
        match error {
            StockError::NotEnough { .. } => conflict("stock.not_enough", detail),
            StockError::NotReserved { .. } => conflict("stock.not_reserved", detail),
            StockError::NotCovered { .. } => conflict("stock.not_covered", detail),
            StockError::NotPositive { .. } => at("stock.not_positive", "quantity", detail),
            StockError::NotBaseUnit { .. } => at("stock.not_base_unit", "quantity", detail),
            StockError::NotInPlant { .. } => at("stock.not_in_plant", "plant", detail),
            StockError::ValuationCurrency { .. } => conflict("stock.valuation_currency", detail),
            StockError::Organisation { path, message } => {
                invalid("stock.organisation", detail).field(path, message)
            }
            StockError::OtherCompany { .. } => at("stock.other_company", "to_plant", detail),
            StockError::TwoCompanies { .. } => at("stock.two_companies", "plant", detail),
            StockError::NotInDestination { .. } => at("stock.not_in_plant", "to_plant", detail),
            StockError::NoItems => at("stock.no_items", "items", detail),
            StockError::ReversedAlready { .. } => conflict("stock.reversed_already", detail),
            StockError::NotReversible { .. } => conflict("stock.not_reversible", detail),
            StockError::PlannedReceiptClosed { .. } => {
                conflict("stock.planned_receipt_closed", detail)
            }
            StockError::LessThanReceived { .. } => {
                conflict("stock.less_than_received", detail).at("quantity")
            }
            StockError::OtherPlannedReceipt { .. } => {
                conflict("stock.other_planned_receipt", detail)
            }
            StockError::Item { position, reason } => {
                let field = reason.field_of_item();
                let path = |field: &str| format!("items[{position}].{field}");
                Problem::from(*reason).known_as(|found| Some(path(found))).at(path(field))
            }
            StockError::Product(error) => error.into(),
            StockError::Problem(problem) => problem,
            StockError::Fault(fault) => fault.into(),
        }
    }
}
