//! `cargo xtask …`: what people and continuous integration run. No shell scripts.

mod command;
mod demo;
mod faults;
mod graph;
mod postgres;
mod simulate;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  demo [--listen ADDR] [--no-serve]   builds the server, makes the demo company, serves it
  test [--fast]                       installs what the tests need and runs all of them
  simulate [--seeds N] [--from S]      plays N seeds of the simulation from S on, all night if need be
  faults [--percent N] [--seed S] [--only KIND]
                                      lets faults strike servers at work, all of the campaign or a share
  tidy                                checks layers, file and function sizes, documents
  graph [--check]                     draws the crates into ARCHITECTURE.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match task {
        "demo" => demo::run(rest),
        "test" => test::run(rest),
        "simulate" => simulate::run(rest),
        "faults" => faults::run(rest),
        "tidy" => tidy::run(),
        "graph" => graph::run(rest),
        _ => Err(USAGE.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
