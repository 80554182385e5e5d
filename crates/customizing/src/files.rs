//! The files of customizing: shipped inside the program, and in the folder of an installation.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tessera_kernel::Code;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Diagnostics, Origin};

/// A file inside the program: name and text.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Name, like `pricing.toml`.
    pub file: &'static str,
    /// Text.
    pub text: &'static str,
}

/// One entry as it stands in a file.
#[derive(Clone, Debug)]
pub(crate) struct RawEntry {
    pub(crate) origin: Origin,
    pub(crate) value: Spanned<DeValue<'static>>,
    /// The file's text, to turn positions into lines.
    pub(crate) text: &'static str,
}

/// Entries by catalogue and code.
pub(crate) type Entries = BTreeMap<String, BTreeMap<Code, RawEntry>>;

pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Reads every `.toml` file of a folder, in order of name, over what is there.
pub(crate) fn read_folder(folder: &Path, entries: &mut Entries, problems: &mut Diagnostics) {
    let at = |path: &Path| Origin { file: path.display().to_string().into(), line: 1 };
    let listing = match std::fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) => {
            problems.report(&at(folder), format!("the folder can't be read: {error}"));
            return;
        }
    };
    let mut paths: Vec<_> = listing.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    for path in paths {
        match std::fs::read_to_string(&path) {
            // Customizing lives as long as the program: its texts are read once and kept.
            Ok(text) => {
                read_text(&path.display().to_string(), text.leak(), entries, problems);
            }
            Err(error) => problems.report(&at(&path), format!("can't be read: {error}")),
        }
    }
}

/// Reads one file over what is there.
pub(crate) fn read_text(
    file: &str,
    text: &'static str,
    entries: &mut Entries,
    problems: &mut Diagnostics,
) {
    let file: Arc<str> = file.into();
    let origin = |offset| Origin { file: file.clone(), line: line_of(text, offset) };
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            problems.report(&origin(offset), error.message());
            return;
        }
    };
    for (catalogue, codes) in &document {
        let Some(codes) = codes.get_ref().as_table() else {
            let hint = format!("`{}` must be a catalogue of entries", catalogue.get_ref());
            problems.report(&origin(catalogue.span().start), format!("{hint}: [catalogue.CODE]"));
            continue;
        };
        for (code, value) in codes {
            let origin = origin(code.span().start);
            match Code::parse(code.get_ref()) {
                Err(error) => problems.report(&origin, error.to_string()),
                Ok(_) if !value.get_ref().is_table() => {
                    problems.report(&origin, format!("`{}` must be a table", code.get_ref()));
                }
                Ok(code) => {
                    let entry = RawEntry { origin, value: value.clone(), text };
                    put(entries, catalogue.get_ref(), code, entry, problems);
                }
            }
        }
    }
}

fn put(
    entries: &mut Entries,
    catalogue: &str,
    code: Code,
    entry: RawEntry,
    problems: &mut Diagnostics,
) {
    let deletes = entry
        .value
        .get_ref()
        .as_table()
        .and_then(|table| table.get("delete"))
        .and_then(|value| value.get_ref().as_bool())
        .unwrap_or(false);
    if !deletes {
        entries.entry(catalogue.to_string()).or_default().insert(code, entry);
    } else if let Some(codes) = entries.get_mut(catalogue) {
        if codes.remove(&code).is_none() {
            let there = listed(codes.keys());
            let message = format!("there is no {catalogue}.{code} to delete; there are: {there}");
            problems.report(&entry.origin, message);
        }
    } else {
        let known: Vec<&str> = entries.keys().map(String::as_str).collect();
        let known = known.join(", ");
        let message = format!("there is no catalogue `{catalogue}`; there are: {known}");
        problems.report(&entry.origin, message);
    }
}

/// Codes that a message names.
const MOST_CODES: usize = 20;

/// Codes for a message; where there are many, that there are more is told.
pub(crate) fn listed<'c>(codes: impl Iterator<Item = &'c Code>) -> String {
    let mut names: Vec<&str> = codes.take(MOST_CODES + 1).map(Code::as_str).collect();
    if names.len() > MOST_CODES {
        names[MOST_CODES] = "…";
    }
    names.join(", ")
}
