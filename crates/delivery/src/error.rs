//! What a verb of deliveries refuses, and how to go on.

use tessera_kernel::{Code, Date, Fault, Problem, ProblemKind};

/// Errors of deliveries.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Input breaks a rule of one field.
    #[error("{path}: {message}")]
    Field {
        /// Path of the field.
        path: String,
        /// What is allowed.
        message: String,
    },
    /// Nothing of the order can be delivered now.
    #[error(
        "{number} has nothing open that is promised until {planned}: reschedule it when stock has \
         come in, or plan the goods issue for a later day"
    )]
    NothingOpen {
        /// Number of the order.
        number: String,
        /// Day of the planned goods issue.
        planned: Date,
    },
    /// The document is none that is delivered.
    #[error("{number} is not delivered: only orders and returns with a delivery type are")]
    NotDeliverable {
        /// Number of the document.
        number: String,
    },
    /// Orders that can't go together.
    #[error(
        "{first} and {second} can't go in one delivery: ship-to party, sales organisation, \
         delivery type, shipping condition and incoterms must be the same"
    )]
    NotTogether {
        /// Number of one order.
        first: String,
        /// Number of the other.
        second: String,
    },
    /// A customer wants a delivery for each order.
    #[error("{number} goes by itself: its customer wants a delivery of its own for each order")]
    OneEach {
        /// Number of the order.
        number: String,
    },
    /// Items that leave from different places.
    #[error("item {item} leaves from another shipping point: make a delivery of its own for it")]
    TwoShippingPoints {
        /// Item of the order.
        item: u32,
    },
    /// Items that are stock of different companies.
    #[error("item {item} is stock of another company: make a delivery of its own for it")]
    TwoCompanies {
        /// Item of the order.
        item: u32,
    },
    /// The customer wants one delivery.
    #[error("{number} wants everything in one delivery, and item {item} is not complete")]
    Incomplete {
        /// Number of the order.
        number: String,
        /// Item.
        item: u32,
    },
    /// The product is not kept in the plant.
    #[error("{product} has no data for plant {plant}: add them to the product first")]
    NoPlantData {
        /// Number of the product.
        product: String,
        /// Plant.
        plant: Code,
    },
    /// The goods have moved already, or the delivery is cancelled.
    #[error("delivery {number} is {status}: {hint}")]
    WrongStatus {
        /// Number of the delivery.
        number: String,
        /// Goods issue status.
        status: &'static str,
        /// The way out.
        hint: &'static str,
    },
    /// The movement is reversed where it was posted.
    #[error("goods movement {number} is the goods issue of a delivery: reverse it at the delivery")]
    OfDelivery {
        /// Number of the movement.
        number: String,
    },
    /// Sales.
    #[error(transparent)]
    Sales(#[from] tessera_sales::SalesError),
    /// Stock.
    #[error(transparent)]
    Stock(#[from] tessera_stock::StockError),
    /// Credit.
    #[error(transparent)]
    Credit(#[from] tessera_credit::CreditError),
    /// Finance.
    #[error(transparent)]
    Finance(#[from] tessera_finance::FinanceError),
    /// A permission or another problem that is worded already.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl DeliveryError {
    /// A rule of one field.
    pub(crate) fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Field { path: path.into(), message: message.into() }
    }

    /// The same refusal, of a field that the caller named.
    pub(crate) fn at(self, path: impl Into<String>) -> Self {
        Self::Problem(Problem::from(self).at(path))
    }

    /// The refusal of a value that the books do not hold, of the field that it was computed of.
    pub(crate) fn computed_of(self, path: &str) -> Self {
        match self {
            Self::Finance(error) => error.computed_of(path).into(),
            other => Self::Problem(Problem::from(other).computed_of(path)),
        }
    }
}

impl From<tessera_kernel::MoneyError> for DeliveryError {
    fn from(error: tessera_kernel::MoneyError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<tessera_kernel::QuantityError> for DeliveryError {
    fn from(error: tessera_kernel::QuantityError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<tessera_kernel::DecimalError> for DeliveryError {
    fn from(error: tessera_kernel::DecimalError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<DeliveryError> for Problem {
    fn from(error: DeliveryError) -> Self {
        let code = match &error {
            DeliveryError::NothingOpen { .. } => "delivery.nothing_open",
            DeliveryError::NotDeliverable { .. } => "delivery.not_deliverable",
            DeliveryError::NotTogether { .. } => "delivery.not_together",
            DeliveryError::OneEach { .. } => "delivery.one_each",
            DeliveryError::TwoShippingPoints { .. } => "delivery.two_shipping_points",
            DeliveryError::TwoCompanies { .. } => "delivery.two_companies",
            DeliveryError::Incomplete { .. } => "delivery.incomplete",
            DeliveryError::NoPlantData { .. } => "delivery.no_plant_data",
            _ => "delivery.wrong_status",
        };
        match error {
            DeliveryError::Field { path, message } => Problem::invalid(path, message),
            DeliveryError::Sales(error) => error.into(),
            DeliveryError::Stock(error) => error.into(),
            DeliveryError::Credit(error) => error.into(),
            DeliveryError::Finance(error) => error.into(),
            DeliveryError::Problem(problem) => problem,
            DeliveryError::Fault(fault) => fault.into(),
            refused => Problem::new(ProblemKind::Conflict, code, refused.to_string()),
        }
    }
}
