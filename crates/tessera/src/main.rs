#![doc = include_str!("../README.md")]

mod commands;
mod database;
mod error;
mod logging;
mod nats;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    logging::start();
    match commands::run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tessera: {error}");
            ExitCode::FAILURE
        }
    }
}
