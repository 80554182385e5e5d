//! The organisation as typed settings, with every cross check.

use std::collections::BTreeMap;

use tessera_customizing::{Catalogue, Customizing, Diagnostics, Origin};
use tessera_kernel::{Code, Language, Percentage, RoundingRule, Unit, Zone};

use crate::entries::{
    CompanyCode, CreditControlArea, Installation, Named, PaymentTerms, Plant, PlantAssignment,
    SalesArea, SalesOffice, SalesOrganisation, ShippingPoint, StorageLocation, UnitEntry,
};

/// The organisation. Questions about assignments are methods.
#[derive(Clone, Debug)]
pub struct OrganisationSettings {
    /// The installation as a whole.
    pub installation: Installation,
    /// Legal entities.
    pub company_codes: Catalogue<CompanyCode>,
    /// Who sells.
    pub sales_organisations: Catalogue<SalesOrganisation>,
    /// How it gets to the customer.
    pub distribution_channels: Catalogue<Named>,
    /// Lines of products.
    pub divisions: Catalogue<Named>,
    /// Combinations in which selling is allowed.
    pub sales_areas: Catalogue<SalesArea>,
    /// Places of sales organisations.
    pub sales_offices: Catalogue<SalesOffice>,
    /// Groups of people in sales offices.
    pub sales_groups: Catalogue<Named>,
    /// Where goods are.
    pub plants: Catalogue<Plant>,
    /// Parts of plants.
    pub storage_locations: Catalogue<StorageLocation>,
    /// Where goods are shipped.
    pub shipping_points: Catalogue<ShippingPoint>,
    /// From where a sales organisation delivers.
    pub plant_assignments: Catalogue<PlantAssignment>,
    /// Where credit is watched.
    pub credit_control_areas: Catalogue<CreditControlArea>,
    /// Countries by ISO 3166-1 alpha-2.
    pub countries: Catalogue<Named>,
    /// Languages that texts and partners may have.
    pub languages: Catalogue<Named>,
    /// Units of measure.
    pub units: Catalogue<UnitEntry>,
    /// Terms of payment.
    pub payment_terms: Catalogue<PaymentTerms>,
    /// Terms of delivery.
    pub incoterms: Catalogue<Named>,
    /// How goods are shipped.
    pub shipping_conditions: Catalogue<Named>,
    pub(crate) index: Index,
}

/// Answers to the questions of every order, looked up instead of searched for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Sales area by sales organisation, distribution channel and division.
    pub(crate) sales_areas: BTreeMap<(Code, Code, Code), Code>,
    /// Plant assignment by sales organisation and distribution channel.
    pub(crate) plants: BTreeMap<(Code, Code), Code>,
    /// Shipping point by plant.
    pub(crate) shipping_points: BTreeMap<Code, Code>,
}

const MAIN: Code = Code::literal("MAIN");

/// Reads the organisation and reports what doesn't fit together.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> OrganisationSettings {
    let mut settings = OrganisationSettings {
        installation: installation(customizing, problems),
        company_codes: customizing.catalogue("company_code", problems),
        sales_organisations: customizing.catalogue("sales_organisation", problems),
        distribution_channels: customizing.catalogue("distribution_channel", problems),
        divisions: customizing.catalogue("division", problems),
        sales_areas: customizing.catalogue("sales_area", problems),
        sales_offices: customizing.catalogue("sales_office", problems),
        sales_groups: customizing.catalogue("sales_group", problems),
        plants: customizing.catalogue("plant", problems),
        storage_locations: customizing.catalogue("storage_location", problems),
        shipping_points: customizing.catalogue("shipping_point", problems),
        plant_assignments: customizing.catalogue("plant_assignment", problems),
        credit_control_areas: customizing.catalogue("credit_control_area", problems),
        countries: customizing.catalogue("country", problems),
        languages: customizing.catalogue("language", problems),
        units: customizing.catalogue("unit", problems),
        payment_terms: customizing.catalogue("payment_terms", problems),
        incoterms: customizing.catalogue("incoterms", problems),
        shipping_conditions: customizing.catalogue("shipping_condition", problems),
        index: Index::default(),
    };
    settings.check_references(problems);
    settings.check_values(problems);
    settings.index = settings.make_index(problems);
    settings
}

fn installation(customizing: &Customizing, problems: &mut Diagnostics) -> Installation {
    let earlier = problems.0.len();
    let entries: Catalogue<Installation> = customizing.catalogue("installation", problems);
    let is_reported = problems.0.len() > earlier;
    for (code, _) in entries.iter().filter(|(code, _)| *code != MAIN) {
        if let Some(origin) = entries.origin(code) {
            problems.report(origin, format!("installation.{code}: the only entry is {MAIN}"));
        }
    }
    if let Some(found) = entries.get(MAIN) {
        return found.clone();
    }
    if !is_reported {
        let origin = Origin { file: "shipped:organisation.toml".into(), line: 1 };
        problems.report(&origin, format!("installation.{MAIN} is missing"));
    }
    Installation { name: String::new(), zone: Zone::UTC, language: Language::EN }
}

impl OrganisationSettings {
    fn check_references(&self, problems: &mut Diagnostics) {
        let companies = &self.company_codes;
        companies.check_references("country", &self.countries, |c| vec![c.country], problems);
        let areas = &self.credit_control_areas;
        let area = |c: &CompanyCode| vec![c.credit_control_area];
        companies.check_references("credit_control_area", areas, area, problems);
        let organisations = &self.sales_organisations;
        let company = |o: &SalesOrganisation| vec![o.company_code];
        organisations.check_references("company_code", companies, company, problems);
        self.check_sales_areas(problems);
        let company = |p: &Plant| vec![p.company_code];
        self.plants.check_references("company_code", companies, company, problems);
        self.plants.check_references("country", &self.countries, |p| vec![p.country], problems);
        let plant = |l: &StorageLocation| vec![l.plant];
        self.storage_locations.check_references("plant", &self.plants, plant, problems);
        let plants = |p: &ShippingPoint| p.plants.clone();
        self.shipping_points.check_references("plants", &self.plants, plants, problems);
        let assignments = &self.plant_assignments;
        let organisation = |a: &PlantAssignment| vec![a.sales_organisation];
        assignments.check_references("sales_organisation", organisations, organisation, problems);
        let (channels, channel) =
            (&self.distribution_channels, |a: &PlantAssignment| vec![a.distribution_channel]);
        assignments.check_references("distribution_channel", channels, channel, problems);
        let plants = |a: &PlantAssignment| a.plants.clone();
        assignments.check_references("plants", &self.plants, plants, problems);
    }

    fn check_sales_areas(&self, problems: &mut Diagnostics) {
        let areas = &self.sales_areas;
        let (organisations, organisation) =
            (&self.sales_organisations, |a: &SalesArea| vec![a.sales_organisation]);
        areas.check_references("sales_organisation", organisations, organisation, problems);
        let (channels, channel) =
            (&self.distribution_channels, |a: &SalesArea| vec![a.distribution_channel]);
        areas.check_references("distribution_channel", channels, channel, problems);
        areas.check_references("division", &self.divisions, |a| vec![a.division], problems);
        let offices = |a: &SalesArea| a.sales_offices.clone();
        areas.check_references("sales_offices", &self.sales_offices, offices, problems);
        let groups = |o: &SalesOffice| o.sales_groups.clone();
        self.sales_offices.check_references("sales_groups", &self.sales_groups, groups, problems);
    }

    fn check_values(&self, problems: &mut Diagnostics) {
        check_each(&self.company_codes, problems, |_, company| {
            if !(1..=12).contains(&company.fiscal_year_start_month) {
                return Err("fiscal_year_start_month: must be 1 to 12".to_string());
            }
            if !(1..=RoundingRule::MAX_STEP).contains(&company.rounding_step) {
                let most = RoundingRule::MAX_STEP;
                return Err(format!("rounding_step: must be 1 to {most} minor units"));
            }
            Ok(())
        });
        check_each(&self.countries, problems, |code, _| match code.as_str().as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(()),
            _ => Err("a country is two capital letters of ISO 3166-1, like DE".to_string()),
        });
        check_each(&self.languages, problems, |code, _| match Language::parse(code.as_str()) {
            Ok(language) if language.code() == code.as_str() => Ok(()),
            Ok(language) => Err(format!("a language is spelt {language}")),
            Err(error) => Err(error.to_string()),
        });
        check_each(&self.units, problems, |code, unit| {
            Unit::parse(code.as_str()).map_err(|error| error.to_string())?;
            if unit.decimals > 6 {
                return Err("decimals: must be 0 to 6".to_string());
            }
            Ok(())
        });
        check_each(&self.payment_terms, problems, |_, terms| check_terms(terms));
        check_each(&self.plant_assignments, problems, |_, assignment| {
            if assignment.plants.is_empty() { Err("plants: is empty".to_string()) } else { Ok(()) }
        });
    }

    fn make_index(&self, problems: &mut Diagnostics) -> Index {
        let mut index = Index::default();
        for (code, area) in self.sales_areas.iter() {
            let key = (area.sales_organisation, area.distribution_channel, area.division);
            if let Some(other) = index.sales_areas.insert(key, code) {
                report(&self.sales_areas, code, &same_as(other), problems);
            }
        }
        for (code, assignment) in self.plant_assignments.iter() {
            let key = (assignment.sales_organisation, assignment.distribution_channel);
            if let Some(other) = index.plants.insert(key, code) {
                report(&self.plant_assignments, code, &same_as(other), problems);
            }
        }
        for (code, point) in self.shipping_points.iter() {
            for plant in &point.plants {
                if let Some(other) = index.shipping_points.insert(*plant, code) {
                    let message = format!("plants: {plant} belongs to {other} already");
                    report(&self.shipping_points, code, &message, problems);
                }
            }
        }
        index
    }
}

fn same_as(other: Code) -> String {
    format!("is the same combination as {other}; remove one of them")
}

fn check_terms(terms: &PaymentTerms) -> Result<(), String> {
    match (terms.discount_days, terms.discount_percent) {
        (None, None) => Ok(()),
        (Some(days), Some(_)) if days > terms.days => {
            Err(format!("discount_days: must be at most days, {}", terms.days))
        }
        (Some(_), Some(percent))
            if percent <= Percentage::ZERO || percent.value() >= 100.into() =>
        {
            Err("discount_percent: must be more than 0 and less than 100".to_string())
        }
        (Some(_), Some(_)) => Ok(()),
        _ => Err("discount_days and discount_percent stand together or not at all".to_string()),
    }
}

fn check_each<T>(
    catalogue: &Catalogue<T>,
    problems: &mut Diagnostics,
    check: impl Fn(Code, &T) -> Result<(), String>,
) {
    for (code, entry) in catalogue.iter() {
        if let Err(message) = check(code, entry) {
            report(catalogue, code, &message, problems);
        }
    }
}

fn report<T>(catalogue: &Catalogue<T>, code: Code, message: &str, problems: &mut Diagnostics) {
    if let Some(origin) = catalogue.origin(code) {
        problems.report(origin, format!("{}.{code}: {message}", catalogue.name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CONFIG;

    fn with(text: &str) -> (OrganisationSettings, Diagnostics) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.toml"), text).unwrap();
        let mut problems = Diagnostics::default();
        let customizing = Customizing::load(&[CONFIG], Some(folder.path()), &mut problems);
        let settings = settings(&customizing, &mut problems);
        customizing.report_unknown(&mut problems);
        (settings, problems)
    }

    fn refused(text: &str, expected: &str) {
        let (_, problems) = with(text);
        let found = problems.to_string();
        assert!(found.contains(expected) && found.contains("own.toml:"), "{text}\n{found}");
    }

    #[test]
    fn the_shipped_organisation_fits_together() {
        let (settings, problems) = with("");
        assert_eq!(problems.to_string(), "");
        assert_eq!(settings.sales_areas.len(), 4);
        assert_eq!(settings.countries.len(), 249 + 2);
        assert_eq!(settings.incoterms.len(), 11);
        assert!(settings.countries.iter().all(|(_, c)| c.name.get(Language::ZH_HANS).is_some()));
    }

    #[test]
    fn a_reference_to_nothing_is_reported_with_what_is_allowed() {
        let text = "[plant.9]\nname = { en = \"X\" }\ncompany_code = \"77\"\ncountry = \"DE\"\n\
                    zone = \"UTC\"\n";
        refused(text, "plant.9.company_code: 77 is no company code; allowed are: 1000, 1100");
        let text = "[sales_area.X]\nsales_organisation = \"1000\"\ndistribution_channel = \"10\"\n\
                    division = \"99\"\n";
        refused(text, "sales_area.X.division: 99 is no division; allowed are: 00");
    }

    #[test]
    fn the_same_combination_twice_is_reported() {
        let text = "[sales_area.ZZ]\nsales_organisation = \"1000\"\n\
                    distribution_channel = \"10\"\ndivision = \"00\"\n";
        refused(text, "sales_area.ZZ: is the same combination as 1000-10-00");
        let text = "[shipping_point.Z]\nname = { en = \"Z\" }\nplants = [\"1000\"]\n";
        refused(text, "shipping_point.Z: plants: 1000 belongs to 1000 already");
    }

    #[test]
    fn values_out_of_their_bounds_are_reported() {
        refused("[country.Germany]\nname = { en = \"G\" }\n", "country.Germany: a country is two");
        refused("[country]\nde.name = { en = \"G\" }\n", "country.de: a country is two");
        refused("[language.EN]\nname = { en = \"E\" }\n", "language.EN: a language is spelt en");
        refused("[unit.kg]\nname = { en = \"kg\" }\ndecimals = 3\n", "is not a unit code");
        refused("[unit.KG]\nname = { en = \"kg\" }\ndecimals = 7\n", "decimals: must be 0 to 6");
        let discount = "[payment_terms.X]\nname = { en = \"X\" }\ndays = 10\n";
        refused(&format!("{discount}discount_days = 5\n"), "stand together or not at all");
        let both = format!("{discount}discount_days = 11\ndiscount_percent = \"2\"\n");
        refused(&both, "discount_days: must be at most days, 10");
        let all = format!("{discount}discount_days = 5\ndiscount_percent = \"100\"\n");
        refused(&all, "discount_percent: must be more than 0 and less than 100");
        refused("[installation.SECOND]\nname = \"X\"\nzone = \"UTC\"\nlanguage = \"en\"\n", "MAIN");
    }

    #[test]
    fn an_installation_without_its_entry_is_reported() {
        let (_, problems) = with("[installation.MAIN]\ndelete = true\n");
        assert!(problems.to_string().contains("installation.MAIN is missing"), "{problems}");
    }
}
