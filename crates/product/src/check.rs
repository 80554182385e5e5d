//! What must be true of a product, beyond the rules of its fields, its codes and references. Every
//! finding is named with its path.

use std::fmt::Display;

use tessera_kernel::{Checked, Code, Fault, FieldProblem, Problem, Quantity, Tx};
use tessera_organisation::OrganisationSettings;

use crate::{Product, ProductSales, gtin};

impl Checked for Product {
    fn check(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        let organisation = tx.settings::<OrganisationSettings>()?;
        let mut findings = Findings(Vec::new());
        self.check_general(organisation, &mut findings);
        self.check_descriptions(organisation, &mut findings);
        self.check_units(organisation, &mut findings);
        self.check_sales(organisation, &mut findings);
        self.check_plants(organisation, &mut findings);
        check_unique("taxes", self.taxes.iter().map(|tax| tax.country), &mut findings);
        if findings.0.is_empty() { Ok(()) } else { Err(Fault::Invalid(findings.0).into()) }
    }
}

struct Findings(Vec<FieldProblem>);

impl Findings {
    fn note(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldProblem::new(path, message));
    }

    fn expect<E: Display>(&mut self, path: impl Into<String>, outcome: Result<(), E>) {
        if let Err(message) = outcome {
            self.note(path, message.to_string());
        }
    }
}

/// Notes keys that stand in a segment twice.
fn check_unique<K: PartialEq + Display>(
    segment: &str,
    keys: impl Iterator<Item = K>,
    findings: &mut Findings,
) {
    let mut seen: Vec<K> = Vec::new();
    for (position, key) in keys.enumerate() {
        if seen.contains(&key) {
            findings.note(format!("{segment}[{position}]"), format!("{key} stands there twice"));
        }
        seen.push(key);
    }
}

impl Product {
    fn check_general(&self, organisation: &OrganisationSettings, findings: &mut Findings) {
        let general = &self.general;
        if general.name.trim().is_empty() {
            findings.note("general.name", "must not be empty");
        }
        findings.expect("general.base_unit", organisation.unit(general.base_unit).map(|_| ()));
        for (path, weight) in [
            ("general.gross_weight", general.gross_weight),
            ("general.net_weight", general.net_weight),
        ] {
            let Some(weight) = weight else { continue };
            let fits = organisation.quantity_fits(weight);
            findings.expect(path, fits.and_then(|()| organisation.unit_of_mass(weight.unit())));
        }
        if let (Some(net), Some(gross)) = (general.net_weight, general.gross_weight) {
            match net.compare(gross) {
                Ok(order) if order.is_le() => {}
                Ok(_) => findings.note("general.net_weight", "is more than the gross weight"),
                Err(_) => {
                    let message = format!("must be in {}, like the gross weight", gross.unit());
                    findings.note("general.net_weight", message);
                }
            }
        }
        if let Some(number) = &general.gtin {
            findings.expect("general.gtin", gtin::check(number));
        }
    }

    fn check_descriptions(&self, organisation: &OrganisationSettings, findings: &mut Findings) {
        if self.descriptions.is_empty() {
            findings.note("descriptions", "needs a description in at least one language");
        }
        for (position, description) in self.descriptions.iter().enumerate() {
            let path = format!("descriptions[{position}]");
            if description.name.trim().is_empty() {
                findings.note(format!("{path}.name"), "must not be empty");
            }
            let code = Code::parse(description.language.code()).map_err(|error| error.to_string());
            let known = code.and_then(|code| organisation.languages.require(code).map(|_| ()));
            findings.expect(format!("{path}.language"), known);
        }
        let languages = self.descriptions.iter().map(|description| description.language);
        check_unique("descriptions", languages, findings);
    }

    fn check_units(&self, organisation: &OrganisationSettings, findings: &mut Findings) {
        for (position, record) in self.units.iter().enumerate() {
            let path = format!("units[{position}]");
            if record.unit == self.general.base_unit {
                let message = "is the base unit, which needs no conversion: remove this record";
                findings.note(format!("{path}.unit"), message);
            }
            findings.expect(format!("{path}.unit"), organisation.unit(record.unit).map(|_| ()));
            for (name, factor) in
                [("numerator", record.numerator), ("denominator", record.denominator)]
            {
                if factor <= 0 {
                    findings.note(format!("{path}.{name}"), "must be more than 0");
                }
            }
            if let Some(number) = &record.gtin {
                findings.expect(format!("{path}.gtin"), gtin::check(number));
            }
        }
        check_unique("units", self.units.iter().map(|record| record.unit), findings);
    }

    fn check_sales(&self, organisation: &OrganisationSettings, findings: &mut Findings) {
        for (position, sales) in self.sales.iter().enumerate() {
            let path = format!("sales[{position}]");
            let (selling, channel) = (sales.sales_organisation, sales.distribution_channel);
            let plants = organisation.plants_for(selling, channel);
            if let Some(plant) = sales.delivering_plant.filter(|plant| !plants.contains(plant)) {
                let message = format!("{plant} does not deliver for {selling}/{channel}");
                findings.note(format!("{path}.delivering_plant"), message);
            }
            if let Some(unit) = sales.sales_unit {
                let known = self.conversion(unit).map(|_| ());
                findings.expect(format!("{path}.sales_unit"), known);
            }
            if let Some(quantity) = sales.minimum_quantity {
                let path = format!("{path}.minimum_quantity");
                self.check_minimum(organisation, quantity, path, findings);
            }
        }
        let keys = self.sales.iter().map(
            |ProductSales { sales_organisation, distribution_channel, .. }| {
                format!("{sales_organisation}/{distribution_channel}")
            },
        );
        check_unique("sales", keys, findings);
    }

    fn check_minimum(
        &self,
        organisation: &OrganisationSettings,
        quantity: Quantity,
        path: String,
        findings: &mut Findings,
    ) {
        match self.conversion(quantity.unit()) {
            Ok(_) => findings.expect(path, organisation.quantity_fits(quantity)),
            Err(error) => findings.note(path, error.to_string()),
        }
    }

    fn check_plants(&self, organisation: &OrganisationSettings, findings: &mut Findings) {
        for (position, record) in self.plants.iter().enumerate() {
            let path = format!("plants[{position}]");
            if record.price_unit <= 0 {
                findings.note(format!("{path}.price_unit"), "must be more than 0");
            }
            // An unknown plant was found with the other codes.
            if let Ok((company, entry)) = organisation.company_of_plant(record.plant)
                && record.standard_price.currency() != entry.currency
            {
                let message =
                    format!("must be in {}, the currency of company {company}", entry.currency);
                findings.note(format!("{path}.standard_price"), message);
            }
            let location = organisation.storage_location_in(record.plant, record.storage_location);
            findings.expect(format!("{path}.storage_location"), location);
        }
        check_unique("plants", self.plants.iter().map(|record| record.plant), findings);
    }
}
