//! The entries of the organisation's catalogues, one struct per kind of table.

use serde::Deserialize;
use tessera_kernel::{Code, Currency, Language, LocalizedText, Percentage, Zone};

/// An entry that is only a name: distribution channels, divisions, countries, incoterms …
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Name.
    pub name: LocalizedText,
}

/// The installation as a whole; the catalogue has the one entry `MAIN`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installation {
    /// Name of the group of companies.
    pub name: String,
    /// Zone in which days begin where no company or plant decides.
    pub zone: Zone,
    /// Language where nobody's own is known.
    pub language: Language,
}

/// A legal entity that keeps its own books.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompanyCode {
    /// Name.
    pub name: LocalizedText,
    /// Currency of its books.
    pub currency: Currency,
    /// Zone in which its days begin: the posting date of a moment.
    pub zone: Zone,
    /// Country of its seat.
    pub country: Code,
    /// Chart of accounts; finance knows which there are.
    pub chart_of_accounts: Code,
    /// Month in which its fiscal year starts, 1 to 12.
    #[serde(default = "one")]
    pub fiscal_year_start_month: i8,
    /// Values of documents in its currency, and so their totals, are multiples of so many minor
    /// units: 5 in Switzerland.
    #[serde(default = "one")]
    pub rounding_step: i64,
    /// Where the credit of its customers is watched.
    pub credit_control_area: Code,
}

fn one<N: From<i8>>() -> N {
    N::from(1)
}

/// A unit that sells, and is liable for what it sells.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesOrganisation {
    /// Name.
    pub name: LocalizedText,
    /// The company whose books its sales go to.
    pub company_code: Code,
    /// Currency of its statistics, and of its prices where nothing else decides.
    pub currency: Currency,
}

/// A combination in which selling is allowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesArea {
    /// Sales organisation.
    pub sales_organisation: Code,
    /// Distribution channel.
    pub distribution_channel: Code,
    /// Division.
    pub division: Code,
    /// Sales offices that sell in it.
    #[serde(default)]
    pub sales_offices: Vec<Code>,
}

/// A place of a sales organisation, like a branch.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesOffice {
    /// Name.
    pub name: LocalizedText,
    /// Groups of people in it.
    #[serde(default)]
    pub sales_groups: Vec<Code>,
}

/// A place where goods are made, kept or shipped from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plant {
    /// Name.
    pub name: LocalizedText,
    /// The company that owns its stock.
    pub company_code: Code,
    /// Country that its goods leave from.
    pub country: Code,
    /// Zone in which its days begin.
    pub zone: Zone,
}

/// A part of a plant whose stock is counted by itself. Codes are unique in the installation:
/// `1000-0001` is the location `0001` of the plant `1000`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageLocation {
    /// Name.
    pub name: LocalizedText,
    /// The plant.
    pub plant: Code,
}

/// A place that ships for one or more plants. A plant belongs to one shipping point.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShippingPoint {
    /// Name.
    pub name: LocalizedText,
    /// Plants that it ships for.
    pub plants: Vec<Code>,
}

/// From where a sales organisation delivers in a distribution channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantAssignment {
    /// Sales organisation.
    pub sales_organisation: Code,
    /// Distribution channel.
    pub distribution_channel: Code,
    /// Plants, the preferred one first.
    pub plants: Vec<Code>,
}

/// Where credit limits are given and exposure is summed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditControlArea {
    /// Name.
    pub name: LocalizedText,
    /// Currency of limits and exposure.
    pub currency: Currency,
}

/// When a receivable is due, and what the customer may deduct for paying early.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentTerms {
    /// Name.
    pub name: LocalizedText,
    /// Days from the baseline date to the day on which all of it is due.
    pub days: u16,
    /// Days from the baseline date to the last day of the cash discount.
    #[serde(default)]
    pub discount_days: Option<u16>,
    /// Cash discount.
    #[serde(default)]
    pub discount_percent: Option<Percentage>,
}

/// What a unit measures; units that only count have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Weight.
    Mass,
    /// Volume.
    Volume,
    /// Length.
    Length,
    /// Area.
    Area,
    /// Time.
    Time,
}

/// A unit of measure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitEntry {
    /// Name.
    pub name: LocalizedText,
    /// Decimals that quantities in this unit may have, 0 to 6.
    pub decimals: u8,
    /// What it measures.
    #[serde(default)]
    pub dimension: Option<Dimension>,
}
