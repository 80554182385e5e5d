//! `tessera export`

use std::io::{BufWriter, Write as _};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_finance::{LedgerFormat, export_ledger};
use tessera_kernel::{Actor, Source};

use crate::database::DatabaseArguments;
use crate::error::CommandError;

/// Exports for other programs.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The ledger as a plain-text journal on standard output.
    Ledger {
        /// hledger or beancount.
        #[arg(long, value_name = "FORMAT", value_parser = LedgerFormat::parse)]
        format: LedgerFormat,
        #[command(flatten)]
        database: DatabaseArguments,
    },
}

pub(crate) fn run(command: &Export) -> Result<ExitCode, CommandError> {
    let Verb::Ledger { format, database } = &command.verb;
    let installation = database.read()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let actor = Actor::system(Source::CommandLine);
    installation.db().read(&actor, |tx| export_ledger(tx, *format, &mut out))?;
    out.flush().map_err(|error| CommandError::Input(format!("standard output: {error}")))?;
    Ok(ExitCode::SUCCESS)
}
