//! Every crate names its tier and owner, and depends downward only.

use std::collections::BTreeMap;

use crate::graph::{Crate, TIERS};

pub(super) fn check(crates: &BTreeMap<String, Crate>) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, entry) in crates {
        let Some(rank) = rank(&entry.tier) else {
            findings.push(format!(
                "{name}: [package.metadata.tessera] tier must be one of {}",
                TIERS.join(", ")
            ));
            continue;
        };
        if entry.owner.is_empty() {
            findings.push(format!("{name}: [package.metadata.tessera] owner is missing"));
        }
        for arrow in &entry.arrows {
            let Some(below) = crates.get(arrow).and_then(|target| self::rank(&target.tier)) else {
                continue;
            };
            if below > rank {
                findings.push(format!("{name} ({}) must not depend on {arrow}", entry.tier));
            }
        }
        let readme = std::path::Path::new(&entry.folder).join("README.md");
        if entry.tier != "tool" && !readme.exists() {
            findings.push(format!("{name}: README.md is missing"));
        }
    }
    findings
}

fn rank(tier: &str) -> Option<usize> {
    TIERS.iter().position(|known| *known == tier)
}
