//! What can go wrong with credit. A limit that is exceeded is no error but a
//! [`crate::Decision`].

use tessera_kernel::{Code, Currency, Fault, Money, Problem, ProblemKind};
use tessera_organisation::OrganisationError;

/// A refusal of the functions of credit.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// There is no such credit control area.
    #[error("{0}")]
    Area(String),
    /// An amount is in another currency than the area.
    #[error(
        "{amount} can't count in credit control area {area}, which is kept in {currency}: \
         exchange it first"
    )]
    Currency {
        /// The area.
        area: Code,
        /// Its currency.
        currency: Currency,
        /// The amount.
        amount: Money,
    },
    /// A limit is in another currency than the area.
    #[error(
        "partner {partner} has the limit {limit} in credit control area {area}, which is kept in \
         {currency}: correct the limit"
    )]
    LimitCurrency {
        /// Number of the partner.
        partner: String,
        /// The area.
        area: Code,
        /// Its currency.
        currency: Currency,
        /// The limit.
        limit: Money,
    },
    /// The risk category of a partner is not in customizing.
    #[error("partner {partner} in credit control area {area}: {message}")]
    RiskCategory {
        /// Number of the partner.
        partner: String,
        /// The area.
        area: Code,
        /// What is allowed.
        message: String,
    },
    /// Exchange rates.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// The caller may not, or the input is wrong.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<CreditError> for Problem {
    fn from(error: CreditError) -> Self {
        let detail = error.to_string();
        let conflict = |code: &str, detail| Problem::new(ProblemKind::Conflict, code, detail);
        match error {
            CreditError::Area(message) => Problem::new(ProblemKind::Invalid, "credit.area", detail)
                .field("credit_control_area", message),
            CreditError::Currency { .. } => {
                Problem::new(ProblemKind::Invalid, "credit.currency", detail)
            }
            CreditError::LimitCurrency { .. } => conflict("credit.limit_currency", detail),
            CreditError::RiskCategory { .. } => conflict("credit.risk_category", detail),
            CreditError::Organisation(error) => error.into(),
            CreditError::Problem(problem) => problem,
            CreditError::Fault(fault) => fault.into(),
        }
    }
}
