//! What can go wrong in the organisation.

use tessera_kernel::{Currency, Date, Fault, Problem, ProblemKind};

/// A refusal of the organisation's functions.
#[derive(Debug, thiserror::Error)]
pub enum OrganisationError {
    /// Nobody entered the exchange rate.
    #[error(
        "there is no exchange rate {from}/{to} (nor {to}/{from}) for {on}: enter one that is valid \
         on that day"
    )]
    NoRate {
        /// Currency of the amount.
        from: Currency,
        /// Currency asked for.
        to: Currency,
        /// The day.
        on: Date,
    },
    /// The caller may not, or the input is wrong.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<OrganisationError> for Problem {
    fn from(error: OrganisationError) -> Self {
        let detail = error.to_string();
        match error {
            OrganisationError::NoRate { .. } => {
                Problem::new(ProblemKind::Conflict, "organisation.no_rate", detail)
            }
            OrganisationError::Problem(problem) => problem,
            OrganisationError::Fault(fault) => fault.into(),
        }
    }
}
