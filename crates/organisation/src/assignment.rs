//! Who belongs to whom. No answer allocates; what is refused is a sentence that names what is
//! allowed, ready to stand at the field that was wrong.

use tessera_kernel::{Code, Quantity, Unit};

use crate::entries::{
    CompanyCode, CreditControlArea, Dimension, PaymentTerms, Plant, SalesArea, SalesOrganisation,
    UnitEntry,
};
use crate::settings::OrganisationSettings;

impl OrganisationSettings {
    /// A company code.
    pub fn company(&self, code: Code) -> Result<&CompanyCode, String> {
        self.company_codes.require(code)
    }

    /// A sales organisation.
    pub fn sales_organisation(&self, code: Code) -> Result<&SalesOrganisation, String> {
        self.sales_organisations.require(code)
    }

    /// The company whose books the sales of a sales organisation go to.
    pub fn company_of_sales_organisation(
        &self,
        code: Code,
    ) -> Result<(Code, &CompanyCode), String> {
        let company = self.sales_organisations.require(code)?.company_code;
        Ok((company, self.company_codes.require(company)?))
    }

    /// A plant.
    pub fn plant(&self, code: Code) -> Result<&Plant, String> {
        self.plants.require(code)
    }

    /// The company that owns the stock of a plant.
    pub fn company_of_plant(&self, code: Code) -> Result<(Code, &CompanyCode), String> {
        let company = self.plants.require(code)?.company_code;
        Ok((company, self.company_codes.require(company)?))
    }

    /// The sales area of a sales organisation, distribution channel and division, with its code;
    /// refused where selling in this combination is not allowed.
    pub fn sales_area(
        &self,
        sales_organisation: Code,
        distribution_channel: Code,
        division: Code,
    ) -> Result<(Code, &SalesArea), String> {
        let key = (sales_organisation, distribution_channel, division);
        let found = self.index.sales_areas.get(&key);
        match found.and_then(|code| self.sales_areas.get(*code).map(|area| (*code, area))) {
            Some(found) => Ok(found),
            None => Err(self.no_sales_area(key)),
        }
    }

    fn no_sales_area(&self, (organisation, channel, division): (Code, Code, Code)) -> String {
        let areas = self.index.sales_areas.keys();
        let areas: Vec<String> = areas.take(20).map(|(o, c, d)| format!("{o}/{c}/{d}")).collect();
        format!("{organisation}/{channel}/{division} is no sales area; {}", allowed(&areas))
    }

    /// Refuses a sales office that does not sell in the sales area.
    pub fn sales_office_in(
        &self,
        (sales_organisation, distribution_channel, division): (Code, Code, Code),
        office: Code,
    ) -> Result<(), String> {
        let (code, area) = self.sales_area(sales_organisation, distribution_channel, division)?;
        if area.sales_offices.contains(&office) {
            return Ok(());
        }
        Err(not_in(office, &format!("sales area {code}"), &area.sales_offices))
    }

    /// Refuses a sales group that is not in the sales office.
    pub fn sales_group_in(&self, office: Code, group: Code) -> Result<(), String> {
        let groups = &self.sales_offices.require(office)?.sales_groups;
        if groups.contains(&group) {
            return Ok(());
        }
        Err(not_in(group, &format!("sales office {office}"), groups))
    }

    /// The plants from which a sales organisation delivers in a distribution channel, the
    /// preferred one first; empty where none is assigned.
    pub fn plants_for(&self, sales_organisation: Code, distribution_channel: Code) -> &[Code] {
        let found = self.index.plants.get(&(sales_organisation, distribution_channel));
        match found.and_then(|code| self.plant_assignments.get(*code)) {
            Some(assignment) => &assignment.plants,
            None => &[],
        }
    }

    /// The shipping point that ships for a plant.
    pub fn shipping_point_for(&self, plant: Code) -> Result<Code, String> {
        self.index.shipping_points.get(&plant).copied().ok_or_else(|| {
            format!("no shipping point ships for the plant {plant}; assign it to one")
        })
    }

    /// The storage locations of a plant, in order of code.
    pub fn storage_locations_of(&self, plant: Code) -> impl Iterator<Item = Code> + '_ {
        self.storage_locations
            .iter()
            .filter(move |(_, location)| location.plant == plant)
            .map(|(code, _)| code)
    }

    /// Refuses a storage location that is not in the plant.
    pub fn storage_location_in(&self, plant: Code, location: Code) -> Result<(), String> {
        if self.storage_locations.require(location)?.plant == plant {
            return Ok(());
        }
        let own: Vec<Code> = self.storage_locations_of(plant).collect();
        Err(not_in(location, &format!("the plant {plant}"), &own))
    }

    /// Where the credit of the customers of a sales organisation is watched.
    pub fn credit_control_area_of_sales_organisation(
        &self,
        code: Code,
    ) -> Result<(Code, &CreditControlArea), String> {
        let (_, company) = self.company_of_sales_organisation(code)?;
        let area = company.credit_control_area;
        Ok((area, self.credit_control_areas.require(area)?))
    }

    /// Terms of payment.
    pub fn terms(&self, code: Code) -> Result<&PaymentTerms, String> {
        self.payment_terms.require(code)
    }

    /// The entry of a unit.
    pub fn unit(&self, unit: Unit) -> Result<&UnitEntry, String> {
        match Code::parse(unit.code()) {
            Ok(code) => self.units.require(code),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Refuses a unit that does not measure weight.
    pub fn unit_of_mass(&self, unit: Unit) -> Result<(), String> {
        let is_mass = |entry: &UnitEntry| entry.dimension == Some(Dimension::Mass);
        if is_mass(self.unit(unit)?) {
            return Ok(());
        }
        let units = self.units.iter().filter(|(_, entry)| is_mass(entry));
        let units: Vec<String> = units.map(|(code, _)| code.to_string()).collect();
        Err(format!("{unit} is no unit of weight; {}", allowed(&units)))
    }

    /// Refuses a quantity with more decimals than its unit may have, or in an unknown unit.
    pub fn quantity_fits(&self, quantity: Quantity) -> Result<(), String> {
        let decimals = self.unit(quantity.unit())?.decimals;
        if quantity.value().normalize().scale() <= u32::from(decimals) {
            return Ok(());
        }
        Err(format!("{quantity} has more than {decimals} decimals"))
    }
}

/// What is allowed instead, as the end of a sentence.
fn allowed(names: &[String]) -> String {
    match names.is_empty() {
        true => "customizing has none".to_string(),
        false => format!("allowed are: {}", names.join(", ")),
    }
}

fn not_in(code: Code, whole: &str, parts: &[Code]) -> String {
    let parts: Vec<&str> = parts.iter().map(Code::as_str).collect();
    match parts.is_empty() {
        true => format!("{code} is not in {whole}, which has none"),
        false => format!("{code} is not in {whole}; it has: {}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use tessera_customizing::{Customizing, Diagnostics};
    use tessera_kernel::{Currency, parse_decimal};

    use super::*;

    fn organisation() -> OrganisationSettings {
        let mut problems = Diagnostics::default();
        let customizing = Customizing::load(&[crate::CONFIG], None, &mut problems);
        crate::settings(&customizing, &mut problems)
    }

    const GERMANY: Code = Code::literal("1000");
    const BRITAIN: Code = Code::literal("1100");
    const WEB: Code = Code::literal("20");
    const ALL: Code = Code::literal("00");
    const NONE: Code = Code::literal("NONE");

    #[test]
    fn a_sales_organisation_leads_to_company_plant_shipping_point_and_credit_control_area() {
        let organisation = organisation();
        let (code, company) = organisation.company_of_sales_organisation(BRITAIN).unwrap();
        assert_eq!((code, company.currency), (BRITAIN, Currency::GBP));
        assert_eq!(organisation.plants_for(BRITAIN, WEB), [BRITAIN]);
        assert_eq!(organisation.shipping_point_for(BRITAIN), Ok(BRITAIN));
        let (code, area) = organisation.credit_control_area_of_sales_organisation(BRITAIN).unwrap();
        assert_eq!((code, area.currency), (BRITAIN, Currency::GBP));
        assert_eq!(organisation.company_of_plant(GERMANY).unwrap().0, GERMANY);
    }

    #[test]
    fn a_sales_area_must_be_one_of_those_allowed() {
        let organisation = organisation();
        let (code, _) = organisation.sales_area(GERMANY, WEB, ALL).unwrap();
        assert_eq!(code.as_str(), "1000-20-00");
        let message = organisation.sales_area(GERMANY, NONE, ALL).unwrap_err();
        assert!(message.starts_with("1000/NONE/00 is no sales area; allowed are: 1000/10/00"));
        assert!(organisation.plants_for(GERMANY, NONE).is_empty());
    }

    #[test]
    fn a_storage_location_must_be_in_its_plant() {
        let organisation = organisation();
        let british = Code::literal("1100-0001");
        assert_eq!(organisation.storage_location_in(BRITAIN, british), Ok(()));
        let message = organisation.storage_location_in(GERMANY, british).unwrap_err();
        assert_eq!(message, "1100-0001 is not in the plant 1000; it has: 1000-0001");
    }

    #[test]
    fn a_weight_is_in_a_unit_of_mass() {
        let organisation = organisation();
        assert_eq!(organisation.unit_of_mass(Unit::KG), Ok(()));
        let message = organisation.unit_of_mass(Unit::PC).unwrap_err();
        assert_eq!(message, "PC is no unit of weight; allowed are: G, KG, MG, T");
    }

    #[test]
    fn a_quantity_has_no_more_decimals_than_its_unit() {
        let organisation = organisation();
        let quantity =
            |text: &str, unit| Quantity::new(parse_decimal(text).unwrap(), unit).unwrap();
        assert_eq!(organisation.quantity_fits(quantity("2.0", Unit::PC)), Ok(()));
        assert_eq!(organisation.quantity_fits(quantity("2.5", Unit::KG)), Ok(()));
        let message = organisation.quantity_fits(quantity("2.5", Unit::PC)).unwrap_err();
        assert_eq!(message, "2.5 PC has more than 0 decimals");
    }
}
