//! What pricing found and computed for an item, as documents keep it.

use tessera_kernel::{Choice, Code, Currency, Decimal, Money, Quantity, Ref, Segment};

use crate::ConditionRecord;

/// Where a condition comes from.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionOrigin {
    /// Found in a condition record, or computed.
    Automatic,
    /// Entered in the document.
    Manual,
    /// Taken over from the document before.
    Copied,
    /// Taken over from the document before, in which (or in one before it) it was entered.
    CopiedManual,
}

impl ConditionOrigin {
    /// The origin of the condition in a document that takes it over.
    #[must_use]
    pub const fn copied(self) -> Self {
        match self {
            Self::Automatic | Self::Copied => Self::Copied,
            Self::Manual | Self::CopiedManual => Self::CopiedManual,
        }
    }

    /// Whether it was taken over.
    pub const fn is_copied(self) -> bool {
        matches!(self, Self::Copied | Self::CopiedManual)
    }

    /// Whether somebody entered it, here or in a document before.
    pub const fn is_manual(self) -> bool {
        matches!(self, Self::Manual | Self::CopiedManual)
    }
}

/// Why a condition does not count.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum InactiveReason {
    /// A later line of the procedure has a price.
    LaterPrice,
    /// A record was found, and records have priority.
    AutomaticPriority,
    /// The unit of the rate is neither the sales unit nor the base unit (or, for a weight, not
    /// the unit of the weight).
    UnitMismatch,
    /// There is no exchange rate from the currency of the rate.
    NoExchangeRate,
}

/// One condition of an item: what it found, what it is worth.
///
/// `value` is in the currency of the document, rounded; `rounding` is what the exact value has
/// more, to six decimals.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "pricing_condition", item, many(item, step, counter))]
pub struct PricingCondition {
    /// Item.
    pub item: u32,
    /// Line of the procedure.
    pub step: u32,
    /// Position among the conditions of the line, from 1.
    pub counter: u32,
    /// Condition type.
    #[field(code = "condition_type")]
    pub condition_type: Code,
    /// Rate with its sign: a percentage or an amount. Of a distributed header amount it is the
    /// whole amount.
    pub rate: Option<Decimal>,
    /// Currency of the rate; none for a percentage.
    pub rate_currency: Option<Currency>,
    /// Quantity that the rate is for.
    pub per: Option<Quantity>,
    /// What the rate is applied to: an amount in the currency of the document, a quantity or a
    /// weight in the unit of `per`, or 1, 0 or -1 for a fixed amount.
    pub base: Decimal,
    /// Value.
    pub value: Money,
    /// Exact value less value.
    pub rounding: Decimal,
    /// What the value is posted by.
    #[field(code = "account_key")]
    pub account_key: Option<Code>,
    /// Shown, but not part of the net value.
    pub statistical: bool,
    /// Where it comes from.
    pub origin: ConditionOrigin,
    /// The record found.
    pub record: Option<Ref<ConditionRecord>>,
    /// The access that found it, counted from 1.
    pub access: Option<u32>,
    /// Why it does not count; empty where it does.
    pub inactive: Option<InactiveReason>,
    /// Tax code; every tax has one, nothing else has.
    #[field(code = "tax_code")]
    pub tax_code: Option<Code>,
}

impl PricingCondition {
    /// Whether its value is part of what the customer pays.
    pub fn counts(&self) -> bool {
        self.inactive.is_none() && !self.statistical
    }

    /// Whether it is a tax.
    pub fn is_tax(&self) -> bool {
        self.tax_code.is_some()
    }
}
