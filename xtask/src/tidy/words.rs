//! Words that have no place in the tree: notes to self, floats in business data.

use crate::command::root;

/// Words with what to do instead. They are put together here so that this file is in order.
fn banned() -> Vec<(String, &'static str)> {
    vec![
        (["TO", "DO"].concat(), "open an issue instead"),
        (["FIX", "ME"].concat(), "open an issue instead"),
        (["todo", "!("].concat(), "write the code"),
    ]
}

/// Crates in which no float may stand: all that touch business data.
const EXACT: [&str; 13] = [
    "kernel",
    "pricing",
    "finance",
    "stock",
    "credit",
    "sales",
    "delivery",
    "billing",
    "document",
    "partner",
    "product",
    "organisation",
    "store-sqlite",
];

pub(super) fn check() -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    let banned = banned();
    for path in super::files()? {
        if !path.ends_with(".rs") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        let exact = EXACT.iter().any(|name| path.starts_with(&format!("crates/{name}/src/")));
        for (number, line) in (1..).zip(text.lines()) {
            for (word, instead) in &banned {
                if line.contains(word.as_str()) {
                    findings.push(format!("{path}:{number}: `{word}`: {instead}"));
                }
            }
            let code = line.split("//").next().unwrap_or_default();
            if exact && (code.contains("f64") || code.contains("f32")) {
                findings.push(format!("{path}:{number}: a float has no place in business data"));
            }
        }
    }
    Ok(findings)
}
