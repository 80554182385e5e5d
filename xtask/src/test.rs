//! `cargo xtask test`: everything on a fresh machine.

use std::path::Path;

use crate::command::{is_installed, run as execute, run_with};
use crate::postgres;

/// Outside checkers of the ledger, by program and Debian package.
const CHECKERS: [(&str, &str); 2] = [("hledger", "hledger"), ("bean-check", "beancount")];
/// Debian's package with the server that the tests start.
const SERVER: &str = "postgresql-15";

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if !arguments.iter().any(|argument| argument == "--fast") {
        install()?;
    }
    crate::tidy::run()?;
    execute("cargo", &["test", "--workspace", "--doc", "--quiet"])?;
    if std::env::var_os(postgres::VARIABLE).is_some() {
        return run_tests(&[]);
    }
    // Where there is no server, the tests that want one say aloud that they are skipped.
    let Some(programs) = postgres::programs() else { return run_tests(&[]) };
    let server = postgres::Server::start(programs)?;
    run_tests(&[(postgres::VARIABLE, &server.url)])
}

fn run_tests(variables: &[(&str, &str)]) -> Result<(), String> {
    if is_installed("cargo-nextest") {
        run_with("cargo", &["nextest", "run", "--workspace", "--no-fail-fast"], variables)
    } else {
        run_with("cargo", &["test", "--workspace", "--lib", "--bins", "--tests"], variables)
    }
}

/// Installs what the tests use where it lacks and Debian's package manager is at hand; elsewhere
/// the tests that want it say aloud that they are skipped.
fn install() -> Result<(), String> {
    let lacking = CHECKERS.iter().filter(|(program, _)| !is_installed(program));
    let mut lacking: Vec<&str> = lacking.map(|(_, package)| *package).collect();
    if postgres::programs().is_none() {
        lacking.push(SERVER);
    }
    if lacking.is_empty() || !Path::new("/usr/bin/apt-get").exists() {
        return Ok(());
    }
    execute("apt-get", &["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(lacking);
    execute("apt-get", &arguments)
}
