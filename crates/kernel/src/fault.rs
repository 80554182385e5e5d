//! What can go wrong beneath a business rule.

use crate::{
    DecimalError, FieldChange, FieldProblem, Instant, MoneyError, ObjectId, QuantityError,
    StoreError,
};

/// A failure of the transaction itself. Modules pass it on with `#[from]`.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The engine failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such object.
    #[error("there is no {object} {id}")]
    Missing {
        /// Object type.
        object: &'static str,
        /// What was asked for.
        id: String,
    },
    /// Somebody else changed the object since it was read.
    #[error(
        "{object} {number} was changed by {changed_by} at {changed_at} (version {found}, you have \
         {expected}): load it again and repeat your change"
    )]
    Stale {
        /// Object type.
        object: &'static str,
        /// Document number, or the id where there is none.
        number: String,
        /// Version that the caller has.
        expected: i64,
        /// Version that is stored.
        found: i64,
        /// Who changed it last.
        changed_by: String,
        /// When.
        changed_at: Instant,
        /// The fields changed since the caller's version.
        changes: Vec<FieldChange>,
    },
    /// Input or a change breaks field rules.
    #[error("{}", FieldProblem::summary(.0))]
    Invalid(Vec<FieldProblem>),
    /// A row does not fit its definition.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// A number range has no number left or is not defined.
    #[error("number range {range}: {reason}")]
    Numbers {
        /// Range.
        range: String,
        /// Why.
        reason: String,
    },
    /// Exact arithmetic failed.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// Units do not fit.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// A decimal does not fit.
    #[error(transparent)]
    Decimal(#[from] DecimalError),
    /// A command was tried in a read snapshot.
    #[error("a read can't change data")]
    ReadOnly,
    /// The command panicked; nothing of it was kept.
    #[error("the command failed inside and left no trace: {0}")]
    Panicked(String),
}

impl Fault {
    /// Damaged data.
    pub fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }

    /// No such object.
    pub fn missing(object: &'static str, id: ObjectId) -> Self {
        Self::Missing { object, id: id.to_string() }
    }

    /// One field breaks a rule.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem::new(path, message)])
    }
}
