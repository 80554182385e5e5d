//! The commands, one a file.

mod backup;
mod bench;
mod cluster;
mod config;
mod copy;
mod demo;
mod doctor;
mod explain;
mod export;
mod import;
mod restore;
mod role;
mod serve;
mod user;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::CommandError;

/// CRM and sales & distribution in one program.
#[derive(Debug, Parser)]
#[command(name = "tessera", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves API and page.
    Serve(serve::Serve),
    /// Compares every aggregate with the documents beneath it.
    Verify(verify::Verify),
    /// Writes a consistent copy of the database to a file, also while a server runs.
    Backup(backup::Backup),
    /// Makes a database from a backup or an archive, where there is none.
    Restore(restore::Restore),
    /// Copies an installation to another engine, or back.
    Copy(copy::Copy),
    /// Spreads the tables over a cluster of PostgreSQL servers.
    Cluster(cluster::Cluster),
    /// Manages users; in a database file only while no server runs.
    User(user::UserCommand),
    /// Writes roles to files, and reads them.
    Role(role::RoleCommand),
    /// Customizing.
    Config(config::Config),
    /// Looks for what is wrong or soon will be, and says what to do.
    Doctor(doctor::Doctor),
    /// Imports a file.
    Import(import::Import),
    /// Exports for other programs.
    Export(export::Export),
    /// Measures this machine with a workload.
    Bench(bench::Bench),
    /// Makes a demo company with two years of documents.
    Demo(demo::Demo),
    /// Tells what a verb demands and does, rule by rule.
    Explain(explain::Explain),
}

/// Runs a command.
pub(crate) fn run(command: Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Serve(command) => serve::run(&command),
        Command::Verify(command) => verify::run(&command),
        Command::Backup(command) => backup::run(&command),
        Command::Restore(command) => restore::run(&command),
        Command::Copy(command) => copy::run(&command),
        Command::Cluster(command) => cluster::run(&command),
        Command::User(command) => user::run(&command),
        Command::Role(command) => role::run(&command),
        Command::Config(command) => config::run(&command),
        Command::Doctor(command) => doctor::run(&command),
        Command::Import(command) => import::run(&command),
        Command::Export(command) => export::run(&command),
        Command::Bench(command) => bench::run(&command),
        Command::Demo(command) => demo::run(&command),
        Command::Explain(command) => explain::run(&command),
    }
}
