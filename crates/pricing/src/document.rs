//! What is priced, and what pricing answers.

use tessera_kernel::{Code, Currency, Date, Decimal, Money, Quantity, RoundingRule};

use crate::{Calculation, KeyFields, PricingCondition, PricingError, Subtotal};

/// What holds for a whole document.
#[derive(Clone, Debug)]
pub struct PricingHeader {
    /// Key fields; also defaults for the items. The currency is added by itself.
    pub fields: KeyFields,
    /// Currency of the document.
    pub currency: Currency,
    /// Day whose rates hold.
    pub pricing_date: Date,
    /// How values are rounded.
    pub rounding: RoundingRule,
    /// Procedure, as [`crate::PricingSettings::procedure`] determines it.
    pub procedure: Code,
    /// What was entered for the whole document.
    pub manual: Vec<ManualCondition>,
}

/// One item to price.
#[derive(Clone, Debug)]
pub struct PricingItem {
    /// Number.
    pub item: u32,
    /// Quantity in the sales unit; below zero for what comes back.
    pub quantity: Quantity,
    /// The same in the base unit of the product.
    pub base_quantity: Quantity,
    /// Weight of the quantity; its sign is taken from the quantity.
    pub weight: Option<Quantity>,
    /// Cost of the quantity, of the quantity's sign.
    pub cost: Option<Money>,
    /// Key fields in which items may differ (product, plant, countries, their classes).
    pub fields: KeyFields,
    /// What was entered for the item.
    pub manual: Vec<ManualCondition>,
}

/// A condition entered by a person or taken from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ManualCondition {
    /// Condition type.
    pub condition_type: Code,
    /// Percentage or amount, without sign unless the condition type takes both.
    pub rate: Decimal,
    /// Currency of an amount; that of the document if left out.
    pub currency: Option<Currency>,
    /// What an amount per quantity or weight is for; 1 of the sales unit (of the unit of the
    /// weight) if left out.
    pub per: Option<Quantity>,
    /// How the value comes about, where it is not the way of the condition type.
    pub calculation: Option<Calculation>,
}

impl ManualCondition {
    /// A rate in the currency of the document and the way of the condition type.
    pub fn new(condition_type: Code, rate: Decimal) -> Self {
        Self { condition_type, rate, currency: None, per: None, calculation: None }
    }
}

/// A priced document: its totals are the sums of its items.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    /// Items, in the order in which they were given.
    pub items: Vec<PricedItem>,
    /// Conditions by item (in the same order), step and counter.
    pub conditions: Vec<PricingCondition>,
    /// Value without taxes.
    pub net: Money,
    /// Taxes.
    pub tax: Money,
    /// Value with taxes.
    pub gross: Money,
}

impl Priced {
    /// Whether no item lacks a required condition.
    pub fn is_complete(&self) -> bool {
        self.items.iter().all(|item| item.missing.is_empty())
    }
}

/// A priced item.
#[derive(Clone, Debug, PartialEq)]
pub struct PricedItem {
    /// Number.
    pub item: u32,
    /// Value without taxes: the sum of its conditions that count and are no taxes.
    pub net: Money,
    /// The sum of its taxes.
    pub tax: Money,
    /// Value with taxes.
    pub gross: Money,
    /// Cost, where the procedure has it.
    pub cost: Option<Money>,
    /// Figures that the procedure fills.
    pub subtotals: Subtotals,
    /// Exact value without taxes less `net`, to six decimals.
    pub rounding: Decimal,
    /// Exact taxes less `tax`, to six decimals.
    pub tax_rounding: Decimal,
    /// What the item lacks to be complete.
    pub missing: Vec<Missing>,
}

/// A condition that an item lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Line of the procedure.
    pub step: u32,
    /// Condition type.
    pub condition_type: Code,
    /// Why.
    pub reason: MissingReason,
}

/// Why a condition is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingReason {
    /// It is required, and was neither found nor entered.
    NotFound,
    /// Its rate is for a unit that the item has not.
    UnitMismatch,
    /// There is no exchange rate from its currency.
    NoExchangeRate,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reason = match self.reason {
            MissingReason::NotFound => "was neither found nor entered",
            MissingReason::UnitMismatch => "has a rate for a unit that the item has not",
            MissingReason::NoExchangeRate => "is in a currency without exchange rate",
        };
        write!(f, "{} (step {}) {reason}", self.condition_type, self.step)
    }
}

/// Figures by name; those that no line fills are absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subtotals([Option<Money>; 9]);

impl Subtotals {
    /// A figure.
    pub fn get(&self, subtotal: Subtotal) -> Option<Money> {
        self.0[subtotal as usize]
    }

    pub(crate) fn add(&mut self, subtotal: Subtotal, value: Money) -> Result<(), PricingError> {
        let sum = match self.get(subtotal) {
            Some(sum) => sum.plus(value)?,
            None => value,
        };
        self.0[subtotal as usize] = Some(sum);
        Ok(())
    }
}

/// Net value, taxes and rounding of conditions that are stored: of an item, or of all items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Value without taxes.
    pub net: Money,
    /// Taxes.
    pub tax: Money,
    /// Value with taxes.
    pub gross: Money,
    /// Exact value without taxes less `net`, to six decimals.
    pub rounding: Decimal,
    /// Exact taxes less `tax`, to six decimals.
    pub tax_rounding: Decimal,
}

impl Totals {
    /// Sums the conditions that count.
    pub fn of<'c>(
        conditions: impl IntoIterator<Item = &'c PricingCondition>,
        currency: Currency,
    ) -> Result<Self, PricingError> {
        let zero = Money::zero(currency);
        let (mut net, mut tax) = (zero, zero);
        let (mut rounding, mut tax_rounding) = (Decimal::ZERO, Decimal::ZERO);
        for condition in conditions.into_iter().filter(|condition| condition.counts()) {
            if condition.is_tax() {
                tax = tax.plus(condition.value)?;
                tax_rounding += condition.rounding;
            } else {
                net = net.plus(condition.value)?;
                rounding += condition.rounding;
            }
        }
        Ok(Self { net, tax, gross: net.plus(tax)?, rounding, tax_rounding })
    }
}
