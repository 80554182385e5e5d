//! Segments.

mod condition_record;
mod pricing_condition;

pub use condition_record::{ConditionKey, ConditionKeyField, ConditionRate, ConditionScale};
pub use pricing_condition::{ConditionOrigin, InactiveReason, PricingCondition};
