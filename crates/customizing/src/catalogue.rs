//! Catalogues: typed entries by code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use tessera_kernel::{Catalogues, Code};
use toml::de::ValueDeserializer;

use crate::files::{Entries, line_of, listed, read_folder, read_text};
use crate::{Diagnostics, Origin, Shipped};

/// Every entry of an installation: shipped ones with its own laid over them.
#[derive(Debug)]
pub struct Customizing {
    entries: Entries,
    read: Mutex<BTreeSet<String>>,
}

impl Customizing {
    /// Reads the shipped files, then the folder of the installation, if there is one.
    pub fn load(shipped: &[&[Shipped]], folder: Option<&Path>, problems: &mut Diagnostics) -> Self {
        let mut entries = Entries::new();
        for file in shipped.iter().copied().flatten() {
            read_text(&format!("shipped:{}", file.file), file.text, &mut entries, problems);
        }
        if let Some(folder) = folder {
            read_folder(folder, &mut entries, problems);
        }
        Self { entries, read: Mutex::default() }
    }

    /// The entries of one catalogue; what can't be read as `T` is reported and left out.
    pub fn catalogue<T: DeserializeOwned>(
        &self,
        name: &'static str,
        problems: &mut Diagnostics,
    ) -> Catalogue<T> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_string());
        let mut entries = BTreeMap::new();
        for (code, raw) in self.entries.get(name).into_iter().flatten() {
            match T::deserialize(ValueDeserializer::from(raw.value.clone())) {
                Ok(value) => {
                    entries.insert(*code, Entry { origin: raw.origin.clone(), value });
                }
                Err(error) => {
                    let line =
                        error.span().map_or(raw.origin.line, |span| line_of(raw.text, span.start));
                    let origin = Origin { line, ..raw.origin.clone() };
                    problems.report(&origin, format!("{name}.{code}: {}", error.message()));
                }
            }
        }
        Catalogue { name, entries }
    }

    /// Reports catalogues that no module has read: most often a name that is spelt wrong.
    pub fn report_unknown(&self, problems: &mut Diagnostics) {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let known: Vec<&str> = read.iter().map(String::as_str).collect();
        for (catalogue, entries) in &self.entries {
            if read.contains(catalogue) {
                continue;
            }
            if let Some(entry) = entries.values().next() {
                let known = known.join(", ");
                let message = format!("there is no catalogue `{catalogue}`; there are: {known}");
                problems.report(&entry.origin, message);
            }
        }
    }

    /// The codes of every catalogue, for the check of input.
    pub fn codes(&self) -> Catalogues {
        let mut catalogues = Catalogues::default();
        for (name, entries) in &self.entries {
            catalogues.insert(name, entries.keys().copied());
        }
        catalogues
    }
}

#[derive(Clone, Debug)]
struct Entry<T> {
    origin: Origin,
    value: T,
}

/// Typed entries by code.
#[derive(Clone, Debug)]
pub struct Catalogue<T> {
    name: &'static str,
    entries: BTreeMap<Code, Entry<T>>,
}

impl<T> Catalogue<T> {
    /// Name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// An entry.
    pub fn get(&self, code: Code) -> Option<&T> {
        self.entries.get(&code).map(|entry| &entry.value)
    }

    /// An entry, or a sentence that names the allowed codes.
    pub fn require(&self, code: Code) -> Result<&T, String> {
        self.get(code).ok_or_else(|| {
            let name = self.name.replace('_', " ");
            if self.entries.is_empty() {
                return format!("{code} is no {name}: customizing has none");
            }
            format!("{code} is no {name}; allowed are: {}", listed(self.entries.keys()))
        })
    }

    /// Entries in order of code.
    pub fn iter(&self) -> impl Iterator<Item = (Code, &T)> {
        self.entries.iter().map(|(code, entry)| (*code, &entry.value))
    }

    /// Codes in order.
    pub fn codes(&self) -> impl Iterator<Item = Code> + '_ {
        self.entries.keys().copied()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where an entry stands.
    pub fn origin(&self, code: Code) -> Option<&Origin> {
        self.entries.get(&code).map(|entry| &entry.origin)
    }

    /// Reports entries of this catalogue whose `field` names a code that `target` lacks.
    pub fn check_references<U>(
        &self,
        field: &str,
        target: &Catalogue<U>,
        codes: impl Fn(&T) -> Vec<Code>,
        problems: &mut Diagnostics,
    ) {
        for (own, entry) in &self.entries {
            for code in codes(&entry.value) {
                if let Err(message) = target.require(code) {
                    let message = format!("{}.{own}.{field}: {message}", self.name);
                    problems.report(&entry.origin, message);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Terms {
        days: i64,
    }

    const FILE: Shipped =
        Shipped { file: "terms.toml", text: "[terms.N30]\ndays = 30\n\n[terms.N60]\ndays = 60\n" };

    fn load(folder: Option<&Path>) -> (Customizing, Diagnostics) {
        let mut problems = Diagnostics::default();
        let customizing = Customizing::load(&[&[FILE]], folder, &mut problems);
        (customizing, problems)
    }

    #[test]
    fn an_installation_replaces_adds_and_deletes_entries() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[terms.N30]\ndays = 31\n[terms.N90]\ndays = 90\n[terms.N60]\ndelete = true\n";
        std::fs::write(folder.path().join("own.toml"), text).unwrap();
        let (customizing, mut problems) = load(Some(folder.path()));
        let terms: Catalogue<Terms> = customizing.catalogue("terms", &mut problems);
        assert_eq!(problems, Diagnostics::default());
        let days: Vec<i64> = terms.iter().map(|(_, entry)| entry.days).collect();
        assert_eq!(days, [31, 90]);
    }

    #[test]
    fn a_deletion_that_hits_nothing_is_reported_with_what_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[terms.N3O]\ndelete = true\n[term.N30]\ndelete = true\n";
        std::fs::write(folder.path().join("own.toml"), text).unwrap();
        let problems = load(Some(folder.path())).1.to_string();
        let expected = "own.toml:1: there is no terms.N3O to delete; there are: N30, N60";
        assert!(problems.contains(expected), "{problems}");
        let expected = "own.toml:3: there is no catalogue `term`; there are: terms";
        assert!(problems.contains(expected), "{problems}");
    }

    #[test]
    fn a_code_of_a_catalogue_without_entries_is_refused_without_an_empty_list() {
        let (customizing, mut problems) = load(None);
        let banks: Catalogue<Terms> = customizing.catalogue("house_bank", &mut problems);
        let message = banks.require(Code::literal("B1")).unwrap_err();
        assert_eq!(message, "B1 is no house bank: customizing has none");
    }

    #[test]
    fn a_list_of_codes_that_is_cut_off_says_so() {
        let code = |number: usize| Code::parse(&format!("C{number:02}")).unwrap();
        let codes: Vec<Code> = (0..30).map(code).collect();
        assert!(listed(codes[..20].iter()).ends_with("C18, C19"));
        assert!(listed(codes.iter()).ends_with("C18, C19, …"));
    }

    #[test]
    fn a_wrong_field_is_reported_with_file_line_and_what_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[terms.X]\n\ndays = 1\ndayz = 2\n";
        std::fs::write(folder.path().join("own.toml"), text).unwrap();
        let (customizing, mut problems) = load(Some(folder.path()));
        let _: Catalogue<Terms> = customizing.catalogue("terms", &mut problems);
        let message = problems.to_string();
        assert!(message.contains("own.toml:4") && message.contains("expected `days`"), "{message}");
    }

    #[test]
    fn a_syntax_error_is_reported_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.toml"), "[terms.X]\ndays = \n").unwrap();
        let (_, problems) = load(Some(folder.path()));
        assert!(problems.to_string().contains("own.toml:2"), "{problems}");
    }

    #[test]
    fn a_misspelt_catalogue_is_reported_with_the_known_ones() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.toml"), "[term.X]\ndays = 1\n").unwrap();
        let (customizing, mut problems) = load(Some(folder.path()));
        let _: Catalogue<Terms> = customizing.catalogue("terms", &mut problems);
        customizing.report_unknown(&mut problems);
        assert!(problems.to_string().contains("no catalogue `term`; there are: terms"));
    }
}
