//! `cargo xtask tidy`: what no compiler checks. Each finding names the file and the way out.

mod layers;
mod sizes;
mod words;

pub(crate) fn run() -> Result<(), String> {
    let crates = crate::graph::crates()?;
    let mut findings = layers::check(&crates);
    findings.extend(sizes::check(&crates)?);
    findings.extend(words::check()?);
    if let Err(stale) = crate::graph::run(&["--check".to_string()]) {
        findings.push(stale);
    }
    if findings.is_empty() {
        eprintln!("tidy: {} crates in order", crates.len());
        return Ok(());
    }
    Err(format!("tidy:\n  {}", findings.join("\n  ")))
}

/// Every file below the workspace that git knows, by path from the root.
fn files() -> Result<Vec<String>, String> {
    let text = crate::command::output("git", &["ls-files", "-co", "--exclude-standard"])?;
    Ok(text.lines().map(str::to_string).collect())
}
