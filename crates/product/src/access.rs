//! Questions that documents ask of a product. No answer allocates.

use tessera_kernel::{Code, Language, Quantity, Unit, UnitConversion};
use tessera_organisation::OrganisationSettings;

use crate::{Product, ProductError, ProductPlant, ProductSales};

impl Product {
    /// The name to print in a language: in that language, else in English, else in the first
    /// language there is.
    pub fn description(&self, language: Language) -> &str {
        let of = |wanted| self.descriptions.iter().find(|text| text.language == wanted);
        of(language)
            .or_else(|| of(Language::EN))
            .or_else(|| self.descriptions.first())
            .map_or(&self.general.name, |text| &text.name)
    }

    /// How a unit relates to the base unit; the base unit itself is 1/1.
    pub fn conversion(&self, unit: Unit) -> Result<UnitConversion, ProductError> {
        if unit == self.general.base_unit {
            return Ok(UnitConversion { numerator: 1, denominator: 1 });
        }
        match self.units.iter().find(|record| record.unit == unit) {
            Some(record) => {
                Ok(UnitConversion { numerator: record.numerator, denominator: record.denominator })
            }
            None => Err(ProductError::no_unit(self, unit)),
        }
    }

    /// The quantity in the base unit, exactly; refused where it needs more than six decimals.
    pub fn to_base(&self, quantity: Quantity) -> Result<Quantity, ProductError> {
        let base = self.general.base_unit;
        if quantity.unit() == base {
            return Ok(quantity);
        }
        Ok(self.conversion(quantity.unit())?.to_base(quantity, base)?)
    }

    /// The quantity of a document in the base unit: like [`Product::to_base`], and refused where it
    /// has more decimals than its unit, or in the base unit more than that one, is counted in. What
    /// is refused is a sentence for the field of the quantity.
    pub fn counted(
        &self,
        organisation: &OrganisationSettings,
        quantity: Quantity,
    ) -> Result<Quantity, String> {
        organisation.quantity_fits(quantity)?;
        let base = self.to_base(quantity).map_err(|error| error.to_string())?;
        organisation.quantity_fits(base)?;
        Ok(base)
    }

    /// A quantity in the base unit in another unit, exactly; refused where it needs more than
    /// six decimals.
    pub fn from_base(&self, quantity: Quantity, unit: Unit) -> Result<Quantity, ProductError> {
        if unit == self.general.base_unit {
            return Ok(quantity);
        }
        Ok(self.conversion(unit)?.from_base(quantity, unit)?)
    }

    /// How it is sold by a sales organisation in a distribution channel.
    pub fn sales(
        &self,
        sales_organisation: Code,
        distribution_channel: Code,
    ) -> Option<&ProductSales> {
        self.sales.iter().find(|sales| {
            sales.sales_organisation == sales_organisation
                && sales.distribution_channel == distribution_channel
        })
    }

    /// How it is kept and valued in a plant.
    pub fn plant(&self, code: Code) -> Option<&ProductPlant> {
        self.plants.iter().find(|plant| plant.plant == code)
    }

    /// How it is taxed when it is delivered from a country.
    pub fn tax_class(&self, country: Code) -> Option<Code> {
        self.taxes.iter().find(|tax| tax.country == country).map(|tax| tax.tax_class)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tessera_kernel::from_micros;

    use super::*;
    use crate::{ProductDescription, ProductGeneral, ProductUnit};

    fn product(units: &[(Unit, i64, i64)]) -> Product {
        let record = |(unit, numerator, denominator): &(Unit, i64, i64)| ProductUnit {
            unit: *unit,
            numerator: *numerator,
            denominator: *denominator,
            gtin: None,
        };
        Product {
            general: ProductGeneral {
                product_type: Code::literal("goods"),
                base_unit: Unit::PC,
                product_group: Code::literal("general"),
                gross_weight: None,
                net_weight: None,
                gtin: None,
                blocked: false,
                name: "Screw".into(),
            },
            descriptions: Vec::new(),
            units: units.iter().map(record).collect(),
            sales: Vec::new(),
            taxes: Vec::new(),
            plants: Vec::new(),
        }
    }

    #[test]
    fn a_description_is_in_the_language_or_in_english_or_in_any_or_the_name() {
        let mut product = product(&[]);
        assert_eq!(product.description(Language::DE), "Screw");
        for (language, name, expected) in [
            (Language::ZH_HANS, "螺丝", "螺丝"),
            (Language::EN, "Wood screw", "Wood screw"),
            (Language::DE, "Holzschraube", "Holzschraube"),
        ] {
            product.descriptions.push(ProductDescription {
                language,
                name: name.into(),
                text: None,
            });
            assert_eq!(product.description(Language::DE), expected);
        }
    }

    #[test]
    fn the_base_unit_is_one_to_one_and_an_unknown_unit_is_refused_with_the_known_ones() {
        let product = product(&[(Unit::BOX, 12, 1)]);
        let one = UnitConversion { numerator: 1, denominator: 1 };
        assert_eq!(product.conversion(Unit::PC).unwrap(), one);
        let message = product.to_base(Quantity::of(1, Unit::KG)).unwrap_err().to_string();
        assert!(
            message.contains("Screw is not measured in KG; its units are PC, BOX"),
            "{message}"
        );
    }

    proptest! {
        #[test]
        fn a_quantity_in_a_whole_multiple_of_the_base_unit_comes_back_exactly(
            numerator in 1_i64..1_000_000, micros in -1_000_000_000_i64..1_000_000_000,
        ) {
            let product = product(&[(Unit::BOX, numerator, 1)]);
            let boxes = Quantity::new(from_micros(micros), Unit::BOX).unwrap();
            let pieces = product.to_base(boxes).unwrap();
            prop_assert_eq!(pieces.unit(), Unit::PC);
            prop_assert_eq!(product.from_base(pieces, Unit::BOX).unwrap(), boxes);
        }
    }
}
