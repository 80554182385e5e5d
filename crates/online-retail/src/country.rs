//! Countries by the names that the file gives them.

use hashbrown::HashMap;
use tessera_kernel::{Code, Language};
use tessera_organisation::OrganisationSettings;

/// Names of the file that are not the English names of customizing, with the codes of ISO 3166-1:
/// `JE` stands for the Channel Islands, of which it is the largest; `EU` and `ZZ` are reserved
/// for the European Union and for the unknown.
const OTHER_NAMES: [(&str, &str); 8] = [
    ("Channel Islands", "JE"),
    ("Czech Republic", "CZ"),
    ("EIRE", "IE"),
    ("European Community", "EU"),
    ("Korea", "KR"),
    ("RSA", "ZA"),
    ("USA", "US"),
    ("Unspecified", "ZZ"),
];

/// Country codes by name.
pub(crate) struct Countries(HashMap<String, Code>);

impl Countries {
    /// The countries of customizing by their English names, and those that the file calls
    /// otherwise.
    pub(crate) fn new(organisation: &OrganisationSettings) -> Self {
        let countries = &organisation.countries;
        let known = countries.iter().filter_map(|(code, country)| {
            country.name.get(Language::EN).map(|name| (name.to_string(), code))
        });
        let other = OTHER_NAMES.iter().filter_map(|(name, code)| {
            let code = Code::parse(code).ok().filter(|code| countries.get(*code).is_some())?;
            Some(((*name).to_string(), code))
        });
        Self(known.chain(other).collect())
    }

    /// The code of a country.
    pub(crate) fn code(&self, name: &str) -> Result<Code, String> {
        let shown = || name.chars().filter(|sign| !sign.is_control()).take(40).collect::<String>();
        let code = self.0.get(name).copied();
        code.ok_or_else(|| format!("Country `{}` is not known", shown()))
    }
}
