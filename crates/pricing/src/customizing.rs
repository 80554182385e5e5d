//! Entries of customizing, as they stand in the files.

use serde::Deserialize;
use tessera_kernel::{Choice, Code, Decimal, LocalizedText, Rounding};

use crate::{KeyField, Requirement};

/// What a condition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionClass {
    /// A price. The last one found in a procedure counts, earlier ones become inactive.
    Price,
    /// A discount or surcharge.
    Discount,
    /// A tax on the net value.
    Tax,
    /// The cost of what is sold; always statistical.
    Cost,
    /// Freight.
    Freight,
}

/// How a value comes from a rate.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calculation {
    /// So many percent of the base value.
    Percentage,
    /// One amount per item (of the sign of its quantity), or per document for header conditions.
    Fixed,
    /// An amount per quantity.
    PerQuantity,
    /// An amount per weight.
    Weight,
}

/// Which sign the values of a condition type have. A rate is entered without sign except where
/// both are possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionSign {
    /// Adds.
    Positive,
    /// Takes away.
    Negative,
    /// As entered.
    #[default]
    Both,
}

impl ConditionSign {
    /// The rate with its sign.
    pub fn apply(self, rate: Decimal) -> Decimal {
        if self == Self::Negative { -rate } else { rate }
    }
}

/// What the lines of a scale are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleBasis {
    /// There are no scales.
    #[default]
    None,
    /// The quantity.
    Quantity,
    /// The base value.
    Value,
    /// The weight.
    Weight,
}

/// How a scale is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleType {
    /// The highest line that is reached gives the rate for all.
    #[default]
    From,
    /// The lowest line that is not exceeded gives the rate for all.
    To,
    /// Each line gives the rate for the part between it and the next one.
    Graduated,
}

/// Whether people may enter a condition in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManualEntry {
    /// They may not.
    #[default]
    None,
    /// They may; else it is found.
    Allowed,
    /// It is never found.
    Only,
}

/// Who wins where a condition is both found and entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The one entered.
    #[default]
    Manual,
    /// The one found.
    Automatic,
}

/// Rounding of a condition type; the step comes from the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    /// To the nearest, a half away from zero.
    HalfUp,
    /// To the nearest, a half to the even neighbour.
    HalfEven,
    /// Away from zero.
    Up,
    /// Toward zero.
    Down,
}

impl From<RoundingMode> for Rounding {
    fn from(mode: RoundingMode) -> Self {
        match mode {
            RoundingMode::HalfUp => Self::HalfUp,
            RoundingMode::HalfEven => Self::HalfEven,
            RoundingMode::Up => Self::Up,
            RoundingMode::Down => Self::Down,
        }
    }
}

/// Catalogue `condition_type`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionType {
    /// Name.
    pub name: LocalizedText,
    /// What it is for.
    pub class: ConditionClass,
    /// How its value comes about; a record may name another way, except for prices and taxes.
    pub calculation: Calculation,
    /// Sign of its values.
    #[serde(default)]
    pub sign: ConditionSign,
    /// Where its records are looked for.
    pub access_sequence: Option<Code>,
    /// What its scales are by.
    #[serde(default)]
    pub scale_basis: ScaleBasis,
    /// How its scales are read.
    #[serde(default)]
    pub scale_type: ScaleType,
    /// Whether it may be entered in a document.
    #[serde(default)]
    pub manual: ManualEntry,
    /// Who wins where it is both found and entered.
    #[serde(default)]
    pub priority: Priority,
    /// Scales are read with the sum over all items that found the same record.
    #[serde(default)]
    pub group_condition: bool,
    /// It is entered for the whole document: a percentage holds for every item, an amount is
    /// distributed over the items by value.
    #[serde(default)]
    pub header_condition: bool,
    /// Rounding, where it is not the document's.
    pub rounding: Option<RoundingMode>,
}

/// Catalogue `condition_table`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionTable {
    /// Name.
    pub name: LocalizedText,
    /// Key fields, in the order of the key.
    pub fields: Vec<KeyField>,
}

/// Catalogue `access_sequence`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessSequence {
    /// Name.
    pub name: LocalizedText,
    /// Where to look, in order.
    pub accesses: Vec<AccessEntry>,
}

/// One access of a sequence.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessEntry {
    /// Condition table.
    pub table: Code,
    /// A record found here ends the search.
    #[serde(default = "yes")]
    pub exclusive: bool,
    /// Only looked at where this holds.
    pub requirement: Option<Requirement>,
}

const fn yes() -> bool {
    true
}

/// Figures of an item that a line of the procedure fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subtotal {
    /// Value before discounts.
    Price,
    /// Discounts.
    Discount,
    /// Freight.
    Freight,
    /// Value without taxes.
    Net,
    /// Value with taxes.
    Gross,
    /// What counts for the credit limit.
    Credit,
    /// Cash discount that the customer may take.
    CashDiscount,
    /// Cost.
    Cost,
    /// Net value less cost.
    Margin,
}

/// What a line is computed from, where that is no range of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseFormula {
    /// Value without taxes up to here.
    Net,
    /// Value with taxes up to here.
    Gross,
    /// Value of the price that counts.
    Price,
    /// Cost of the item.
    Cost,
}

/// A value that comes from no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueFormula {
    /// The cost that the caller gives for the item.
    Cost,
    /// Net value less cost.
    Margin,
}

/// Catalogue `pricing_procedure`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricingProcedure {
    /// Name.
    pub name: LocalizedText,
    /// Lines in order.
    pub steps: Vec<ProcedureStep>,
}

/// One line of a procedure: a condition type, or a total.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcedureStep {
    /// Number; lines stand in order of number and counter.
    pub step: u32,
    /// Orders lines of the same number.
    #[serde(default)]
    pub counter: u32,
    /// Condition type; none on a line of totals.
    pub condition_type: Option<Code>,
    /// Name; that of the condition type if left out.
    pub name: Option<LocalizedText>,
    /// Base: the value of this line, or the first of a range. Left out, the base is all that
    /// counts up to here, for a tax the net value.
    pub from: Option<u32>,
    /// Last line of the range. A range sums its conditions, without totals and statistical ones.
    pub to: Option<u32>,
    /// Only entered, never looked for.
    #[serde(default)]
    pub manual: bool,
    /// An item without it is incomplete.
    #[serde(default)]
    pub required: bool,
    /// Shown, but not part of the net value.
    #[serde(default)]
    pub statistical: bool,
    /// What the value is posted by.
    pub account_key: Option<Code>,
    /// Figure of the item that the value is added to.
    pub subtotal: Option<Subtotal>,
    /// The line is left out unless this holds.
    pub requirement: Option<Requirement>,
    /// Base other than a range of lines.
    pub base_formula: Option<BaseFormula>,
    /// Value other than from a rate.
    pub value_formula: Option<ValueFormula>,
}

/// Catalogue `procedure_determination`: fields that are left out fit any document.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcedureDetermination {
    /// Sales organisation.
    pub sales_organisation: Option<Code>,
    /// Distribution channel.
    pub distribution_channel: Option<Code>,
    /// Division.
    pub division: Option<Code>,
    /// Class of the document type.
    pub document_class: Option<Code>,
    /// Class of the customer.
    pub customer_class: Option<Code>,
    /// Procedure.
    pub procedure: Code,
}

/// Catalogue `tax_code`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxCode {
    /// Name.
    pub name: LocalizedText,
    /// The percentage that every record with this code must have.
    #[serde(default, deserialize_with = "rate")]
    pub rate: Option<Decimal>,
}

fn rate<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    tessera_kernel::serde_text::decimal::deserialize(deserializer).map(Some)
}
