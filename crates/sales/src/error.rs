//! What a sales verb refuses, and how to go on.

use tessera_kernel::{Code, Fault, Money, Problem, ProblemKind};

/// Errors of sales documents.
#[derive(Debug, thiserror::Error)]
pub enum SalesError {
    /// Input breaks a rule of one field.
    #[error("{path}: {message}")]
    Field {
        /// Path of the field.
        path: String,
        /// What is allowed.
        message: String,
    },
    /// One of the others, at the field of the input that it comes from.
    #[error("{error}")]
    At {
        /// Path of the field.
        path: String,
        /// What is wrong.
        error: Box<Self>,
    },
    /// Discounts take more of an item than it costs.
    #[error(
        "item {item} would be worth {net}: {condition_type} takes more away than is left of its \
         price"
    )]
    BelowZero {
        /// Item.
        item: u32,
        /// The condition that takes it below zero.
        condition_type: Code,
        /// Its value without taxes.
        net: Money,
    },
    /// The cost of an item can't be kept.
    #[error("the cost of item {item} is too large")]
    CostTooLarge {
        /// Item.
        item: u32,
    },
    /// The document is of another category than the verb needs.
    #[error("{number} is {category}: {hint}")]
    WrongCategory {
        /// Number.
        number: String,
        /// Its category, with its article.
        category: &'static str,
        /// The way out.
        hint: &'static str,
    },
    /// More of an item was asked for than is left.
    #[error("item {item} of {number} has {open} left, {wanted} is asked for")]
    NothingLeft {
        /// Number of the document.
        number: String,
        /// Item.
        item: u32,
        /// Open quantity with unit.
        open: String,
        /// Wanted quantity with unit.
        wanted: String,
    },
    /// An item was fulfilled too far for the change.
    #[error(
        "item {item} of {number} is fulfilled up to {done}: its quantity can't be less, and its \
         product and plant can't change"
    )]
    Fulfilled {
        /// Number of the document.
        number: String,
        /// Item.
        item: u32,
        /// Delivered or billed quantity with unit.
        done: String,
    },
    /// What is to be taken back came back by a return already.
    #[error(
        "{returned} of item {item} of {number} came back by a return: reject the item of the \
         return first"
    )]
    Returned {
        /// Number of the order.
        number: String,
        /// Item.
        item: u32,
        /// Quantity with unit.
        returned: String,
    },
    /// What is to be taken back is claimed by credit memo requests.
    #[error(
        "{claimed} of item {item} of {number} are claimed by credit memo requests: reject the item \
         of the request first"
    )]
    Claimed {
        /// Number of the order.
        number: String,
        /// Item.
        item: u32,
        /// Quantity with unit.
        claimed: String,
    },
    /// A price or a tax is missing.
    #[error(
        "{number} is incomplete, a price or a tax is missing: explain_pricing tells which; add it, \
         then change the document with new_pricing"
    )]
    Incomplete {
        /// Number.
        number: String,
    },
    /// The credit block keeps the document.
    #[error(
        "{number} is blocked: {detail}. Release the credit block with a reason, or wait for a \
         payment and check again"
    )]
    CreditBlocked {
        /// Number.
        number: String,
        /// Limit and exposure.
        detail: String,
    },
    /// There is no credit block to release.
    #[error("{number} has no credit block")]
    NotBlocked {
        /// Number.
        number: String,
    },
    /// Pricing.
    #[error(transparent)]
    Pricing(#[from] tessera_pricing::PricingError),
    /// Stock.
    #[error(transparent)]
    Stock(#[from] tessera_stock::StockError),
    /// Credit.
    #[error(transparent)]
    Credit(#[from] tessera_credit::CreditError),
    /// Finance.
    #[error(transparent)]
    Finance(#[from] tessera_finance::FinanceError),
    /// Organisation.
    #[error(transparent)]
    Organisation(#[from] tessera_organisation::OrganisationError),
    /// A permission or another problem that is worded already.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl SalesError {
    /// A rule of one field.
    pub(crate) fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Field { path: path.into(), message: message.into() }
    }

    /// The same at a field of the input, where it names none itself.
    pub(crate) fn at(self, path: impl Into<String>) -> Self {
        match self {
            Self::At { .. } | Self::Field { .. } => self,
            error => Self::At { path: path.into(), error: Box::new(error) },
        }
    }
}

impl From<tessera_kernel::MoneyError> for SalesError {
    fn from(error: tessera_kernel::MoneyError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<tessera_kernel::QuantityError> for SalesError {
    fn from(error: tessera_kernel::QuantityError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<tessera_kernel::DecimalError> for SalesError {
    fn from(error: tessera_kernel::DecimalError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<SalesError> for Problem {
    fn from(error: SalesError) -> Self {
        let conflict = |code: &str, error: &SalesError| {
            Problem::new(ProblemKind::Conflict, code, error.to_string())
        };
        match error {
            SalesError::Field { path, message } => Problem::invalid(path, message),
            SalesError::At { path, error } => {
                let message = error.to_string();
                let problem = Problem::from(*error);
                if problem.fields.is_empty() { problem.field(path, message) } else { problem }
            }
            SalesError::BelowZero { .. } => {
                Problem::new(ProblemKind::Invalid, "sales.below_zero", error.to_string())
            }
            SalesError::CostTooLarge { .. } => {
                Problem::new(ProblemKind::Invalid, "sales.cost_too_large", error.to_string())
            }
            SalesError::WrongCategory { .. } => conflict("sales.wrong_category", &error),
            SalesError::NothingLeft { .. } => conflict("sales.nothing_left", &error),
            SalesError::Fulfilled { .. } => conflict("sales.fulfilled", &error),
            SalesError::Returned { .. } => conflict("sales.returned", &error),
            SalesError::Claimed { .. } => conflict("sales.claimed", &error),
            SalesError::Incomplete { .. } => conflict("sales.incomplete", &error),
            SalesError::CreditBlocked { .. } => conflict("sales.credit_blocked", &error),
            SalesError::NotBlocked { .. } => conflict("sales.not_blocked", &error),
            SalesError::Pricing(error) => error.into(),
            SalesError::Stock(error) => error.into(),
            SalesError::Credit(error) => error.into(),
            SalesError::Finance(error) => error.into(),
            SalesError::Organisation(error) => error.into(),
            SalesError::Problem(problem) => problem,
            SalesError::Fault(fault) => fault.into(),
        }
    }
}
