//! The segments of a condition record.

use tessera_kernel::{Code, Currency, Decimal, Percentage, Quantity, Segment, Unit, Validity};

use crate::{Calculation, KeyField};

/// What the record is for: condition type and table. Type, table and key fields never change.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "condition_key", everywhere, one)]
pub struct ConditionKey {
    /// Condition type.
    #[field(code = "condition_type", index)]
    pub condition_type: Code,
    /// Condition table.
    #[field(code = "condition_table", list)]
    pub condition_table: Code,
    /// Type, table and the values of the key fields in the order of the table, joined by `|`.
    #[field(max = 400, unique, read_only)]
    pub lookup: String,
    /// The lookup without the fields in which items of one document may differ, on the first
    /// record that has it: one look at it tells whether a customer has any record at all.
    #[field(max = 400, unique, read_only)]
    pub anchor: Option<String>,
}

/// The value of one key field.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "condition_key_field", everywhere, many(field))]
pub struct ConditionKeyField {
    /// Key field.
    pub field: KeyField,
    /// Value: a code, a currency or the id of an object.
    #[field(max = 40)]
    pub value: String,
}

/// The rate that holds from day to day.
#[derive(Segment, Clone, Copy, Debug, PartialEq)]
#[segment(table = "condition_rate", everywhere, timed(2))]
pub struct ConditionRate {
    /// Days on which it holds.
    pub valid: Validity,
    /// Percentage or amount, without sign unless the condition type takes both. With a scale,
    /// what holds where no line of it does.
    pub rate: Decimal,
    /// Currency of the amount, and of a scale by value.
    pub currency: Option<Currency>,
    /// Quantity or weight that the amount is for.
    pub per: Option<Quantity>,
    /// How the value comes about, where it is not the way of the condition type.
    pub calculation: Option<Calculation>,
    /// Scale: number of its lines.
    pub scale: Option<u32>,
    /// Unit of a scale by quantity or weight; left out, that of `per`, else the base unit.
    pub scale_unit: Option<Unit>,
    /// Lowest rate that may be entered in a document instead.
    pub lower_limit: Option<Decimal>,
    /// Highest rate that may be entered in a document instead.
    pub upper_limit: Option<Decimal>,
    /// Tax code, for taxes only.
    #[field(code = "tax_code")]
    pub tax_code: Option<Code>,
    /// Is not used any more.
    #[field(default = false)]
    pub deleted: bool,
}

impl ConditionRate {
    /// A percentage.
    pub fn percentage(valid: Validity, rate: Percentage) -> Self {
        Self {
            valid,
            rate: rate.value(),
            currency: None,
            per: None,
            calculation: None,
            scale: None,
            scale_unit: None,
            lower_limit: None,
            upper_limit: None,
            tax_code: None,
            deleted: false,
        }
    }

    /// A percentage of tax.
    pub fn tax(valid: Validity, rate: Percentage, tax_code: Code) -> Self {
        Self { tax_code: Some(tax_code), ..Self::percentage(valid, rate) }
    }

    /// A fixed amount; at most six decimals.
    pub fn fixed(valid: Validity, rate: Decimal, currency: Currency) -> Self {
        let plain = Self::percentage(valid, Percentage::ZERO);
        Self { rate, currency: Some(currency), ..plain }
    }

    /// An amount per quantity or weight; at most six decimals.
    pub fn per(valid: Validity, rate: Decimal, currency: Currency, per: Quantity) -> Self {
        Self { per: Some(per), ..Self::fixed(valid, rate, currency) }
    }
}

/// One line of a scale.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "condition_scale", everywhere, many(scale, line))]
pub struct ConditionScale {
    /// Scale.
    pub scale: u32,
    /// Line.
    pub line: u32,
    /// Quantity, weight or value from which (or, by scale type, up to which) the rate holds.
    #[field(not_negative)]
    pub threshold: Decimal,
    /// Rate.
    pub rate: Decimal,
}
