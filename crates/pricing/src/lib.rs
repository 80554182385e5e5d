#![doc = include_str!("../README.md")]

mod amount;
mod checks;
mod condition_record;
mod customizing;
mod distribute;
mod document;
mod entries;
mod error;
mod explain_stored;
mod explanation;
mod find;
mod kept;
mod key;
mod part;
mod price;
mod program;
mod put_price;
mod record_rules;
mod record_units;
mod records;
mod requirement;
mod rest;
mod run;
mod scale;
mod segments;
mod settings;
mod share;
mod trace;
mod value;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod testing;

use tessera_customizing::{Customizing, Diagnostics, Shipped};
use tessera_kernel::Module;

pub use condition_record::{ConditionRecord, ScaleLine};
pub use customizing::{
    AccessEntry, AccessSequence, BaseFormula, Calculation, ConditionClass, ConditionSign,
    ConditionTable, ConditionType, ManualEntry, PricingProcedure, Priority, ProcedureDetermination,
    ProcedureStep, RoundingMode, ScaleBasis, ScaleType, Subtotal, TaxCode, ValueFormula,
};
pub use document::{
    ManualCondition, Missing, MissingReason, Priced, PricedItem, PricingHeader, PricingItem,
    Subtotals, Totals,
};
pub use error::{Place, PricingError};
pub use explain_stored::{StoredExplanation, explain_stored};
pub use explanation::{Attempt, ExplainedLine, Explanation};
pub use key::{KeyField, KeyFields, KeyValue};
pub use part::{Part, copy_for_part};
pub use price::{explain, price};
pub use put_price::put_price;
pub use records::{Converted, Exchange, no_exchange};
pub use requirement::Requirement;
pub use rest::{have_same_rates, rest_of_parts};
pub use segments::{
    ConditionKey, ConditionKeyField, ConditionOrigin, ConditionRate, ConditionScale,
    InactiveReason, PricingCondition,
};
pub use settings::{PricingSettings, ProcedureKey};
pub use trace::{AccessOutcome, Remark, ScaleReading};

/// Shipped customizing.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "pricing.toml", text: include_str!("../config/pricing.toml") }];

/// Customizing of pricing: read, checked and compiled.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> PricingSettings {
    PricingSettings::read(customizing, problems)
}

/// What the module offers.
pub fn module() -> Module {
    Module {
        name: "pricing",
        owner: "sales",
        help: "Prices, discounts, freight and taxes by condition technique",
        objects: vec![condition_record::ENTRY],
        ..Module::default()
    }
}
