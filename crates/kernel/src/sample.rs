//! Definitions with every kind of field and part, for the unit tests beside the code.

use crate::{
    Choice, Code, Currency, Date, Decimal, Form, Instant, Kind, Language, LocalDateTime,
    LocalizedText, Money, Object, Percentage, Quantity, Record, Ref, Segment, Unit, Validity,
};

/// How a specimen is finished.
#[derive(Choice, Clone, Copy, Debug, PartialEq)]
pub(crate) enum Finish {
    /// As it comes.
    Raw,
    /// Painted over.
    PaintedOver,
}

/// Something that is only referred to.
#[derive(Debug, PartialEq)]
pub(crate) struct Cabinet;

impl Kind for Cabinet {
    const NAME: &'static str = "cabinet";
}

/// One field of each type, none of them required.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct EveryType {
    /// Text.
    #[field(max = 5)]
    pub(crate) text: Option<String>,
    /// Code.
    #[field(code = "colour")]
    pub(crate) code: Option<Code>,
    /// Choice.
    pub(crate) choice: Option<Finish>,
    /// Truth.
    pub(crate) truth: Option<bool>,
    /// Whole number.
    pub(crate) whole: Option<i64>,
    /// Count.
    #[field(positive)]
    pub(crate) count: Option<u32>,
    /// Decimal.
    #[field(not_negative)]
    pub(crate) decimal: Option<Decimal>,
    /// Percentage.
    pub(crate) percentage: Option<Percentage>,
    /// Money.
    #[field(positive)]
    pub(crate) money: Option<Money>,
    /// Quantity.
    #[field(not_negative)]
    pub(crate) quantity: Option<Quantity>,
    /// Currency.
    pub(crate) currency: Option<Currency>,
    /// Unit.
    pub(crate) unit: Option<Unit>,
    /// Language.
    pub(crate) language: Option<Language>,
    /// Day.
    pub(crate) day: Option<Date>,
    /// Moment.
    pub(crate) moment: Option<Instant>,
    /// Local time.
    pub(crate) local: Option<LocalDateTime>,
    /// Validity.
    pub(crate) valid: Option<Validity>,
    /// Localised text.
    pub(crate) localized: Option<LocalizedText>,
    /// Reference.
    pub(crate) cabinet: Option<Ref<Cabinet>>,
}

/// General data of a specimen.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "specimen_general", one)]
pub(crate) struct General {
    /// Name in lists.
    ///
    /// Printed on the label.
    #[field(max = 12, index)]
    pub(crate) name: String,
    /// Pieces.
    #[field(default = 1, positive)]
    pub(crate) pieces: u32,
    /// Value for the insurance.
    pub(crate) value: Option<Money>,
    /// How often it was lent.
    #[field(read_only)]
    pub(crate) lent: i64,
}

/// How a specimen is kept.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "specimen_storage", one)]
pub(crate) struct Storage {
    /// Shelf.
    pub(crate) shelf: Code,
    /// Finish.
    #[field(default = "raw")]
    pub(crate) finish: Finish,
    /// Who checked it last.
    #[field(read_only)]
    pub(crate) checked_by: Option<String>,
}

/// A label of a specimen.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "specimen_label", many(language, number))]
pub(crate) struct Label {
    /// Language.
    pub(crate) language: Language,
    /// Number within the language.
    pub(crate) number: u32,
    /// Text.
    pub(crate) text: String,
    /// Times it was printed.
    #[field(read_only)]
    pub(crate) printed: i64,
}

/// The price of a specimen.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "specimen_price", timed(2, currency))]
pub(crate) struct Price {
    /// Currency.
    pub(crate) currency: Currency,
    /// When it holds.
    pub(crate) valid: Validity,
    /// Price.
    pub(crate) price: Decimal,
}

/// A thing in a collection.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "specimen", shared)]
pub(crate) struct Specimen {
    /// General data.
    pub(crate) general: General,
    /// How it is kept, once it is.
    pub(crate) storage: Option<Storage>,
    /// Labels by language.
    pub(crate) labels: Vec<Label>,
    /// Prices by currency.
    pub(crate) prices: Vec<Price>,
}

/// When and why something is lent.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct LoanTerms {
    /// Last day.
    pub(crate) until: Date,
    /// Purpose.
    pub(crate) purpose: Option<String>,
}

/// What is lent.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct LoanItem {
    /// Number in the collection.
    pub(crate) number: u32,
    /// Insured.
    #[field(default = true)]
    pub(crate) insured: bool,
}

/// Who brings it.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Courier {
    /// Name.
    pub(crate) name: String,
}

/// Lends specimens.
#[derive(Form, Clone, Debug, PartialEq)]
pub(crate) struct Loan {
    /// Terms.
    #[form(flatten)]
    pub(crate) terms: LoanTerms,
    /// Items.
    pub(crate) items: Vec<LoanItem>,
    /// Courier.
    pub(crate) courier: Option<Courier>,
}
