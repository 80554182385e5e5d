//! `cargo xtask faults`: the campaign of faults, as much of it as is wanted.

use crate::command::run_with;
use crate::simulate::value;

/// Carries the campaign out with an optimised program, in full unless a share is named.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let share = value(arguments, "--percent").unwrap_or("all");
    let seed = value(arguments, "--seed").unwrap_or("0");
    let only = value(arguments, "--only").unwrap_or("");
    let variables =
        [("TESSERA_FAULTS", share), ("TESSERA_FAULTS_SEED", seed), ("TESSERA_FAULTS_ONLY", only)];
    let test = ["test", "--profile", "simulation", "--package", "tessera", "--test", "faults"];
    run_with("cargo", &[&test[..], &["--", "--nocapture"]].concat(), &variables)
}
