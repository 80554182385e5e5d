//! The company: three houses, and the customizing that makes them.

use std::path::Path;

use tessera_kernel::{Code, Currency, Database};
use tessera_organisation::OrganisationSettings;

use crate::DemoError;

/// The customizing of the demo company.
const CUSTOMIZING: &str = include_str!("../config/demo.toml");

/// The file in the folder of customizing.
const FILE: &str = "demo.toml";

/// The name by which a demo company is known.
const NAME: &str = "Halyard Industrial Supply (demo)";

/// Writes the folder of customizing that goes with the database of the demo company.
///
/// # Errors
///
/// Where the folder can't be written.
pub fn write_customizing(folder: &Path) -> Result<(), DemoError> {
    let path = folder.join(FILE);
    let failed = |error| DemoError::File { path: path.clone(), error };
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(&path, CUSTOMIZING).map_err(failed)
}

/// Whether an open database is a demo company's.
pub fn is_demo(db: &Database) -> bool {
    let settings = &db.environment().settings;
    settings.get::<OrganisationSettings>().is_some_and(|found| found.installation.name == NAME)
}

/// One house: a company code with its sales organisation and plant, all of one code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct House {
    pub(crate) code: Code,
    pub(crate) country: &'static str,
    pub(crate) currency: Currency,
    /// What a price in euros is multiplied by, in percent, to be one of this house.
    pub(crate) price_level: i64,
    pub(crate) storage_location: &'static str,
    /// Who sells and who ships.
    pub(crate) clerks: [&'static str; 3],
}

/// The houses, the largest first.
pub(crate) const HOUSES: [House; 3] = [
    House {
        code: Code::literal("1000"),
        country: "DE",
        currency: Currency::EUR,
        price_level: 100,
        storage_location: "1000-0001",
        clerks: ["anna.weber", "jonas.krueger", "mira.hoffmann"],
    },
    House {
        code: Code::literal("1100"),
        country: "GB",
        currency: Currency::GBP,
        price_level: 88,
        storage_location: "1100-0001",
        clerks: ["oliver.shaw", "grace.patel", "harry.dunn"],
    },
    House {
        code: Code::literal("1200"),
        country: "US",
        currency: Currency::USD,
        price_level: 112,
        storage_location: "1200-0001",
        clerks: ["emily.carter", "marcus.reed", "sofia.lopez"],
    },
];
