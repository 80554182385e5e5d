//! `cargo xtask test`: everything on a fresh machine.

use crate::command::{is_installed, run as execute};

/// Outside checkers of the ledger, by program and Debian package.
const CHECKERS: [(&str, &str); 2] = [("hledger", "hledger"), ("bean-check", "beancount")];

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if !arguments.iter().any(|argument| argument == "--fast") {
        install_checkers()?;
    }
    crate::tidy::run()?;
    execute("cargo", &["test", "--workspace", "--doc", "--quiet"])?;
    if is_installed("cargo-nextest") {
        run_nextest()
    } else {
        execute("cargo", &["test", "--workspace", "--lib", "--bins", "--tests"])
    }
}

fn run_nextest() -> Result<(), String> {
    execute("cargo", &["nextest", "run", "--workspace", "--no-fail-fast"])
}

/// Installs hledger and beancount where they lack and Debian's package manager is at hand;
/// elsewhere the tests that want them say aloud that they are skipped.
fn install_checkers() -> Result<(), String> {
    let lacking: Vec<&str> = CHECKERS
        .iter()
        .filter(|(program, _)| !is_installed(program))
        .map(|(_, package)| *package)
        .collect();
    if lacking.is_empty() || !is_installed("apt-get") {
        return Ok(());
    }
    execute("apt-get", &["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(lacking);
    execute("apt-get", &arguments)
}
