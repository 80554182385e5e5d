//! Modules and customizing put together, without a database.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use tessera_customizing::{Catalogue, Customizing, Diagnostics, Origin, Shipped};
use tessera_kernel::{Catalogues, Code, Homes, NumberRange, Numbering, Registry, Settings};
use tessera_organisation::OrganisationSettings;

use crate::history;
use crate::modules::MODULES;

/// What an environment is made of, but for clock, ids and database.
pub struct Composition {
    /// The modules.
    pub registry: Registry,
    /// Their settings.
    pub settings: Settings,
    /// Which places of the organisation live together.
    pub homes: Homes,
    /// The codes of customizing.
    pub catalogues: Catalogues,
    /// The number ranges.
    pub numbering: Numbering,
}

/// An entry of the catalogue `number_range`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberRangeEntry {
    /// Text before the digits; `{series}` stands for the series.
    prefix: String,
    /// First number.
    from: i64,
    /// Last number.
    to: i64,
    /// Digits, filled with zeroes.
    width: usize,
    /// Numbers reserved at a time; 1 for a range without gaps.
    block: i64,
}

/// Reads the shipped customizing of every module and the folder of the installation over it.
///
/// # Errors
///
/// Everything that is wrong with customizing, at once.
pub fn compose(folder: Option<&Path>) -> Result<Composition, Diagnostics> {
    let mut problems = Diagnostics::default();
    let shipped: Vec<&[Shipped]> = MODULES.iter().map(|source| source.config).collect();
    let customizing = Customizing::load(&shipped, folder, &mut problems);
    let mut settings = Settings::default();
    for source in MODULES {
        (source.settings)(&customizing, &mut problems, &mut settings);
    }
    let registry = Registry::new(MODULES.iter().map(|source| (source.module)()).collect());
    let numbering = numbering(&customizing, &registry, &mut problems);
    history::check(&customizing, &registry, &mut problems);
    customizing.report_unknown(&mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let homes = homes(&settings);
    Ok(Composition { registry, settings, homes, catalogues: customizing.codes(), numbering })
}

/// A plant lives with its company code, whose books say what its stock is worth; a sales organisation sells for it.
fn homes(settings: &Settings) -> Homes {
    let mut homes = Homes::default();
    if let Some(organisation) = settings.get::<OrganisationSettings>() {
        for (code, plant) in organisation.plants.iter() {
            homes.join(("plant", code.as_str()), ("company_code", plant.company_code.as_str()));
        }
        for (code, seller) in organisation.sales_organisations.iter() {
            let company = seller.company_code.as_str();
            homes.join(("sales_organisation", code.as_str()), ("company_code", company));
        }
    }
    homes
}

fn numbering(
    customizing: &Customizing,
    registry: &Registry,
    problems: &mut Diagnostics,
) -> Numbering {
    let catalogue = customizing.catalogue::<NumberRangeEntry>("number_range", problems);
    let ranges_of = |catalogues: &mut dyn Iterator<Item = &'static str>| -> BTreeMap<_, _> {
        catalogues.flat_map(|name| ranges_in(customizing, name)).collect()
    };
    let legal = ranges_of(&mut registry.legal_numbers());
    let mut ranges = Vec::with_capacity(catalogue.len());
    for (code, entry) in catalogue.iter() {
        let mut report = |message: &str| {
            if let Some(origin) = catalogue.origin(code) {
                problems.report(origin, format!("number_range.{code}: {message}"));
            }
        };
        if entry.from < 0 || entry.from > entry.to {
            report("`from` must not be negative and not be more than `to`");
        }
        if entry.width > 18 {
            report("`width` must be at most 18");
        }
        if !(1..=1_000_000).contains(&entry.block) {
            report("`block` must be 1 (no gaps) to 1,000,000");
        }
        if let Some(user) = legal.get(&code) {
            if entry.block != 1 {
                report(&format!("`block` must be 1: {user} takes legal numbers, without gaps"));
            }
            if !entry.prefix.contains("{series}") {
                report(&format!(
                    "`prefix` must contain {{series}}: {user} takes legal numbers, and those of \
                     two companies or years would be the same"
                ));
            }
        }
        ranges.push(NumberRange {
            name: code.to_string(),
            prefix: entry.prefix.clone(),
            from: entry.from,
            to: entry.to,
            width: entry.width,
            block: entry.block,
        });
    }
    for name in registry.numbers() {
        check_apart(&ranges, &ranges_in(customizing, name), &catalogue, problems);
    }
    if let Err(message) = registry.check_numbering(ranges.iter()) {
        let origin = Origin { file: "number_range".into(), line: 1 };
        problems.report(&origin, message);
    }
    Numbering::new(ranges)
}

/// An entry that may name a range of numbers; its other fields are its module's affair.
#[derive(Deserialize)]
struct Numbered {
    #[serde(default)]
    number_range: Option<Code>,
}

/// The ranges that the entries of a catalogue name, each with one of those.
fn ranges_in(customizing: &Customizing, name: &'static str) -> BTreeMap<Code, String> {
    // What is wrong with an entry its own module reports.
    let mut elsewhere = Diagnostics::default();
    let entries = customizing.catalogue::<Numbered>(name, &mut elsewhere);
    let range =
        |(code, entry): (Code, &Numbered)| Some((entry.number_range?, format!("{name}.{code}")));
    entries.iter().filter_map(range).collect()
}

/// Reports two ranges that number documents of one type and have a number in common: one day the second document
/// with it would be refused.
fn check_apart(
    ranges: &[NumberRange],
    used: &BTreeMap<Code, String>,
    catalogue: &Catalogue<NumberRangeEntry>,
    problems: &mut Diagnostics,
) {
    let used: Vec<(Code, &NumberRange)> = used
        .keys()
        .filter_map(|code| Some((*code, ranges.iter().find(|range| range.name == code.as_str())?)))
        .collect();
    for (at, (code, range)) in used.iter().enumerate() {
        let Some((other, _)) = used[..at].iter().find(|(_, other)| range.overlaps(other)) else {
            continue;
        };
        if let Some(origin) = catalogue.origin(*code) {
            let message = "number documents of one type, and some numbers are in both";
            problems.report(origin, format!("number_range.{code}: it and {other} {message}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn composition() -> Composition {
        compose(None).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[test]
    fn the_shipped_customizing_is_complete_and_has_no_finding() {
        composition();
    }

    #[test]
    fn objects_actions_tables_and_subscribers_have_names_of_their_own() {
        let registry = composition().registry;
        let mut names = BTreeSet::new();
        let mut check = |kind: &str, name: &str| {
            assert!(names.insert(format!("{kind} {name}")), "there are two {kind}s called {name}");
        };
        registry.modules().iter().for_each(|module| check("module", module.name));
        registry.objects().for_each(|entry| check("object", (entry.def)().name));
        registry.subscribers().for_each(|subscriber| check("subscriber", subscriber.name));
        registry.checks().for_each(|found| check("check", found.name));
        for action in registry.actions() {
            check("action", &format!("{}.{}", action.object, action.name));
            assert!(
                registry.object(action.object).is_some(),
                "{}.{} belongs to no object",
                action.object,
                action.name
            );
        }
    }

    #[test]
    fn every_catalogue_that_a_field_names_is_defined() {
        let composition = composition();
        let known: BTreeSet<&str> = composition.catalogues.iter().map(|(name, _)| name).collect();
        let objects = composition.registry.objects().map(|entry| (entry.def)().composite);
        let inputs = composition.registry.actions().map(|action| (action.input)());
        for part in objects.chain(inputs).flat_map(|definition| &definition.parts) {
            for field in part.fields {
                if let tessera_kernel::FieldType::Code { catalogue } = field.kind {
                    let fits = catalogue.is_empty() || known.contains(catalogue);
                    assert!(fits, "{}.{} names no catalogue: {catalogue}", part.name, field.name);
                }
            }
        }
    }

    #[test]
    fn a_wrong_number_range_is_reported_with_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "\n[number_range.product]\nprefix = \"\"\nfrom = 9\nto = 1\nwidth = 1\nblock = 1\n";
        std::fs::write(folder.path().join("own.toml"), text).unwrap();
        let problems = compose(Some(folder.path())).err().unwrap().to_string();
        assert!(problems.contains("own.toml:2: number_range.product"), "{problems}");
    }

    #[test]
    fn legal_numbers_have_a_series_and_no_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let range = "prefix = \"\"\nfrom = 1\nto = 9\nwidth = 1\nblock = 100\n";
        let text = format!("[number_range.invoice]\n{range}[number_range.journal_entry]\n{range}");
        std::fs::write(folder.path().join("own.toml"), text).unwrap();
        let problems = compose(Some(folder.path())).err().unwrap().to_string();
        for expected in [
            "own.toml:1: number_range.invoice: `block` must be 1",
            "own.toml:1: number_range.invoice: `prefix` must contain {series}",
            "own.toml:7: number_range.journal_entry: `block`",
            "own.toml:7: number_range.journal_entry: `prefix`",
        ] {
            assert!(problems.contains(expected), "{problems}");
        }
    }

    #[test]
    fn ranges_of_documents_of_one_type_have_no_number_in_common() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[number_range.returns_delivery]\nprefix = \"8\"\nfrom = 300000000\nto = 300000001\n\
            width = 9\nblock = 100\n";
        std::fs::write(folder.path().join("own.toml"), text).unwrap();
        let problems = compose(Some(folder.path())).err().unwrap().to_string();
        let expected =
            "own.toml:1: number_range.returns_delivery: it and delivery number documents";
        assert!(problems.contains(expected), "{problems}");
    }

    #[test]
    fn a_missing_number_range_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), "[number_range.product]\ndelete = true\n")
            .unwrap();
        let problems = compose(Some(folder.path())).err().unwrap().to_string();
        assert!(problems.contains("`product` is not defined"), "{problems}");
    }
}
