//! What can go wrong in pricing.

use tessera_kernel::{
    Code, Decimal, Fault, MoneyError, Problem, ProblemKind, QuantityError, format_decimal,
};

use crate::{KeyField, ProcedureKey};

/// Why a document can't be priced, or a condition record not be kept.
#[derive(Debug, thiserror::Error)]
pub enum PricingError {
    /// The transaction failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The actor may not, or the input breaks a rule.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// No procedure is determined.
    #[error(
        "no pricing procedure fits sales area {}/{}/{} and this document type: add an entry to \
         procedure_determination",
        .0.sales_organisation, .0.distribution_channel, .0.division
    )]
    NoProcedure(ProcedureKey),
    /// A code of customizing does not exist; the text names the allowed ones.
    #[error("{0}")]
    Unknown(String),
    /// A key field of a condition record has no value.
    #[error("a record in {condition_table} needs a value of the key field {}", .field.label())]
    KeyIncomplete {
        /// Condition table.
        condition_table: Code,
        /// Field.
        field: KeyField,
    },
    /// An item has a key field that only the header may have.
    #[error(
        "item {0}: sales organisation, customer and what else holds for the whole document \
             belong to its header"
    )]
    HeaderField(u32),
    /// A condition was entered that the procedure does not have.
    #[error("{place}: {condition_type} is not in pricing procedure {procedure}")]
    NotInProcedure {
        /// Where it was entered: `item 10` or `header`.
        place: Place,
        /// Condition type.
        condition_type: Code,
        /// Procedure.
        procedure: Code,
    },
    /// A condition was entered that may not be entered there.
    #[error("{place}: {condition_type} can't be entered here: {rule}")]
    NotManual {
        /// Where it was entered.
        place: Place,
        /// Condition type.
        condition_type: Code,
        /// Field of the entry that is wrong.
        field: &'static str,
        /// What is allowed.
        rule: &'static str,
    },
    /// The rate entered lies outside the limits of the record.
    #[error("item {item}: {condition_type} {} is outside the limits of its condition record, {}",
            format_decimal(*.rate), limits(*.lower, *.upper))]
    OutsideLimits {
        /// Item.
        item: u32,
        /// Condition type.
        condition_type: Code,
        /// Rate entered.
        rate: Decimal,
        /// Lowest rate allowed.
        lower: Option<Decimal>,
        /// Highest rate allowed.
        upper: Option<Decimal>,
    },
    /// A value does not fit.
    #[error("item {item}: the value of {condition_type} is too large")]
    TooLarge {
        /// Item.
        item: u32,
        /// Condition type.
        condition_type: Code,
    },
    /// An amount for the whole document does not fit.
    #[error("header: the amount of {condition_type} is too large")]
    AmountTooLarge {
        /// Condition type.
        condition_type: Code,
    },
    /// A part of nothing was asked for.
    #[error("item {0} has no quantity of which a part could be invoiced")]
    PartOfNothing(u32),
}

/// Where a condition was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// For the whole document.
    Header,
    /// For an item.
    Item(u32),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header => f.write_str("header"),
            Self::Item(item) => write!(f, "item {item}"),
        }
    }
}

impl PricingError {
    /// The entered condition that can't be used, and which of its fields is wrong; nothing where it
    /// is about none. A value that is too large may also come of a condition that was found.
    pub fn entry(&self) -> Option<(Place, Code, &'static str)> {
        match self {
            Self::NotInProcedure { place, condition_type, .. } => {
                Some((*place, *condition_type, "condition_type"))
            }
            Self::NotManual { place, condition_type, field, .. } => {
                Some((*place, *condition_type, *field))
            }
            Self::OutsideLimits { item, condition_type, .. }
            | Self::TooLarge { item, condition_type } => {
                Some((Place::Item(*item), *condition_type, "rate"))
            }
            Self::AmountTooLarge { condition_type } => {
                Some((Place::Header, *condition_type, "rate"))
            }
            _ => None,
        }
    }
}

fn limits(lower: Option<Decimal>, upper: Option<Decimal>) -> String {
    match (lower, upper) {
        (Some(lower), Some(upper)) => {
            format!("{} to {}", format_decimal(lower), format_decimal(upper))
        }
        (Some(lower), None) => format!("at least {}", format_decimal(lower)),
        (None, Some(upper)) => format!("at most {}", format_decimal(upper)),
        (None, None) => "which has none".to_string(),
    }
}

impl From<Problem> for PricingError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<MoneyError> for PricingError {
    fn from(error: MoneyError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<QuantityError> for PricingError {
    fn from(error: QuantityError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<PricingError> for Problem {
    fn from(error: PricingError) -> Self {
        let detail = error.to_string();
        let (kind, code) = match error {
            PricingError::Fault(fault) => return fault.into(),
            PricingError::Problem(problem) => return *problem,
            PricingError::NoProcedure(_) => (ProblemKind::Conflict, "pricing.no_procedure"),
            PricingError::Unknown(_) => (ProblemKind::Invalid, "pricing.unknown"),
            PricingError::KeyIncomplete { .. } => (ProblemKind::Invalid, "pricing.key_incomplete"),
            PricingError::HeaderField(_) => (ProblemKind::Internal, "pricing.header_field"),
            PricingError::NotInProcedure { .. } => {
                (ProblemKind::Invalid, "pricing.not_in_procedure")
            }
            PricingError::NotManual { .. } => (ProblemKind::Invalid, "pricing.not_manual"),
            PricingError::OutsideLimits { .. } => (ProblemKind::Invalid, "pricing.outside_limits"),
            PricingError::TooLarge { .. } | PricingError::AmountTooLarge { .. } => {
                (ProblemKind::Invalid, "pricing.too_large")
            }
            PricingError::PartOfNothing(_) => (ProblemKind::Conflict, "pricing.part_of_nothing"),
        };
        Self::new(kind, code, detail)
    }
}
