//! What can go wrong with webhooks.

use tessera_kernel::{Fault, Problem, ProblemKind};

/// Why a webhook is refused.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The address can't be used.
    #[error("{url} can't be a webhook: {reason}")]
    Address {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// It wants no event, or one that can't be.
    #[error("`{pattern}` is no event: give the name of one, or how names begin and `*`; {allowed}")]
    Pattern {
        /// Where it stands.
        position: usize,
        /// What was given.
        pattern: String,
        /// What there is.
        allowed: String,
    },
    /// It wants nothing.
    #[error("a webhook needs at least one pattern of events")]
    NoPattern,
    /// There is nothing to send again.
    #[error(
        "webhook {0} has no dead letters: give `after` to send everything after an event again"
    )]
    NothingToReplay(String),
    /// The actor may not, or the input is wrong.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<EventsError> for Problem {
    fn from(error: EventsError) -> Self {
        let detail = error.to_string();
        match error {
            EventsError::Address { reason, .. } => {
                Problem::new(ProblemKind::Invalid, "events.address", detail)
                    .field("target.url", reason)
            }
            EventsError::Pattern { position, .. } => {
                let (path, message) = (format!("events[{position}].pattern"), detail.clone());
                Problem::new(ProblemKind::Invalid, "events.pattern", detail).field(path, message)
            }
            EventsError::NoPattern => {
                let message = detail.clone();
                Problem::new(ProblemKind::Invalid, "events.pattern", detail)
                    .field("events", message)
            }
            EventsError::NothingToReplay(_) => {
                Problem::new(ProblemKind::Conflict, "events.nothing_to_replay", detail)
            }
            EventsError::Problem(problem) => problem,
            EventsError::Fault(fault) => fault.into(),
        }
    }
}
