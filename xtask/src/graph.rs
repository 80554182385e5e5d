//! The crates of the workspace, their tiers and their arrows: read from `cargo metadata`, drawn
//! into ARCHITECTURE.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::command::{output, root};

/// Tiers from the ground up; an arrow never points to a higher one.
pub(crate) const TIERS: [&str; 8] =
    ["kernel", "store", "service", "module", "composition", "surface", "program", "tool"];

/// One crate.
pub(crate) struct Crate {
    pub(crate) tier: String,
    pub(crate) owner: String,
    pub(crate) help: String,
    pub(crate) folder: String,
    /// Crates of the workspace that it depends on, not counting tests.
    pub(crate) arrows: Vec<String>,
}

/// Every crate of the workspace by short name.
pub(crate) fn crates() -> Result<BTreeMap<String, Crate>, String> {
    let text = output("cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let mut crates = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let name = text(&package["name"]);
        let tessera = &package["metadata"]["tessera"];
        let arrows = package["dependencies"].as_array().into_iter().flatten().filter_map(|arrow| {
            let name = arrow["name"].as_str()?;
            let inside = arrow["path"].is_string() && arrow["kind"].is_null();
            inside.then(|| short(name))
        });
        let manifest = text(&package["manifest_path"]);
        let folder = manifest.trim_end_matches("/Cargo.toml").to_string();
        let entry = Crate {
            tier: text(&tessera["tier"]),
            owner: text(&tessera["owner"]),
            help: text(&package["description"]),
            folder,
            arrows: arrows.collect(),
        };
        crates.insert(short(&name), entry);
    }
    Ok(crates)
}

fn short(name: &str) -> String {
    name.strip_prefix("tessera-").unwrap_or(name).to_string()
}

const BEGIN: &str = "<!-- graph: made by `cargo xtask graph` -->";
const END: &str = "<!-- /graph -->";

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let path = root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{error}"))?;
    let (before, rest) = text.split_once(BEGIN).ok_or("ARCHITECTURE.md has no graph")?;
    let (_, after) = rest.split_once(END).ok_or("ARCHITECTURE.md has no end of the graph")?;
    let fresh = format!("{before}{BEGIN}\n{}{END}{after}", table(&crates()?));
    if fresh == text {
        return Ok(());
    }
    if arguments.iter().any(|argument| argument == "--check") {
        return Err("the graph in ARCHITECTURE.md is stale: run `cargo xtask graph`".into());
    }
    std::fs::write(&path, fresh).map_err(|error| error.to_string())
}

fn table(crates: &BTreeMap<String, Crate>) -> String {
    let mut text = String::from("| Tier | Crate | Owner | What it is for | Stands on |\n");
    text.push_str("|---|---|---|---|---|\n");
    for tier in TIERS {
        for (name, entry) in crates.iter().filter(|(_, entry)| entry.tier == tier) {
            let arrows =
                if entry.arrows.is_empty() { "–".into() } else { entry.arrows.join(", ") };
            let help = entry.help.trim_end_matches('.');
            let _ = writeln!(text, "| {tier} | `{name}` | {} | {help} | {arrows} |", entry.owner);
        }
    }
    text
}
