//! `cargo xtask simulate`: seeds of the simulation, as many as time allows.

use crate::command::run_with;

/// Seeds of an ordinary run.
const SEEDS: &str = "5000";

/// Plays seeds with an optimised program.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let seeds = value(arguments, "--seeds").unwrap_or(SEEDS);
    let from = value(arguments, "--from").unwrap_or("0");
    let variables = [("TESSERA_SIMULATION_SEEDS", seeds), ("TESSERA_SIMULATION_FROM", from)];
    let test = ["test", "--profile", "simulation", "--package", "tessera-scenarios"];
    let only = ["--test", "scenarios", "--", "simulation::seeds", "--nocapture"];
    run_with("cargo", &[&test[..], &only].concat(), &variables)
}

/// What stands behind an option.
pub(crate) fn value<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1).map(String::as_str)
}
