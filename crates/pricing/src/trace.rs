//! What the engine tells about its way. Pricing listens to none of it; an explanation keeps it.

use tessera_kernel::{Decimal, Money, Ref};

use crate::program::Access;
use crate::{ConditionRecord, KeyField, Requirement};

/// What an access came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessOutcome {
    /// The record gave a rate.
    Found(Ref<ConditionRecord>),
    /// There is no record.
    NoRecord,
    /// The record has no rate for the day.
    NotValid(Ref<ConditionRecord>),
    /// The rate of the day was taken back.
    Deleted(Ref<ConditionRecord>),
    /// The document has no value for a key field.
    Blank(KeyField),
    /// The requirement of the access is not met.
    RequirementNotMet(Requirement),
}

/// What happened to a line before or instead of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The requirement of the line is not met.
    RequirementNotMet(Requirement),
    /// The condition is only entered, and nobody did.
    NotEntered,
    /// It was entered, which has priority over what is found.
    ManualPriority,
    /// It was entered, but what is found has priority.
    AutomaticPriority,
    /// The cost of the item is not known.
    NoCost,
    /// What is stored was entered.
    Entered,
    /// What is stored was entered in a document before and taken over.
    EnteredBefore,
    /// What is stored was taken over from the document before.
    TakenOver,
    /// What is stored is not what a search finds now.
    FoundOtherwise,
}

/// Which rate a scale gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleReading {
    /// Quantity, weight or value that it was read with.
    pub base: Decimal,
    /// Threshold of the line; none where no line holds and the rate itself does.
    pub threshold: Option<Decimal>,
    /// Rate.
    pub rate: Decimal,
}

/// Hears about the way. Lines and items are given by position.
pub(crate) trait Trace {
    /// Whether it listens, so that nothing is prepared in vain.
    const ACTIVE: bool;
    fn access(&mut self, at: (usize, usize), access: &Access, key: &str, outcome: AccessOutcome);
    fn remark(&mut self, at: (usize, usize), remark: Remark);
    fn scale(&mut self, at: (usize, usize), reading: ScaleReading);
    fn line(&mut self, at: (usize, usize), value: Money);
}

/// Hears nothing.
pub(crate) struct NoTrace;

impl Trace for NoTrace {
    const ACTIVE: bool = false;
    fn access(&mut self, _: (usize, usize), _: &Access, _: &str, _: AccessOutcome) {}
    fn remark(&mut self, _: (usize, usize), _: Remark) {}
    fn scale(&mut self, _: (usize, usize), _: ScaleReading) {}
    fn line(&mut self, _: (usize, usize), _: Money) {}
}
