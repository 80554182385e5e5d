//! Files stay small. Function length is clippy's (`too-many-lines-threshold` in clippy.toml).

use std::collections::BTreeMap;

use crate::command::root;
use crate::graph::Crate;

/// Lines that a file may have; tests count.
const LIMIT: usize = 600;

pub(super) fn check(_crates: &BTreeMap<String, Crate>) -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    for path in super::files()? {
        if !path.ends_with(".rs") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        let lines = text.lines().count();
        if lines > LIMIT {
            findings.push(format!("{path} has {lines} lines: split it by subject (limit {LIMIT})"));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        // What test binaries share has to be called `mod.rs`: Cargo takes other files for tests.
        let shared_by_tests = name == "mod.rs" && path.contains("/tests/");
        let nameless =
            matches!(name, "utils.rs" | "helpers.rs" | "common.rs" | "manager.rs" | "mod.rs");
        if nameless && !shared_by_tests {
            findings.push(format!("{path}: name the file after its subject"));
        }
    }
    Ok(findings)
}
