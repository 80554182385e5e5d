//! What a verb of billing refuses, and how to go on.

use tessera_kernel::{Fault, Problem, ProblemKind};

/// Errors of billing.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// Input breaks a rule of one field.
    #[error("{path}: {message}")]
    Field {
        /// Path of the field.
        path: String,
        /// What is allowed.
        message: String,
    },
    /// There is nothing to bill.
    #[error("there is nothing to bill: everything named is billed already or is not billable")]
    NothingToBill,
    /// The goods have not moved.
    #[error("delivery {number} has no goods issue yet: post it first")]
    NotIssued {
        /// Number of the delivery.
        number: String,
    },
    /// The document is not billed.
    #[error("{number} is not billed: its document type has no billing type")]
    NotBillable {
        /// Number of the document.
        number: String,
    },
    /// The document can't be cancelled.
    #[error("{number} can't be cancelled: {reason}")]
    NotCancellable {
        /// Number of the document.
        number: String,
        /// Why, and the way out.
        reason: &'static str,
    },
    /// Sales.
    #[error(transparent)]
    Sales(#[from] tessera_sales::SalesError),
    /// Delivery.
    #[error(transparent)]
    Delivery(#[from] tessera_delivery::DeliveryError),
    /// Pricing.
    #[error(transparent)]
    Pricing(#[from] tessera_pricing::PricingError),
    /// Finance.
    #[error(transparent)]
    Finance(#[from] tessera_finance::FinanceError),
    /// Credit.
    #[error(transparent)]
    Credit(#[from] tessera_credit::CreditError),
    /// A permission or another problem that is worded already.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl BillingError {
    /// A rule of one field.
    pub(crate) fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Field { path: path.into(), message: message.into() }
    }

    /// The same refusal, of a field that the caller named.
    pub(crate) fn at(self, path: impl Into<String>) -> Self {
        Self::Problem(Problem::from(self).at(path))
    }
}

impl From<tessera_kernel::MoneyError> for BillingError {
    fn from(error: tessera_kernel::MoneyError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<tessera_kernel::QuantityError> for BillingError {
    fn from(error: tessera_kernel::QuantityError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<tessera_kernel::DecimalError> for BillingError {
    fn from(error: tessera_kernel::DecimalError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<BillingError> for Problem {
    fn from(error: BillingError) -> Self {
        let code = match &error {
            BillingError::NothingToBill => "billing.nothing_to_bill",
            BillingError::NotIssued { .. } => "billing.not_issued",
            BillingError::NotBillable { .. } => "billing.not_billable",
            _ => "billing.not_cancellable",
        };
        match error {
            BillingError::Field { path, message } => Problem::invalid(path, message),
            BillingError::Sales(error) => error.into(),
            BillingError::Delivery(error) => error.into(),
            BillingError::Pricing(error) => error.into(),
            BillingError::Finance(error) => Problem::from(error).known_as(in_billing),
            BillingError::Credit(error) => error.into(),
            BillingError::Problem(problem) => problem,
            BillingError::Fault(fault) => fault.into(),
            refused => Problem::new(ProblemKind::Conflict, code, refused.to_string()),
        }
    }
}

/// What the books call a field, as billing does: their day is the billing date, on which the rate of
/// a currency depends, too. Nobody writes their lines.
fn in_billing(path: &str) -> Option<String> {
    matches!(path, "posting_date" | "currency").then(|| "billing_date".to_string())
}
