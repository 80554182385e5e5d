//! Key fields: what condition records are kept under and a document is priced by.

use serde::Deserialize;
use tessera_kernel::{Choice, Code, Currency, ObjectId, Ref};

/// The closed list of key fields.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyField {
    /// Sales organisation.
    SalesOrganisation,
    /// Distribution channel.
    DistributionChannel,
    /// Division.
    Division,
    /// Business partner that orders.
    Customer,
    /// Customer group.
    CustomerGroup,
    /// Price group of the customer.
    PriceGroup,
    /// Price list of the customer.
    PriceList,
    /// Tax class of the customer.
    CustomerTaxClass,
    /// Terms of payment.
    PaymentTerms,
    /// Incoterms.
    Incoterms,
    /// Currency of the document.
    Currency,
    /// Product.
    Product,
    /// Product group.
    ProductGroup,
    /// Price group of the product.
    ProductPriceGroup,
    /// Tax class of the product.
    ProductTaxClass,
    /// Plant that delivers.
    Plant,
    /// Country of the plant that delivers.
    DepartureCountry,
    /// Country of the ship-to party.
    ShipToCountry,
}

impl KeyField {
    /// How many there are.
    pub const COUNT: usize = 18;

    /// Whether items of one document may differ in it. An item without a value has the header's.
    pub const fn is_of_item(self) -> bool {
        matches!(
            self,
            Self::Product
                | Self::ProductGroup
                | Self::ProductPriceGroup
                | Self::ProductTaxClass
                | Self::Plant
                | Self::DepartureCountry
                | Self::ShipToCountry
        )
    }

    /// The object type that its values are ids of.
    pub const fn object(self) -> Option<&'static str> {
        match self {
            Self::Customer => Some("business_partner"),
            Self::Product => Some("product"),
            _ => None,
        }
    }

    /// The catalogue that its values are codes of.
    pub const fn catalogue(self) -> Option<&'static str> {
        Some(match self {
            Self::SalesOrganisation => "sales_organisation",
            Self::DistributionChannel => "distribution_channel",
            Self::Division => "division",
            Self::CustomerGroup => "customer_group",
            Self::PriceGroup => "customer_price_group",
            Self::PriceList => "price_list",
            Self::CustomerTaxClass => "customer_tax_class",
            Self::PaymentTerms => "payment_terms",
            Self::Incoterms => "incoterms",
            Self::ProductGroup => "product_group",
            Self::ProductPriceGroup => "product_price_group",
            Self::ProductTaxClass => "product_tax_class",
            Self::Plant => "plant",
            Self::DepartureCountry | Self::ShipToCountry => "country",
            Self::Customer | Self::Product | Self::Currency => return None,
        })
    }

    /// Name for people: `ship_to_country` is "ship to country".
    pub fn label(self) -> String {
        self.code().replace('_', " ")
    }

    /// Reads a value of this field from text: an id, a currency or a code.
    pub fn parse(self, text: &str) -> Result<KeyValue, String> {
        if let Some(object) = self.object() {
            let id: Result<ObjectId, _> = text.parse();
            return id
                .map(KeyValue::Object)
                .map_err(|_| format!("must be the id of a {}, a UUID", object.replace('_', " ")));
        }
        if self == Self::Currency {
            return Currency::parse(text)
                .map(KeyValue::Currency)
                .map_err(|error| error.to_string());
        }
        Code::parse(text).map(KeyValue::Code).map_err(|error| error.to_string())
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The key fields in which items of one document may differ, as bits.
const ITEM_FIELDS: u32 = KeyField::Product.bit()
    | KeyField::ProductGroup.bit()
    | KeyField::ProductPriceGroup.bit()
    | KeyField::ProductTaxClass.bit()
    | KeyField::Plant.bit()
    | KeyField::DepartureCountry.bit()
    | KeyField::ShipToCountry.bit();

/// The value of a key field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyValue {
    /// Key of customizing.
    Code(Code),
    /// Id of an object.
    Object(ObjectId),
    /// Currency.
    Currency(Currency),
}

impl KeyValue {
    /// Appends the canonical text.
    pub(crate) fn push_to(&self, text: &mut String) {
        match self {
            Self::Code(code) => text.push_str(code.as_str()),
            Self::Object(id) => text.push_str(id.0.hyphenated().encode_lower(&mut [0; 36])),
            Self::Currency(currency) => text.push_str(currency.code()),
        }
    }
}

/// The canonical text.
impl std::fmt::Display for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Object(id) => id.fmt(f),
            Self::Currency(currency) => currency.fmt(f),
        }
    }
}

impl From<Code> for KeyValue {
    fn from(code: Code) -> Self {
        Self::Code(code)
    }
}

impl From<ObjectId> for KeyValue {
    fn from(id: ObjectId) -> Self {
        Self::Object(id)
    }
}

impl<T> From<Ref<T>> for KeyValue {
    fn from(reference: Ref<T>) -> Self {
        Self::Object(reference.id())
    }
}

impl From<Currency> for KeyValue {
    fn from(currency: Currency) -> Self {
        Self::Currency(currency)
    }
}

/// Values by key field. Copied, never allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyFields {
    values: [Option<KeyValue>; KeyField::COUNT],
    given: u32,
}

impl KeyFields {
    /// Sets a field.
    pub fn set(&mut self, field: KeyField, value: impl Into<KeyValue>) {
        self.values[field as usize] = Some(value.into());
        self.given |= field.bit();
    }

    /// The same fields with one more.
    #[must_use]
    pub fn with(mut self, field: KeyField, value: impl Into<KeyValue>) -> Self {
        self.set(field, value);
        self
    }

    /// The same fields with one more, if it has a value.
    #[must_use]
    pub fn with_some(mut self, field: KeyField, value: Option<impl Into<KeyValue>>) -> Self {
        if let Some(value) = value {
            self.set(field, value);
        }
        self
    }

    /// A field's value.
    pub fn get(&self, field: KeyField) -> Option<KeyValue> {
        self.values[field as usize]
    }

    /// Whether every field set is one in which items may differ.
    pub(crate) fn are_of_item(&self) -> bool {
        self.given & !ITEM_FIELDS == 0
    }
}

/// Writes `prefix` and the values of `fields` into `text`, joined by `|`; the first field without
/// a value is the error.
pub(crate) fn write_key(
    text: &mut String,
    prefix: &str,
    fields: impl Iterator<Item = KeyField>,
    value: impl Fn(KeyField) -> Option<KeyValue>,
) -> Result<(), KeyField> {
    text.clear();
    text.push_str(prefix);
    for field in fields {
        text.push('|');
        value(field).ok_or(field)?.push_to(text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_place_and_a_bit_of_its_own() {
        assert_eq!(KeyField::CHOICES.len(), KeyField::COUNT);
        for (position, choice) in KeyField::CHOICES.iter().enumerate() {
            let field = KeyField::from_code(choice.code).unwrap();
            assert_eq!(field as usize, position);
            assert_eq!(field.is_of_item(), ITEM_FIELDS & field.bit() != 0, "{field:?}");
        }
    }

    #[test]
    fn a_key_is_canonical_text_in_order_of_the_table() {
        let id: ObjectId = "0192F000-0000-7000-8000-00000000ABCD".parse().unwrap();
        let fields = KeyFields::default()
            .with(KeyField::Product, id)
            .with(KeyField::Currency, Currency::EUR)
            .with(KeyField::SalesOrganisation, Code::literal("1000"));
        let order = [KeyField::SalesOrganisation, KeyField::Currency, KeyField::Product];
        let mut text = String::new();
        write_key(&mut text, "PR00|A1", order.into_iter(), |field| fields.get(field)).unwrap();
        assert_eq!(text, "PR00|A1|1000|EUR|0192f000-0000-7000-8000-00000000abcd");
        let lacking = [KeyField::Plant].into_iter();
        let refused = write_key(&mut text, "PR00|A1", lacking, |field| fields.get(field));
        assert_eq!(refused, Err(KeyField::Plant));
    }

    #[test]
    fn values_are_read_as_what_their_field_holds() {
        assert!(KeyField::Customer.parse("10").is_err());
        assert!(KeyField::Currency.parse("XYZ").is_err());
        assert!(KeyField::Plant.parse("with space").is_err());
        assert_eq!(KeyField::Plant.parse("1000").unwrap().to_string(), "1000");
    }
}
